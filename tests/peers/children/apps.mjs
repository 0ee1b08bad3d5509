// A server with an MCP App, made with the official packages: a tool with an interface, and one that only the app calls.
import { EXTENSION_ID, RESOURCE_MIME_TYPE, registerAppResource, registerAppTool } from "@modelcontextprotocol/ext-apps/server";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";

const VIEW = "ui://weather/view.html";

function text(answer) {
  return { content: [{ type: "text", text: answer }] };
}

serveStdio(() => {
  const server = new McpServer({ name: "weather", version: "1.0.0" }, { capabilities: { extensions: { [EXTENSION_ID]: {} } } });
  const look = { description: "What the weather is.", _meta: { ui: { resourceUri: VIEW } } };
  registerAppTool(server, "look", look, () => text("sunny"));
  const refresh = { description: "For the app.", _meta: { ui: { resourceUri: VIEW, visibility: ["app"] } } };
  registerAppTool(server, "refresh", refresh, () => text("still sunny"));
  registerAppResource(server, "view", VIEW, {}, (uri) => ({
    contents: [{ uri: uri.href, mimeType: RESOURCE_MIME_TYPE, text: "<!doctype html>", _meta: { ui: { prefersBorder: true } } }],
  }));
  return server;
});
