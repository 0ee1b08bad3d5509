//! `add`: one more child in a configuration file, of which every other byte stays.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};
use url::Url;

use super::program::{FILES, file_here};
use super::settings::{self, Spot, Syntax};
use super::{Failure, shown};
use crate::compose::{Format, Namespace, look_over};

/// Arguments of `add`.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(override_usage = "mcp-compose add [OPTIONS] <NAME> <URL>
       mcp-compose add [OPTIONS] <NAME> -- <COMMAND>...")]
#[command(group(ArgGroup::new("child").required(true).args(["url", "command"])))]
pub(super) struct AddArgs {
    /// The namespace of the child: its names begin with it.
    #[arg(value_parser = namespace)]
    name: String,
    /// Where its server is, if that runs by itself.
    #[arg(value_parser = url)]
    url: Option<String>,
    /// The program to start, and its arguments.
    #[arg(last = true)]
    command: Vec<String>,
    /// A variable for the program; may be repeated. `NAME=${NAME}` takes it from the environment when it starts.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable, conflicts_with = "url")]
    env: Vec<(String, String)>,
    /// A header for each request to the URL; may be repeated.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header, conflicts_with = "command")]
    header: Vec<(String, String)>,
    /// Also where there is a child of that name.
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(args: &AddArgs, config: Option<PathBuf>) -> Result<(), Failure> {
    let file = config
        .or_else(file_here)
        .unwrap_or_else(|| PathBuf::from(FILES[0]));
    let failed = |why: String| Failure::Failed(format!("{}: {why}", file.display()));
    let before = settings::read(&file).map_err(|error| failed(error.to_string()))?;
    let after = added(args, &file, before.as_deref())?;
    settings::replace(&file, before.as_deref(), &after)
        .map_err(|error| failed(error.to_string()))?;
    let path = shown::block(&file.display().to_string());
    let mut out = io::stdout();
    if before.is_some() {
        writeln!(out, "{path}: added `{}`", args.name)?;
    } else {
        writeln!(out, "{path}: made, with `{}`", args.name)?;
        let next =
            "`mcp-compose list` shows what is offered, `mcp-compose install` the MCP clients here";
        writeln!(out, "next: {next}")?;
    }
    Ok(())
}

/// What the file says with the child in it.
fn added(args: &AddArgs, file: &Path, before: Option<&str>) -> Result<String, Failure> {
    let usage = |why: String| Failure::Usage(format!("{}: {why}", file.display()));
    let syntax = Syntax::of(file);
    let fresh;
    let before = match before {
        Some(text) => text,
        None => {
            fresh = new_file(file);
            &fresh
        }
    };
    let whole = syntax
        .value(before)
        .map_err(|wrong| usage(wrong.to_string()))?;
    let tables = Format::of(file).children();
    let there = tables.iter().find(|table| whole.get(table).is_some());
    let spot = Spot {
        table: there.unwrap_or(&tables[0]),
        name: &args.name,
    };
    let known = whole.get(spot.table).and_then(|table| table.get(spot.name));
    if known.is_some() && !args.replace {
        return Err(usage(format!(
            "there is a child `{}` already; `--replace` writes it anew",
            args.name
        )));
    }
    let after = syntax.with(before, spot, &entry(args));
    let after = after.map_err(|wrong| usage(wrong.to_string()))?;
    let composed = look_over(&after, file).map_err(|wrong| Failure::Usage(wrong.to_string()))?;
    let former = look_over(before, file).map_or_else(|_| Vec::new(), |it| it.check());
    let mut wrong = composed.check().into_iter().filter(|problem| {
        // A variable stands for anything here.
        problem.is_error() && !former.contains(problem) && !is_of_variables(args)
    });
    match wrong.next() {
        Some(problem) => Err(usage(problem.to_string())),
        None => Ok(after),
    }
}

/// Whether what is to be added is not known before it starts.
fn is_of_variables(args: &AddArgs) -> bool {
    let words = args.url.iter().chain(&args.command);
    words.into_iter().any(|word| word.contains("${"))
}

/// What stands in a file before its first child.
fn new_file(file: &Path) -> String {
    if Format::of(file) == Format::Json {
        return "{}\n".to_owned();
    }
    let absolute = std::path::absolute(file).unwrap_or_default();
    let folder = absolute.parent().and_then(Path::file_name);
    match folder.and_then(|name| name.to_str()) {
        Some(name) => format!("name = {}\n", toml_edit::Value::from(name)),
        None => String::new(),
    }
}

fn entry(args: &AddArgs) -> Value {
    let object = |pairs: &[(String, String)]| -> Map<String, Value> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect()
    };
    let mut entry = Map::new();
    match (&args.url, args.command.split_first()) {
        (Some(url), _) => {
            entry.insert("url".to_owned(), json!(url));
        }
        (None, Some((program, rest))) => {
            entry.insert("command".to_owned(), json!(program));
            if !rest.is_empty() {
                entry.insert("args".to_owned(), json!(rest));
            }
        }
        (None, None) => {}
    }
    for (key, pairs) in [("env", &args.env), ("headers", &args.header)] {
        if !pairs.is_empty() {
            entry.insert(key.to_owned(), Value::Object(object(pairs)));
        }
    }
    Value::Object(entry)
}

fn namespace(text: &str) -> Result<String, String> {
    Namespace::parse(text).map(|namespace| namespace.to_string())
}

fn url(text: &str) -> Result<String, String> {
    let is_http = text.starts_with("https://") || text.starts_with("http://");
    if is_http && (text.contains("${") || Url::parse(text).is_ok()) {
        return Ok(text.to_owned());
    }
    Err(
        "it is no URL; a program stands behind `--`, as in `add NAME -- npx some-server`"
            .to_owned(),
    )
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.trim().to_owned())),
        _ => Err("expected `NAME: VALUE`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        add: AddArgs,
    }

    fn parse(args: &[&str]) -> Result<AddArgs, String> {
        let args = ["add"].iter().chain(args);
        let parsed = Program::try_parse_from(args);
        parsed
            .map(|program| program.add)
            .map_err(|error| error.to_string())
    }

    fn put(args: &[&str], file: &str, before: Option<&str>) -> Result<String, String> {
        let args = parse(args)?;
        added(&args, Path::new(file), before).map_err(|failure| format!("{failure:?}"))
    }

    const COMMENTED: &str =
        "# Mine.\nname = \"tools\"  # A name.\n\n[children.a]\ncommand = \"x\"\n";

    #[test]
    fn a_child_is_added_and_all_else_stays() {
        let text = put(
            &["b", "--env", "TOKEN=${B_TOKEN}", "--", "npx", "-y", "b c"],
            "compose.toml",
            Some(COMMENTED),
        );
        let expected = "\n[children.b]\ncommand = \"npx\"\nargs = [\"-y\", \"b c\"]\nenv = { TOKEN = \"${B_TOKEN}\" }\n";
        assert_eq!(text, Ok(format!("{COMMENTED}{expected}")));
        let text = put(
            &[
                "web",
                "https://x/mcp",
                "--header",
                "Authorization: Bearer ${T}",
            ],
            ".mcp.json",
            Some("{\n  \"servers\": {}\n}\n"),
        );
        let text = text.expect("it is added");
        assert!(text.contains("\"servers\": {\n    \"web\": {"), "{text}");
        assert!(
            text.contains("\"Authorization\": \"Bearer ${T}\""),
            "{text}"
        );
    }

    #[test]
    fn the_first_one_begins_a_file_that_has_the_name_of_its_folder() {
        let text = put(&["a", "--", "x"], "/srv/my tools/compose.toml", None);
        let expected = "name = \"my tools\"\n\n[children.a]\ncommand = \"x\"\n";
        assert_eq!(text.as_deref(), Ok(expected));
        let text = put(&["a", "--", "x"], "/srv/mcp.json", None);
        assert!(text.is_ok_and(|text| text.contains("\"mcpServers\"")));
    }

    #[test]
    fn one_that_is_there_is_replaced_only_when_that_is_asked_for() {
        let again = ["a", "--", "y"];
        let told = put(&again, "compose.toml", Some(COMMENTED)).expect_err("there already");
        assert!(told.contains("there is a child `a` already"), "{told}");
        let text = put(
            &["a", "--replace", "--", "y"],
            "compose.toml",
            Some(COMMENTED),
        );
        assert_eq!(text, Ok(COMMENTED.replace("\"x\"", "\"y\"")));
    }

    #[test]
    fn a_file_that_is_wrong_is_left_alone() {
        for (wrong, told) in [
            ("[children\n", "line 1"),
            ("colour = 1\n", "colour: unknown key"),
            ("[children.b]\n", "neither `command` nor `url`"),
            (
                "[children.other]\nnamespace = \"a\"\ncommand = \"x\"\n",
                "twice",
            ),
        ] {
            let refused = put(&["a", "--", "x"], "compose.toml", Some(wrong));
            let refused = refused.expect_err(wrong);
            assert!(refused.contains(told), "{refused}");
        }
    }

    #[test]
    fn arguments_that_make_no_child_are_refused() {
        for (args, told) in [
            (&["a"][..], "required"),
            (&["a", "npx"], "a program stands behind `--`"),
            (&["A", "--", "x"], "lower-case"),
            (&["a", "http://x", "--", "x"], "cannot be used with"),
            (&["a", "http://x", "--env", "A=b"], "cannot be used with"),
            (&["a", "http://"], "is no URL"),
            (&["a", "--env", "A", "--", "x"], "expected NAME=VALUE"),
        ] {
            let refused = parse(args).expect_err(told);
            assert!(refused.contains(told), "{args:?}: {refused}");
        }
    }
}
