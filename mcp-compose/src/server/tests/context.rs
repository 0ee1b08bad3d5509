//! Progress, log and cancellation.

use super::*;

#[tokio::test]
async fn progress_and_log_are_what_was_asked_for() {
    let server = LocalServer::new(Todos::default());
    let work = r#"{"name":"work","arguments":{"steps":2}}"#;
    let (asking, sent) = ctx(true, &CancellationToken::new());
    server
        .handle("tools/call", work, asking.clone())
        .await
        .unwrap();
    let progress = |n: u32, total: u32| {
        (
            "notifications/progress".to_owned(),
            json!({ "progressToken": "t-1", "progress": n, "total": total }),
        )
    };
    assert_eq!(
        *sent.lock().unwrap(),
        [
            (
                "notifications/message".to_owned(),
                json!({ "level": "error", "data": { "a": 1 } })
            ),
            progress(0, 2),
            progress(1, 2),
            (
                "notifications/progress".to_owned(),
                json!({ "progressToken": "t-1", "progress": 2, "message": "done" })
            ),
        ]
    );
    asking.progress(3, 3);
    asking.log(LogLevel::Emergency, "late");
    assert_eq!(sent.lock().unwrap().len(), 4, "nothing follows the result");

    let (silent, sent) = ctx(false, &CancellationToken::new());
    server.handle("tools/call", work, silent).await.unwrap();
    assert_eq!(sent.lock().unwrap().len(), 1, "no progress without a token");
}

#[tokio::test]
async fn cancellation_reaches_the_tool() {
    let cancel = CancellationToken::new();
    let (ctx, _) = ctx(true, &cancel);
    let waiting =
        LocalServer::new(Todos::default()).handle("tools/call", r#"{"name":"wait"}"#, ctx);
    let (answer, ()) = futures_util::future::join(waiting, async { cancel.cancel() }).await;
    assert_eq!(
        serde_json::from_str::<Value>(&answer.unwrap()).unwrap()["content"][0]["text"],
        "true"
    );
}
