//! Servers that answer with what they should not.

use std::collections::HashMap;
use std::time::Instant;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::failures::{data, lost};
use super::*;
use crate::wire::param_headers::decode_value;
use crate::wire::peer::Delivered;

#[tokio::test]
async fn b04_refusals_are_told_as_what_they_are() {
    let server = Server::start(|seen| async move {
        let (code, error) = match seen.what().as_str() {
            "unknown" => (404, -32601),
            "headers" => (400, -32020),
            "capability" => (400, -32021),
            "version" => (400, -32022),
            _ => return status(405),
        };
        let text = seen.reply("0").replace(
            "\"result\":0",
            &format!(r#""error":{{"code":{error},"message":"m"}}"#),
        );
        (StatusCode::from_u16(code).unwrap(), json(text)).into_response()
    })
    .await;
    let child = Child::modern(server.config());
    for (method, code) in [
        ("unknown", -32601),
        ("headers", -32020),
        ("capability", -32021),
        ("version", -32022),
    ] {
        let failure = child.call(method, "{}").await.unwrap_err();
        assert!(
            matches!(&failure, Failure::Error(error) if error.code() == code),
            "{failure:?}"
        );
    }
    let failure = child.call("405", "{}").await.unwrap_err();
    assert_eq!(data(&failure)["reason"], "child_protocol_error");
    assert!(child.peer.ended().is_none());
}

#[tokio::test]
async fn b09_a_stream_that_is_opened_again_in_vain_is_given_up() {
    let mut server = Server::start(|seen| async move {
        match (seen.what().as_str(), seen.header("last-event-id")) {
            ("tools/call", _) => events("id: a\nretry: 0\ndata:\n\n"),
            ("GET", Some(_)) => events(": nothing\n\n"),
            _ => legacy(&seen),
        }
    })
    .await;
    let child = Child::legacy(server.config()).await;
    let began = Instant::now();
    let failure = child.call("tools/call", "{}").await.unwrap_err();
    assert_eq!(lost(&failure).0, Delivered::Maybe);
    let mut tries = 0;
    while let Ok(seen) = server.seen.try_recv() {
        tries += usize::from(seen.header("last-event-id").is_some());
    }
    assert_eq!(tries, 5);
    // 200 ms, 400 ms, .. between them.
    assert!(began.elapsed() >= Duration::from_secs(6));
}

#[tokio::test]
async fn b09_the_notification_stream_is_never_opened_in_a_tight_loop() {
    let mut server = Server::start(|seen| async move {
        match seen.what().as_str() {
            "GET" => events("id: 1\nretry: 0\ndata:\n\n"),
            _ => legacy(&seen),
        }
    })
    .await;
    let _child = Child::legacy(server.config()).await;
    let began = Instant::now();
    for _ in 0..4 {
        server.next_of("GET").await;
    }
    assert!(began.elapsed() >= Duration::from_millis(1400));
}

#[tokio::test]
async fn b10_the_answer_to_another_call_is_dropped() {
    let first = Arc::new(Mutex::new(None::<Seen>));
    let script = move |seen: Seen| {
        let first = Arc::clone(&first);
        async move {
            match seen.what().as_str() {
                "first" => {
                    *first.lock().unwrap() = Some(seen);
                    open_events([String::new()])
                }
                what => {
                    let other = first.lock().unwrap().take().unwrap();
                    let foreign = other.reply(r#"{"foreign":1}"#);
                    let odd = seen.reply("{}").replace("\"id\":", "\"id\":\"x\",\"was\":");
                    let own = seen.reply(r#"{"own":1}"#);
                    match what {
                        "second" => events(event(&foreign) + &event(&odd) + &event(&own)),
                        _ => json(foreign),
                    }
                }
            }
        }
    };
    let mut server = Server::start(script).await;
    let child = Child::modern(server.config());
    for second in ["second", "third"] {
        let mut first = child.start("first", "{}");
        server.next_of("first").await;
        let outcome = child.call(second, "{}").await;
        match second {
            "second" => assert_eq!(outcome.unwrap(), r#"{"own":1}"#),
            _ => assert_eq!(
                data(&outcome.unwrap_err())["reason"],
                "child_protocol_error"
            ),
        }
        let heard = first.next().now_or_never();
        assert!(heard.is_none(), "{heard:?}");
    }
}

#[tokio::test]
async fn b10_an_event_without_an_end_is_given_up_at_the_bound() {
    let server = Server::start(|_| async {
        let chunks = futures_util::stream::repeat("x".repeat(1000));
        let start = futures_util::stream::iter(["data: ".to_owned()]);
        let body = Body::from_stream(start.chain(chunks).map(Ok::<_, std::convert::Infallible>));
        ([("content-type", "text/event-stream")], body).into_response()
    })
    .await;
    let mut config = server.config();
    config.max_message = 100_000;
    let failure = Child::modern(config).call("tools/call", "{}").await;
    assert_eq!(data(&failure.unwrap_err())["reason"], "result_too_large");
}

#[tokio::test]
async fn b12_pages_and_empty_answers_are_told_with_status_and_type() {
    let server = Server::start(|seen| async move {
        let page = "<html>\u{1b}[2J please log in";
        match seen.what().as_str() {
            "portal" => ([("content-type", "text/html")], page).into_response(),
            "untyped" => Body::from(page).into_response(),
            _ => status(202),
        }
    })
    .await;
    let child = Child::modern(server.config());
    for (method, parts) in [
        ("portal", &["200", "text/html", "MCP endpoint"][..]),
        ("untyped", &["no JSON-RPC message"]),
        ("accepted", &["202", "no response"]),
    ] {
        let failure = child.call(method, "{}").await.unwrap_err();
        assert_eq!(data(&failure)["reason"], "child_protocol_error");
        let text = lost(&failure).1;
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        assert!(!text.contains("log in"), "{text}");
    }
}

#[tokio::test]
async fn b13_no_compression_is_asked_for_and_none_is_taken() {
    let mut server = Server::start(|seen| async move {
        let mut response = match seen.what().as_str() {
            "events" => events(event(&seen.reply("{}"))),
            _ => json(seen.reply("{}")),
        };
        let coding = HeaderValue::from_static(match seen.what().as_str() {
            "plain" => "identity",
            _ => "gzip",
        });
        response.headers_mut().insert("content-encoding", coding);
        response
    })
    .await;
    let child = Child::modern(server.config());
    for method in ["json", "events"] {
        let failure = child.call(method, "{}").await.unwrap_err();
        assert_eq!(data(&failure)["reason"], "child_protocol_error");
        assert!(lost(&failure).1.contains("gzip"), "{failure:?}");
        assert_eq!(server.next().await.header("accept-encoding"), None);
    }
    assert_eq!(child.call("plain", "{}").await.unwrap(), "{}");
}

/// Answers one request on each connection as if more could follow, and closes it.
async fn closes_behind_each(listener: TcpListener, seen: Arc<Mutex<HashMap<String, usize>>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut text = Vec::new();
            let mut buffer = [0; 4096];
            // A request is smaller than one read, nearly always; whatever is missing is waited for.
            let body = loop {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => text.extend_from_slice(&buffer[..read]),
                }
                let so_far = String::from_utf8_lossy(&text).into_owned();
                if let Some((_, body)) = so_far.split_once("\r\n\r\n")
                    && let Ok(body) = serde_json::from_str::<serde_json::Value>(body)
                {
                    break body;
                }
            };
            let nonce = body["params"]["nonce"].to_string();
            *seen.lock().unwrap().entry(nonce).or_default() += 1;
            let answer = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{}}}}"#, body["id"]);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all((head + &answer).as_bytes()).await;
        });
    }
}

#[tokio::test]
async fn b14_a_connection_that_closes_while_it_is_idle_replays_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(HashMap::new()));
    let server = tokio::spawn(closes_behind_each(listener, Arc::clone(&seen)));
    let mut config = HttpConfig::new(Url::parse(&url).unwrap());
    config.gate = Arc::new(super::super::gate::Gate::new(0));
    let child = Child::modern(config);
    let mut answered = 0;
    for nonce in 0..200 {
        match child
            .call("tools/call", &format!(r#"{{"nonce":{nonce}}}"#))
            .await
        {
            Ok(_) => answered += 1,
            // The request met the close on its way.
            Err(failure) => assert_eq!(lost(&failure).0, Delivered::Maybe, "{failure:?}"),
        }
    }
    server.abort();
    let seen = seen.lock().unwrap();
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    assert!(answered > 0 && seen.len() >= answered);
}

#[tokio::test]
async fn s13_headers_say_what_the_body_says() {
    let mut server = Server::start(|seen| async move { json(seen.reply("{}")) }).await;
    let child = Child::modern(server.config());
    let names = [
        "plain",
        "",
        " ",
        " lead",
        "trail ",
        "in between",
        "\t",
        "é",
        "世界🦀",
        "\r\nx-evil: 1",
        "\n",
        "\0",
        "=?base64?YQ==?=",
        "=?BASE64?YQ==?=",
        "=?base64?",
        "?=",
        "\u{7f}",
        "\u{202e}",
        "a,b",
        "\"quoted\"",
        "..%2f..",
        "Mcp-Name: x",
    ];
    for name in names {
        for (method, key) in [
            ("tools/call", "name"),
            ("prompts/get", "name"),
            ("resources/read", "uri"),
        ] {
            let params = serde_json::json!({ key: name }).to_string();
            child.call(method, &params).await.unwrap();
            let seen = server.next().await;
            assert_eq!(seen.headers.get_all("mcp-name").iter().count(), 1);
            assert_eq!(seen.headers.get_all("mcp-method").iter().count(), 1);
            assert!(seen.header("x-evil").is_none());
            let decoded = decode_value(&seen.headers["mcp-name"]).unwrap();
            assert_eq!(seen.json()["params"][key], decoded.as_str());
            assert_eq!(seen.json()["method"], seen.header("mcp-method").unwrap());
        }
    }
}
