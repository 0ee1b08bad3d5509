//! Sessions, streams, order, expiry and resumption.

use tokio::sync::Notify;

use super::*;
use crate::wire::peer::{Delivered, lock};

#[tokio::test]
async fn a_session_is_kept_from_the_handshake_to_its_end() {
    let mut server = Server::start(|seen| async move {
        match seen.what().as_str() {
            "GET" => open_events([event(
                r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
            )]),
            _ => legacy(&seen),
        }
    })
    .await;
    let mut child = Child::legacy(server.config()).await;
    assert_eq!(
        child.told().await,
        Told::Notification("notifications/tools/list_changed".to_owned())
    );
    assert_eq!(child.call("tools/list", "{}").await.unwrap(), "{}");
    child.peer.end("enough");

    let initialize = server.next().await;
    assert_eq!(initialize.what(), "initialize");
    assert_eq!(initialize.header("mcp-session-id"), None);
    assert_eq!(initialize.header("mcp-protocol-version"), None);
    assert_eq!(
        initialize.header("accept"),
        Some("application/json, text/event-stream")
    );
    assert_eq!(initialize.header("content-type"), Some("application/json"));
    for what in ["notifications/initialized", "GET", "tools/list", "DELETE"] {
        let seen = server.next().await;
        assert_eq!(seen.what(), what);
        assert_eq!(seen.header("mcp-session-id"), Some("session-1"), "{what}");
        assert_eq!(
            seen.header("mcp-protocol-version"),
            Some("2025-11-25"),
            "{what}"
        );
        assert_eq!(seen.header("mcp-method"), None, "{what}");
    }
}

#[tokio::test]
async fn a_dropped_peer_leaves_its_session() {
    let mut server = Server::start(|seen| async move { legacy(&seen) }).await;
    drop(Child::legacy(server.config()).await);
    assert_eq!(
        server.next_of("DELETE").await.header("mcp-session-id"),
        Some("session-1")
    );
}

#[tokio::test]
async fn a_thousand_calls_use_one_connection() {
    let server = Server::start(|seen| async move { legacy(&seen) }).await;
    let child = Child::open(server.config());
    for _ in 0..1000 {
        assert_eq!(child.call("tools/call", "{}").await.unwrap(), "{}");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn streams_that_end_leave_their_connection_to_the_next() {
    let server = Server::start(|seen| async move {
        // The stream ends a while after the response.
        let texts = futures_util::stream::iter([event(&seen.reply("{}")), ":\n\n".to_owned()]);
        let texts = texts.then(|text| async {
            tokio::task::yield_now().await;
            Ok::<_, std::convert::Infallible>(text)
        });
        let body = Body::from_stream(texts);
        ([("content-type", "text/event-stream")], body).into_response()
    })
    .await;
    let child = Child::open(server.config());
    for _ in 0..200 {
        assert_eq!(child.call("tools/call", "{}").await.unwrap(), "{}");
    }
    assert!(
        server.connections() < 5,
        "{} connections",
        server.connections()
    );
}

#[tokio::test]
async fn what_precedes_a_response_arrives_before_it_in_order() {
    let mut server = Server::start(|seen| async move {
        if seen.what() != "tools/call" {
            return legacy(&seen);
        }
        let mut text = String::from("id: 1\ndata:\n\n");
        for n in 0..20 {
            text += &event(&progress(&seen, n));
        }
        text += &event(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#);
        text += &event(r#"{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage"}"#);
        text += "data: this is noise\n\n";
        text += &event(&seen.reply("{\"a\":1}"));
        events(text)
    })
    .await;
    let child = Child::legacy(server.config()).await;
    let mut call = child.start("tools/call", "{}");
    for n in 0..20 {
        let Event::Progress(params) = next(&mut call).await else {
            panic!("progress {n} is missing");
        };
        assert!(params.as_str().ends_with(&format!("\"progress\":{n}}}")));
    }
    let event = next(&mut call).await;
    assert!(matches!(&event, Event::Notification(n) if n.method == "notifications/message"));
    let Event::Question(question) = next(&mut call).await else {
        panic!("the question is missing");
    };
    let event = next(&mut call).await;
    assert!(
        matches!(&event, Event::Done(Ok(raw)) if raw.as_str() == "{\"a\":1}"),
        "{event:?}"
    );
    child.peer.respond(question.id, Ok(Raw::from_static("7")));
    let response = server.next_of("response").await;
    assert_eq!(response.body, r#"{"jsonrpc":"2.0","id":"q","result":7}"#);
    assert_eq!(response.header("mcp-session-id"), Some("session-1"));
}

#[tokio::test]
async fn requests_wait_until_the_notifications_before_them_are_accepted() {
    let log = Log::default();
    let called = Arc::new(tokio::sync::Notify::new());
    let script = {
        let log = Arc::clone(&log);
        move |seen: Seen| {
            let (log, called) = (Arc::clone(&log), Arc::clone(&called));
            async move {
                match seen.what().as_str() {
                    "notifications/initialized" => {
                        // Gives a call that does not wait the time to come first.
                        let early =
                            tokio::time::timeout(Duration::from_millis(100), called.notified());
                        if early.await.is_ok() {
                            lock(&log).push("early call".to_owned());
                        }
                        lock(&log).push("accepted".to_owned());
                    }
                    "tools/call" => {
                        called.notify_one();
                        lock(&log).push("call".to_owned());
                    }
                    _ => {}
                }
                legacy(&seen)
            }
        }
    };
    let server = Server::start(script).await;
    let child = Child::legacy(server.config()).await;
    child.call("tools/call", "{}").await.unwrap();
    assert_eq!(*lock(&log), ["accepted", "call"]);
}

#[tokio::test]
async fn b03_an_expired_session_ends_the_peer_and_says_which_calls_did_not_arrive() {
    let (sender, left) = mpsc::unbounded_channel();
    let left = Arc::new(tokio::sync::Mutex::new(left));
    let (arrived, _) = tokio::sync::watch::channel(0);
    let arrived = Arc::new(arrived);
    let script = move |seen: Seen| {
        let (arrived, left, sender) = (Arc::clone(&arrived), Arc::clone(&left), sender.clone());
        async move {
            match seen.what().as_str() {
                "slow" => watched(vec![String::from("id: 1\n\n")], sender),
                "tools/call" => {
                    arrived.send_modify(|count| *count += 1);
                    let number = *arrived.borrow();
                    let _ = arrived.subscribe().wait_for(|count| *count == 3).await;
                    if number > 1 {
                        // The first refusal alone must not end the connection under the others.
                        let mut left = left.lock().await;
                        let early = tokio::time::timeout(Duration::from_millis(50), left.recv());
                        assert!(early.await.is_err());
                    }
                    status(404)
                }
                _ => legacy(&seen),
            }
        }
    };
    let mut server = Server::start(script).await;
    let mut child = Child::legacy(server.config()).await;
    let mut slow = child.start("slow", "{}");
    server.next_of("slow").await;
    let calls: Vec<_> = (0..3).map(|_| child.start("tools/call", "{}")).collect();
    for call in calls {
        let failure = soon(call.outcome()).await.unwrap_err();
        let Failure::Lost(Lost {
            delivered, reason, ..
        }) = failure
        else {
            panic!("{failure:?}");
        };
        assert_eq!(delivered, Delivered::No);
        assert!(reason.contains("session"), "{reason}");
    }
    assert!(child.peer.ended().is_some());
    assert!(matches!(child.told().await, Told::Closed(reason) if reason.contains("session")));
    let event = next(&mut slow).await;
    assert!(
        matches!(
            &event,
            Event::Done(Err(Failure::Lost(Lost {
                delivered: Delivered::Maybe,
                ..
            })))
        ),
        "{event:?}"
    );
    let late = child.call("tools/call", "{}").await;
    assert!(
        matches!(
            late,
            Err(Failure::Lost(Lost {
                delivered: Delivered::No,
                ..
            }))
        ),
        "{late:?}"
    );
    // A new session is begun, and what the server has forgotten is not deleted.
    let child = Child::legacy(server.config()).await;
    child.call("tools/list", "{}").await.unwrap();
    loop {
        match server.next().await.what().as_str() {
            "DELETE" => panic!("the forgotten session is deleted"),
            "tools/list" => break,
            _ => {}
        }
    }
}

#[tokio::test]
async fn b04_an_unknown_method_does_not_end_the_session() {
    let server = Server::start(|seen| async move {
        match seen.what().as_str() {
            "nonsense" => {
                let error = format!(
                    r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":-32601,"message":"no","data":[1]}}}}"#,
                    seen.id()
                );
                (StatusCode::NOT_FOUND, json(error)).into_response()
            }
            "copied" => {
                let error = r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null}"#;
                (StatusCode::BAD_REQUEST, json(error)).into_response()
            }
            _ => legacy(&seen),
        }
    })
    .await;
    let child = Child::legacy(server.config()).await;
    let failure = child.call("nonsense", "{}").await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Error(error) if error.raw().as_str() == r#"{"code":-32601,"message":"no","data":[1]}"#),
        "{failure:?}"
    );
    child.call("tools/list", "{}").await.unwrap();
    // The way in which many servers say that they do not know the session.
    let failure = child.call("copied", "{}").await.unwrap_err();
    assert!(matches!(
        failure,
        Failure::Lost(Lost {
            delivered: Delivered::No,
            ..
        })
    ));
    assert!(child.peer.ended().is_some());
}

#[tokio::test]
async fn b09_an_answer_that_breaks_off_is_resumed_behind_its_last_event() {
    let tries = Arc::new(AtomicUsize::new(0));
    let script = move |seen: Seen| {
        let tries = Arc::clone(&tries);
        async move {
            match (seen.what().as_str(), seen.header("last-event-id")) {
                ("tools/call", _) => events(format!(
                    "id: a-1\nretry: 20\ndata:\n\nid: a-2\n{}",
                    event(
                        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":1}}"#
                    )
                )),
                ("GET", Some("a-2")) if tries.fetch_add(1, Ordering::Relaxed) == 0 => status(503),
                ("GET", Some("a-2")) => events("id: a-3\ndata:\n\n"),
                ("GET", Some("a-3")) => {
                    events(event(r#"{"jsonrpc":"2.0","id":2,"result":{"resumed":1}}"#))
                }
                _ => legacy(&seen),
            }
        }
    };
    let mut server = Server::start(script).await;
    let child = Child::legacy(server.config()).await;
    let mut call = child.start("tools/call", "{}");
    assert!(matches!(next(&mut call).await, Event::Progress(_)));
    let event = next(&mut call).await;
    assert!(
        matches!(&event, Event::Done(Ok(raw)) if raw.as_str() == "{\"resumed\":1}"),
        "{event:?}"
    );
    server.next_of("tools/call").await;
    assert_eq!(
        server.next_of("GET").await.header("mcp-session-id"),
        Some("session-1")
    );
}

#[tokio::test]
async fn b09_an_answer_that_breaks_off_without_a_position_is_lost() {
    let server = Server::start(|seen| async move {
        match seen.what().as_str() {
            "tools/call" => events("data: {}\n\n"),
            _ => legacy(&seen),
        }
    })
    .await;
    let child = Child::legacy(server.config()).await;
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
    assert!(child.peer.ended().is_none());
}

#[tokio::test]
async fn the_notification_stream_is_opened_again_where_it_ended() {
    let script = |seen: Seen| async move {
        let told = |n: u32| {
            let method = format!(r#"{{"jsonrpc":"2.0","method":"notifications/n{n}"}}"#);
            format!("id: {n}\nretry: 10\n{}", event(&method))
        };
        match (seen.what().as_str(), seen.header("last-event-id")) {
            ("GET", None) => events(told(1)),
            ("GET", Some("1")) => {
                events(told(2) + &event(r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#))
            }
            ("GET", Some("2")) => open_events([told(3)]),
            _ => legacy(&seen),
        }
    };
    let mut server = Server::start(script).await;
    let mut child = Child::legacy(server.config()).await;
    for n in 1..=2 {
        assert_eq!(
            child.told().await,
            Told::Notification(format!("notifications/n{n}"))
        );
    }
    assert_eq!(child.told().await, Told::Request("ping".to_owned(), None));
    assert_eq!(
        child.told().await,
        Told::Notification("notifications/n3".to_owned())
    );
    assert_eq!(server.next_of("response").await.id(), 5);
}

#[tokio::test]
async fn a_cancelled_call_is_told_to_the_server_and_its_stream_left() {
    let (sender, mut left) = mpsc::unbounded_channel();
    let script = move |seen: Seen| {
        let sender = sender.clone();
        async move {
            match seen.what().as_str() {
                "tools/call" => watched(vec![event(&progress(&seen, 1))], sender),
                _ => legacy(&seen),
            }
        }
    };
    let mut server = Server::start(script).await;
    let child = Child::legacy(server.config()).await;
    let mut call = child.start("tools/call", "{}");
    assert!(matches!(next(&mut call).await, Event::Progress(_)));
    call.cancel("user said so");
    let cancelled = server.next_of("notifications/cancelled").await;
    assert_eq!(
        cancelled.json()["params"],
        serde_json::json!({"requestId": 2, "reason": "user said so"})
    );
    soon(left.recv()).await.unwrap();
    child.call("tools/list", "{}").await.unwrap();
}

#[tokio::test]
async fn what_a_server_asks_on_the_stream_of_a_cancelled_call_is_answered() {
    let cancelled = Arc::new(Notify::new());
    let script = move |seen: Seen| {
        let cancelled = Arc::clone(&cancelled);
        async move {
            match seen.what().as_str() {
                "tools/call" => {
                    let begun = futures_util::stream::iter([event(&progress(&seen, 1))]);
                    let asked = futures_util::stream::iter([7, 8]).then(move |id| {
                        let cancelled = Arc::clone(&cancelled);
                        async move {
                            cancelled.notified().await;
                            cancelled.notify_one();
                            let ping = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
                            event(&ping)
                        }
                    });
                    let stream = begun.chain(asked).chain(futures_util::stream::pending());
                    let body = Body::from_stream(stream.map(Ok::<_, std::convert::Infallible>));
                    ([("content-type", "text/event-stream")], body).into_response()
                }
                "notifications/cancelled" => {
                    cancelled.notify_one();
                    status(202)
                }
                _ => legacy(&seen),
            }
        }
    };
    let mut server = Server::start(script).await;
    let child = Child::legacy(server.config()).await;
    let mut call = child.start("tools/call", "{}");
    assert!(matches!(next(&mut call).await, Event::Progress(_)));
    call.cancel("user said so");
    for id in [7, 8] {
        assert_eq!(server.next_of("response").await.id(), id);
    }
}

#[tokio::test]
async fn a_server_that_knows_no_get_keeps_its_session_and_one_that_forgot_it_does_not() {
    for offers in [false, true] {
        let opened = Arc::new(AtomicUsize::new(0));
        let script = move |seen: Seen| {
            let first = seen.what() == "GET" && opened.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                match seen.what().as_str() {
                    "GET" if first && offers => events("retry: 1\n\n"),
                    "GET" => status(404),
                    _ => legacy(&seen),
                }
            }
        };
        let mut server = Server::start(script).await;
        let mut child = Child::legacy(server.config()).await;
        server.next_of("GET").await;
        if offers {
            assert!(matches!(child.told().await, Told::Closed(why) if why.contains("session")));
        } else {
            for _ in 0..3 {
                child.call("tools/list", "{}").await.unwrap();
            }
            assert!(child.peer.ended().is_none());
        }
    }
}
