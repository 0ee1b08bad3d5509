//! What goes wrong, and what is said about it.

use super::*;
use crate::child::CallerInfo;
use crate::wire::peer::Delivered;
use futures_util::FutureExt;
use tokio::io::AsyncReadExt;

pub(super) fn lost(failure: &Failure) -> (Delivered, String) {
    match failure {
        Failure::Lost(lost) => (lost.delivered, lost.to_string()),
        other => panic!("{other:?}"),
    }
}

/// As the error data of a client has it.
pub(super) fn data(failure: &Failure) -> serde_json::Value {
    match failure {
        Failure::Lost(lost) => serde_json::json!({
            "reason": lost.cause.as_str(),
            "delivered": lost.delivered.as_str(),
            "retryAfterMs": lost.retry_after.map(|after| after.as_millis() as u64),
        }),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn b07_a_server_that_is_not_there_got_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for (url, shown, why) in [
        (
            format!("http://u:hunter2@{address}/secret-path?k=secret-key"),
            address.to_string(),
            "nothing listens there",
        ),
        (
            "http://does-not-exist.invalid/secret-path".to_owned(),
            "does-not-exist".to_owned(),
            "cannot be looked up",
        ),
    ] {
        let mut config = HttpConfig::new(Url::parse(&url).unwrap());
        config.connect_timeout = Duration::from_secs(2);
        let failure = Child::modern(config)
            .call("tools/call", "{}")
            .await
            .unwrap_err();
        let (delivered, reason) = lost(&failure);
        assert_eq!(delivered, Delivered::No, "{reason}");
        assert!(reason.contains(&shown), "{reason}");
        assert!(reason.contains(why), "{reason}");
        assert!(
            !reason.contains("secret") && !reason.contains("hunter"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn b07_a_server_that_speaks_no_tls_got_nothing() {
    let server = Server::start(|seen| async move { legacy(&seen) }).await;
    let mut url = server.url.clone();
    url.set_scheme("https").unwrap();
    let failure = Child::modern(HttpConfig::new(url))
        .call("tools/call", "{}")
        .await
        .unwrap_err();
    assert_eq!(lost(&failure).0, Delivered::No, "{failure:?}");
    assert!(lost(&failure).1.contains("`http://`"), "{failure:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_may_have_delivered_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/secret", listener.local_addr().unwrap());
    let accepted = tokio::spawn(async move {
        let mut requests = 0;
        // Read, and closed without an answer. A second request would be a replay.
        while let Ok(Ok((mut stream, _))) =
            tokio::time::timeout(Duration::from_millis(300), listener.accept()).await
        {
            let mut buffer = [0; 4096];
            assert_ne!(stream.read(&mut buffer).await.unwrap(), 0);
            requests += 1;
        }
        requests
    });
    let child = Child::modern(HttpConfig::new(Url::parse(&url).unwrap()));
    let failure = child.call("tools/call", "{}").await.unwrap_err();
    let (delivered, reason) = lost(&failure);
    assert_eq!(delivered, Delivered::Maybe, "{reason}");
    assert!(!reason.contains("secret"), "{reason}");
    assert_eq!(soon(accepted).await.unwrap(), 1);
}

#[tokio::test]
async fn statuses_say_what_happened() {
    let server = Server::start(|seen| async move {
        match seen.what().as_str() {
            "html" => ([("content-type", "text/html")], "<p>hello").into_response(),
            "empty" => status(202),
            "junk" => json("junk"),
            "other" => json(r#"{"jsonrpc":"2.0","id":"another","result":1}"#),
            "oauth" => (
                StatusCode::UNAUTHORIZED,
                json(r#"{"error":"invalid_token"}"#),
            )
                .into_response(),
            code => status(code.parse().unwrap()),
        }
    })
    .await;
    let child = Child::modern(server.config());
    for (method, reason, delivered, text) in [
        ("oauth", "upstream_auth", "no", "401"),
        ("403", "upstream_auth", "no", "403"),
        ("404", "child_protocol_error", "no", "404"),
        ("405", "child_protocol_error", "no", "405"),
        ("502", "child_unavailable", "maybe", "502"),
        ("html", "child_protocol_error", "maybe", "text/html"),
        ("empty", "child_protocol_error", "maybe", "202"),
        ("junk", "child_protocol_error", "maybe", "JSON-RPC"),
        ("other", "child_protocol_error", "maybe", "other than"),
    ] {
        let failure = child.call(method, "{}").await.unwrap_err();
        let data = data(&failure);
        assert_eq!(data["reason"], reason, "{method}: {failure:?}");
        assert_eq!(data["delivered"], delivered, "{method}");
        assert!(
            format!("{failure:?}").contains(text),
            "{method}: {failure:?}"
        );
    }
}

#[tokio::test]
async fn b13_answers_are_bounded() {
    let server = Server::start(|seen| async move {
        let long = seen.reply(&format!("{:?}", "x".repeat(2000)));
        match seen.what().as_str() {
            "json" => json(long),
            "chunked" => {
                // Without an end, so that only the bound ends it.
                let chunks = futures_util::stream::repeat("x".repeat(100));
                let body = Body::from_stream(chunks.map(Ok::<_, std::convert::Infallible>));
                ([("content-type", "application/json")], body).into_response()
            }
            "event" => events(event(&long)),
            _ => json(seen.reply("{}")),
        }
    })
    .await;
    let mut config = server.config();
    config.max_message = 1000;
    let child = Child::modern(config);
    for method in ["json", "chunked", "event"] {
        let failure = child.call(method, "{}").await.unwrap_err();
        assert_eq!(data(&failure)["reason"], "result_too_large", "{method}");
    }
    child.call("small", "{}").await.unwrap();
}

#[tokio::test]
async fn b11_only_redirects_within_the_origin_are_followed_t22_and_headers_go_nowhere_else() {
    let mut elsewhere = Server::start(|seen| async move { json(seen.reply("{}")) }).await;
    let other = elsewhere.url.clone();
    let script = move |seen: Seen| {
        let other = other.clone();
        async move {
            let to = |code: u16, target: &str| {
                (StatusCode::from_u16(code).unwrap(), [("location", target)]).into_response()
            };
            match (seen.uri.path(), seen.what().as_str()) {
                ("/mcp", "within") => to(307, "/mcp/"),
                ("/mcp", "across") => to(307, other.as_str()),
                ("/mcp", "moved") => to(302, "/mcp/"),
                ("/mcp/", "within") => json(seen.reply(r#"{"moved":1}"#)),
                _ => to(307, "/mcp"),
            }
        }
    };
    let mut server = Server::start(script).await;
    let mut config = server.config();
    config
        .headers
        .insert("x-canary", HeaderValue::from_static("secret"));
    let child = Child::modern(config);
    assert_eq!(child.call("within", "{}").await.unwrap(), r#"{"moved":1}"#);
    for method in ["across", "moved", "round and round"] {
        let failure = child.call(method, "{}").await.unwrap_err();
        assert_eq!(
            data(&failure)["reason"],
            "child_protocol_error",
            "{method}: {failure:?}"
        );
    }
    assert!(elsewhere.seen.try_recv().is_err());
    for path in ["/mcp", "/mcp/"] {
        let seen = server.next().await;
        assert_eq!(seen.uri.path(), path);
        assert_eq!(seen.header("x-canary"), Some("secret"));
    }
    // The first request and at most three more, of the loop.
    let mut around = 0;
    while let Ok(seen) = server.seen.try_recv() {
        around += usize::from(seen.what() == "round and round");
    }
    assert_eq!(around, 4);
}

#[tokio::test]
async fn credentials_are_chosen_for_each_request() {
    let mut server = Server::start(|seen| async move { legacy(&seen) }).await;
    let mut config = server.config();
    config
        .headers
        .insert("authorization", HeaderValue::from_static("Bearer static"));
    config
        .headers
        .insert("x-static", HeaderValue::from_static("1"));
    config.child = "orders".to_owned();
    config.auth = Some(Arc::new(|caller: CallerInfo| async move {
        let Some(name) = caller.client_name else {
            let whose = format!("{} {}", caller.child, caller.method);
            let whose = (HeaderName::from_static("x-whose"), whose.parse()?);
            return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(HeaderMap::from_iter([
                whose,
            ]));
        };
        if name == "stranger" {
            return Err("no token: hunter2".into());
        }
        let mut headers = HeaderMap::new();
        headers.insert(
            "authorization",
            HeaderValue::from_str(&format!("Bearer {name}"))?,
        );
        headers.insert(
            "mcp-protocol-version",
            HeaderValue::from_static("1999-01-01"),
        );
        Ok(headers)
    }));
    let child = Child::modern(config);
    let call = |name: &str| {
        let caller = CallerInfo {
            client_name: Some(name.to_owned()),
            ..CallerInfo::default()
        };
        let route = RequestRoute {
            headers: Vec::new(),
            caller: Some(Arc::new(caller)),
            origin: None,
        };
        soon(child.peer.request("tools/call", |_| None, route).outcome())
    };
    call("alice").await.unwrap();
    let failure = call("stranger").await.unwrap_err();
    assert_eq!(data(&failure)["reason"], "upstream_auth");
    assert_eq!(data(&failure)["delivered"], "no");
    assert!(!format!("{failure:?}").contains("hunter2"));
    child.call("tools/list", "{}").await.unwrap();
    for (what, token, whose) in [
        ("tools/call", "Bearer alice", None),
        ("tools/list", "Bearer static", Some("orders tools/list")),
    ] {
        let seen = server.next().await;
        assert_eq!(seen.what(), what);
        assert_eq!(seen.header("authorization"), Some(token));
        assert_eq!(
            seen.header("x-whose"),
            whose,
            "a request of the session itself"
        );
        assert_eq!(seen.header("x-static"), Some("1"));
        assert_eq!(seen.header("mcp-protocol-version"), Some("2026-07-28"));
    }
}

#[tokio::test]
async fn calls_in_flight_are_bounded() {
    let (sender, _left) = mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        let sender = sender.clone();
        async move { watched(Vec::new(), sender) }
    })
    .await;
    let child = Child::modern(server.config());
    // Not polled, so none of them is sent before the bound is met.
    let mut calls: Vec<_> = (0..super::super::shared::MAX_CALLS)
        .map(|_| child.start("a", "{}"))
        .collect();
    let refused = child.start("a", "{}");
    assert!(matches!(
        soon(refused.outcome()).await,
        Err(Failure::Overloaded)
    ));
    calls.clear();
    // There is room as soon as the tasks of the cancelled calls are gone.
    let accepted = async {
        loop {
            let mut call = child.start("a", "{}");
            match call.next().now_or_never() {
                Some(Event::Done(Err(Failure::Overloaded))) => tokio::task::yield_now().await,
                other => return (call, other),
            }
        }
    };
    let (call, event) = soon(accepted).await;
    assert!(event.is_none(), "{event:?}");
    child.peer.end("enough");
    let outcome = soon(call.outcome()).await;
    assert!(matches!(outcome, Err(Failure::Lost(_))), "{outcome:?}");
}
