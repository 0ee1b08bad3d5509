// A legacy child that asks, on the official TypeScript SDK 1.x: over stdio, or over HTTP with `--http` (a session for
// each client; it prints its URL, and ends with its stdin). Every question and every reply is a line of `--ledger FILE`.
//
// The tool `ask` takes the groups of questions to ask, one group after the other and those of a group side by side.
// Every question names the call, the client and the nonce that the arguments named; the result holds the answers.
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  CallToolRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";

// Longer than any run: who leaves a question without an answer must not be covered by a timeout of ours.
const NEVER_MS = 3_600_000;

const { values: options } = parseArgs({
  options: { http: { type: "boolean" }, ledger: { type: "string" }, name: { type: "string", default: "" } },
});

const schema = { type: "object", additionalProperties: true };
const TOOLS = [
  { name: "ask", description: "Asks its caller, and returns the answers.", inputSchema: schema },
  { name: "echo", description: "Returns its arguments.", inputSchema: schema },
  { name: "count", description: "Reports progress `steps` times.", inputSchema: schema },
  { name: "pid", description: "The process that serves this call.", inputSchema: schema },
];

function record(event) {
  if (options.ledger) appendFileSync(options.ledger, `${JSON.stringify(event)}\n`);
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const text = (value) => ({ content: [{ type: "text", text: JSON.stringify(value) }] });

// The three ways to ask: the request with a text in it, and where the answer is in the result.
const KINDS = {
  form: {
    schema: ElicitResultSchema,
    request: (said) => ({
      method: "elicitation/create",
      params: {
        message: said,
        requestedSchema: { type: "object", properties: { marker: { type: "string" } }, required: ["marker"] },
      },
    }),
    answer: (result) => (result.action === "accept" ? result.content.marker : `(${result.action})`),
  },
  sampling: {
    schema: CreateMessageResultSchema,
    request: (said) => ({
      method: "sampling/createMessage",
      params: { messages: [{ role: "user", content: { type: "text", text: said } }], maxTokens: 10 },
    }),
    answer: (result) => result.content.text,
  },
  roots: {
    schema: ListRootsResultSchema,
    request: (said) => ({ method: "roots/list", params: { _meta: { "crosstalk/question": said } } }),
    answer: (result) => decodeURIComponent(result.roots[0].uri.replace("file:///", "")),
  },
};

// Questions without a reply, for the record of a child that is told to end.
const open = new Map();

function settle(call, n, outcome) {
  open.delete(`${call}#${n}`);
  record({ event: "reply", call, n, ...outcome });
}

function end() {
  for (const { call, n } of open.values()) record({ event: "reply", call, n, withdrawn: true });
  process.exit(0);
}

async function question(server, of, n, kind, how) {
  const { call, client, nonce } = of;
  const said = `call=${call} client=${client} nonce=${nonce} n=${n}`;
  const seen = { kind, late: Boolean(how.late), held: true, pid: process.pid };
  record({ event: "question", child: options.name, call, client, nonce, n, ...seen });
  open.set(`${call}#${n}`, { call, n });
  try {
    const asked = KINDS[kind].request(said);
    const sent = { timeout: NEVER_MS, signal: how.signal, relatedRequestId: how.call };
    const answer = KINDS[kind].answer(await server.request(asked, KINDS[kind].schema, sent));
    settle(call, n, { answer });
    return answer;
  } catch (problem) {
    // An answer in the wrong shape is no refusal of the other side's: the checker takes it for made up.
    const malformed = problem?.name === "ZodError";
    const withdrawn = how.signal?.aborted && { withdrawn: true };
    settle(call, n, malformed ? { answer: `malformed: ${problem}` } : withdrawn || { refused: `${problem}` });
    throw problem;
  }
}

async function ask(server, of, extra) {
  const token = extra._meta?.progressToken;
  const progress = async (step) => {
    if (token !== undefined && !extra.signal.aborted)
      await extra.sendNotification({ method: "notifications/progress", params: { progressToken: token, progress: step } });
  };
  const note = (what) => record({ event: "traffic", client: of.client, ok: true, detail: `${of.call} ${what}` });
  extra.signal.addEventListener("abort", () => note("was cancelled"));
  // A stubborn call asks on although it was cancelled.
  const how = { call: extra.requestId, signal: of.stubborn ? undefined : extra.signal };
  const answers = [];
  let n = 0;
  let step = 0;
  // A question that the call does not wait for.
  if (of.unawaited) question(server, of, (n += 1), of.unawaited, { call: extra.requestId }).catch(() => {});
  for (const group of of.groups) {
    for (let i = 0; i < (of.progress ?? 0); i += 1) await progress((step += 1));
    await pause(of.pause_ms ?? 0);
    const asked = group.map((kind) => question(server, of, (n += 1), kind, how));
    // The progress that a child reports while its questions wait.
    if (of.progress_asked) await pause(of.progress_asked_ms);
    for (let i = 0; i < (of.progress_asked ?? 0); i += 1) {
      await progress((step += 1));
      note(`reported ${step}`);
    }
    const settled = await Promise.allSettled(asked);
    const failed = settled.find((one) => one.status === "rejected");
    if (failed && !of.stubborn) throw failed.reason;
    answers.push(...settled.map((one) => one.value ?? `refused: ${one.reason}`));
  }
  if (of.late) {
    const late = (n += 1);
    setTimeout(() => question(server, of, late, of.late, { late: true }).catch(() => {}), of.late_ms ?? 0);
  }
  return text(answers);
}

function serve(transport) {
  const server = new Server({ name: "crosstalk", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const given = params.arguments ?? {};
    switch (params.name) {
      case "ask":
        return ask(server, given, extra);
      case "count":
        for (let step = 1; step <= given.steps; step += 1) {
          const progressToken = extra._meta?.progressToken;
          if (progressToken === undefined) break;
          await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress: step } });
        }
        return text(given);
      case "pid":
        return text(process.pid);
      default:
        return text(given);
    }
  });
  return server.connect(transport);
}

if (options.http) {
  const sessions = new Map();
  const http = createServer(async (request, response) => {
    const id = request.headers["mcp-session-id"];
    let transport = sessions.get(id);
    if (id !== undefined && !transport) return response.writeHead(404).end();
    if (!transport) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => sessions.set(id, transport),
        onsessionclosed: (id) => sessions.delete(id),
      });
      await serve(transport);
    }
    await transport.handleRequest(request, response);
  });
  http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}/mcp`));
  process.stdin.on("end", end).resume();
} else {
  await serve(new StdioServerTransport());
  process.stdin.on("end", end);
}
