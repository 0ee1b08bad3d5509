//! Whatever the aggregator gives a client to come back with: in the hands of another it is as good as made up.

use serde_json::{Value, json};

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::raw::{LEGACY, Raw};
use mcp_compose_tests::scripted::{basic, scripted, tool};

use super::http::{Http, message};

const ALICE: (&str, &str) = ("authorization", "Bearer alice-alice-alice-alice");
const RENEWED: (&str, &str) = ("authorization", "Bearer alice-renewed-renewed");
const BOB: (&str, &str) = ("authorization", "Bearer bob-bob-bob-bob-bob-bob");

/// All that is given out and comes back. (Questions and their elicitation ids are answered in the session that they were
/// asked in: `Session`. What a subscription is called is the client's own request id.)
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// `Mcp-Session-Id`.
    Session,
    /// `Last-Event-ID`.
    Event,
    /// `requestState`.
    State,
    /// `taskId`.
    Task,
    /// The id of a request in flight, which a cancellation names.
    Request,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Session,
        Self::Event,
        Self::State,
        Self::Task,
        Self::Request,
    ];

    /// One that alice was given.
    async fn given(self, http: &mut Http) -> String {
        match self {
            Self::Session => http.initialize(&[ALICE]).await.expect("a session"),
            Self::Event => {
                let session = http.initialize(&[ALICE]).await.expect("a session");
                let headers = [ALICE, ("mcp-session-id", &*session)];
                let params =
                    json!({ "name": "ns_note", "arguments": {}, "_meta": { "progressToken": 1 } });
                // Streams of other sessions have the same numbers; this one has one that bob's have not.
                let mut last = String::new();
                for n in 0..5 {
                    let body = message(n, "tools/call", &params);
                    let answer = http
                        .send("POST", "/mcp", &headers, &body)
                        .await
                        .expect("an answer");
                    let mut ids = answer
                        .body
                        .lines()
                        .filter_map(|line| line.strip_prefix("id: "));
                    last = ids
                        .next_back()
                        .unwrap_or_else(|| panic!("no event: {answer:?}"))
                        .to_owned();
                }
                last
            }
            Self::State => {
                let asked = json!({ "name": "ns_ask", "arguments": {} });
                let asked = http
                    .modern(1, "tools/call", &asked, &[ALICE])
                    .await
                    .expect("an answer");
                let asked = asked.message();
                let state = asked["result"]["requestState"].as_str();
                state
                    .unwrap_or_else(|| panic!("no state: {asked}"))
                    .to_owned()
            }
            Self::Task => {
                let long = json!({ "name": "jobs_slow_compute", "arguments": { "seconds": 60 } });
                let made = http
                    .modern(1, "tools/call", &long, &[ALICE])
                    .await
                    .expect("an answer");
                let made = made.message();
                let id = made["result"]["taskId"].as_str();
                id.unwrap_or_else(|| panic!("no task: {made}")).to_owned()
            }
            Self::Request => "4711".to_owned(),
        }
    }

    /// The ways in which a client comes back with it.
    const fn ways(self) -> &'static [&'static str] {
        match self {
            Self::Session => &["POST", "GET", "DELETE"],
            Self::Task => &["tasks/get", "tasks/update", "tasks/cancel"],
            Self::Event | Self::State | Self::Request => &[""],
        }
    }

    /// What whoever shows `who` gets for it.
    async fn presented(
        self,
        http: &mut Http,
        who: (&str, &str),
        handle: &str,
        way: &str,
    ) -> (u16, String) {
        let listens = ("accept", "text/event-stream");
        let answer = match self {
            Self::Session => {
                let mut headers = vec![who, ("mcp-session-id", handle)];
                if way == "GET" {
                    headers.push(listens);
                }
                let body = message(3, "tools/list", &json!({}));
                http.send(way, "/mcp", &headers, &body).await
            }
            Self::Event => {
                let session = http.initialize(&[who]).await.expect("a session");
                let headers = [
                    who,
                    listens,
                    ("mcp-session-id", &session),
                    ("last-event-id", handle),
                ];
                http.send("GET", "/mcp", &headers, "").await
            }
            Self::State => {
                let params = json!({ "name": "ns_ask", "arguments": {}, "requestState": handle, "inputResponses": {} });
                http.modern(3, "tools/call", &params, &[who]).await
            }
            Self::Task => {
                let params = json!({ "taskId": handle, "inputResponses": {} });
                http.modern(3, way, &params, &[who]).await
            }
            Self::Request => {
                let session = http.initialize(&[who]).await.expect("a session");
                let params = json!({ "requestId": handle.parse::<u64>().expect("a number") });
                let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
                let headers = [who, ("mcp-session-id", &*session)];
                http.send("POST", "/mcp", &headers, &cancelled.to_string())
                    .await
            }
        };
        let answer = answer.expect("an answer");
        (answer.status, answer.body.replace(handle, "HANDLE"))
    }

    /// One of the same form that nobody was given.
    fn made_up(self, handle: &str) -> String {
        match self {
            Self::Event => "4242-1".to_owned(),
            Self::Request => "1174".to_owned(),
            // The last characters are part of what cannot be guessed.
            Self::Session | Self::State | Self::Task => {
                let (start, end) = handle.split_at(handle.len() - 6);
                let other = |c: char| if c == 'a' { 'b' } else { 'a' };
                format!("{start}{}", end.chars().map(other).collect::<String>())
            }
        }
    }
}

async fn bed() -> (Aggregator, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tokens");
    let tokens = "# who: token\nalice:alice-alice-alice-alice\nalice: alice-renewed-renewed\n\nbob-bob-bob-bob-bob-bob\n";
    std::fs::write(&file, tokens).expect("the file can be written");
    let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    let form = json!({ "mode": "form", "message": "Who?", "requestedSchema": schema });
    let question = json!({ "method": "elicitation/create", "params": form });
    let script = basic(json!({
        "tools": [tool("note"), tool("ask"), tool("wait")],
        "calls": {
            "note": { "steps": [{ "count": 1 }] },
            "ask": { "steps": [{ "ask": question }] },
            "wait": { "steps": [{ "count": 1 }, "until_cancelled"] },
        },
    }));
    let config = Config::new()
        .child("ns", scripted(script))
        .child("jobs", json!({ "command": binary("rmcp_tasks") }))
        .arguments(&["--auth-token-file", &file.to_string_lossy()]);
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::with_headers(&aggregator.url, LEGACY, json!({}), &[ALICE]).await;
    client.listed("ns_ask").await;
    client.listed("jobs_slow_compute").await;
    (aggregator, folder)
}

#[tokio::test]
async fn s04_anothers_handle_is_as_unknown_as_one_that_was_made_up() {
    let (aggregator, _folder) = bed().await;
    for kind in Kind::ALL {
        let mut http = Http::to(&aggregator).await;
        let handle = kind.given(&mut http).await;
        let made_up = kind.made_up(&handle);
        assert_ne!(handle, made_up, "{kind:?}");
        for way in kind.ways() {
            let of_alice = kind.presented(&mut http, BOB, &handle, way).await;
            let of_nobody = kind.presented(&mut http, BOB, &made_up, way).await;
            assert_eq!(of_alice, of_nobody, "{kind:?} {way}");
            let by_alice = kind.presented(&mut http, ALICE, &made_up, way).await;
            assert_eq!(by_alice, of_nobody, "{kind:?} {way}: nor is one of hers");
            eprintln!("{kind:?} {way}: {of_nobody:?}");
        }
        // Her own is still good, with the token that replaced the other.
        if let Kind::Session | Kind::Task | Kind::State = kind {
            let way = kind.ways()[0];
            let (status, body) = kind.presented(&mut http, RENEWED, &handle, way).await;
            let answer = super::http::Answer {
                status,
                head: String::new(),
                body,
            };
            assert_eq!(status, 200, "{kind:?}: {answer:?}");
            assert!(
                answer.message()["result"].is_object(),
                "{kind:?}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn s04_a_cancellation_of_another_clients_request_has_no_effect() {
    let (aggregator, _folder) = bed().await;
    let alice = Raw::with_headers(&aggregator.url, LEGACY, json!({}), &[ALICE]).await;
    let bob = Raw::with_headers(&aggregator.url, LEGACY, json!({}), &[BOB]).await;
    let params = json!({ "name": "ns_wait", "arguments": {}, "_meta": { "progressToken": 1 } });
    let call = alice.start("tools/call", params).await;
    alice.notification("notifications/progress", |_| true).await;
    bob.notify("notifications/cancelled", json!({ "requestId": call.id() }))
        .await;
    let cancelled =
        bob.call("ns_received", json!({})).await["structuredContent"]["messages"].take();
    let cancelled = cancelled.as_array().expect("messages").iter();
    let cancelled: Vec<&Value> = cancelled
        .filter(|one| one["method"] == "notifications/cancelled")
        .collect();
    assert!(cancelled.is_empty(), "{cancelled:?}");
    alice.cancel(&call).await;
    let told = json!({ "method": "notifications/cancelled", "count": 1 });
    bob.call("ns_received", told).await;
}
