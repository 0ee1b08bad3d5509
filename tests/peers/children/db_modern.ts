// The database of examples/reference/db.ts for the modern era only, with the official TypeScript SDK 2.x over stdio.
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const JOURNAL = "db://journal";
const rows: { id: number; text: string }[] = [
  { id: 1, text: "bolts" },
  { id: 2, text: "nuts" },
];
const cancellations = { count: 0, waiting: [] as (() => void)[] };

function text(answer: string) {
  return { content: [{ type: "text" as const, text: answer }] };
}

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

function database(): McpServer {
  const server = new McpServer(
    { name: "database", version: "1.0.0" },
    { capabilities: { resources: { subscribe: true, listChanged: true }, tools: { listChanged: true } } },
  );
  const added = new Map<string, { remove(): void }>();

  server.registerTool(
    "query",
    {
      description: "Runs `select` or `insert <text>` on the journal.",
      inputSchema: z.object({ sql: z.string() }),
      outputSchema: z.object({ rows: z.array(z.object({ id: z.number(), text: z.string() })) }),
    },
    async ({ sql }) => {
      const [verb, ...words] = sql.trim().split(/\s+/);
      if (verb === "insert") {
        rows.push({ id: rows.length + 1, text: words.join(" ") });
        await server.server.sendResourceUpdated({ uri: JOURNAL });
      } else if (verb !== "select") {
        return { isError: true, ...text(`cannot run \`${sql}\``) };
      }
      return { ...text(JSON.stringify({ rows })), structuredContent: { rows } };
    },
  );

  server.registerTool(
    "slow",
    {
      description: "Counts to `steps`, one step each `delay_ms`, and reports progress.",
      inputSchema: z.object({ steps: z.number().int(), delay_ms: z.number().int().default(10) }),
    },
    async ({ steps, delay_ms }, { mcpReq: { signal, notify, _meta } }) => {
      const progressToken = _meta?.progressToken;
      for (let step = 1; step <= steps; step += 1) {
        await pause(delay_ms, signal);
        if (signal.aborted) {
          cancellations.count += 1;
          cancellations.waiting.splice(0).forEach((wake) => wake());
          throw new Error("cancelled");
        }
        if (progressToken !== undefined) {
          await notify({
            method: "notifications/progress",
            params: { progressToken, progress: step, total: steps, message: `step ${step}` },
          });
        }
      }
      return text(`counted to ${steps}`);
    },
  );

  server.registerTool(
    "cancelled_calls",
    {
      description: "How many calls of `slow` were cancelled; waits up to five seconds for `at_least` so many.",
      inputSchema: z.object({ at_least: z.number().int().default(0) }),
    },
    async ({ at_least }) => {
      const deadline = Date.now() + 5_000;
      while (cancellations.count < at_least && Date.now() < deadline) {
        await new Promise<void>((wake) => {
          cancellations.waiting.push(wake);
          setTimeout(wake, deadline - Date.now());
        });
      }
      return text(String(cancellations.count));
    },
  );

  server.registerTool(
    "add_tool",
    { description: "Adds a tool of this name.", inputSchema: z.object({ name: z.string() }) },
    async ({ name }) => {
      added.set(name, server.registerTool(name, { description: "Came late." }, async () => text(`hello from ${name}`)));
      return text(`added ${name}`);
    },
  );

  server.registerTool(
    "remove_tool",
    { description: "Removes a tool that `add_tool` added.", inputSchema: z.object({ name: z.string() }) },
    async ({ name }) => {
      added.get(name)?.remove();
      return text(added.delete(name) ? `removed ${name}` : `no tool ${name}`);
    },
  );

  server.registerResource("journal", JOURNAL, { mimeType: "application/json" }, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: "application/json", text: JSON.stringify(rows) }],
  }));

  server.registerResource(
    "row",
    new ResourceTemplate("db://rows/{id}", { list: undefined }),
    { mimeType: "application/json" },
    async (uri, { id }) => ({
      contents: [{ uri: uri.href, text: JSON.stringify(rows.find((row) => row.id === Number(id)) ?? null) }],
    }),
  );
  return server;
}

serveStdio(database, { legacy: "reject" });
