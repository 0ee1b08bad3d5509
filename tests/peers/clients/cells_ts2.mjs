// The asking children with the official TypeScript SDK 2.x, in either era. See cells.mjs.
import { Client, LOG_LEVEL_META_KEY, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { CAPABILITIES, main } from "./cells.mjs";
import { listen } from "./checks.mjs";

async function connect({ url, command, era, user }) {
  const client = new Client(
    { name: "cells-ts2", version: "1.0.0" },
    { capabilities: CAPABILITIES, versionNegotiation: { mode: era === "legacy" ? "legacy" : "auto" } },
  );
  client.setRequestHandler("sampling/createMessage", ({ params }) => user.sample(params));
  client.setRequestHandler("elicitation/create", ({ params }) => user.elicit(params));
  client.setRequestHandler("roots/list", () => user.roots());
  client.setNotificationHandler("notifications/message", ({ params }) => user.log(params));
  client.setNotificationHandler("notifications/elicitation/complete", ({ params }) => user.complete(params));
  client.setNotificationHandler("notifications/tools/list_changed", () => user.news.toolsDidChange());
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => user.news.didUpdate(params.uri));
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: "inherit" });
  await client.connect(transport);
  if (client.getProtocolEra() !== era) throw new Error(`the server negotiated the ${client.getProtocolEra()} era`);
  const modern = era === "modern";
  return {
    client,
    // A modern client asks for log messages with each request.
    meta: modern ? { [LOG_LEVEL_META_KEY]: "info" } : undefined,
    // Of these it drops `_meta`, which the 2026-07-28 schema does not have there.
    unnamed: modern ? ["sampling", "url"] : [],
    call: (params, options) => client.callTool(params, options),
    listen: (uris) => listen(client, uris),
    ready: async () => {
      if (!modern) await client.setLoggingLevel("info");
    },
    close: async () => {
      if (url && !modern) await transport.terminateSession();
      await client.close();
    },
  };
}

await main(connect);
