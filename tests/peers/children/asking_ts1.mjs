// A child that asks its client things, on the official TypeScript SDK 1.x: legacy, over stdio or with `--http`.
import { randomUUID } from "node:crypto";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import {
  BOARD, CAPABILITIES, CONTENTS, INFO, PROMPTS, RESOURCES, call, completion, http, listTools, listen, prompt,
} from "./asking_tools.mjs";

const servers = new Map();

function asking() {
  const server = new Server(INFO, { capabilities: CAPABILITIES });
  const subscribed = new Set();
  server.setRequestHandler(ListToolsRequestSchema, listTools);
  server.setRequestHandler(ListResourcesRequestSchema, () => RESOURCES);
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [] }));
  server.setRequestHandler(ReadResourceRequestSchema, () => CONTENTS);
  server.setRequestHandler(ListPromptsRequestSchema, () => PROMPTS);
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => prompt(params));
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => completion(params));
  server.setRequestHandler(SubscribeRequestSchema, ({ params }) => (subscribed.add(params.uri), {}));
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => (subscribed.delete(params.uri), {}));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => call(params, means(server, extra)));
  server.onclose = () => servers.delete(server);
  servers.set(server, subscribed);
  return server;
}

function means(server, extra) {
  const progressToken = extra._meta?.progressToken;
  return {
    signal: extra.signal,
    ask: {
      sampling: (params) => extra.sendRequest({ method: "sampling/createMessage", params }, CreateMessageResultSchema),
      form: (params) => extra.sendRequest({ method: "elicitation/create", params }, ElicitResultSchema),
      url: async (params, elicitationId) => {
        const mode = { mode: "url", elicitationId };
        const answer = await extra.sendRequest(
          { method: "elicitation/create", params: { ...params, ...mode } },
          ElicitResultSchema,
        );
        await server.createElicitationCompletionNotifier(elicitationId, { relatedRequestId: extra.requestId })();
        return answer;
      },
      // Not on the stream of the call, as this SDK has it.
      roots: () => server.listRoots(),
    },
    progress: async (params) => {
      if (progressToken === undefined) return;
      await extra.sendNotification({ method: "notifications/progress", params: { ...params, progressToken } });
    },
    // `sendLoggingMessage` would go beside the call, where over HTTP the result may overtake it.
    log: (params) => extra.sendNotification({ method: "notifications/message", params }),
    toolsChanged: () => everyone((other) => other.sendToolListChanged()),
    boardUpdated: () => everyone(async (other, subscribed) => {
      if (subscribed.has(BOARD)) await other.sendResourceUpdated({ uri: BOARD });
    }),
  };
}

async function everyone(tell) {
  for (const [server, subscribed] of servers) await tell(server, subscribed);
}

if (http) {
  const sessions = new Map();
  listen(async (request, response) => {
    const known = sessions.get(request.headers["mcp-session-id"]);
    if (known) return await known.handleRequest(request, response);
    if (request.headers["mcp-session-id"]) return response.writeHead(404).end();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => sessions.set(id, transport),
      onsessionclosed: (id) => sessions.delete(id),
    });
    await asking().connect(transport);
    await transport.handleRequest(request, response);
  });
} else {
  await asking().connect(new StdioServerTransport());
}
