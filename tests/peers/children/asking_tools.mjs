// What the two TypeScript children that ask have in common: their lists, and what their tools do. What differs between
// the eras is how a tool asks, which `ask` brings: it answers with the client's result, or it throws, and the call is
// made again with the answer.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { parseArgs } from "node:util";

const STEPS = 5;
const STEP_MS = 10;
const LOOK_MS = 20;
const PATIENCE_MS = 10_000;

export const BOARD = "board://news";
export const INFO = { name: "asking", version: "1.0.0" };
export const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true },
  prompts: {},
  completions: {},
  logging: {},
};
export const RESOURCES = { resources: [{ uri: BOARD, name: "board" }] };
export const CONTENTS = { contents: [{ uri: BOARD, text: "nothing" }] };
export const PROMPTS = { prompts: [{ name: "greet", arguments: [{ name: "name", required: true }] }] };

// `--state` names a folder in which all processes of a child keep what they have to know of each other: tools that
// came late, and calls that were cancelled.
export const { http, state } = parseArgs({
  // The Python children have `--era` too; these SDKs' servers speak only one, or are told to.
  options: { http: { type: "boolean" }, state: { type: "string" }, era: { type: "string" } },
}).values;

const NAME_SCHEMA = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
const NONCE = { type: "object", properties: { nonce: { type: "string" } }, required: ["nonce"] };
const NOTHING = { type: "object", properties: {} };

const inputs = {
  ask_sampling: NONCE,
  ask_form: NONCE,
  ask_url: NONCE,
  ask_roots: NOTHING,
  steps: NOTHING,
  chatter: NONCE,
  wait: NONCE,
  cancelled_count: NONCE,
  grow: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
  touch: NOTHING,
};

function lateTools() {
  return readdirSync(state).filter((file) => file.startsWith("tool-")).map((file) => file.slice("tool-".length));
}

export function listTools() {
  const late = lateTools().map((name) => [name, NOTHING]);
  return { tools: Object.entries(inputs).concat(late).map(([name, inputSchema]) => ({ name, inputSchema })) };
}

export function completion({ argument }) {
  return { completion: { values: ["ada", "alan", "grace"].filter((name) => name.startsWith(argument.value)) } };
}

export function prompt({ arguments: { name } }) {
  return { messages: [{ role: "user", content: { type: "text", text: `Greet ${name}.` } }] };
}

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

const tools = {
  async ask_sampling({ nonce }, { ask }) {
    const messages = [{ role: "user", content: { type: "text", text: `sampling ${nonce}` } }];
    const answer = await ask.sampling({ messages, maxTokens: 10 });
    return `${answer.model}: ${answer.content.text}`;
  },
  async ask_form({ nonce }, { ask }) {
    const { action, content } = await ask.form({ message: `form ${nonce}`, requestedSchema: NAME_SCHEMA });
    return `${action} ${content?.name ?? ""}`.trim();
  },
  async ask_url({ nonce }, { ask }) {
    const { action } = await ask.url({ message: `url ${nonce}`, url: `https://example.com/${nonce}` }, `visit-${nonce}`);
    return action;
  },
  async ask_roots(_, { ask }) {
    const { roots } = await ask.roots();
    return roots.map(({ uri }) => uri).join(" ");
  },
  async steps(_, { progress }) {
    for (let step = 1; step <= STEPS; step += 1) {
      await progress({ progress: step, total: STEPS, message: `step ${step}` });
      await pause(STEP_MS);
    }
    return "done";
  },
  async chatter({ nonce }, { log }) {
    await log({ level: "warning", logger: "asking", data: `chatter ${nonce}` });
    return "said it";
  },
  async wait({ nonce }, { progress, signal }) {
    const cancelled = new Promise((_, cancel) => {
      signal.addEventListener("abort", () => {
        writeFileSync(join(state, `cancelled-${nonce}`), "");
        cancel(new Error("cancelled"));
      });
    });
    cancelled.catch(() => {});
    await progress({ progress: 1, message: "waiting" });
    return await cancelled;
  },
  async cancelled_count({ nonce }) {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      if (existsSync(join(state, `cancelled-${nonce}`))) return "1";
      await pause(LOOK_MS);
    }
    return "0";
  },
  async grow({ name }, { toolsChanged }) {
    writeFileSync(join(state, `tool-${name}`), "");
    await toolsChanged();
    return `added ${name}`;
  },
  async touch(_, { boardUpdated }) {
    await boardUpdated();
    return "touched";
  },
};

/** Runs a tool; `means` is how it reaches its client. */
export async function call({ name, arguments: args }, means) {
  const tool = tools[name] ?? (lateTools().includes(name) ? () => `hello from ${name}` : undefined);
  if (!tool) throw new Error(`no tool ${name}`);
  const text = await tool(args ?? {}, means);
  return { content: [{ type: "text", text }] };
}

/** Serves HTTP on a free port, and prints its URL. */
export function listen(serve) {
  const server = createServer((request, response) => {
    serve(request, response).catch((problem) => {
      console.error(problem);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));
}
