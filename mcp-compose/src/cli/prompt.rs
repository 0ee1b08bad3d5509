//! `prompt`: one prompt, filled in.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, InProcess, answer};
use super::content::Block;
use super::terminal::Console;
use super::{Failure, shown, values};
use crate::compose::Composition;
use crate::serve::{Clients, in_process};

/// Arguments of `prompt`.
#[derive(Debug, Args)]
pub(super) struct PromptArgs {
    /// The prompt's exposed name.
    name: String,
    /// Its arguments.
    #[arg(value_name = "NAME=VALUE")]
    arguments: Vec<String>,
    /// Print the result as JSON, as clients get it.
    #[arg(long)]
    json: bool,
}

/// A result, as far as it is shown.
#[derive(Deserialize)]
struct Filled {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Block,
}

pub(super) async fn run(args: PromptArgs, composition: Composition) -> Result<(), Failure> {
    let given = values::of_prompt(&args.arguments)?;
    let params = json!({ "name": args.name, "arguments": given }).to_string();
    in_process(composition, Clients::One, move |gateway| async move {
        let mut client = InProcess::connect(gateway, Console::of_process()).await?;
        let result = client.request("prompts/get", params).await?;
        if args.json {
            return Ok(shown::print_json(&result)?);
        }
        let mut out = io::stdout();
        let plain = !out.is_terminal();
        show(&answer(&result)?, plain, &mut out)
    })
    .await?
}

/// Each message under its role; `plain` text is shown as it is.
fn show(filled: &Filled, plain: bool, out: &mut impl Write) -> Result<(), Failure> {
    for (at, message) in filled.messages.iter().enumerate() {
        let text = message.content.shown();
        let text = if plain { text } else { shown::block(&text) };
        let gap = if at > 0 { "\n" } else { "" };
        writeln!(out, "{gap}{}:\n{text}", shown::line(&message.role))?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_stands_under_its_role() {
        let json = r#"{"messages":[{"role":"user","content":{"type":"text","text":"a\u001b"}},
            {"role":"assistant","content":{"type":"image","data":"AAAA","mimeType":"image/png"}}]}"#;
        let shown = |plain| {
            let mut out = Vec::new();
            show(&answer(json).expect("a result"), plain, &mut out).expect("shown");
            String::from_utf8(out).expect("text")
        };
        let rest = "\nassistant:\n[image image/png, about 3 bytes]\n";
        assert_eq!(shown(false), format!("user:\na\\u{{1b}}\n{rest}"));
        assert_eq!(shown(true), format!("user:\na\u{1b}\n{rest}"));
    }
}
