// The `database` child of the reference composition: a small journal kept in memory, served over stdio
// with the official TypeScript SDK (1.x). Run it with `tsx db.ts`.
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import {
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";

const JOURNAL = "db://journal";
const rows: { id: number; text: string }[] = [
  { id: 1, text: "bolts" },
  { id: 2, text: "nuts" },
];
const subscribed = new Set<string>();

const server = new McpServer(
  { name: "database", version: "1.0.0" },
  {
    capabilities: { resources: { subscribe: true, listChanged: true }, tools: { listChanged: true } },
    instructions: "A journal of parts. Ask with `query`.",
  },
);

server.registerTool(
  "query",
  {
    title: "Query the journal",
    description: "Runs `select` or `insert <text>` on the journal.",
    inputSchema: { sql: z.string().describe("`select`, or `insert` and a text") },
    outputSchema: { rows: z.array(z.object({ id: z.number(), text: z.string() })) },
    annotations: { idempotentHint: false, openWorldHint: false },
  },
  async ({ sql }) => {
    const [verb, ...text] = sql.trim().split(/\s+/);
    if (verb === "insert") {
      rows.push({ id: rows.length + 1, text: text.join(" ") });
      if (subscribed.has(JOURNAL)) await server.server.sendResourceUpdated({ uri: JOURNAL });
    } else if (verb !== "select") {
      return { isError: true, content: [{ type: "text", text: `cannot run \`${sql}\`` }] };
    }
    return { content: [{ type: "text", text: JSON.stringify({ rows }) }], structuredContent: { rows } };
  },
);

// --- a long call: progress, and cancellation that can be asked for afterwards

let cancelled = 0;
let waiting: (() => void)[] = [];

server.registerTool(
  "slow",
  {
    description: "Counts to `steps`, one step each `delay_ms`, and reports progress.",
    inputSchema: { steps: z.number().int().positive(), delay_ms: z.number().int().nonnegative().default(10) },
  },
  async ({ steps, delay_ms }, { signal, sendNotification, _meta }) => {
    const progressToken = _meta?.progressToken;
    for (let step = 1; step <= steps; step += 1) {
      await pause(delay_ms, signal);
      if (signal.aborted) {
        cancelled += 1;
        waiting.splice(0).forEach((wake) => wake());
        throw new Error("cancelled");
      }
      if (progressToken !== undefined) {
        await sendNotification({
          method: "notifications/progress",
          params: { progressToken, progress: step, total: steps, message: `step ${step}` },
        });
      }
    }
    return { content: [{ type: "text", text: `counted to ${steps}` }] };
  },
);

server.registerTool(
  "cancelled_calls",
  {
    description: "Tells how many calls of `slow` were cancelled; waits up to five seconds until there are `at_least` so many.",
    inputSchema: { at_least: z.number().int().nonnegative().default(0) },
  },
  async ({ at_least }) => {
    const deadline = Date.now() + 5_000;
    while (cancelled < at_least && Date.now() < deadline) {
      await new Promise<void>((wake) => {
        waiting.push(wake);
        setTimeout(wake, deadline - Date.now());
      });
    }
    return { content: [{ type: "text", text: String(cancelled) }] };
  },
);

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener("abort", finish, { once: true });
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      done();
    }
  });
}

// --- tools that come and go

const added = new Map<string, { remove(): void }>();

server.registerTool(
  "add_tool",
  { description: "Adds a tool of this name.", inputSchema: { name: z.string() } },
  async ({ name }) => {
    added.set(
      name,
      server.registerTool(name, { description: "A tool that was added while running." }, async () => ({
        content: [{ type: "text", text: `hello from ${name}` }],
      })),
    );
    return { content: [{ type: "text", text: `added ${name}` }] };
  },
);

server.registerTool(
  "remove_tool",
  { description: "Removes a tool that `add_tool` added.", inputSchema: { name: z.string() } },
  async ({ name }) => {
    const tool = added.get(name);
    added.delete(name);
    tool?.remove();
    return { content: [{ type: "text", text: tool ? `removed ${name}` : `no tool ${name}` }] };
  },
);

// --- what can be read

server.registerResource(
  "journal",
  JOURNAL,
  { title: "The journal", mimeType: "application/json" },
  async (uri) => ({ contents: [{ uri: uri.href, mimeType: "application/json", text: JSON.stringify(rows) }] }),
);

server.registerResource(
  "row",
  new ResourceTemplate("db://rows/{id}", { list: undefined }),
  { title: "One row", mimeType: "application/json" },
  async (uri, { id }) => ({
    contents: [
      {
        uri: uri.href,
        mimeType: "application/json",
        text: JSON.stringify(rows.find((row) => row.id === Number(id)) ?? null),
      },
    ],
  }),
);

server.server.setRequestHandler(SubscribeRequestSchema, async ({ params }) => {
  subscribed.add(params.uri);
  return {};
});
server.server.setRequestHandler(UnsubscribeRequestSchema, async ({ params }) => {
  subscribed.delete(params.uri);
  return {};
});

await server.connect(new StdioServerTransport());
