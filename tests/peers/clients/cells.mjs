// Goes through the features of asking children with either TypeScript SDK, and answers what they ask. The plan that is
// the one argument, and what is printed, are those of cells_python.py. A client brings `connect`, which answers with
// { client, call(params, options), listen(uris), ready(), close() }, with `meta` for calls and the kinds of questions
// whose `_meta` the SDK drops (`unnamed`), and tells the user what comes.
import { randomUUID } from "node:crypto";
import { News, expect, same, textOf, toolNames, within } from "./checks.mjs";

const LIMIT_MS = 20_000;
const START_MS = 60_000;
const LOOK_AGAIN_MS = 300;
const STEPS = 5;

export const CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };

/** What only one client knows, and what it was asked and told. */
export class User {
  marker = randomUUID();
  asked = [];
  logged = [];
  completed = [];
  news = new News();

  sample({ messages, _meta }) {
    const text = [messages[0].content].flat()[0].text;
    this.asked.push({ text, child: childOf(_meta) });
    return { role: "assistant", model: "only-here", content: { type: "text", text: `${this.marker} ${text}` } };
  }

  elicit({ mode, message, url, elicitationId, _meta }) {
    this.asked.push({ text: message, child: childOf(_meta), url, elicitationId });
    if (message.includes("decline")) return { action: "decline" };
    return mode === "url" ? { action: "accept" } : { action: "accept", content: { name: this.marker } };
  }

  roots() {
    this.asked.push({ text: "roots" });
    return { roots: [{ uri: `file:///${this.marker}` }] };
  }

  log(params) {
    this.logged.push(params);
    this.news.wake();
  }

  complete({ elicitationId }) {
    this.completed.push(elicitationId);
    this.news.wake();
  }
}

/** Which child asks, as an aggregator says. */
function childOf(meta) {
  return meta?.["mcpCompose/child"] ?? null;
}

class Child {
  constructor({ label, era, namespace, asks_as, lacks }) {
    Object.assign(this, { label, era, namespace, asksAs: asks_as, lacks });
  }

  name(name) {
    return this.namespace ? `${this.namespace}_${name}` : name;
  }

  uri(uri) {
    return this.namespace ? `${this.namespace}://${uri}` : uri;
  }

  message(text) {
    return `${this.asksAs}${text}`;
  }
}

function oneQuestion({ user, child, unnamed = [] }, text) {
  const named = unnamed.some((kind) => text.includes(`${kind} `)) ? null : child.namespace;
  same(user.asked.map(({ text, child }) => ({ text, child })), [{ text, child: named }]);
  return user.asked[0];
}

const checks = {
  async sampling(bed, nonce) {
    const said = await textOf(bed.client, bed.child.name("ask_sampling"), { nonce });
    oneQuestion(bed, `sampling ${nonce}`);
    same(said, `only-here: ${bed.user.marker} sampling ${nonce}`);
    return "answered by this client's model";
  },
  async form(bed, nonce) {
    const { client, child, user } = bed;
    same(await textOf(client, child.name("ask_form"), { nonce }), `accept ${user.marker}`);
    oneQuestion(bed, child.message(`form ${nonce}`));
    user.asked = [];
    same(await textOf(client, child.name("ask_form"), { nonce: `decline-${nonce}` }), "decline");
    oneQuestion(bed, child.message(`form decline-${nonce}`));
    return "accepted and declined";
  },
  async url(bed, nonce) {
    const { client, child, user, era } = bed;
    same(await textOf(client, child.name("ask_url"), { nonce }), "accept");
    const { url, elicitationId } = oneQuestion(bed, child.message(`url ${nonce}`));
    same(url, `https://example.com/${nonce}`);
    if (era === "modern") {
      expect(elicitationId === undefined, `2026-07-28 has no elicitationId, but there is ${elicitationId}`);
      return "accepted";
    }
    expect(elicitationId, "no elicitationId");
    await user.news.until(() => user.completed.includes(elicitationId), `the completion of ${elicitationId}`);
    return "accepted, and completed";
  },
  async roots({ client, child, user }) {
    same(await textOf(client, child.name("ask_roots")), `file:///${user.marker}`);
    same(user.asked.length, 1);
    return "this client's";
  },
  async progress({ call, child }) {
    const seen = [];
    await call({ name: child.name("steps"), arguments: {} }, { onprogress: ({ progress }) => seen.push(progress) });
    // Both SDKs drop progress that comes in one read with the result, so the last ones may be missing here.
    expect(seen.length > 0 && seen.length <= STEPS, `saw ${seen}`);
    same(seen, seen.map((_, index) => index + 1));
    return "in order";
  },
  async log({ client, child, user, meta }, nonce) {
    const data = `chatter ${nonce}`;
    await client.callTool({ name: child.name("chatter"), arguments: { nonce }, _meta: meta });
    const said = () => user.logged.find((params) => JSON.stringify(params.data).includes(data));
    await user.news.until(said, "the message");
    expect(said().logger?.includes("asking"), `logged as ${said().logger}`);
    return "logged";
  },
  async cancel({ client, call, child }, nonce) {
    const stop = new AbortController();
    const ended = await call(
      { name: child.name("wait"), arguments: { nonce } },
      { signal: stop.signal, onprogress: () => stop.abort("enough") },
    ).catch(() => undefined);
    expect(!ended, "the call ended before it was cancelled");
    same(await textOf(client, child.name("cancelled_count"), { nonce }), "1");
    return "arrived at the child";
  },
  async list_changed({ client, child, user, listen }, nonce) {
    const late = `late_${nonce}`;
    user.news.toolsChanged = 0;
    const stop = await listen([]);
    await textOf(client, child.name("grow"), { name: late });
    await user.news.until(() => user.news.toolsChanged > 0, "the notification");
    await stop();
    expect((await toolNames(client)).includes(child.name(late)), "not listed after the notification");
    same(await textOf(client, child.name(late)), `hello from ${late}`);
    return "told, listed and called";
  },
  async subscribe({ client, child, user, listen }) {
    const board = child.uri("board://news");
    user.news.updated = [];
    const stop = await listen([board]);
    await textOf(client, child.name("touch"));
    await user.news.until(() => user.news.updated.length > 0, "the update");
    await stop();
    same(user.news.updated, [board]);
    return "updated once";
  },
  async complete({ client, child }) {
    const { completion } = await client.complete({
      ref: { type: "ref/prompt", name: child.name("greet") },
      argument: { name: "name", value: "a" },
    });
    same(completion.values, ["ada", "alan"]);
    return "two values";
  },
};

async function through(connect, era, target) {
  const user = new User();
  const connected = await connect({ url: target.url, command: target.command, era, user });
  const children = target.children.map((child) => new Child(child));
  await within(START_MS, allAreListed(connected.client, children.map((child) => child.name("ask_form"))));
  await connected.ready();
  for (const child of children) {
    for (const [feature, check] of Object.entries(checks)) {
      if (child.lacks.includes(feature)) continue;
      user.asked = [];
      const nonce = randomUUID().slice(0, 12);
      try {
        say(child.label, feature, true, await within(LIMIT_MS, check({ ...connected, era, user, child }, nonce)));
      } catch (problem) {
        say(child.label, feature, false, String(problem?.message ?? problem));
      }
    }
  }
  await connected.close();
}

async function allAreListed(client, names) {
  for (;;) {
    const listed = await toolNames(client);
    if (names.every((name) => listed.includes(name))) return;
    await new Promise((again) => setTimeout(again, LOOK_AGAIN_MS));
  }
}

function say(child, check, ok, detail) {
  process.stdout.write(`${JSON.stringify({ child, check, ok, detail })}\n`);
}

/** Goes through the plan, and exits. */
export async function main(connect) {
  const { era, targets } = JSON.parse(process.argv[2]);
  for (const target of targets) {
    await through(connect, era, target).catch((problem) => {
      say(target.children[0].label, "connect", false, String(problem?.message ?? problem));
    });
  }
  process.exit(0);
}
