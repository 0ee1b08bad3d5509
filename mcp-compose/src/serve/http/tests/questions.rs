//! Questions to clients: where they go out, who can answer them, and whose session it is.

use super::*;

/// A call that asks its client, with parameters to tell its question by.
fn ask(id: u64, marker: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ask","params":{{"for":"{marker}"}}}}"#)
}

fn answer(id: u64, marker: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"from":"{marker}"}}}}"#)
}

/// The id of the question that an event brings.
fn question_id(event: &str, marker: &str) -> u64 {
    let data = event.lines().find_map(|line| line.strip_prefix("data: "));
    let question: serde_json::Value = serde_json::from_str(data.expect(event)).unwrap();
    assert_eq!(question["method"], "roots/list", "{event}");
    assert_eq!(question["params"]["for"], marker, "{event}");
    question["id"].as_u64().expect(event)
}

async fn answered(front: &Arc<Front<Fake>>, session: Headers<'_>, body: &str) {
    let accepted = front.post_text(session, body).await;
    assert_eq!((accepted.status, accepted.text.as_str()), (202, ""));
}

#[tokio::test]
async fn a_question_goes_out_on_the_stream_of_its_call() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18"] {
        let (front, _) = front();
        let id = front.begin(version).await;
        let session = [("mcp-session-id", id.as_str())];
        let mut one = front.handle(build("POST", &session, &ask(1, "one"))).await;
        let mut two = front.handle(build("POST", &session, &ask(2, "two"))).await;
        assert_eq!(one.headers()["content-type"], "text/event-stream");
        let first = question_id(&next(&mut one).await, "one");
        let second = question_id(&next(&mut two).await, "two");
        answered(&front, &session, &answer(second, "two")).await;
        // An answer to nothing, and one that comes twice.
        answered(&front, &session, &answer(99, "nobody")).await;
        answered(&front, &session, &answer(second, "again")).await;
        answered(&front, &session, &answer(first, "one")).await;
        for (stream, id, marker) in [(one, 1, "one"), (two, 2, "two")] {
            let text = read(stream).await.text;
            let expected = format!(r#""id":{id},"result":{{"from":"{marker}"}}"#);
            assert!(text.contains(&expected), "{text}");
        }
    }
}

#[tokio::test]
async fn an_error_is_an_answer() {
    let (front, _) = front();
    let id = front.begin("2025-06-18").await;
    let session = [("mcp-session-id", id.as_str())];
    let mut stream = front.handle(build("POST", &session, &ask(1, "one"))).await;
    let question = question_id(&next(&mut stream).await, "one");
    let refusal =
        format!(r#"{{"jsonrpc":"2.0","id":{question},"error":{{"code":-1,"message":"no"}}}}"#);
    answered(&front, &session, &refusal).await;
    let text = read(stream).await.text;
    assert!(
        text.contains(r#""error":{"code":-1,"message":"no"}"#),
        "{text}"
    );
}

#[tokio::test]
async fn an_answer_of_another_session_answers_nothing() {
    let (front, _) = front();
    let mine = front.begin("2025-06-18").await;
    let theirs = front.begin("2025-06-18").await;
    let mine = [("mcp-session-id", mine.as_str())];
    let theirs = [("mcp-session-id", theirs.as_str())];
    let mut stream = front.handle(build("POST", &mine, &ask(1, "me"))).await;
    let question = question_id(&next(&mut stream).await, "me");
    answered(&front, &theirs, &answer(question, "another")).await;
    // Theirs has the same id: ids are each session's own.
    let mut other = front.handle(build("POST", &theirs, &ask(1, "them"))).await;
    assert_eq!(question_id(&next(&mut other).await, "them"), question);
    answered(&front, &theirs, &answer(question, "them")).await;
    assert!(read(other).await.text.contains(r#"{"from":"them"}"#));
    answered(&front, &mine, &answer(question, "me")).await;
    assert!(read(stream).await.text.contains(r#"{"from":"me"}"#));
}

#[tokio::test]
async fn who_takes_no_stream_is_not_asked() {
    let (front, _) = front();
    let id = front.begin("2025-06-18").await;
    let session = [
        ("mcp-session-id", id.as_str()),
        ("accept", "application/json"),
    ];
    let answer = front.post_text(&session, &ask(1, "one")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.code(), -2);
    assert!(
        answer.text.contains("no stream to ask on"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_modern_client_gets_no_request() {
    let (front, _) = front();
    let headers = [
        ("mcp-protocol-version", MODERN),
        ("mcp-method", "ask_as_if_legacy"),
    ];
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":5,"method":"ask_as_if_legacy","params":{{"_meta":{{
        "{META_VERSION}":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
    );
    let answer = front.post_text(&headers, &body).await;
    assert_eq!(answer.code(), -2);
    assert!(answer.text.contains("Closed"), "{}", answer.text);
}

#[tokio::test]
async fn a_question_of_no_call_goes_to_an_open_get_stream_or_nowhere() {
    let (front, _) = front();
    let id = front.begin("2025-06-18").await;
    let session = [("mcp-session-id", id.as_str())];
    let body = call("ask_of_no_call");
    let refused = front.post_text(&session, &body).await;
    assert_eq!(refused.code(), -2);
    let mut listening = front.handle(build("GET", &session, "")).await;
    let asking = tokio::spawn({
        let front = Arc::clone(&front);
        let request = build("POST", &session, &body);
        async move { read(front.handle(request).await).await }
    });
    let event = next(&mut listening).await;
    assert!(event.contains("roots/list"), "{event}");
    assert!(
        !event.contains("\"id\":1,"),
        "the refused one was not put by: {event}"
    );
    answered(&front, &session, &answer(2, "me")).await;
    assert!(asking.await.unwrap().text.contains(r#"{"from":"me"}"#));
}

#[tokio::test]
async fn a_question_survives_its_connection() {
    let (front, _) = front();
    let id = front.begin("2025-11-25").await;
    let session = [("mcp-session-id", id.as_str())];
    let mut stream = front.handle(build("POST", &session, &ask(1, "me"))).await;
    let primed = next(&mut stream).await;
    let first = question_id(&next(&mut stream).await, "me");
    drop(stream);
    let last = primed
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .expect(&primed);
    let resume = [("mcp-session-id", id.as_str()), ("last-event-id", last)];
    let mut again = front.handle(build("GET", &resume, "")).await;
    assert_eq!(question_id(&next(&mut again).await, "me"), first);
    answered(&front, &session, &answer(first, "me")).await;
    assert!(read(again).await.text.contains(r#"{"from":"me"}"#));
}

#[tokio::test]
async fn a_question_ends_with_its_call_and_with_its_session() {
    let (front, _) = front();
    let id = front.begin("2025-06-18").await;
    let session = [("mcp-session-id", id.as_str())];
    let mut cancelled = front.handle(build("POST", &session, &ask(1, "one"))).await;
    let question = question_id(&next(&mut cancelled).await, "one");
    let mut ended = front.handle(build("POST", &session, &ask(2, "two"))).await;
    question_id(&next(&mut ended).await, "two");
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    answered(&front, &session, cancel).await;
    let text = read(cancelled).await.text;
    let told = text.find("notifications/cancelled").expect(&text);
    let end = text.find("\"error\"").expect(&text);
    assert!(
        told < end && text.contains(&format!("\"requestId\":{question}")),
        "{text}"
    );

    front.handle(build("DELETE", &session, "")).await;
    let text = read(ended).await.text;
    assert!(text.contains("\"error\""), "{text}");
}

#[tokio::test]
async fn a_session_is_open_to_nobody_but_who_began_it() {
    let (front, fake) = front();
    let with = |name: Option<&str>, mut request: Request<Full<Bytes>>| {
        if let Some(name) = name {
            request.extensions_mut().insert(Principal::new(name));
        }
        request
    };
    // What an outer layer says goes before the header.
    let owners = [
        (None, None),
        (Some("Bearer one"), None),
        (Some("Bearer two"), None),
        (Some("Bearer one"), Some("alice")),
        (None, Some("bob")),
    ];
    fn headers<'a>(id: Option<&'a str>, credentials: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
        let id = id.map(|id| ("mcp-session-id", id));
        let credentials = credentials.map(|value| ("authorization", value));
        id.into_iter().chain(credentials).collect()
    }
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
    let mut ids = Vec::new();
    for (credentials, name) in owners {
        let request = build("POST", &headers(None, credentials), initialize);
        let answer = read(front.handle(with(name, request)).await).await;
        ids.push(answer.header("mcp-session-id").to_owned());
    }
    let unknown = front
        .post_text(&[("mcp-session-id", "nobody")], &call("echo"))
        .await;
    let mut allowed = 0;
    for (owner, id) in ids.iter().enumerate() {
        for (sender, (credentials, name)) in owners.into_iter().enumerate() {
            let headers = headers(Some(id), credentials);
            let request = build("POST", &headers, &call("echo"));
            let answer = read(front.handle(with(name, request)).await).await;
            // A token may be renewed while a session lasts; a user's name may not change.
            let named = name.is_some() || owners[owner].1.is_some();
            if owner == sender || !named {
                assert_eq!(answer.status, 200, "{owner} {sender}");
                allowed += 1;
                continue;
            }
            assert_eq!((answer.status, &answer.text), (404, &unknown.text));
            for method in ["GET", "DELETE"] {
                let request = build(method, &headers, "");
                let answer = read(front.handle(with(name, request)).await).await;
                assert_eq!((answer.status, &answer.text), (404, &unknown.text));
            }
        }
    }
    assert_eq!(fake.served.load(Ordering::SeqCst), owners.len() + allowed);
    assert_eq!(fake.disconnected.load(Ordering::SeqCst), 0);
    let principals: Vec<_> = lock(&fake.clients)
        .iter()
        .map(|client| client.principal.clone())
        .collect();
    assert_eq!(principals[0], Principal::anonymous());
    assert_eq!(principals[4], Principal::new("bob"));
}

#[tokio::test]
async fn each_stateless_request_tells_who_sends_it() {
    let (front, _) = front();
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":5,"method":"principal","params":{{"_meta":{{
        "{META_VERSION}":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
    );
    let mut seen = Vec::new();
    for credentials in ["-", "Bearer one", "Bearer two", "Bearer one"] {
        let headers = [
            ("mcp-protocol-version", MODERN),
            ("mcp-method", "principal"),
            ("authorization", credentials),
        ];
        let answer = front.post_text(&headers, &body).await;
        assert!(!answer.text.contains("Bearer"), "{}", answer.text);
        seen.push(answer.text);
    }
    assert_eq!(seen[1], seen[3]);
    assert!(seen[0] != seen[1] && seen[1] != seen[2] && seen[2] != seen[0]);
}
