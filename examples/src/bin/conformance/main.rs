//! Everything that the official conformance suites ask of a server; `asking.rs` asks back.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin conformance -- --http 127.0.0.1:8808
//! npx @modelcontextprotocol/conformance server --url http://127.0.0.1:8808/mcp
//! ```

mod asking;

use std::process::ExitCode;

use mcp_compose::prelude::*;
use mcp_compose::{Audio, Embedded, Image, compose};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> ExitCode {
    let both = compose! { name = "conformance", _: Conformance, _: asking::Asking };
    both.run().await
}

struct Conformance;

/// A PNG of one red pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\
    \0\0\0\x0cIDATx\xdac\xf8\xcf\xc0\0\0\x03\x01\x01\0\xf7\x03AC\0\0\0\0IEND\xaeB`\x82";
/// A WAV of no sound.
const SILENCE: &[u8] = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\
    \x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    id: String,
    template_test: bool,
    data: String,
}

#[derive(Deserialize, JsonSchema)]
struct Contact {
    name: Option<String>,
}

/// The tools, resources and prompts that the conformance suites look for.
#[mcp_server]
impl Conformance {
    /// Text.
    #[tool(read_only)]
    fn test_simple_text(&self) -> &'static str {
        "This is a simple text response for testing."
    }

    /// An image.
    #[tool(read_only)]
    fn test_image_content(&self) -> Image {
        pixel()
    }

    /// A sound.
    #[tool(read_only)]
    fn test_audio_content(&self) -> Audio {
        Audio::new(SILENCE, "audio/wav")
    }

    /// A resource, included.
    #[tool(read_only)]
    fn test_embedded_resource(&self) -> Embedded {
        let text = "This is an embedded resource content.";
        Embedded::text("test://embedded-resource", "text/plain", text)
    }

    /// Text, an image and a resource.
    #[tool(read_only)]
    fn test_multiple_content_types(&self) -> Vec<Content> {
        let resource = Embedded::text(
            "test://mixed-content-resource",
            "application/json",
            json!({ "test": "data", "value": 123 }).to_string(),
        );
        vec![
            "Multiple content types test:".into(),
            pixel().into(),
            resource.into(),
        ]
    }

    /// Logs three lines.
    #[tool(read_only)]
    async fn test_tool_with_logging(&self, ctx: &Ctx) -> &'static str {
        for line in [
            "Tool execution started",
            "Tool processing data",
            "Tool execution completed",
        ] {
            ctx.log(LogLevel::Info, line).await;
        }
        "Tool with logging executed successfully"
    }

    /// Logs a line.
    #[tool(read_only)]
    async fn test_logging_tool(&self, ctx: &Ctx) -> &'static str {
        ctx.log(LogLevel::Info, "test_logging_tool ran").await;
        "logged, if it was asked for"
    }

    /// Reports progress.
    #[tool(read_only)]
    async fn test_tool_with_progress(&self, ctx: &Ctx) -> &'static str {
        for step in [0, 50, 100] {
            let message = format!("Completed step {step} of 100");
            ctx.progress_with(step, 100, message).await;
        }
        "done"
    }

    /// Always fails.
    #[tool(read_only)]
    fn test_error_handling(&self) -> Result<String> {
        Err(ToolError::new(
            "This tool intentionally returns an error for testing",
        ))
    }

    /// Needs a client that can sample.
    #[tool(read_only)]
    fn test_missing_capability(&self, ctx: &Ctx) -> Result<&'static str> {
        ctx.require("sampling")?;
        Ok("the client can sample")
    }

    /// Tells those who subscribed to a resource that it changed.
    #[tool(destructive = false)]
    async fn test_resource_change(
        &self,
        ctx: &Ctx,
        /// The resource.
        #[default = "test://watched-resource"]
        uri: String,
    ) {
        ctx.resource_changed(uri).await;
    }

    /// Shows where it was sent.
    #[tool(read_only)]
    fn test_x_mcp_header(
        &self,
        /// A region, which proxies on the way can read.
        #[header = "Region"]
        region: Option<String>,
    ) -> String {
        region.unwrap_or_default()
    }

    /// Takes a contact, as a schema written by hand says.
    #[tool(read_only, input_schema = contact())]
    fn json_schema_2020_12_tool(&self, #[args] contact: Contact) -> String {
        contact.name.unwrap_or_default()
    }

    /// Contents of a fixed kind.
    #[resource("test://static-text", name = "static-text", mime = "text/plain")]
    fn static_text(&self) -> &'static str {
        "This is the content of the static text resource."
    }

    /// Bytes.
    #[resource("test://static-binary", name = "static-binary", mime = "image/png")]
    fn static_binary(&self) -> Vec<u8> {
        PIXEL.to_vec()
    }

    /// Text that may change.
    #[resource("test://watched-resource", name = "watched", mime = "text/plain")]
    fn watched(&self) -> &'static str {
        "Watched."
    }

    /// Data of an id.
    #[resource("test://template/{id}/data", mime = "application/json")]
    fn template(&self, id: String) -> Data {
        let data = format!("Data for ID: {id}");
        Data {
            id,
            template_test: true,
            data,
        }
    }

    /// No arguments.
    #[prompt]
    fn test_simple_prompt(&self) -> &'static str {
        "This is a simple prompt for testing."
    }

    /// Two arguments.
    #[prompt]
    fn test_prompt_with_arguments(
        &self,
        /// The first one.
        arg1: String,
        /// The second one.
        arg2: String,
    ) -> String {
        format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
    }

    #[complete(test_prompt_with_arguments.arg1, template.id)]
    fn complete(&self, partial: &str) -> Vec<&'static str> {
        let mut known = vec!["paris", "park", "party"];
        known.retain(|known| known.starts_with(partial));
        known
    }

    /// A resource, included.
    #[prompt]
    fn test_prompt_with_embedded_resource(
        &self,
        /// The resource's URI.
        #[name = "resourceUri"]
        uri: String,
    ) -> Vec<Message> {
        let text = "Embedded resource content for testing.";
        vec![
            Message::user(Embedded::text(uri, "text/plain", text)),
            Message::user("Please process the embedded resource above."),
        ]
    }

    /// An image.
    #[prompt]
    fn test_prompt_with_image(&self) -> Vec<Message> {
        vec![
            Message::user(pixel()),
            Message::user("Please analyze the image above."),
        ]
    }
}

/// What no derived schema has: anchors, conditions, alternatives.
fn contact() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": {
            "properties": { "contactMethod": { "const": "phone" } },
            "required": ["contactMethod"],
        },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

fn pixel() -> Image {
    Image::new(PIXEL, "image/png")
}
