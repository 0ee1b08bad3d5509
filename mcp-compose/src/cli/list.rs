//! `list`: all that is offered.

use std::collections::HashMap;
use std::io::{self, Write};

use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Client, InProcess};
use super::terminal::Console;
use super::{Failure, shown};
use crate::compose::Composition;
use crate::serve::{Clients, in_process};

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print JSON, as clients get it.
    #[arg(long)]
    json: bool,
}

/// A child that never stops paging must not keep us.
const MAX_PAGES: usize = 10_000;
const METHOD_NOT_FOUND: i64 = -32601;

/// What is listed: the method, the member of its result, and a title.
const KINDS: [(&str, &str, &str); 4] = [
    ("tools/list", "tools", "Tools"),
    ("resources/list", "resources", "Resources"),
    (
        "resources/templates/list",
        "resourceTemplates",
        "Resource templates",
    ),
    ("prompts/list", "prompts", "Prompts"),
];

/// What is shown of an entry.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: Option<String>,
    uri: Option<String>,
    uri_template: Option<String>,
    title: Option<String>,
    description: Option<String>,
}

pub(super) async fn run(args: ListArgs, composition: Composition) -> Result<(), Failure> {
    in_process(composition, Clients::One, move |gateway| async move {
        let mut client = InProcess::connect(gateway, None::<Console>).await?;
        list(&mut client, args.json, &mut io::stdout()).await
    })
    .await?
}

async fn list<C: Client>(client: &mut C, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    let mut listed = Vec::new();
    for (method, member, title) in KINDS {
        listed.push((member, title, all_pages(client, method, member).await?));
    }
    if json {
        let members = listed.iter().map(|(member, _, entries)| {
            let entries: Vec<_> = entries.iter().map(|entry| entry.get()).collect();
            format!("\"{member}\":[{}]", entries.join(","))
        });
        writeln!(out, "{{{}}}", members.collect::<Vec<_>>().join(","))?;
        return Ok(());
    }
    for (_, title, entries) in listed.iter().filter(|(_, _, entries)| !entries.is_empty()) {
        writeln!(out, "{title} ({})", entries.len())?;
        let rows: Vec<_> = entries.iter().map(|entry| row(entry)).collect();
        let width = rows
            .iter()
            .map(|(key, _)| key.chars().count())
            .max()
            .unwrap_or_default()
            .min(48);
        for (key, text) in rows {
            writeln!(out, "{}", format!("  {key:width$}  {text}").trim_end())?;
        }
    }
    if listed.iter().all(|(_, _, entries)| entries.is_empty()) {
        writeln!(out, "nothing is offered")?;
    }
    Ok(())
}

async fn all_pages<C: Client>(
    client: &mut C,
    method: &'static str,
    member: &str,
) -> Result<Vec<Box<RawValue>>, Failure> {
    let mut entries = Vec::new();
    let mut params = "{}".to_owned();
    for _ in 0..MAX_PAGES {
        let result = match client.request(method, params).await {
            Ok(result) => result,
            // Nothing of this kind is offered.
            Err(error) if error.code == METHOD_NOT_FOUND => return Ok(entries),
            Err(error) => return Err(Failure::Failed(format!("{method}: {}", error.message))),
        };
        let wrong = |error| Failure::Failed(format!("{method}: the answer is wrong: {error}"));
        let mut page: HashMap<String, Box<RawValue>> =
            serde_json::from_str(&result).map_err(wrong)?;
        if let Some(list) = page.remove(member) {
            let list: Vec<Box<RawValue>> = serde_json::from_str(list.get()).map_err(wrong)?;
            entries.extend(list);
        }
        match page
            .remove("nextCursor")
            .filter(|cursor| cursor.get() != "null")
        {
            Some(cursor) => params = format!("{{\"cursor\":{}}}", cursor.get()),
            None => return Ok(entries),
        }
    }
    Err(Failure::Failed(format!(
        "{method}: more than {MAX_PAGES} pages"
    )))
}

/// What an entry is known by, and what it is.
fn row(entry: &RawValue) -> (String, String) {
    let Ok(entry) = serde_json::from_str::<Entry>(entry.get()) else {
        return ("?".to_owned(), "cannot be read".to_owned());
    };
    let key = entry
        .uri
        .or(entry.uri_template)
        .or(entry.name)
        .unwrap_or_default();
    let text = entry.description.or(entry.title).unwrap_or_default();
    (shown::block(&key), shown::line(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::RequestError;

    struct Paged;

    impl Client for Paged {
        async fn request(
            &mut self,
            method: &'static str,
            params: String,
        ) -> Result<String, RequestError> {
            match (method, params.as_str()) {
                ("tools/list", "{}") => {
                    Ok(r#"{"tools":[{"name":"db_query","description":"Runs SQL.\nMore."}],"nextCursor":""}"#.into())
                }
                ("tools/list", r#"{"cursor":""}"#) => {
                    Ok(r#"{"tools":[{"name":"x\u001b[2J","x":1e400}]}"#.into())
                }
                ("resources/templates/list", "{}") => {
                    Ok(r#"{"resourceTemplates":[{"uriTemplate":"a://{b}","name":"b","title":"B"}]}"#.into())
                }
                _ => Err(RequestError { code: METHOD_NOT_FOUND, message: "no".into(), data: None }),
            }
        }
    }

    async fn printed(json: bool) -> String {
        let mut out = Vec::new();
        list(&mut Paged, json, &mut out).await.expect("a list");
        String::from_utf8(out).expect("text")
    }

    #[tokio::test]
    async fn shows_all_pages_of_all_kinds() {
        assert_eq!(
            printed(false).await,
            "Tools (2)\n  db_query    Runs SQL.\n  x\\u{1b}[2J\nResource templates (1)\n  a://{b}  B\n"
        );
    }

    #[tokio::test]
    async fn json_is_what_clients_get() {
        assert_eq!(
            printed(true).await,
            concat!(
                r#"{"tools":[{"name":"db_query","description":"Runs SQL.\nMore."},{"name":"x\u001b[2J","x":1e400}],"#,
                r#""resources":[],"resourceTemplates":[{"uriTemplate":"a://{b}","name":"b","title":"B"}],"prompts":[]}"#,
                "\n"
            )
        );
    }
}
