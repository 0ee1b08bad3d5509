// A child that asks its client things, on the official TypeScript SDK 2.x: modern only, over stdio or with `--http`.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Server, createMcpHandler, inputRequired } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import {
  BOARD, CAPABILITIES, CONTENTS, INFO, PROMPTS, RESOURCES, call, completion, http, listTools, listen, prompt,
} from "./asking_tools.mjs";

const KEY = "it";

/** A question that has no answer yet. */
class Unanswered extends Error {
  constructor(question) {
    super("unanswered");
    this.question = question;
  }
}

let handler;

function asking() {
  const server = new Server(INFO, { capabilities: CAPABILITIES });
  server.setRequestHandler("tools/list", listTools);
  server.setRequestHandler("resources/list", () => RESOURCES);
  server.setRequestHandler("resources/templates/list", () => ({ resourceTemplates: [] }));
  server.setRequestHandler("resources/read", () => CONTENTS);
  server.setRequestHandler("prompts/list", () => PROMPTS);
  server.setRequestHandler("prompts/get", ({ params }) => prompt(params));
  server.setRequestHandler("completion/complete", ({ params }) => completion(params));
  server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
    try {
      return await call(params, means(server, mcpReq));
    } catch (problem) {
      if (!(problem instanceof Unanswered)) throw problem;
      return inputRequired({ inputRequests: { [KEY]: problem.question } });
    }
  });
  return server;
}

function means(server, { signal, notify, log, _meta, inputResponses }) {
  const progressToken = _meta?.progressToken;
  const asked = (question) => {
    const answer = inputResponses?.[KEY];
    if (answer === undefined) throw new Unanswered(question);
    return answer;
  };
  return {
    signal,
    ask: {
      sampling: (params) => asked(inputRequired.createMessage(params)),
      form: (params) => asked(inputRequired.elicit(params)),
      url: (params) => asked(inputRequired.elicitUrl(params)),
      roots: () => asked(inputRequired.listRoots()),
    },
    progress: async (params) => {
      if (progressToken === undefined) return;
      await notify({ method: "notifications/progress", params: { ...params, progressToken } });
    },
    log: ({ level, data, logger }) => log(level, data, logger),
    toolsChanged: () => (handler ? handler.notify.toolsChanged() : server.sendToolListChanged()),
    boardUpdated: () => (handler ? handler.notify.resourceUpdated(BOARD) : server.sendResourceUpdated({ uri: BOARD })),
  };
}

/** The SDK serves web requests; its adapter for Node is one more package. */
async function serve(request, response) {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const answer = await handler.fetch(
    new Request(`http://${request.headers.host}${request.url}`, {
      method: request.method,
      headers: request.headers,
      body: ["GET", "HEAD"].includes(request.method) ? undefined : Readable.toWeb(request),
      duplex: "half",
      signal: gone.signal,
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.flushHeaders();
  if (!answer.body) return response.end();
  // A client that leaves ends the pipeline before its time.
  await pipeline(Readable.fromWeb(answer.body), response).catch(() => {});
}

if (http) {
  handler = createMcpHandler(asking, { legacy: "reject" });
  listen(serve);
} else {
  serveStdio(asking, { legacy: "reject" });
}
