//! `call`: one call of a tool.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::client::{self, Client, InProcess};
use super::content::Block;
use super::terminal::Console;
use super::{Failure, shown, values};
use crate::compose::Composition;
use crate::gateway::Gateway;
use crate::serve::{Clients, in_process};
use crate::text_file;

/// Arguments of `call`.
#[derive(Debug, Args)]
pub(super) struct CallArgs {
    /// The tool's exposed name.
    name: String,
    /// The arguments: `NAME=VALUE` (typed by the tool's schema) and `NAME:=JSON` for each, or all of them as one JSON
    /// object; `-` reads that from stdin, `@FILE` from a file.
    #[arg(value_name = "ARGUMENT")]
    arguments: Vec<String>,
    /// Print the result as JSON, as clients get it.
    #[arg(long)]
    json: bool,
}

/// A result, as far as it is shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallResult {
    #[serde(default)]
    content: Vec<Block>,
    structured_content: Option<Box<RawValue>>,
    #[serde(default)]
    is_error: bool,
}

/// Arguments as they were given.
enum Arguments {
    /// One JSON object.
    Json(Box<RawValue>),
    /// Words, to be typed by the tool's schema.
    Words(Vec<String>),
}

impl Arguments {
    fn of(words: Vec<String>) -> Result<Self, Failure> {
        let text = match words.as_slice() {
            [] => "{}".to_owned(),
            [word] if word == "-" => text_file::text(io::stdin().lock())?,
            [word] if word.starts_with('@') => {
                let file = &word[1..];
                text_file::read(Path::new(file))
                    .map_err(|error| Failure::Usage(format!("{file}: {error}")))?
            }
            [word] if word.trim_start().starts_with(['{', '[']) => word.clone(),
            _ => return Ok(Self::Words(words)),
        };
        checked_arguments(&text).map(|raw| Self::Json(raw.to_owned()))
    }

    fn for_tool(self, name: &str, gateway: &Gateway) -> Result<Box<RawValue>, Failure> {
        let words = match self {
            Self::Json(raw) => return Ok(raw),
            Self::Words(words) => words,
        };
        let catalog = gateway.default_catalog();
        let schema = catalog.tool(name).and_then(|tool| tool.input_schema());
        let typed = values::of_tool(&words, schema.as_ref())?;
        serde_json::value::to_raw_value(&typed).map_err(|error| Failure::Failed(error.to_string()))
    }
}

pub(super) async fn run(args: CallArgs, composition: Composition) -> Result<(), Failure> {
    let arguments = Arguments::of(args.arguments)?;
    in_process(composition, Clients::One, move |gateway| async move {
        let mut client = InProcess::connect(Arc::clone(&gateway), Console::of_process()).await?;
        let arguments = arguments.for_tool(&args.name, &gateway)?;
        let mut out = io::stdout();
        let plain = !out.is_terminal();
        call(
            &mut client,
            &args.name,
            &arguments,
            args.json,
            plain,
            &mut out,
        )
        .await
    })
    .await?
}

/// The arguments as they were given, if they are a JSON object.
pub(super) fn checked_arguments(text: &str) -> Result<&RawValue, Failure> {
    let example = "such as '{\"city\": \"Basel\"}'";
    serde_json::from_str::<BTreeMap<String, &RawValue>>(text)
        .and_then(|_| serde_json::from_str(text))
        .map_err(|error| {
            Failure::Usage(format!(
                "the arguments are no JSON object, {example}: {error}"
            ))
        })
}

/// Calls the tool and shows what it answers; `plain` text is shown as it is.
pub(super) async fn call<C: Client>(
    client: &mut C,
    name: &str,
    arguments: &RawValue,
    json: bool,
    plain: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let name = Value::from(name);
    let params = format!("{{\"name\":{name},\"arguments\":{}}}", arguments.get());
    let answer = client.request("tools/call", params).await?;
    let result: CallResult = client::answer(&answer)?;
    if json {
        writeln!(out, "{}", shown::json(&answer, plain))?;
    } else {
        show(&result, plain, out)?;
    }
    out.flush()?;
    if result.is_error {
        Err(Failure::Shown)
    } else {
        Ok(())
    }
}

fn show(result: &CallResult, plain: bool, out: &mut impl Write) -> Result<(), Failure> {
    if let (true, Some(structured)) = (result.content.is_empty(), &result.structured_content) {
        writeln!(out, "{}", shown::json(structured.get(), plain))?;
    }
    for block in &result.content {
        let text = block.shown();
        let text = if plain { text } else { shown::block(&text) };
        writeln!(out, "{text}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::RequestError;

    /// Answers with the result, and keeps the parameters.
    struct Fixed(Result<&'static str, i64>, String);

    impl Client for Fixed {
        async fn request(
            &mut self,
            method: &'static str,
            params: String,
        ) -> Result<String, RequestError> {
            assert_eq!(method, "tools/call");
            self.1 = params;
            let message = "no such\u{1b} tool".to_owned();
            self.0.map(str::to_owned).map_err(|code| RequestError {
                code,
                message,
                data: None,
            })
        }
    }

    async fn printed(result: &'static str, json: bool, plain: bool) -> (String, bool) {
        let mut client = Fixed(Ok(result), String::new());
        let mut out = Vec::new();
        let arguments = checked_arguments(r#"{"b":1e400, "a":1}"#).expect("arguments");
        let ended = call(&mut client, "a\"b", arguments, json, plain, &mut out).await;
        assert_eq!(
            client.1,
            r#"{"name":"a\"b","arguments":{"b":1e400, "a":1}}"#
        );
        (String::from_utf8(out).expect("text"), ended.is_ok())
    }

    #[tokio::test]
    async fn shows_every_kind_of_content() {
        let result = r#"{"content":[{"type":"text","text":"a\u001b\nb"},{"type":"image","mimeType":"image/png","data":"AAAA"},
            {"type":"resource_link","uri":"x://y"},{"type":"resource","resource":{"uri":"x://z","text":"body"}},{"type":"hologram"}]}"#;
        let rest = "[image image/png, about 3 bytes]\n[resource_link x://y]\nbody\n[hologram]\n";
        assert_eq!(
            printed(result, false, false).await,
            (format!("a\\u{{1b}}\nb\n{rest}"), true)
        );
        assert_eq!(
            printed(result, false, true).await,
            (format!("a\u{1b}\nb\n{rest}"), true)
        );
    }

    #[tokio::test]
    async fn a_result_without_content_shows_its_structure() {
        assert_eq!(
            printed(r#"{"structuredContent":{"n":1}}"#, false, true)
                .await
                .0,
            "{\"n\":1}\n"
        );
    }

    #[tokio::test]
    async fn json_is_what_clients_get() {
        let result = r#"{"x":1e400,"content":[]}"#;
        assert_eq!(
            printed(result, true, true).await,
            (format!("{result}\n"), true)
        );
    }

    #[tokio::test]
    async fn a_failed_call_is_shown_and_is_a_failure() {
        let result = r#"{"isError":true,"content":[{"type":"text","text":"no such table"}]}"#;
        assert_eq!(
            printed(result, false, true).await,
            ("no such table\n".to_owned(), false)
        );
    }

    #[tokio::test]
    async fn an_error_names_its_code() {
        let mut client = Fixed(Err(-32602), String::new());
        let arguments = checked_arguments("{}").expect("arguments");
        let ended = call(&mut client, "x", arguments, false, false, &mut Vec::new()).await;
        let Err(Failure::Protocol(message)) = ended else {
            panic!("{ended:?}")
        };
        assert_eq!(message, "no such\\u{1b} tool (-32602)");
    }

    #[test]
    fn a_file_can_hold_the_arguments() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("arguments.json");
        std::fs::write(&file, "{\"a\": 1}\n").expect("written");
        let given = |name: &std::path::Path| Arguments::of(vec![format!("@{}", name.display())]);
        assert!(
            matches!(given(&file), Ok(Arguments::Json(raw)) if raw.get().trim() == "{\"a\": 1}")
        );
        let lost = given(&folder.path().join("lost.json"));
        assert!(matches!(lost, Err(Failure::Usage(text)) if text.contains("lost.json: ")));
    }

    #[test]
    fn arguments_are_a_json_object() {
        for wrong in ["{", "[1]", "{\"a\":}"] {
            let given = Arguments::of(vec![wrong.to_owned()]);
            assert!(matches!(given, Err(Failure::Usage(_))), "{wrong}");
            assert!(
                matches!(checked_arguments(wrong), Err(Failure::Usage(_))),
                "{wrong}"
            );
        }
    }
}
