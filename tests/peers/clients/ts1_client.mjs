// Checks a server with the official TypeScript SDK 1.x, which speaks the legacy era only. See checks.mjs.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  ElicitRequestSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { News, main } from "./checks.mjs";

async function connect({ url, command, elicit }) {
  const capabilities = elicit ? { elicitation: {} } : {};
  const client = new Client({ name: "ts1-client", version: "1.0.0" }, { capabilities });
  if (elicit) client.setRequestHandler(ElicitRequestSchema, ({ params }) => elicit(params));
  const news = new News();
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => news.toolsDidChange());
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => news.didUpdate(params.uri));
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: "inherit" });
  await client.connect(transport);
  return {
    client,
    news,
    version: JSON.stringify(client.getServerVersion()),
    call: (params, options) => client.callTool(params, undefined, options),
    listen: async (uris) => {
      for (const uri of uris) await client.subscribeResource({ uri });
      return async () => {
        for (const uri of uris) await client.unsubscribeResource({ uri });
      };
    },
    close: async () => {
      if (url) await transport.terminateSession();
      await client.close();
    },
  };
}

await main(connect);
