//! Streams of sessions: pushes, broken connections, and coming back.

use super::*;

fn listen<'a>(id: &'a str, last: Option<&'a str>) -> Request<Full<Bytes>> {
    let mut headers = vec![
        ("mcp-session-id", id),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    headers.extend(last.map(|last| ("last-event-id", last)));
    build("GET", &headers, "")
}

fn last_id(text: &str) -> String {
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("id: "));
    line.expect(text).to_owned()
}

#[tokio::test]
async fn a_stream_begins_with_an_event_to_resume_from() {
    let (front, fake) = front();
    let id = front.begin("2025-11-25").await;
    let session = [("mcp-session-id", id.as_str())];
    let mut stream = front
        .handle(build("POST", &session, &call("note_and_wait")))
        .await;
    let first = next(&mut stream).await;
    assert!(
        first.starts_with("id: ") && first.ends_with("retry: 1000\ndata:\n\n"),
        "{first}"
    );
    assert!(next(&mut stream).await.contains("before"));
    fake.gate.open();
    let rest = read(stream).await.text;
    assert!(rest.contains("after") && rest.contains("waited"), "{rest}");
}

#[tokio::test]
async fn a_call_goes_on_without_its_connection_and_its_answer_is_kept() {
    let (front, fake) = front();
    let id = front.begin("2025-11-25").await;
    let session = [("mcp-session-id", id.as_str())];
    let mut stream = front
        .handle(build("POST", &session, &call("note_and_wait")))
        .await;
    let primed = next(&mut stream).await;
    assert!(next(&mut stream).await.contains("before"));
    drop(stream);
    let mut again = front.handle(listen(&id, Some(&last_id(&primed)))).await;
    let seen = next(&mut again).await;
    assert!(seen.contains("before"), "not known to have arrived: {seen}");
    fake.gate.open();
    let rest = read(again).await.text;
    assert!(
        rest.contains("after") && rest.contains("\"result\""),
        "{rest}"
    );
    assert!(!rest.contains("before"));
    let gone = front.handle(listen(&id, Some(&last_id(&primed)))).await;
    assert_eq!(gone.status(), 400, "delivered streams are forgotten");
}

#[tokio::test]
async fn a_client_that_comes_back_first_takes_the_call_over() {
    let (front, fake) = front();
    let id = front.begin("2025-11-25").await;
    let session = [("mcp-session-id", id.as_str())];
    let mut stuck = front
        .handle(build("POST", &session, &call("note_and_wait")))
        .await;
    let primed = next(&mut stuck).await;
    // The connection that `stuck` stands for is never read again, but not known to be broken.
    let again = front.handle(listen(&id, Some(&last_id(&primed)))).await;
    fake.gate.open();
    let text = read(again).await.text;
    assert!(
        text.contains("before") && text.contains("\"result\""),
        "{text}"
    );
    assert_eq!(
        read(stuck).await.text,
        "",
        "each event goes to one connection"
    );
}

#[tokio::test]
async fn an_unanswered_call_goes_on_when_its_connection_breaks() {
    let (front, fake) = front();
    let id = front.begin("2025-11-25").await;
    let request = build("POST", &[("mcp-session-id", &id)], &call("wait"));
    let waiting = tokio::spawn({
        let front = Arc::clone(&front);
        async move { read(front.handle(request).await).await }
    });
    fake.waiting.pass().await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    let later = Instant::now() + 2 * front.options.session_idle;
    front.sessions.sweep(later);
    assert_eq!(front.sessions.len(), 1, "it keeps the session");
    fake.gate.open();
    front.drain();
    front.tasks.close();
    front.tasks.wait().await;
    assert_eq!(
        fake.dropped.0.available_permits(),
        0,
        "it was never dropped"
    );
    front.sessions.sweep(later);
    assert_eq!(front.sessions.len(), 0);
}

#[tokio::test]
async fn nobody_gets_the_events_of_another_session() {
    let (front, _fake) = front();
    let (mine, theirs) = (
        front.begin("2025-11-25").await,
        front.begin("2025-11-25").await,
    );
    let mut stream = front
        .handle(build(
            "POST",
            &[("mcp-session-id", &theirs)],
            &call("note_and_wait"),
        ))
        .await;
    let event = last_id(&next(&mut stream).await);
    for last in [event.as_str(), "99-0", "nonsense", ""] {
        let answer = front.handle(listen(&mine, Some(last))).await;
        assert_eq!(answer.status(), 400, "{last}");
    }
    let rest = next(&mut stream).await;
    assert!(rest.contains("before"), "the owner is not disturbed");
}

#[tokio::test]
async fn pushes_wait_for_a_get_stream_and_go_to_one() {
    let (front, fake) = front();
    let id = front.begin("2025-11-25").await;
    let client = Arc::clone(&lock(&fake.clients)[0]);
    let push = client.push.as_ref().unwrap();
    push.send(note("early")).unwrap();

    let mut first = front.handle(listen(&id, None)).await;
    let primed = next(&mut first).await;
    let early = next(&mut first).await;
    assert!(early.contains("early"));

    let mut second = front.handle(listen(&id, None)).await;
    next(&mut second).await;
    push.send(note("to the newest")).unwrap();
    let text = next(&mut second).await;
    assert!(text.contains("to the newest"));
    drop(second);
    push.send(note("to the other")).unwrap();
    assert!(next(&mut first).await.contains("to the other"));
    drop(first);

    push.send(note("meanwhile")).unwrap();
    let mut again = front.handle(listen(&id, Some(&last_id(&early)))).await;
    let text = next(&mut again).await;
    assert!(
        text.contains("to the other") && !text.contains("newest"),
        "{text}"
    );
    assert!(next(&mut again).await.contains("meanwhile"));
    drop(again);
    let mut again = front.handle(listen(&id, Some(&last_id(&primed)))).await;
    let text = next(&mut again).await;
    assert!(
        text.contains("early") && text.contains("meanwhile"),
        "{text}"
    );

    front
        .handle(build("DELETE", &[("mcp-session-id", &id)], ""))
        .await;
    assert_eq!(
        read(again).await.text,
        "",
        "the stream ends with its session"
    );
}

#[tokio::test]
async fn streams_end_when_the_gateway_does() {
    let (front, fake) = front();
    let id = front.begin("2025-06-18").await;
    let listening = front.handle(listen(&id, None)).await;
    fake.stopping.cancel();
    assert_eq!(read(listening).await.text, "");
    assert_eq!(fake.disconnected.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn idle_streams_and_slow_answers_show_life() {
    let (front, fake) = with_options(HttpOptions {
        keep_alive: Duration::from_millis(5),
        patience: Duration::from_millis(5),
        ..HttpOptions::default()
    });
    let id = front.begin("2025-06-18").await;
    let session = [("mcp-session-id", id.as_str())];
    let mut listening = front.handle(build("GET", &session, "")).await;
    for _ in 0..2 {
        assert_eq!(next(&mut listening).await, ":\n\n");
    }
    let mut slow = front.handle(build("POST", &session, &call("wait"))).await;
    assert_eq!(slow.headers()["content-type"], "text/event-stream");
    assert_eq!(next(&mut slow).await, ":\n\n");
    fake.gate.open();
    assert!(read(slow).await.text.contains("waited"));
    let only_json = [
        ("mcp-session-id", id.as_str()),
        ("accept", "application/json"),
    ];
    fake.gate.open();
    let answer = front.post_text(&only_json, &call("note_and_wait")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.text.contains("waited"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whenever_connections_break_each_event_arrives_once_and_in_order() {
    let (front, _fake) = front();
    let mut clients = Vec::new();
    for n in 0..64 {
        let front = Arc::clone(&front);
        clients.push(tokio::spawn(async move {
            let id = front.begin("2025-11-25").await;
            for call in 0..4 {
                let body =
                    format!(r#"{{"jsonrpc":"2.0","id":{call},"method":"trickle","params":{{}}}}"#);
                let request = build("POST", &[("mcp-session-id", &id)], &body);
                let mut stream = front.handle(request).await;
                let mut seen = next(&mut stream).await;
                let mut breaks = (n + call) % 5;
                while let Some(frame) = stream.body_mut().frame().await {
                    let bytes = frame.unwrap().into_data().unwrap();
                    seen.push_str(std::str::from_utf8(&bytes).unwrap());
                    if breaks > 0 && !seen.contains("\"result\"") {
                        breaks -= 1;
                        let again = listen(&id, Some(&last_id(&seen)));
                        // The new connection comes before or after the end of the old one.
                        if breaks % 2 == 0 {
                            drop(stream);
                            stream = front.handle(again).await;
                        } else {
                            stream = front.handle(again).await;
                        }
                        assert_eq!(stream.status(), 200, "{seen}");
                    }
                }
                let drops: Vec<_> = seen
                    .match_indices("drop ")
                    .map(|(at, _)| &seen[at..])
                    .collect();
                assert_eq!(drops.len(), TRICKLE, "{seen}");
                for (n, text) in drops.iter().enumerate() {
                    assert!(text.starts_with(&format!("drop {n}.")), "{seen}");
                }
                assert_eq!(seen.matches("\"result\"").count(), 1, "{seen}");
                assert!(
                    seen.contains(&format!("\"id\":{call},\"result\"")),
                    "{seen}"
                );
            }
        }));
    }
    for client in clients {
        client.await.unwrap();
    }
}
