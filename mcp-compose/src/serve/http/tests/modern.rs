//! Stateless requests: headers, statuses, and closing as cancelling.

use super::*;

fn body(method: &str, more: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":5,"method":"{method}","params":{{{more}"_meta":{{
        "io.modelcontextprotocol/protocolVersion":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
    )
}

fn headers<'a>(method: &'a str, name: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let mut headers = vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
    headers.extend(name.map(|name| ("mcp-name", name)));
    headers
}

#[tokio::test]
async fn headers_must_repeat_the_body() {
    let (front, fake) = front();
    let call = body("tools/call", r#""name":"Grüße","#);
    let plain = body("tools/call", r#""name":"add","#);
    let read = body("resources/read", r#""uri":"file:///a","#);
    let cases: &[(Headers<'_>, &str, u16)] = &[
        (
            &headers("tools/call", Some("=?base64?R3LDvMOfZQ==?=")),
            &call,
            200,
        ),
        (
            &headers("tools/call", Some("=?base64?R3LDvMOfZQ?=")),
            &call,
            400,
        ),
        (&headers("tools/call", Some("add")), &plain, 200),
        (&headers("tools/call", Some("=?base64?YWRk?=")), &plain, 200),
        (&headers("tools/call", Some("sub")), &plain, 400),
        (&headers("tools/call", Some("Add")), &plain, 400),
        (&headers("tools/call", None), &plain, 400),
        (&headers("TOOLS/CALL", Some("add")), &plain, 400),
        (&headers("tools/list", Some("add")), &plain, 400),
        (&headers("resources/read", Some("file:///a")), &read, 200),
        (&headers("resources/read", Some("file:///b")), &read, 400),
        (
            &[("mcp-protocol-version", MODERN), ("mcp-name", "add")],
            &plain,
            400,
        ),
        (
            &[("mcp-method", "tools/call"), ("mcp-name", "add")],
            &plain,
            400,
        ),
        (
            &[
                ("mcp-protocol-version", "2025-11-25"),
                ("mcp-method", "tools/call"),
            ],
            &plain,
            400,
        ),
        (
            &[("mcp-protocol-version", "v9"), ("mcp-method", "tools/call")],
            &plain,
            400,
        ),
    ];
    for (headers, body, status) in cases {
        let answer = front.post_text(headers, body).await;
        assert_eq!(answer.status, *status, "{headers:?} {answer:?}");
        if *status == 400 {
            assert_eq!(answer.code(), code::HEADER_MISMATCH, "{headers:?}");
            assert!(answer.text.contains("\"id\":5"), "{}", answer.text);
        }
    }
    assert_eq!(fake.served.load(Ordering::SeqCst), 4);

    let with_header = body("tools/call", r#""name":"with_header","#);
    let mut headers = headers("tools/call", Some("with_header"));
    let answer = front.post_text(&headers, &with_header).await;
    assert_eq!((answer.status, answer.code()), (400, code::HEADER_MISMATCH));
    headers.push(("mcp-param-x", "1"));
    assert_eq!(front.post_text(&headers, &with_header).await.status, 200);
}

#[tokio::test]
async fn errors_have_their_status() {
    let (front, _) = front();
    for (method, status, expected) in [
        ("nothing", 404, code::METHOD_NOT_FOUND),
        ("initialize", 404, code::METHOD_NOT_FOUND),
        ("no_capability", 400, code::MISSING_CAPABILITY),
        ("bad_params", 200, code::INVALID_PARAMS),
    ] {
        let answer = front
            .post_text(&headers(method, None), &body(method, ""))
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, expected),
            "{method}"
        );
    }
    for (version, params, expected) in [
        (MODERN, "{}", code::INVALID_PARAMS),
        (MODERN, r#"{"_meta":7}"#, code::INVALID_PARAMS),
        (
            MODERN,
            r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}"#,
            code::INVALID_PARAMS,
        ),
        (
            "v9",
            r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"v9"}}"#,
            code::UNSUPPORTED_VERSION,
        ),
        ("v9", "{}", code::UNSUPPORTED_VERSION),
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{params}}}"#);
        let headers = [
            ("mcp-protocol-version", version),
            ("mcp-method", "tools/list"),
        ];
        let answer = front.post_text(&headers, &body).await;
        assert_eq!((answer.status, answer.code()), (400, expected), "{params}");
    }
    for body in [r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "[{}]"] {
        let answer = front.post_text(&headers("x", None), body).await;
        assert_eq!((answer.status, answer.code()), (400, code::INVALID_REQUEST));
    }
    let told = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
    assert_eq!(front.post_text(&headers("x", None), told).await.status, 202);
    for method in ["GET", "DELETE"] {
        let request = build(method, &[("mcp-protocol-version", MODERN)], "");
        assert_eq!(front.handle(request).await.status(), 405, "{method}");
    }
}

#[tokio::test]
async fn the_answer_is_json_or_a_stream_without_ids() {
    let (front, _) = front();
    let answer = front
        .post_text(
            &headers("echo", None),
            &body("echo", r#""big":12345678901234567890,"#),
        )
        .await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.text.contains("12345678901234567890"));
    let answer = front
        .post_text(&headers("notes", None), &body("notes", ""))
        .await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.text.matches("\n\n").count(), 4);
    assert!(!answer.text.contains("id: ") && !answer.text.contains("retry:"));
    let mut headers = headers("echo", None);
    headers.push(("accept", "text/event-stream"));
    let answer = front.post_text(&headers, &body("echo", "")).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert!(answer.text.starts_with("data: {"));
}

#[tokio::test]
async fn closing_the_response_cancels_the_request() {
    let (front, fake) = front();
    let stream = front
        .handle(build(
            "POST",
            &headers("note_and_wait", None),
            &body("note_and_wait", ""),
        ))
        .await;
    fake.waiting.pass().await;
    assert_eq!(fake.dropped.0.available_permits(), 0);
    drop(stream);
    assert_eq!(fake.dropped.0.available_permits(), 1);
}

#[tokio::test]
async fn draining_ends_listens_and_lets_calls_finish() {
    let (front, fake) = front();
    let call = front
        .handle(build(
            "POST",
            &headers("note_and_wait", None),
            &body("note_and_wait", ""),
        ))
        .await;
    let listen = front
        .handle(build(
            "POST",
            &headers("subscriptions/listen", None),
            &body("subscriptions/listen", ""),
        ))
        .await;
    fake.waiting.pass().await;
    fake.waiting.pass().await;
    front.drain();
    let ended = read(listen).await.text;
    assert!(
        ended.contains("acknowledged") && ended.contains("cancelled"),
        "{ended}"
    );
    fake.gate.open();
    assert!(read(call).await.text.contains("waited"));
}
