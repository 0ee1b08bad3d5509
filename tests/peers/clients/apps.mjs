// A host of MCP Apps, made with the official packages: finds a tool's interface, reads it, and lets the app call its server
// through the bridge. `--url URL --prefix PREFIX`; one JSON line.
import { parseArgs } from "node:util";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { InMemoryTransport } from "@modelcontextprotocol/client";
import { App } from "@modelcontextprotocol/ext-apps";
import { AppBridge, RESOURCE_MIME_TYPE, getToolUiResourceUri, isToolVisibilityAppOnly } from "@modelcontextprotocol/ext-apps/app-bridge";

const { values } = parseArgs({ options: { url: { type: "string" }, prefix: { type: "string" }, era: { type: "string" } } });
const client = new Client(
  { name: "host", version: "1.0.0" },
  {
    capabilities: { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: [RESOURCE_MIME_TYPE] } } },
    versionNegotiation: { mode: values.era === "legacy" ? "legacy" : "auto" },
  },
);
await client.connect(new StreamableHTTPClientTransport(new URL(values.url)));
const { tools } = await client.listTools();
const named = (name) => tools.find((tool) => tool.name === `${values.prefix}${name}`);
const view = getToolUiResourceUri(named("look"));
const { contents } = await client.readResource({ uri: view });

// The app's end and the host's end, as an iframe and its window would be.
const [inside, outside] = InMemoryTransport.createLinkedPair();
const bridge = new AppBridge(client, { name: "host", version: "1.0.0" }, { serverTools: {}, serverResources: {} });
const app = new App({ name: "view", version: "1.0.0" }, {}, { autoResize: false });
await bridge.connect(outside);
await app.connect(inside);
const called = await app.callServerTool({ name: "refresh", arguments: {} }).catch((error) => ({ error: error.message }));
const read = await app.readServerResource({ uri: view });

console.log(
  JSON.stringify({
    extensions: client.getServerCapabilities()?.extensions,
    view,
    app_only: isToolVisibilityAppOnly(named("refresh")),
    contents,
    called: called.content?.[0]?.text ?? called.error,
    same: JSON.stringify(read.contents) === JSON.stringify(contents),
  }),
);
await client.close();
process.exit(0);
