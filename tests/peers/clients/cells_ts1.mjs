// The asking children with the official TypeScript SDK 1.x, which is legacy only. See cells.mjs.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ElicitationCompleteNotificationSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { CAPABILITIES, main } from "./cells.mjs";

async function connect({ url, command, user }) {
  const client = new Client({ name: "cells-ts1", version: "1.0.0" }, { capabilities: CAPABILITIES });
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => user.sample(params));
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => user.elicit(params));
  client.setRequestHandler(ListRootsRequestSchema, () => user.roots());
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => user.log(params));
  client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => user.complete(params));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => user.news.toolsDidChange());
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => user.news.didUpdate(params.uri));
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: "inherit" });
  await client.connect(transport);
  return {
    client,
    call: (params, options) => client.callTool(params, undefined, options),
    listen: async (uris) => {
      for (const uri of uris) await client.subscribeResource({ uri });
      return async () => {
        for (const uri of uris) await client.unsubscribeResource({ uri });
      };
    },
    ready: () => client.setLoggingLevel("info"),
    close: async () => {
      if (url) await transport.terminateSession();
      await client.close();
    },
  };
}

await main(connect);
