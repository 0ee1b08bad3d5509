//! Credentials that are refused, servers that want fewer requests, and servers that fail.

use std::time::Instant;

use super::failures::{data, lost};
use super::*;
use crate::child::CallerInfo;
use crate::child::http::breaker::State;
use crate::wire::peer::Delivered;

type Chosen = Result<HeaderMap, Box<dyn std::error::Error + Send + Sync>>;

fn bearer(token: usize) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
}

/// Answers to `Bearer {token}` only.
async fn wants(token: usize) -> Server {
    let token = format!("Bearer {token}");
    Server::start(move |seen: Seen| {
        let welcome = seen.header("authorization") == Some(&token);
        async move {
            match welcome {
                true => json(seen.reply("{}")),
                // As servers on an SDK answer.
                false => (
                    StatusCode::UNAUTHORIZED,
                    json(seen.reply("{}").replace(
                        "\"result\":{}",
                        r#""error":{"code":-32001,"message":"Unauthorized"}"#,
                    )),
                )
                    .into_response(),
            }
        }
    })
    .await
}

#[tokio::test]
async fn b01_a_thousand_calls_that_are_refused_together_renew_their_credentials_once() {
    let mut server = wants(2).await;
    let mut config = server.config();
    let (token, renewals) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&renewals);
    config.auth = Some(Arc::new(move |caller: CallerInfo| {
        let (token, renewals) = (Arc::clone(&token), Arc::clone(&counted));
        async move {
            if caller.refused {
                renewals.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                token.store(2, Ordering::SeqCst);
            }
            Chosen::Ok(bearer(token.load(Ordering::SeqCst)))
        }
    }));
    let child = Child::modern(config);
    let calls: Vec<_> = (0..1000).map(|_| child.start("tools/call", "{}")).collect();
    for call in calls {
        soon(call.outcome()).await.unwrap();
    }
    assert_eq!(renewals.load(Ordering::SeqCst), 1);
    // Each was taken once.
    let mut taken = std::collections::HashMap::<String, usize>::new();
    while let Ok(seen) = server.seen.try_recv() {
        if seen.header("authorization") == Some("Bearer 2") {
            *taken.entry(seen.id().to_string()).or_default() += 1;
        }
    }
    assert_eq!(taken.len(), 1000);
    assert!(taken.values().all(|times| *times == 1));
}

#[tokio::test]
async fn b01_credentials_that_cannot_be_renewed_are_asked_for_once_and_the_call_says_so() {
    for always_new in [false, true] {
        let server = wants(usize::MAX).await;
        let mut config = server.config();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        config.auth = Some(Arc::new(move |caller: CallerInfo| {
            let counted = Arc::clone(&counted);
            async move {
                if caller.refused {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                let token = match always_new {
                    true => counted.load(Ordering::SeqCst),
                    false => 0,
                };
                Chosen::Ok(bearer(token))
            }
        }));
        let child = Child::modern(config);
        let calls: Vec<_> = (0..100).map(|_| child.start("tools/call", "{}")).collect();
        for call in calls {
            let failure = soon(call.outcome()).await.unwrap_err();
            assert_eq!(data(&failure)["reason"], "upstream_auth");
            assert_eq!(data(&failure)["delivered"], "no");
        }
        // The next ones ask in vain no more, for a while.
        child.call("tools/call", "{}").await.unwrap_err();
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{always_new}");
    }
}

#[tokio::test]
async fn b01_a_provider_that_panics_fails_its_own_call_only() {
    let server = wants(1).await;
    let mut config = server.config();
    config.auth = Some(Arc::new(|caller: CallerInfo| async move {
        assert!(caller.method != "bad", "planted");
        Chosen::Ok(bearer(1))
    }));
    let child = Child::modern(config);
    let failure = child.call("bad", "{}").await.unwrap_err();
    assert_eq!(data(&failure)["reason"], "child_exited");
    child.call("good", "{}").await.unwrap();
}

#[tokio::test]
async fn b02_a_scope_that_is_missing_is_named() {
    let server = Server::start(|_| async {
        let challenge = r#"Bearer error="insufficient_scope", scope="a:write""#;
        (StatusCode::FORBIDDEN, [("www-authenticate", challenge)]).into_response()
    })
    .await;
    let failure = Child::modern(server.config())
        .call("tools/call", "{}")
        .await
        .unwrap_err();
    assert_eq!(data(&failure)["reason"], "upstream_auth");
    assert!(lost(&failure).1.contains("`a:write`"), "{failure:?}");
}

/// Answers 429 with this `Retry-After` so many times, and serves after that.
async fn busy(after: &'static str, times: usize) -> Server {
    let answered = Arc::new(AtomicUsize::new(0));
    Server::start(move |seen: Seen| {
        let refuses = answered.fetch_add(1, Ordering::SeqCst) < times;
        async move {
            match refuses {
                true => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", after)]).into_response(),
                false => json(seen.reply("{}")),
            }
        }
    })
    .await
}

fn count(server: &mut Server) -> usize {
    std::iter::from_fn(|| server.seen.try_recv().ok()).count()
}

#[tokio::test]
async fn b05_a_call_waits_as_the_server_asks_and_is_sent_again() {
    let mut server = busy("1", 1).await;
    let began = Instant::now();
    let child = Child::modern(server.config());
    child.call("tools/call", "{}").await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(count(&mut server), 2);
}

#[tokio::test]
async fn b05_in_the_window_nothing_is_sent_and_calls_that_cannot_wait_say_when_to_come_again() {
    for (after, longest) in [("30", 30_000), ("1000000000", 86_400_000)] {
        let mut server = busy(after, usize::MAX).await;
        let mut config = server.config();
        config.timeout = Duration::from_secs(20);
        let child = Child::modern(config.clone());
        for _ in 0..10 {
            let failure = child.call("tools/call", "{}").await.unwrap_err();
            let data = data(&failure);
            assert_eq!(data["reason"], "overloaded");
            assert_eq!(data["delivered"], "no");
            let told = data["retryAfterMs"].as_u64().unwrap();
            assert!((longest - 20_000..=longest).contains(&told), "{told}");
        }
        // Neither does another session of the child.
        let failure = Child::modern(config).call("tools/list", "{}").await;
        assert_eq!(data(&failure.unwrap_err())["reason"], "overloaded");
        assert_eq!(count(&mut server), 1);
    }
}

#[tokio::test]
async fn b05_a_server_that_never_has_time_is_asked_three_times() {
    let mut server = busy("0", usize::MAX).await;
    let child = Child::modern(server.config());
    let failure = child.call("tools/call", "{}").await.unwrap_err();
    assert_eq!(data(&failure)["reason"], "overloaded");
    assert_eq!(count(&mut server), 3);
}

#[tokio::test]
async fn b06_a_server_that_fails_five_times_in_a_row_is_left_alone() {
    let mut server = Server::start(|seen| async move {
        match seen.what().as_str() {
            "502" => status(502),
            "error" => {
                let error = seen
                    .reply("0")
                    .replace("\"result\":0", r#""error":{"code":-32603,"message":"m"}"#);
                (StatusCode::INTERNAL_SERVER_ERROR, json(error)).into_response()
            }
            _ => json(seen.reply(r#"{"content":[],"isError":true}"#)),
        }
    })
    .await;
    let config = server.config();
    let child = Child::modern(config.clone());
    let breaker = &config.gate.breaker;
    for method in ["tools/call", "error", "404"] {
        for _ in 0..10 {
            let _ = child.call(method, "{}").await;
        }
    }
    assert_eq!(count(&mut server), 30);
    for n in 1..=5 {
        assert_eq!(breaker.state(), State::Closed, "before failure {n}");
        let failure = child.call("502", "{}").await.unwrap_err();
        assert_eq!(lost(&failure).0, Delivered::Maybe);
    }
    for _ in 0..10 {
        let failure = child.call("tools/call", "{}").await.unwrap_err();
        let data = data(&failure);
        assert_eq!(data["reason"], "child_unavailable");
        assert_eq!(data["delivered"], "no");
        let told = data["retryAfterMs"].as_u64().unwrap();
        assert!((10_000..=30_000).contains(&told), "{told}");
        assert!(lost(&failure).1.contains("502"), "{failure:?}");
    }
    assert_eq!(
        count(&mut server),
        5,
        "nothing is sent while it is left alone"
    );
    assert!(matches!(breaker.state(), State::Open(_, why) if why.contains("502")));
    // A new session is tried, and is a sign of life.
    let next = Child::open(config.clone());
    next.call("initialize", "{}").await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
    child.call("tools/call", "{}").await.unwrap();
}

#[tokio::test]
async fn b07_a_server_that_is_not_there_is_tried_twice_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let config = HttpConfig::new(Url::parse(&url).unwrap());
    let began = Instant::now();
    let failure = Child::modern(config.clone()).call("tools/call", "{}").await;
    // The pauses in between: 100 ms, 200 ms, and their jitter.
    assert!(began.elapsed() >= Duration::from_millis(300));
    let Err(Failure::Lost(lost)) = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(lost.delivered, Delivered::No);
    assert!(lost.to_string().contains("start the server"), "{lost}");
    assert!(lost.retry_after.is_some());
    assert!(!lost.may_be_sent_again(), "nobody else needs to repeat it");
    // Not if there is no time for it.
    let mut config = config;
    config.timeout = Duration::from_millis(50);
    let failure = Child::modern(config).call("tools/call", "{}").await;
    assert!(matches!(failure, Err(Failure::Lost(_))));
}

#[tokio::test]
async fn b15_sessions_that_are_forgotten_at_once_begin_once_a_second() {
    let mut server = Server::start(|seen| async move {
        match seen.what().as_str() {
            "tools/call" => status(404),
            _ => legacy(&seen),
        }
    })
    .await;
    let config = server.config();
    let began = Instant::now();
    for n in 0..3 {
        let child = Child::legacy(config.clone()).await;
        let failure = child.call("tools/call", "{}").await.unwrap_err();
        assert_eq!(lost(&failure).0, Delivered::No, "{n}");
    }
    assert!(began.elapsed() >= Duration::from_secs(1));
    let mut sessions = 0;
    while let Ok(seen) = server.seen.try_recv() {
        sessions += usize::from(seen.what() == "initialize");
    }
    assert_eq!(sessions, 3);
}
