//! The status page. All of it is there without script; with it, the live parts follow what happens.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::site::Site;
use super::snapshot::{self, ChildRow, Tone, ToolRow};
use crate::gateway::live::{LiveCall, Outcome};
use crate::observe::snapshot::ChildCalls;
use crate::serve::health::Probe;

/// A part of the page that follows what happens.
pub(super) struct Part {
    /// Of the element that holds it.
    pub(super) id: &'static str,
    pub(super) render: fn(&Site) -> Arc<str>,
}

/// The live parts.
pub(super) const PARTS: [Part; 6] = [
    Part {
        id: "summary",
        render: |site| text(summary(site)),
    },
    Part {
        id: "children",
        render: |site| text(children(&snapshot::children(&site.gateway))),
    },
    Part {
        id: "calls",
        render: |site| text(calls(site)),
    },
    Part {
        id: "tools",
        render: |site| site.tools().html.clone(),
    },
    Part {
        id: "clients",
        render: |site| text(clients(site)),
    },
    Part {
        id: "budget",
        render: |site| text(budget(site)),
    },
];

fn text(markup: Markup) -> Arc<str> {
    markup.into_string().into()
}

/// The whole page.
pub(super) async fn index(State(site): State<Arc<Site>>) -> Response {
    let settings = site.gateway.settings();
    let [summary, children, calls, tools, clients, budget] =
        PARTS.map(|part| PreEscaped((part.render)(&site).to_string()));
    let notices = snapshot::notices(&site.gateway);
    let body = html! {
        header.top {
            div.inner {
                h1 { img src="icon.svg" alt="" width="28" height="28"; bdi { (settings.name()) } }
                p.version { "version " bdi { (settings.version()) } }
                div #summary role="status" { (summary) }
            }
        }
        nav.inner aria-label="Sections" {
            a href="#h-children" { "Children" }
            a href="#h-calls" { "Calls" }
            a href="#h-tools" { "Tools" }
            a href="#h-clients" { "Clients" }
            a href="#h-configuration" { "Configuration" }
            p #live hidden { "Follows what happens" }
        }
        main.inner {
            section aria-labelledby="h-children" {
                h2 #h-children tabindex="-1" { "Children" }
                div #children { (children) }
            }
            section aria-labelledby="h-calls" {
                h2 #h-calls tabindex="-1" { "Calls" }
                div #calls { (calls) }
            }
            @if !notices.is_empty() {
                section aria-labelledby="h-notices" {
                    h2 #h-notices tabindex="-1" { "Notices" }
                    ul.notices { @for notice in &notices { li dir="auto" { (notice) } } }
                }
            }
            section aria-labelledby="h-tools" {
                h2 #h-tools tabindex="-1" { "Tools" }
                div #tools { (tools) }
            }
            div.pair {
                section aria-labelledby="h-clients" {
                    h2 #h-clients tabindex="-1" { "Clients" }
                    div #clients { (clients) }
                }
                section aria-labelledby="h-budget" {
                    h2 #h-budget tabindex="-1" { "Budget" }
                    div #budget { (budget) }
                }
            }
            section aria-labelledby="h-configuration" {
                h2 #h-configuration tabindex="-1" { "Configuration" }
                p.hint { "As it is in effect. Values that may be secrets are masked." }
                (configuration(&site))
            }
        }
    };
    page(StatusCode::OK, settings.name(), true, &body)
}

/// The form for the token.
pub(super) async fn login(request: Request) -> Response {
    drop(request);
    page(StatusCode::OK, "Log in", false, &token_form(None))
}

/// The same, for a token that is none of ours.
pub(super) fn login_again() -> Response {
    let form = token_form(Some("This token is not taken here."));
    page(StatusCode::UNAUTHORIZED, "Log in", false, &form)
}

fn token_form(wrong: Option<&str>) -> Markup {
    html! {
        main.inner.narrow {
            h1 { img src="icon.svg" alt="" width="28" height="28"; "Status page" }
            form.card method="post" action="login" {
                @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
                label for="token" { "Token" }
                input #token type="password" name="token" autocomplete="current-password" required;
                p.hint { "One of those that the program was started with, such as by " code { "--admin-token-env" } "." }
                button type="submit" { "Log in" }
            }
        }
    }
}

/// A page of ours.
pub(super) fn page(status: StatusCode, title: &str, live: bool, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · mcp-compose" }
                link rel="icon" href="icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="style.css";
                @if live { script src="live.js" defer {} }
            }
            body { (body) }
        }
    };
    let kind = [(CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, page.into_string()).into_response()
}

fn summary(site: &Site) -> Markup {
    let health = site.gateway.answer(Probe::Ready);
    let children = snapshot::children(&site.gateway);
    let bad = children
        .iter()
        .filter(|child| child.tone == Tone::Bad)
        .count();
    let tone = match (health.well, bad) {
        (true, 0) => Tone::Good,
        (true, _) => Tone::Waiting,
        (false, _) => Tone::Bad,
    };
    let well = children.len() - bad;
    html! {
        (badge(tone, &capital(health.word)))
        span { (well) " of " (count(children.len(), "child", "children")) " can be called" }
        span { "up " (lasting(site.gateway.age())) }
    }
}

fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (word) } }
}

fn children(children: &[ChildRow]) -> Markup {
    if children.is_empty() {
        return html! { p.empty { "There are none." } };
    }
    html! {
        div.table role="region" aria-label="Table of children" tabindex="0" {
            table {
                thead { tr {
                    th scope="col" { "Child" }
                    th scope="col" { "State" }
                    th scope="col" { "Protocol" }
                    th.number scope="col" { "Tools" }
                    th.number scope="col" { "In flight" }
                    th.number scope="col" { "Calls" }
                    th.number scope="col" { "Failed" }
                    th.number scope="col" { "Half, 95 % within" }
                    th.number scope="col" { "Restarts" }
                } }
                tbody { @for child in children {
                    tr {
                        th scope="row" { bdi { (child.label) } }
                        td.short { (badge(child.tone, child.state)) " " span.hint { (lasting(child.lasting)) } }
                        td.short { (child.protocol) }
                        td.number { (child.tools) }
                        td.number { (child.in_flight) }
                        td.number { (child.calls.calls) }
                        td.number { (child.calls.errors) }
                        td.number { (latency(&child.calls)) }
                        td.number { (child.restarts) }
                    }
                    @if let Some(wrong) = &child.wrong {
                        tr.more { td colspan="9" { (trouble(&child.label, "What is wrong", wrong, true)) } }
                    } @else if let Some(past) = &child.past {
                        tr.more { td colspan="9" { (trouble(&child.label, "Last failure", past, false)) } }
                    }
                } }
            }
        }
    }
}

/// Within what time half of the calls ended, and nineteen of twenty.
fn latency(calls: &ChildCalls) -> String {
    match (calls.p50, calls.p95) {
        (Some(half), Some(most)) => format!("{}, {}", exact(half), exact(most)),
        _ => "–".to_owned(),
    }
}

/// What went wrong with a child: what it said to stderr stands in it as well.
fn trouble(child: &str, title: &str, what: &str, open: bool) -> Markup {
    html! {
        details id={ "trouble-" (child) } open[open] {
            summary { (title) " with " bdi { (child) } }
            pre dir="auto" { (what) }
        }
    }
}

fn calls(site: &Site) -> Markup {
    let (now, before) = (site.calls.under_way(), site.calls.ended());
    if now.is_empty() && before.is_empty() {
        return html! { p.empty { "None yet." } };
    }
    html! {
        p.hint { (now.len()) " under way, " (site.calls.total()) " since the start. Arguments and results are not kept." }
        div.table role="region" aria-label="Table of calls" tabindex="0" {
            table {
                thead { tr {
                    th scope="col" { "What" }
                    th scope="col" { "Child" }
                    th scope="col" { "Client" }
                    th scope="col" { "State" }
                    th.number scope="col" { "Time" }
                } }
                tbody {
                    @for call in &now {
                        (call_row(call, Tone::Waiting, "Under way", &lasting(call.since.elapsed())))
                    }
                    @for (call, took, outcome) in &before {
                        @let (tone, word) = match outcome {
                            Outcome::Done => (Tone::Good, "Done"),
                            Outcome::ToolError => (Tone::Waiting, "Tool error"),
                            Outcome::Failed => (Tone::Bad, "Failed"),
                            Outcome::GivenUp => (Tone::Calm, "Given up"),
                        };
                        (call_row(call, tone, word, &exact(*took)))
                    }
                }
            }
        }
    }
}

fn call_row(call: &LiveCall, tone: Tone, word: &str, time: &str) -> Markup {
    html! {
        tr {
            th scope="row" {
                @if call.name.is_empty() { code { (call.method) } } @else { bdi { (call.name) } }
                @if call.method != "tools/call" && !call.name.is_empty() { " " span.hint { (call.method) } }
            }
            td { bdi { (call.child) } }
            td { bdi { (call.client.as_deref().unwrap_or("unnamed")) } }
            td { (badge(tone, word)) }
            td.number { (time) }
        }
    }
}

/// The list of tools, those of a child together.
pub(super) fn tools(tools: &[ToolRow]) -> Markup {
    if tools.is_empty() {
        return html! { p.empty { "There are none." } };
    }
    let groups = tools.chunk_by(|one, next| one.child == next.child);
    html! { @for group in groups {
        @let child = &group[0].child;
        details.card id={ "tools-" (child) } open[tools.len() <= 40] {
            summary { bdi { (child) } " " span.hint { (count(group.len(), "tool", "tools")) } }
            ul.tools { @for tool in group { li {
                a href={ "tool?" (query(&tool.name)) } { bdi { (tool.name) } }
                (hints(tool))
                @if let Some(description) = tool.text("description") {
                    p dir="auto" { (first_line(description)) }
                }
            } } }
        }
    } }
}

/// What a tool says of itself that people should know before they call it.
pub(super) fn hints(tool: &ToolRow) -> Markup {
    html! {
        @if tool.is_read_only() { " " (badge(Tone::Calm, "read only")) }
        @if tool.is_destructive() { " " (badge(Tone::Bad, "destructive")) }
    }
}

/// The part of an address that names a tool.
pub(super) fn query(name: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("name", name)
        .finish()
}

fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn clients(site: &Site) -> Markup {
    let clients = snapshot::clients(&site.gateway);
    html! {
        @if clients.is_empty() { p.empty { "No client has a session now." } }
        @else { ul.plain { @for client in &clients { li {
            bdi { (client.name) } " "
            span.hint { @if let Some(version) = &client.version { bdi { (version) } ", " } (client.protocol) }
        } } } }
        p.hint { "Clients of 2026-07-28 have no sessions; their calls stand above." }
    }
}

fn budget(site: &Site) -> Markup {
    let tools = site.tools();
    let budget = snapshot::budget(&site.gateway, &tools.rows);
    html! {
        dl {
            div { dt { "Tools" } dd { (budget.tools) } }
            div { dt { "Their definitions" } dd { "about " (budget.tokens) " tokens" } }
            @if let Some((name, length)) = &budget.longest {
                div { dt { "Longest name" } dd { code { (name) } ", " (length) " of " (budget.most) } }
            }
            @if budget.too_long > 0 {
                div { dt { "Too long for some clients" } dd { (budget.too_long) } }
            }
        }
    }
}

fn configuration(site: &Site) -> Markup {
    html! { @for (title, lines) in snapshot::configuration(&site.gateway) {
        details.card {
            summary { bdi { (title) } }
            dl { @for (name, value) in &lines { div {
                dt { (name) }
                dd { code dir="auto" { (value) } }
            } } }
        }
    } }
}

fn count(many: usize, one: &str, more: &str) -> String {
    format!("{many} {}", if many == 1 { one } else { more })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A time in words that seldom change.
fn lasting(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => "< 1 min".to_owned(),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A time as it was measured.
pub(super) fn exact(time: Duration) -> String {
    match time.as_millis() {
        0..10 => format!("{:.1} ms", time.as_secs_f64() * 1_000.0),
        10..1_000 => format!("{} ms", time.as_millis()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_read_them() {
        for (seconds, expected) in [
            (0, "< 1 min"),
            (61, "1 min"),
            (7_300, "2 h"),
            (200_000, "2 days"),
        ] {
            assert_eq!(lasting(Duration::from_secs(seconds)), expected);
        }
        for (micros, expected) in [(1_240, "1.2 ms"), (45_600, "45 ms"), (2_340_000, "2.3 s")] {
            assert_eq!(exact(Duration::from_micros(micros)), expected);
        }
    }

    #[test]
    fn names_that_are_markup_are_text() {
        let row = ToolRow {
            name: "<script>alert(1)</script>".to_owned(),
            child: "\"><b>".to_owned(),
            definition: serde_json::json!({ "description": "<img src=x onerror=alert(1)>" }),
            bytes: 1,
        };
        let page = tools(&[row]).into_string();
        assert!(
            !page.contains("<script") && !page.contains("<b>") && !page.contains("<img"),
            "{page}"
        );
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{page}"
        );
        assert!(
            page.contains("tool?name=%3Cscript%3Ealert%281%29%3C%2Fscript%3E"),
            "{page}"
        );
    }
}
