// Checks a server with the official TypeScript SDK 2.x, in either era. See checks.mjs.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { News, listen, main } from "./checks.mjs";

async function connect({ url, command, era, elicit }) {
  const client = new Client(
    { name: "ts2-client", version: "1.0.0" },
    {
      capabilities: elicit ? { elicitation: {} } : {},
      versionNegotiation: { mode: era === "legacy" ? "legacy" : "auto" },
    },
  );
  if (elicit) client.setRequestHandler("elicitation/create", ({ params }) => elicit(params));
  const news = new News();
  client.setNotificationHandler("notifications/tools/list_changed", () => news.toolsDidChange());
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => news.didUpdate(params.uri));
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: "inherit" });
  await client.connect(transport);
  const modern = client.getProtocolEra() === "modern";
  if (era === "modern" && !modern) throw new Error("the server negotiated the legacy era");
  return {
    client,
    news,
    version: `${client.getProtocolEra()} ${JSON.stringify(client.getServerVersion())}`,
    call: (params, options) => client.callTool(params, options),
    listen: (uris) => listen(client, uris),
    close: async () => {
      if (url && !modern) await transport.terminateSession();
      await client.close();
    },
  };
}

await main(connect);
