// The checks that both TypeScript clients make, and their command line. A client brings `connect`; it answers with
// { client, modern, version, toolsChanged, updated, listen(uris), close() }. It can be asked something only if it is
// given `elicit(params)`.
import { parseArgs } from "node:util";
import { todoChecks } from "./todo_checks.mjs";

const LIMIT_MS = 30_000;
// Absence can only be shown by waiting: a second notification would follow the first within this time.
const SETTLE_MS = 600;
const LOOK_AGAIN_MS = 300;

/** Listens for changed tools, or for updates of `uris`, in the way of an SDK 2.x connection's era. Its answer ends it. */
export async function listen(client, uris) {
  if (client.getProtocolEra() === "modern") {
    const filter = uris.length > 0 ? { resourceSubscriptions: uris } : { toolsListChanged: true };
    const subscription = await client.listen(filter);
    return () => subscription.close();
  }
  for (const uri of uris) await client.subscribeResource({ uri });
  return async () => {
    for (const uri of uris) await client.unsubscribeResource({ uri });
  };
}

/** What a connected client was notified of. */
export class News {
  toolsChanged = 0;
  updated = [];
  #waiting = [];

  toolsDidChange() {
    this.toolsChanged += 1;
    this.wake();
  }

  didUpdate(uri) {
    this.updated.push(uri);
    this.wake();
  }

  wake() {
    this.#waiting.splice(0).forEach((wake) => wake());
  }

  async until(condition, what) {
    const deadline = Date.now() + 5_000;
    while (!condition()) {
      if (Date.now() >= deadline) throw new Error(`${what} did not come`);
      await new Promise((wake) => {
        this.#waiting.push(wake);
        setTimeout(wake, deadline - Date.now()).unref();
      });
    }
  }
}

const checks = [
  [[], "list_all", listAll],
  [["database"], "call_database", callDatabase],
  [["database"], "tool_error", toolError],
  [["weather"], "call_weather", callWeather],
  [["manufact"], "call_manufact", callManufact],
  [["local"], "call_local", callLocal],
  [["weather"], "read_resource", readResource],
  [["weather", "exposed"], "read_normalised", readNormalised],
  [["weather"], "read_template", readTemplate],
  [["weather"], "get_prompt", getPrompt],
  [["weather"], "complete_prompt", completePrompt],
  [["weather"], "complete_template", completeTemplate],
  [["database"], "progress_stdio", progressStdio],
  [["manufact"], "progress_http", progressHttp],
  [["database"], "cancel", cancel],
  [["database"], "subscribe", subscribe],
  [["database"], "list_changed", listChanged],
  ...todoChecks,
];

/** Parses the command line, runs every check that the children allow, and exits. */
export async function main(connect) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: "string" },
      era: { type: "string", default: "auto" },
      children: { type: "string", default: "" },
      exposed: { type: "boolean", default: false },
      only: { type: "string", default: "" },
    },
  });
  const present = new Set(values.children.split(",").concat(values.exposed ? ["exposed"] : []));
  const only = values.only ? values.only.split(",") : undefined;
  // The reference children ask nothing, and their clients can be asked nothing.
  const elicit = present.has("todo")
    ? (params) => {
        bed.asked.push(params);
        return bed.answer;
      }
    : undefined;
  const bed = {
    connect: () => connect({ url: values.url, command: positionals, era: values.era, elicit }),
    many: values.url !== undefined,
    has: (child) => present.has(child),
    name: (child, name) => (values.exposed ? `${child}_${name}` : name),
    uri: (child, uri) => (values.exposed ? `${child}://${uri}` : uri),
  };
  let passed = true;
  try {
    bed.main = await bed.connect();
    say("connect", true, bed.main.version);
    await within(LIMIT_MS, allChildrenAreThere(bed));
    for (const [needed, name, check] of checks) {
      if (!needed.every((child) => present.has(child)) || (only && !only.includes(name))) continue;
      try {
        say(name, true, await within(LIMIT_MS, check(bed)));
      } catch (problem) {
        passed = false;
        say(name, false, String(problem?.message ?? problem));
      }
    }
    await bed.main.close();
  } catch (problem) {
    passed = false;
    say("connect", false, String(problem?.message ?? problem));
  }
  process.exit(passed ? 0 : 1);
}

function say(check, ok, detail) {
  process.stdout.write(`${JSON.stringify({ check, ok, detail })}\n`);
}

export function within(milliseconds, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

export function expect(condition, detail) {
  if (!condition) throw new Error(typeof detail === "string" ? detail : JSON.stringify(detail));
}

export function same(found, wanted) {
  expect(JSON.stringify(found) === JSON.stringify(wanted), { found, wanted });
}

export async function textOf(client, name, args = {}) {
  const result = await client.callTool({ name, arguments: args });
  const text = result.content.map((block) => block.text ?? "").join("");
  expect(!result.isError, `${name}: ${text}`);
  return text;
}

export async function toolNames(client) {
  const names = [];
  let cursor;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor });
    names.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return names;
}

/** Children that start slowly come late, and are announced; the checks are about what comes after that. */
async function allChildrenAreThere(bed) {
  const first = [["database", "query"], ["weather", "forecast"], ["manufact", "order"]];
  const wanted = first.filter(([child]) => bed.has(child)).map(([child, tool]) => bed.name(child, tool));
  for (;;) {
    const names = await toolNames(bed.main.client);
    if (wanted.every((name) => names.includes(name))) return;
    await new Promise((again) => setTimeout(again, LOOK_AGAIN_MS));
  }
}

async function listAll(bed) {
  const { client } = bed.main;
  const offered = client.getServerCapabilities() ?? {};
  const tools = await toolNames(client);
  const resources = (await client.listResources()).resources.map((resource) => resource.uri);
  const templates = (await client.listResourceTemplates()).resourceTemplates.map((template) => template.uriTemplate);
  const prompts = offered.prompts ? (await client.listPrompts()).prompts.map((prompt) => prompt.name) : [];
  const wanted = [];
  if (bed.has("database")) {
    for (const name of ["query", "slow", "add_tool", "remove_tool"]) wanted.push([tools, bed.name("database", name)]);
    wanted.push([resources, bed.uri("database", "db://journal")]);
    wanted.push([templates, bed.uri("database", "db://rows/{id}")]);
  }
  if (bed.has("weather")) {
    wanted.push([tools, bed.name("weather", "forecast")]);
    wanted.push([resources, bed.uri("weather", "app://settings")]);
    wanted.push([templates, bed.uri("weather", "weather://{city}/current")]);
    wanted.push([prompts, bed.name("weather", "report")]);
  }
  if (bed.has("manufact")) {
    for (const name of ["search_parts", "order"]) wanted.push([tools, bed.name("manufact", name)]);
    wanted.push([resources, bed.uri("manufact", "parts://catalog")]);
    wanted.push([prompts, bed.name("manufact", "negotiate")]);
  }
  if (bed.has("local")) wanted.push([tools, "aggregator_status"]);
  for (const [found, name] of wanted) {
    expect(found.filter((other) => other === name).length === 1, `${name} is not listed once in ${found}`);
  }
  return `${tools.length} tools, ${resources.length} resources, ${templates.length} templates, ${prompts.length} prompts`;
}

async function callDatabase(bed) {
  const result = await bed.main.client.callTool({ name: bed.name("database", "query"), arguments: { sql: "select" } });
  same(result.structuredContent.rows[0], { id: 1, text: "bolts" });
  return JSON.stringify(result.structuredContent);
}

async function toolError(bed) {
  const result = await bed.main.client.callTool({ name: bed.name("database", "query"), arguments: { sql: "drop" } });
  expect(result.isError === true && result.content[0].text === "cannot run `drop`", result);
  return "the error of the tool is the child's";
}

async function callWeather(bed) {
  const result = await bed.main.client.callTool({
    name: bed.name("weather", "forecast"),
    arguments: { city: "Oslo", days: 2 },
  });
  same(result.structuredContent, { temperatures: [4, 5] });
  return JSON.stringify(result.structuredContent);
}

async function callManufact(bed) {
  const text = await textOf(bed.main.client, bed.name("manufact", "order"), { part: "nut-m4", count: 2 });
  same(text, "ordered 2 of nut-m4 for 0.06");
  return text;
}

async function callLocal(bed) {
  return textOf(bed.main.client, "aggregator_status");
}

async function read(bed, uri, wanted, answeredAs = [uri]) {
  const { contents } = await bed.main.client.readResource({ uri });
  same(JSON.parse(contents[0].text), wanted);
  expect(answeredAs.includes(contents[0].uri), `asked for ${uri}, got ${contents[0].uri}`);
  return contents[0].text;
}

function readResource(bed) {
  return read(bed, bed.uri("weather", "app://settings"), { unit: "celsius" });
}

/** As a client that keeps URIs in `URL` objects sends it back. */
async function readNormalised(bed) {
  const uri = bed.uri("weather", "app://settings");
  const normalised = new URL(uri).href;
  expect(normalised !== uri, `${uri} is not changed by URL`);
  await read(bed, normalised, { unit: "celsius" }, [normalised, uri]);
  return normalised;
}

function readTemplate(bed) {
  return read(bed, bed.uri("weather", "weather://lima/current"), { city: "lima", temperature: 19 });
}

async function getPrompt(bed) {
  const result = await bed.main.client.getPrompt({ name: bed.name("weather", "report"), arguments: { city: "oslo" } });
  same(result.messages[0].content.text, "Write a short weather report for oslo.");
  return result.messages[0].content.text;
}

async function completePrompt(bed) {
  const { completion } = await bed.main.client.complete({
    ref: { type: "ref/prompt", name: bed.name("weather", "report") },
    argument: { name: "city", value: "l" },
  });
  same(completion.values, ["lima", "london"]);
  return completion.values.join(", ");
}

async function completeTemplate(bed) {
  const { completion } = await bed.main.client.complete({
    ref: { type: "ref/resource", uri: bed.uri("weather", "weather://{city}/current") },
    argument: { name: "city", value: "o" },
  });
  same(completion.values, ["oslo"]);
  return completion.values.join(", ");
}

async function progress(bed, name, args, count) {
  const seen = [];
  const after = [];
  let finished = false;
  await bed.main.call({ name, arguments: args }, {
    onprogress: ({ progress }) => (finished ? after : seen).push(progress),
  });
  finished = true;
  await new Promise((next) => setImmediate(next));
  // Both SDKs drop progress that comes in one read with the result, so the last ones may be missing here.
  const wanted = Array.from({ length: seen.length }, (_, index) => index + 1);
  expect(
    seen.length > 0 && seen.length <= count && after.length === 0 && JSON.stringify(seen) === JSON.stringify(wanted),
    `before the result: ${seen}; after it: ${after}`,
  );
  return `${seen.length} of ${count} in order`;
}

function progressStdio(bed) {
  return progress(bed, bed.name("database", "slow"), { steps: 20, delay_ms: 2 }, 20);
}

function progressHttp(bed) {
  return progress(bed, bed.name("manufact", "order"), { part: "bolt-m4", count: 20 }, 20);
}

async function cancel(bed) {
  const { client } = bed.main;
  const asked = bed.name("database", "cancelled_calls");
  const before = Number(await textOf(client, asked));
  const stop = new AbortController();
  let refused = false;
  try {
    await bed.main.call(
      { name: bed.name("database", "slow"), arguments: { steps: 1000, delay_ms: 20 } },
      { signal: stop.signal, onprogress: () => stop.abort("enough") },
    );
  } catch {
    refused = true;
  }
  expect(refused, "the call ended before it was cancelled");
  const after = Number(await textOf(client, asked, { at_least: before + 1 }));
  expect(after === before + 1, `${after - before} cancellations arrived at the child`);
  return "arrived at the child";
}

async function subscribe(bed) {
  const uri = bed.uri("database", "db://journal");
  const { main } = bed;
  const stop = await main.listen([uri]);
  await textOf(main.client, bed.name("database", "query"), { sql: "insert washers" });
  await main.news.until(() => main.news.updated.length > 0, "an update");
  same(main.news.updated, [uri]);
  await stop();
  return `updated ${uri}`;
}

/** All connected clients are told once when a tool comes, and once when it goes. */
async function listChanged(bed) {
  const local = `came_late_${process.pid}`;
  const name = bed.name("database", local);
  const clients = [bed.main];
  if (bed.many) clients.push(await bed.connect());
  const stops = [];
  for (const each of clients) {
    stops.push(await each.listen([]));
    each.news.toolsChanged = 0;
  }
  const told = async (count, listed) => {
    for (const { news } of clients) await news.until(() => news.toolsChanged >= count, `notification ${count}`);
    for (const { client } of clients) {
      expect((await toolNames(client)).includes(name) === listed, `${name} is ${listed ? "not " : ""}listed`);
    }
    if (listed) same(await textOf(clients.at(-1).client, name), `hello from ${local}`);
    await new Promise((settled) => setTimeout(settled, SETTLE_MS));
    same(clients.map(({ news }) => news.toolsChanged), clients.map(() => count));
  };
  await textOf(bed.main.client, bed.name("database", "add_tool"), { name: local });
  await told(1, true);
  await textOf(bed.main.client, bed.name("database", "remove_tool"), { name: local });
  await told(2, false);
  for (const stop of stops) await stop();
  for (const each of clients.slice(1)) await each.close();
  return `${clients.length} clients, once each time`;
}
