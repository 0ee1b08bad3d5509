//! The page of one tool: what it is, a form to try it, and what came of that.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use http::header::HeaderMap;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::page::{self, exact, hints};
use super::site::{Site, fields, form};
use super::snapshot::ToolRow;
use super::trial::{self, Trial};

/// What stands before the name of an argument in a form.
const ARGUMENT: &str = "argument:";
/// Most characters of a result that are shown.
const MOST_SHOWN: usize = 200_000;
/// Pictures that browsers show and that are no documents.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The page, before anything is tried.
pub(super) async fn show(State(site): State<Arc<Site>>, request: Request) -> Response {
    let query = fields(request.uri().query().unwrap_or_default().as_bytes());
    let rows = site.tools();
    match find(&rows.rows, &query) {
        Some(tool) => answer(&site, request.headers(), tool, &[], None),
        None => unknown(),
    }
}

/// Calls the tool, and shows what came of it.
pub(super) async fn call(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (head, entered) = match form(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let field = |name: &str| {
        let found = entered.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    if !site
        .logins
        .is_ours(&head.headers, field("form").unwrap_or_default())
    {
        let body = html! { main.inner.narrow {
            h1 { "This form is too old" }
            p { "The program was started again since the page was loaded. " a href="./" { "Load it again" } "." }
        } };
        return page::page(StatusCode::FORBIDDEN, "Too old", false, &body);
    }
    let rows = site.tools();
    let Some(tool) = find(&rows.rows, &entered) else {
        return unknown();
    };
    let outcome = if tool.is_destructive() && field("sure").is_none() {
        Err("this tool may destroy something: tick the box to call it".to_owned())
    } else {
        arguments(tool, &entered)
    };
    let outcome = match outcome {
        Ok(arguments) => Ok(trial::call(&site.gateway, &tool.name, arguments).await),
        Err(wrong) => Err(wrong),
    };
    answer(&site, &head.headers, tool, &entered, Some(&outcome))
}

fn find<'t>(tools: &'t [ToolRow], entered: &[(String, String)]) -> Option<&'t ToolRow> {
    let (_, name) = entered.iter().find(|(field, _)| field == "name")?;
    tools.iter().find(|tool| tool.name == *name)
}

fn unknown() -> Response {
    let body = html! { main.inner.narrow {
        h1 { "There is no such tool" }
        p { "It may have gone with its child. " a href="./" { "All that there is" } "." }
    } };
    page::page(StatusCode::NOT_FOUND, "No such tool", false, &body)
}

fn answer(
    site: &Site,
    headers: &HeaderMap,
    tool: &ToolRow,
    entered: &[(String, String)],
    outcome: Option<&Result<Trial, String>>,
) -> Response {
    let schema = tool.definition.get("inputSchema");
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let body = html! {
        main.inner {
            p { a href="./#h-tools" { "All tools" } }
            h1 { bdi { (tool.name) } }
            p.hint { "of " bdi { (tool.child) } (hints(tool)) }
            @if let Some(description) = tool.text("description") { p.description dir="auto" { (description) } }
            div.pair {
                section aria-labelledby="h-try" {
                    h2 #h-try { "Try it" }
                    (try_form(tool, &site.logins.form_token(headers), entered))
                }
                section aria-labelledby="h-result" {
                    h2 #h-result { "Result" }
                    @match outcome {
                        None => p.empty { "Not called yet." },
                        Some(Err(wrong)) => p.wrong role="alert" { "Not called: " (wrong) "." },
                        Some(Ok(trial)) => (result(trial)),
                    }
                }
            }
            section aria-labelledby="h-schema" {
                h2 #h-schema { "Definition" }
                details.card {
                    summary { "Schema of the arguments" }
                    pre tabindex="0" { (schema.map(pretty).unwrap_or_default()) }
                }
                @if let Some(output) = tool.definition.get("outputSchema") {
                    details.card { summary { "Schema of the result" } pre tabindex="0" { (pretty(output)) } }
                }
            }
        }
    };
    page::page(StatusCode::OK, &tool.name, false, &body)
}

fn properties(tool: &ToolRow) -> impl Iterator<Item = (&String, &Value)> {
    let schema = tool.definition.get("inputSchema");
    let properties = schema.and_then(|schema| schema.get("properties"));
    properties.and_then(Value::as_object).into_iter().flatten()
}

fn is_required(tool: &ToolRow, name: &str) -> bool {
    let schema = tool.definition.get("inputSchema");
    let required = schema.and_then(|schema| schema.get("required"));
    let required = required.and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|known| known == name))
}

fn try_form(tool: &ToolRow, token: &str, entered: &[(String, String)]) -> Markup {
    let said = |field: &str| {
        let found = entered.iter().find(|(known, _)| known == field);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    html! {
        form.card method="post" action="tool" {
            input type="hidden" name="form" value=(token);
            input type="hidden" name="name" value=(tool.name);
            @for (at, (name, schema)) in properties(tool).enumerate() {
                @let id = format!("argument-{at}");
                @let field = format!("{ARGUMENT}{name}");
                (input(&id, &field, name, schema, is_required(tool, name), said(&field)))
            }
            @if properties(tool).next().is_none() { p.hint { "It takes no arguments that are known." } }
            details open[!said("json").is_empty()] {
                summary { "Further arguments as JSON" }
                label for="json" { "A JSON object; what stands here goes before the fields above" }
                textarea #json name="json" rows="4" spellcheck="false" { (said("json")) }
            }
            @if tool.is_destructive() {
                label.check { input type="checkbox" name="sure" value="yes" required; "I know that this may destroy something" }
            }
            button type="submit" { "Call" }
            p.hint { "It is called for real, by this page as its client. Questions that it asks are refused." }
        }
    }
}

/// The field of one argument. Its own type of input is only a help: what is entered is checked by the relay.
fn input(id: &str, field: &str, name: &str, schema: &Value, required: bool, said: &str) -> Markup {
    let hint = format!("{id}-hint");
    let description = schema.get("description").and_then(Value::as_str);
    let described = description.map(|_| hint.as_str());
    let choices = choices(schema);
    html! {
        div.field {
            label for=(id) {
                bdi { (name) }
                " " span.hint { (kind(schema)) @if required { ", required" } }
            }
            @if let Some(choices) = choices {
                select id=(id) name=(field) required[required] aria-describedby=[described] {
                    option value="" { @if required { "Choose" } @else { "Not given" } }
                    @for choice in &choices { option value=(choice) selected[choice == said] { (choice) } }
                }
            } @else if is_text(schema) {
                input id=(id) name=(field) type="text" value=(said) required[required] aria-describedby=[described] autocomplete="off";
            } @else if matches!(kind(schema), "number" | "integer") {
                input id=(id) name=(field) type="text" inputmode="decimal" value=(said) required[required] aria-describedby=[described] autocomplete="off";
            } @else {
                textarea id=(id) name=(field) rows="3" spellcheck="false" required[required] aria-describedby=[described] placeholder="JSON" { (said) }
            }
            @if let Some(description) = description { p.hint id=(hint) dir="auto" { (description) } }
        }
    }
}

fn kind(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or("JSON")
}

fn is_text(schema: &Value) -> bool {
    kind(schema) == "string"
}

/// What can be chosen, where that is little.
fn choices(schema: &Value) -> Option<Vec<String>> {
    if kind(schema) == "boolean" {
        return Some(vec!["true".to_owned(), "false".to_owned()]);
    }
    let all = schema.get("enum")?.as_array()?;
    let all: Option<Vec<_>> = all
        .iter()
        .map(|one| one.as_str().map(str::to_owned))
        .collect();
    all.filter(|all| is_text(schema) && !all.is_empty() && all.len() <= 100)
}

/// What was entered, as JSON. A field that was left empty is not given.
fn arguments(tool: &ToolRow, entered: &[(String, String)]) -> Result<String, String> {
    let mut arguments = Map::new();
    for (field, text) in entered {
        let Some(name) = field.strip_prefix(ARGUMENT) else {
            continue;
        };
        let Some((_, schema)) = properties(tool).find(|(known, _)| *known == name) else {
            continue;
        };
        if text.is_empty() {
            continue;
        }
        let value = match is_text(schema) {
            // Forms send line ends as CR LF.
            true => Value::String(text.replace("\r\n", "\n")),
            false => serde_json::from_str(text)
                .map_err(|error| format!("`{name}` is not JSON: {error}"))?,
        };
        arguments.insert(name.to_owned(), value);
    }
    let further = entered.iter().find(|(field, _)| field == "json");
    if let Some((_, text)) = further.filter(|(_, text)| !text.trim().is_empty()) {
        let further: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| format!("the further arguments are no JSON object: {error}"))?;
        arguments.extend(further);
    }
    Ok(Value::Object(arguments).to_string())
}

fn result(trial: &Trial) -> Markup {
    let result = match &trial.result {
        Ok(result) => result.as_str(),
        Err(error) => {
            return html! {
                p role="status" { span.badge.bad { "Failed" } " " span.hint { "after " (exact(trial.took)) } }
                pre tabindex="0" dir="auto" { (cut(error)) }
            };
        }
    };
    let value: Value = serde_json::from_str(result).unwrap_or_default();
    let failed = value.get("isError") == Some(&Value::Bool(true));
    let content = value.get("content").and_then(Value::as_array);
    html! {
        p role="status" {
            @if failed { span.badge.waiting { "Tool error" } } @else { span.badge.good { "Done" } }
            " " span.hint { "after " (exact(trial.took)) }
        }
        @for block in content.into_iter().flatten() { (block_of(block)) }
        @if let Some(structured) = value.get("structuredContent") {
            details { summary { "Structured content" } pre tabindex="0" { (cut(&format!("{structured:#}"))) } }
        }
        details { summary { "All of it" } pre tabindex="0" { (cut(&format!("{value:#}"))) } }
    }
}

fn block_of(block: &Value) -> Markup {
    let text = |key: &str| block.get(key).and_then(Value::as_str);
    let picture = text("mimeType").filter(|mime| PICTURES.contains(mime));
    html! {
        @match (text("type"), text("text"), picture, text("data")) {
            (Some("text"), Some(said), _, _) => pre tabindex="0" dir="auto" { (cut(said)) },
            (Some("image"), _, Some(mime), Some(data)) =>
                img.picture alt="Picture that the tool returned" src={ "data:" (mime) ";base64," (data) };,
            (kind, ..) => p.hint { "A block of type " code { (kind.unwrap_or("unknown")) } ": see all of it below." },
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}… (cut: there are {} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(schema: &Value) -> ToolRow {
        ToolRow {
            name: "<script>".to_owned(),
            child: "db".to_owned(),
            definition: serde_json::json!({ "name": "<script>", "inputSchema": schema }),
            bytes: 1,
        }
    }

    fn entered(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        fields.iter().map(owned).collect()
    }

    fn typed() -> ToolRow {
        tool(&serde_json::json!({
            "type": "object",
            "properties": {
                "text": { "type": "string" },
                "many": { "type": "integer" },
                "all": { "type": "boolean" },
                "list": { "type": "array" },
                "<b>": { "description": "</p><script>x</script>", "enum": ["a"], "type": "string" }
            },
            "required": ["text"]
        }))
    }

    #[test]
    fn what_is_entered_becomes_arguments_of_its_type() {
        let tool = typed();
        let form = entered(&[
            ("argument:text", "1\r\n2"),
            ("argument:many", "7"),
            ("argument:all", "true"),
            ("argument:list", ""),
            ("argument:unknown", "x"),
            ("json", r#"{"more":null,"many":8}"#),
        ]);
        let arguments = arguments(&tool, &form).unwrap();
        assert_eq!(
            arguments,
            r#"{"text":"1\n2","many":8,"all":true,"more":null}"#
        );
    }

    #[test]
    fn what_is_no_json_is_told_with_its_name() {
        for (field, value, said) in [
            ("argument:many", "many", "`many` is not JSON"),
            ("argument:list", "[", "`list` is not JSON"),
            ("json", "[]", "the further arguments are no JSON object"),
        ] {
            let wrong = arguments(&typed(), &entered(&[(field, value)])).unwrap_err();
            assert!(wrong.starts_with(said), "{wrong}");
        }
    }

    #[test]
    fn markup_of_a_tool_is_text_in_its_form_and_its_result() {
        let form = try_form(
            &typed(),
            "token",
            &entered(&[("json", "</textarea><script>")]),
        );
        let form = form.into_string();
        assert!(!form.contains("<script") && !form.contains("<b>"), "{form}");
        let block = serde_json::json!({ "type": "text", "text": "<script>x</script>" });
        assert!(!block_of(&block).into_string().contains("<script"));
        let page = serde_json::json!({ "type": "image", "mimeType": "image/svg+xml", "data": "x" });
        assert!(!block_of(&page).into_string().contains("data:"));
    }
}
