//! `read`: one resource.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use serde::Deserialize;

use super::client::{Client, InProcess, answer};
use super::terminal::Console;
use super::{Failure, shown};
use crate::compose::Composition;
use crate::serve::{Clients, in_process};
use crate::wire::json::quote;

/// Arguments of `read`.
#[derive(Debug, Args)]
pub(super) struct ReadArgs {
    /// The resource's exposed URI.
    uri: String,
    /// Write what it contains to this file.
    #[arg(long, short, value_name = "FILE", conflicts_with = "json")]
    output: Option<PathBuf>,
    /// Print the result as JSON, as clients get it.
    #[arg(long)]
    json: bool,
}

/// A result, as far as it is shown.
#[derive(Deserialize)]
struct Contents {
    contents: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    uri: String,
    mime_type: Option<String>,
    text: Option<String>,
    blob: Option<String>,
}

/// Where contents go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// A person, whose terminal nothing may disturb.
    Terminal,
    /// A file or a program: every byte.
    File,
}

pub(super) async fn run(args: ReadArgs, composition: Composition) -> Result<(), Failure> {
    in_process(composition, Clients::One, move |gateway| async move {
        let mut client = InProcess::connect(gateway, Console::of_process()).await?;
        let params = format!("{{\"uri\":{}}}", quote(&args.uri));
        let result = client.request("resources/read", params).await?;
        if args.json {
            return Ok(shown::print_json(&result)?);
        }
        let contents = answer(&result)?;
        match &args.output {
            Some(file) => {
                let mut bytes = Vec::new();
                show(&contents, To::File, &mut bytes)?;
                std::fs::write(file, bytes)
                    .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))
            }
            None => {
                let mut out = io::stdout();
                let to = match out.is_terminal() {
                    true => To::Terminal,
                    false => To::File,
                };
                show(&contents, to, &mut out)
            }
        }
    })
    .await?
}

fn show(contents: &Contents, to: To, out: &mut impl Write) -> Result<(), Failure> {
    for part in &contents.contents {
        match (&part.text, &part.blob, to) {
            (Some(text), _, To::File) => out.write_all(text.as_bytes())?,
            (Some(text), _, To::Terminal) => writeln!(out, "{}", shown::block(text))?,
            (None, Some(blob), to) => {
                let bytes = BASE64_STANDARD.decode(blob).map_err(|error| {
                    let uri = shown::line(&part.uri);
                    Failure::Protocol(format!(
                        "the answer is wrong: `{uri}` is no base64: {error}"
                    ))
                })?;
                match to {
                    To::File => out.write_all(&bytes)?,
                    To::Terminal => {
                        let mime = part.mime_type.as_deref().unwrap_or("of unknown type");
                        let (mime, count) = (shown::line(mime), shown::count(bytes.len(), "byte"));
                        writeln!(
                            out,
                            "[{mime}, {count}; `--output FILE` writes it to a file]"
                        )?;
                    }
                }
            }
            (None, None, _) => {}
        }
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str, to: To) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        show(&answer(json)?, to, &mut out)?;
        Ok(out)
    }

    #[test]
    fn a_file_gets_every_byte_and_a_terminal_nothing_that_disturbs_it() {
        let json = r#"{"contents":[{"uri":"a://b","text":"x\u001b[2J"},{"uri":"a://c","mimeType":"image/png","blob":"AP8="}]}"#;
        assert_eq!(
            shown(json, To::File).expect("contents"),
            b"x\x1b[2J\x00\xff"
        );
        assert_eq!(
            String::from_utf8(shown(json, To::Terminal).expect("contents")).expect("text"),
            "x\\u{1b}[2J\n[image/png, 2 bytes; `--output FILE` writes it to a file]\n"
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for json in [r#"{"contents":[{"uri":"a://b","blob":"?"}]}"#, "{}"] {
            let refused = shown(json, To::File);
            assert!(
                matches!(refused, Err(Failure::Protocol(why)) if why.starts_with("the answer is wrong"))
            );
        }
    }
}
