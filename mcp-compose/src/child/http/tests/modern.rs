//! The stateless era: headers that repeat the body, and streams that are left to cancel.

use super::*;
use crate::wire::peer::Delivered;

#[tokio::test]
async fn s13_every_request_describes_itself() {
    let mut server = Server::start(|seen| async move {
        let mut response = json(seen.reply("{}"));
        let session = HeaderValue::from_static("not-for-this-era");
        response.headers_mut().insert("mcp-session-id", session);
        response
    })
    .await;
    let child = Child::open(server.config());
    child.call("server/discover", "{}").await.unwrap();
    child.peer.link().established(Era::Modern, "2026-07-28");
    child.call("tools/list", "{}").await.unwrap();
    child
        .call("resources/read", r#"{"uri":"a://b/é"}"#)
        .await
        .unwrap();
    child
        .call("prompts/get", r#"{"name":"plan"}"#)
        .await
        .unwrap();
    let params = Raw::from_static(r#"{"name":" x","arguments":{}}"#);
    let route = route("mcp-param-region", "us");
    let call = child.peer.request("tools/call", |_| Some(params), route);
    soon(call.outcome()).await.unwrap();

    for (method, name) in [
        ("server/discover", None),
        ("tools/list", None),
        ("resources/read", Some("=?base64?YTovL2Ivw6k=?=")),
        ("prompts/get", Some("plan")),
        ("tools/call", Some("=?base64?IHg=?=")),
    ] {
        let seen = server.next().await;
        assert_eq!(seen.what(), method);
        assert_eq!(seen.header("mcp-method"), Some(method));
        assert_eq!(seen.header("mcp-name"), name);
        assert_eq!(seen.header("mcp-protocol-version"), Some("2026-07-28"));
        assert_eq!(seen.header("mcp-session-id"), None);
        let region = (method == "tools/call").then_some("us");
        assert_eq!(seen.header("mcp-param-region"), region);
    }
    child.peer.end("enough");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn leaving_the_stream_is_the_cancellation() {
    let (sender, mut left) = mpsc::unbounded_channel();
    let script = move |seen: Seen| {
        let sender = sender.clone();
        async move { watched(vec![event(&progress(&seen, 1))], sender) }
    };
    let mut server = Server::start(script).await;
    let child = Child::modern(server.config());
    let mut call = child.start("tools/call", "{}");
    assert!(matches!(next(&mut call).await, Event::Progress(_)));
    drop(call);
    soon(left.recv()).await.unwrap();
    assert_eq!(server.next().await.what(), "tools/call");
    assert!(
        server.seen.try_recv().is_err(),
        "nothing is posted to cancel"
    );
}

#[tokio::test]
async fn b09_a_stream_that_breaks_is_lost_and_not_resumed() {
    let mut server = Server::start(|_| async { events("id: 1\ndata:\n\n") }).await;
    let child = Child::modern(server.config());
    let failure = child.call("tools/call", "{}").await.unwrap_err();
    assert!(
        matches!(
            failure,
            Failure::Lost(Lost {
                delivered: Delivered::Maybe,
                ..
            })
        ),
        "{failure:?}"
    );
    server.next().await;
    assert!(server.seen.try_recv().is_err());
}

#[tokio::test]
async fn a_listening_stream_tells_the_connection() {
    let server = Server::start(|_| async {
        open_events([
            event(r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged"}"#),
            event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#),
        ])
    })
    .await;
    let mut child = Child::modern(server.config());
    let mut call = child.start("subscriptions/listen", "{}");
    assert!(matches!(next(&mut call).await, Event::Notification(_)));
    assert_eq!(
        child.told().await,
        Told::Notification("notifications/tools/list_changed".to_owned())
    );
}

#[tokio::test]
async fn an_error_status_with_an_error_body_is_the_error() {
    let server = Server::start(|_| async {
        let body = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32022,"message":"m","data":{"supported":["2026-07-28"]}}}"#;
        (StatusCode::BAD_REQUEST, json(body)).into_response()
    })
    .await;
    let child = Child::modern(server.config());
    let failure = child.call("tools/list", "{}").await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Error(error) if error.code() == -32022 && error.raw().as_str().contains("supported")),
        "{failure:?}"
    );
}
