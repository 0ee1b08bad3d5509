//! Prompts, and completion of what a person types into them.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin prompts -- --http 127.0.0.1:8808
//! ```

use std::process::ExitCode;

use mcp_compose::Embedded;
use mcp_compose::prelude::*;

const LANGUAGES: [&str; 4] = ["Python", "Perl", "Rust", "Ruby"];

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::serve(Reviews).run().await
}

struct Reviews;

/// Prompts for people who review code.
#[mcp_server]
impl Reviews {
    /// Explain a term. Text alone is a message of the user.
    #[prompt]
    fn explain(
        &self,
        /// The term.
        term: String,
    ) -> String {
        format!("Explain `{term}` to somebody who is new here.")
    }

    /// Review code. Arguments come as text; a `u32` is read from it.
    #[prompt(title = "Review code")]
    fn review(
        &self,
        /// The language it is written in.
        language: String,
        /// The code.
        code: String,
        /// How many findings at most.
        findings: Option<u32>,
    ) -> Result<Vec<Message>> {
        if !LANGUAGES.contains(&language.as_str()) {
            return Err(ToolError::new(format!("nobody here reads {language}")));
        }
        let findings = findings.unwrap_or(3);
        Ok(vec![
            Message::user(format!(
                "Find at most {findings} faults in this {language}:"
            )),
            Message::user(Embedded::text("review://code", "text/plain", code)),
            Message::assistant("The first fault is"),
        ])
    }

    #[complete(review.language)]
    fn languages(&self, partial: &str) -> Vec<String> {
        let partial = partial.to_lowercase();
        let known = LANGUAGES.iter();
        known
            .filter(|name| name.to_lowercase().starts_with(&partial))
            .map(ToString::to_string)
            .collect()
    }
}
