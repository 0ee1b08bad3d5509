//! What tools take and give: arguments with defaults, text, structured results, images, and errors that the model reads.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin tools -- call convert '{"celsius": 20}'
//! ```

use std::process::ExitCode;

use mcp_compose::prelude::*;
use mcp_compose::{Image, Link};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::serve(Lab).run().await
}

struct Lab;

#[derive(Deserialize, JsonSchema)]
enum Scale {
    Fahrenheit,
    Kelvin,
}

#[derive(Serialize, JsonSchema)]
struct Converted {
    /// In degrees of the scale.
    temperature: f64,
}

/// Measures things.
#[mcp_server]
impl Lab {
    /// Convert a temperature; the result is structured, with a schema, because of its type.
    #[tool(read_only, title = "Convert degrees")]
    fn convert(
        &self,
        /// In degrees Celsius.
        celsius: f64,
        /// Into what.
        #[default = Scale::Kelvin]
        scale: Scale,
    ) -> Converted {
        let temperature = match scale {
            Scale::Fahrenheit => celsius * 1.8 + 32.0,
            Scale::Kelvin => celsius + 273.15,
        };
        Converted { temperature }
    }

    /// Divide two numbers; an error is told to the model, which may try again.
    #[tool(read_only)]
    fn divide(&self, dividend: i64, divisor: i64) -> Result<i64> {
        let quotient = dividend.checked_div(divisor);
        quotient.ok_or_else(|| ToolError::new(format!("{dividend} / {divisor} is no number")))
    }

    /// Read a number from text; errors of other crates pass with `?`.
    #[tool(read_only)]
    fn parse(&self, text: Option<String>) -> Result<f64> {
        Ok(text.as_deref().unwrap_or("0").trim().parse()?)
    }

    /// Draw a single dot, with a caption and a link.
    #[tool(read_only)]
    fn dot(&self) -> Vec<Content> {
        let gif =
            b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        vec![
            Content::text("A dot:"),
            Image::new(gif, "image/gif").into(),
            Link::new("https://example.com/dots", "more dots").into(),
        ]
    }
}
