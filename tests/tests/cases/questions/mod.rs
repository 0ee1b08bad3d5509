//! Questions: what children ask in the middle of a call reaches the user who called, or is refused.

mod direct;
mod elicitation;
mod refused;
mod roots;
mod sampling;

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::conformance;
use mcp_compose_tests::peers::{node, peer};
use mcp_compose_tests::process::Process;
use mcp_compose_tests::raw::{LEGACY, MODERN, Question, Raw};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, text};
use serde_json::{Value, json};

/// What a client declares that can be asked everything.
pub(crate) fn everything() -> Value {
    json!({ "sampling": {}, "elicitation": { "form": {}, "url": {} }, "roots": { "listChanged": true } })
}

/// A third party's child that asks, in each way in which a child can be reached.
struct Asker {
    what: &'static str,
    era: &'static str,
    /// Its entry of a configuration file.
    entry: Value,
    /// Its own endpoint.
    url: Option<String>,
    _server: Option<Process>,
}

/// The Python SDK's server (sampling and forms) or rmcp's (roots and URLs as well), over stdio and HTTP as legacy
/// children, and over HTTP as a modern one.
async fn askers(python: bool) -> Vec<Asker> {
    let stdio = match python {
        true => conformance::everything_over_stdio(),
        false => conformance::rmcp_over_stdio(),
    };
    let mut askers = Vec::new();
    for (what, era) in [
        ("stdio", "legacy"),
        ("HTTP-2025", "legacy"),
        ("HTTP-2026", "modern"),
    ] {
        let (server, url) = match (what, python) {
            ("stdio", _) => (None, None),
            (_, true) => {
                let (server, url) = conformance::everything_over_http().await;
                (Some(server), Some(url))
            }
            (_, false) => {
                let (server, url) = conformance::rmcp_over_http().await;
                (Some(server), Some(url))
            }
        };
        let mut entry = url
            .as_ref()
            .map_or_else(|| stdio.clone(), |url| json!({ "url": url }));
        entry["era"] = json!(era);
        entry["namespace"] = json!("ns");
        askers.push(Asker {
            what,
            era,
            entry,
            url,
            _server: server,
        });
    }
    askers
}

impl Asker {
    async fn composed(&self) -> Aggregator {
        Aggregator::http(&Config::new().child("ns", self.entry.clone())).await
    }

    /// Of the names that a tool has in the two eras, the one of this child.
    fn tool(&self, legacy: &str, modern: &str) -> String {
        match self.era {
            "legacy" => format!("ns_{legacy}"),
            _ => format!("ns_{modern}"),
        }
    }
}

/// Who may be at an aggregator at the same time.
const USERS: [(&str, [Option<&str>; 2]); 3] = [
    // Of one name, or of none: each connection is one client.
    (LEGACY, [Some("Bearer both"), Some("Bearer both")]),
    (MODERN, [Some("Bearer alice"), Some("Bearer bob")]),
    // Two calls of one principal: nothing but the call itself tells them apart.
    (MODERN, [None, None]),
];

/// Two users, who can be asked everything, and a passer-by, who can be asked nothing.
async fn users(url: &str, version: &str, tokens: [Option<&str>; 2]) -> (Raw, Raw, Raw) {
    let user = async |token: Option<&str>| {
        let own: Vec<_> = token
            .iter()
            .map(|token| ("authorization", *token))
            .collect();
        Raw::with_headers(url, version, everything(), &own).await
    };
    let (alice, bob) = (user(tokens[0]).await, user(tokens[1]).await);
    let passer = Raw::url(url, version, json!({})).await;
    (alice, bob, passer)
}

/// Traffic that has nothing to do with anybody's question.
async fn unrelated(client: &Raw, tool: &str) {
    let simple = client.call(tool, json!({})).await;
    assert_eq!(
        text(&simple),
        "This is a simple text response for testing.",
        "{simple}"
    );
    assert!(client.names("tools").await.iter().any(|name| name == tool));
}

/// The question is the child's, is marked so, and came on the stream of the call that caused it.
fn named(question: &Question, call: Option<i64>) {
    assert_eq!(
        question.params["_meta"]["mcpCompose/child"], "ns",
        "{question:?}"
    );
    assert_eq!(question.on, call, "on the stream of its call: {question:?}");
    if question.method == "elicitation/create" {
        assert!(question.text().starts_with("[ns] "), "{question:?}");
    }
}

fn script(of: Value) -> Script {
    serde_json::from_value(of).expect("a script")
}

/// A scripted child of the test's own process, on HTTP.
async fn http_child(of: Value) -> HttpChild {
    HttpChild::start(HttpScript {
        script: script(of),
        authorization: None,
    })
    .await
}

/// A reference server by its package, as an entry of a configuration file.
fn reference_server(package: &str, arguments: &[&str]) -> Value {
    let file = peer(&format!(
        "node_modules/@modelcontextprotocol/{package}/dist/index.js"
    ));
    let mut words = vec![file.to_string_lossy().into_owned()];
    words.extend(arguments.iter().map(|&word| word.to_owned()));
    json!({ "command": node(), "args": words })
}

/// The only client of an aggregator on stdio: each child's one process is told what this client can.
async fn alone(child: Value, version: &str, capabilities: Value) -> (Raw, StdioCommand) {
    let command = StdioCommand::new(&Config::new().child("ns", child));
    let client = Raw::process_with(command.start(), version, capabilities).await;
    (client, command)
}
