//! An MCP server: tools of its own, and other MCP servers beside them.

use std::process::ExitCode;

use mcp_compose::{Composition, compose, mcp_server};

struct Tools;

#[mcp_server]
impl Tools {
    /// Count the words of a text.
    #[tool(read_only)]
    fn count_words(
        &self,
        /// The text, in any language that has spaces between words.
        text: String,
    ) -> usize {
        text.split_whitespace().count()
    }
}

fn composition() -> Composition {
    compose! {
        _: Tools,
        // Other MCP servers, each under its own name:
        // files: stdio("npx", "-y", "@modelcontextprotocol/server-filesystem", "."),
        // manufact: http("https://mcp.example.com/mcp"),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    composition().run().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcp_compose::test::{self, json};

    #[tokio::test]
    async fn words_are_counted() {
        let client = test::client(composition()).await;
        let counted = client
            .call("count_words", json!({ "text": "to be or not" }))
            .await;
        assert_eq!(counted.text(), "4");
    }
}
