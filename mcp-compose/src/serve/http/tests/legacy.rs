//! Sessions: what is answered how, and what is refused.

use std::sync::atomic::Ordering;

use super::*;

#[tokio::test]
async fn a_session_is_opened_used_and_ended() {
    let (front, fake) = front();
    let id = front.begin("2025-06-18").await;
    let session = [("mcp-session-id", id.as_str())];

    let answer = front
        .post_text(
            &session,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        )
        .await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    assert_eq!(*lock(&fake.notified), ["notifications/initialized"]);

    let body = r#"{"jsonrpc":"2.0","id":"x","method":"echo","params":{"n":1.10}}"#;
    let answer = front.post_text(&session, body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.text,
        r#"{"jsonrpc":"2.0","id":"x","result":{"n":1.10}}"#
    );

    let ended = front.handle(build("DELETE", &session, "")).await;
    assert_eq!(ended.status(), 204);
    assert_eq!(fake.disconnected.load(Ordering::SeqCst), 1);
    assert_eq!(front.post_text(&session, body).await.status, 404);
    assert_eq!(front.handle(build("GET", &session, "")).await.status(), 404);
}

#[tokio::test]
async fn what_precedes_the_result_makes_it_a_stream() {
    let (front, _) = front();
    let id = front.begin("2025-06-18").await;
    let answer = front
        .post_text(&[("mcp-session-id", &id)], &call("notes"))
        .await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    let order: Vec<_> = ["one", "two", "three", "\"result\""]
        .map(|text| answer.text.find(text).expect(text))
        .into();
    assert!(order.is_sorted(), "{}", answer.text);
    assert!(!answer.text.contains("retry:"), "only 2025-11-25 is primed");
}

#[tokio::test]
async fn a_session_that_cannot_be_told_apart_is_refused() {
    let (front, fake) = front();
    let id = front.begin("2025-11-25").await;
    for (headers, body, status) in [
        (vec![], call("echo"), 400),
        (
            vec![],
            r#"{"jsonrpc":"2.0","method":"notifications/x"}"#.into(),
            400,
        ),
        (vec![("mcp-session-id", "nobody")], call("echo"), 404),
        (
            vec![("mcp-session-id", id.as_str())],
            call("initialize"),
            400,
        ),
        (
            vec![
                ("mcp-session-id", id.as_str()),
                ("mcp-protocol-version", "2030-01-01"),
            ],
            call("echo"),
            400,
        ),
        (
            vec![
                ("mcp-session-id", id.as_str()),
                ("mcp-protocol-version", "2025-03-26"),
            ],
            call("echo"),
            200,
        ),
        (vec![], call("ping"), 200),
    ] {
        let answer = front.post_text(&headers, &body).await;
        assert_eq!(answer.status, status, "{headers:?} {body} {answer:?}");
    }
    assert_eq!(
        fake.served.load(Ordering::SeqCst),
        2,
        "initialize and one echo"
    );
}

#[tokio::test]
async fn an_initialize_may_repeat_its_version_in_meta() {
    let (front, _) = front();
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",
        "_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25"}}}"#;
    for headers in [&[][..], &[("mcp-protocol-version", "2025-11-25")]] {
        let answer = front.post_text(headers, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.header("mcp-session-id").is_empty());
    }
}

#[tokio::test]
async fn a_failed_initialize_leaves_no_session() {
    let (front, fake) = front();
    let answer = front.post_text(&[], &call("initialize")).await;
    assert_eq!(answer.code(), code::INVALID_PARAMS);
    assert_eq!(answer.header("mcp-session-id"), "");
    assert_eq!(front.sessions.len(), 0);
    assert_eq!(fake.disconnected.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn sessions_are_bounded_and_the_idle_ones_end() {
    let (front, fake) = with_options(HttpOptions {
        max_sessions: 1,
        ..HttpOptions::default()
    });
    let id = front.begin("2025-11-25").await;
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
    let refused = front.post_text(&[], body).await;
    assert_eq!(refused.status, 503);
    assert!(!refused.header("retry-after").is_empty());

    let session = [("mcp-session-id", id.as_str())];
    let later = Instant::now() + 2 * front.options.session_idle;
    let listening = front.handle(build("GET", &session, "")).await;
    front.sessions.sweep(later);
    assert_eq!(front.sessions.len(), 1, "an open stream keeps it");
    drop(listening);
    front.sessions.sweep(later);
    assert_eq!(front.sessions.len(), 0);
    assert_eq!(fake.disconnected.load(Ordering::SeqCst), 1);
    assert_eq!(front.post_text(&session, &call("echo")).await.status, 404);
    assert_eq!(front.post_text(&[], body).await.status, 200);
}

#[tokio::test]
async fn bad_messages_are_refused_and_disturb_nobody() {
    let (front, fake) = with_options(HttpOptions {
        max_body: 4096,
        ..HttpOptions::default()
    });
    let id = front.begin("2025-11-25").await;
    let session = [("mcp-session-id", id.as_str())];
    let waiting = tokio::spawn({
        let front = Arc::clone(&front);
        let request = build("POST", &session, &call("wait"));
        async move { read(front.handle(request).await).await }
    });
    fake.waiting.pass().await;

    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"echo","params":{{"a":{}1{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let large = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#,
        "x".repeat(5000)
    );
    for (body, status, expected) in [
        ("{", 400, code::PARSE),
        ("[]", 400, code::INVALID_REQUEST),
        (
            r#"[{"jsonrpc":"2.0","id":1,"method":"echo"}]"#,
            400,
            code::INVALID_REQUEST,
        ),
        (r#"{"jsonrpc":"2.0","id":1}"#, 400, code::INVALID_REQUEST),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a":1,"a":2}}"#,
            200,
            code::INVALID_REQUEST,
        ),
        (deep.as_str(), 200, code::INVALID_REQUEST),
        (large.as_str(), 413, code::INVALID_REQUEST),
        (&call("wait"), 400, code::INVALID_REQUEST),
    ] {
        let answer = front.post_text(&session, body).await;
        assert_eq!((answer.status, answer.code()), (status, expected), "{body}");
    }
    fake.gate.open();
    assert!(waiting.await.unwrap().text.contains("\"waited\":true"));
    assert_eq!(front.post_text(&session, &call("echo")).await.status, 200);
}

#[tokio::test]
async fn batches_belong_to_two_versions() {
    let (front, fake) = front();
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"echo","params":{}},{"jsonrpc":"2.0","method":"notifications/x"},
        7,{"jsonrpc":"2.0","id":2,"method":"initialize"},{"jsonrpc":"2.0","id":3,"method":"notes"}]"#;
    for version in ["2025-03-26", "2024-11-05"] {
        let id = front.begin(version).await;
        let answer = front.post_text(&[("mcp-session-id", &id)], batch).await;
        assert_eq!(answer.header("content-type"), "text/event-stream");
        assert_eq!(
            answer.text.matches("\"result\"").count(),
            2,
            "{}",
            answer.text
        );
        assert_eq!(
            answer.text.matches("\"error\"").count(),
            2,
            "{}",
            answer.text
        );
        assert_eq!(answer.text.matches("notifications/note").count(), 3);
    }
    assert_eq!(*lock(&fake.notified), ["notifications/x"; 2]);
    let id = front.begin("2025-03-26").await;
    let many = vec![r#"{"jsonrpc":"2.0","id":1}"#; 1000].join(",");
    let answer = front
        .post_text(&[("mcp-session-id", &id)], &format!("[{many}]"))
        .await;
    assert_eq!(
        answer.text.matches("\"error\"").count(),
        1000,
        "none is lost"
    );
}

#[tokio::test]
async fn a_cancelled_request_ends() {
    let (front, fake) = front();
    let id = front.begin("2025-11-25").await;
    let session = [("mcp-session-id", id.as_str())];
    let waiting = front.handle(build("POST", &session, &call("wait")));
    let cancel = async {
        fake.waiting.pass().await;
        let body =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
        front.post_text(&session, body).await
    };
    let (answer, cancelled) = tokio::join!(waiting, cancel);
    assert_eq!(cancelled.status, 202);
    assert_eq!(read(answer).await.code(), -1);
}

#[tokio::test]
async fn types_and_origins_are_checked_before_anything_else() {
    let (front, fake) = front();
    for (headers, status) in [
        ([("content-type", "text/plain"), ("accept", "*/*")], 415),
        ([("content-type", "-"), ("accept", "*/*")], 415),
        (
            [
                ("content-type", "application/json"),
                ("accept", "text/html"),
            ],
            406,
        ),
        ([("host", "evil.example.com"), ("accept", "*/*")], 403),
        (
            [("origin", "http://evil.example.com"), ("accept", "*/*")],
            403,
        ),
        (
            [("origin", "http://localhost:3000"), ("accept", "*/*")],
            200,
        ),
        (
            [
                ("content-type", "Application/JSON; charset=utf-8"),
                ("accept", "-"),
            ],
            200,
        ),
    ] {
        let answer = front.post_text(&headers, &call("ping")).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
    for method in ["GET", "DELETE", "PUT"] {
        let request = build(method, &[("host", "evil.example.com")], "");
        assert_eq!(front.handle(request).await.status(), 403, "{method}");
    }
    let put = front.handle(build("PUT", &[], "")).await;
    assert_eq!(put.status(), 405);
    assert_eq!(fake.served.load(Ordering::SeqCst), 0);
}
