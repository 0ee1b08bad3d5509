//! Who is let in, and how much of it.

use super::*;

const VERSION: &str = "2025-11-25";
const INITIALIZE: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
const ALICE: (&str, &str) = ("authorization", "Bearer alice-alice-alice");
const BOB: (&str, &str) = ("x-api-key", "bob-bob-bob-bob-bob");

fn with_tokens() -> HttpOptions {
    HttpOptions::default()
        .bearer_of("alice", "alice-alice-alice")
        .bearer_of("alice", "alice-renewed-renewed")
        .bearer("bob-bob-bob-bob-bob")
}

fn reason(answer: &Answer) -> String {
    let body: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    let ours = &body["error"]["data"]["mcpCompose"];
    assert_eq!(ours["delivered"], "no", "{answer:?}");
    assert!(ours["retryAfterMs"].as_u64().is_some(), "{answer:?}");
    ours["reason"].as_str().unwrap().to_owned()
}

async fn initialize(front: &Arc<Front<Fake>>, who: Headers<'_>) -> Answer {
    front.post_text(who, INITIALIZE).await
}

fn session(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("mcp-session-id").to_owned()
}

#[tokio::test]
async fn t35_without_a_token_nothing_is_served_or_allocated() {
    let (front, fake) = with_options(with_tokens());
    for (method, headers) in [
        ("POST", &[][..]),
        ("POST", &[("authorization", "Bearer alice")]),
        ("POST", &[("authorization", "Basic YWxpY2U6YWxpY2U=")]),
        ("POST", &[("x-api-key", "alice")]),
        ("GET", &[]),
        ("DELETE", &[("cookie", "token=alice-alice-alice")]),
        ("OPTIONS", &[]),
    ] {
        let answer = read(front.handle(build(method, headers, INITIALIZE)).await).await;
        assert_eq!(answer.status, 401, "{method} {headers:?}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert_eq!(fake.served.load(Ordering::SeqCst), 0);
    assert!(lock(&fake.clients).is_empty());
    session(&initialize(&front, &[ALICE]).await);
    // A foreign page is refused before it is asked for a token.
    let page = initialize(&front, &[("origin", "http://evil.example")]).await;
    assert_eq!(page.status, 403);
}

#[tokio::test]
async fn t17_a_session_is_its_clients_alone_whatever_token_that_shows() {
    let (front, fake) = with_options(with_tokens());
    let id = session(&initialize(&front, &[ALICE]).await);
    let mut seen = Vec::new();
    for id in [&*id, "0123456789abcdef0123456789abcdef"] {
        for method in ["POST", "GET", "DELETE"] {
            let headers = [BOB, ("mcp-session-id", id)];
            let answer = read(front.handle(build(method, &headers, &call("echo"))).await).await;
            assert_eq!(answer.status, 404, "{method} {answer:?}");
            seen.push((method, answer.status, answer.text));
        }
    }
    let (of_alice, unknown) = seen.split_at(3);
    assert_eq!(of_alice, unknown, "another's session is as unknown as any");
    let served = fake.served.load(Ordering::SeqCst);
    let renewed = ("authorization", "Bearer alice-renewed-renewed");
    let answer = front
        .post_text(&[renewed, ("mcp-session-id", &id)], &call("echo"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(fake.served.load(Ordering::SeqCst), served + 1);
}

#[tokio::test]
async fn s02_what_shows_who_a_client_is_goes_no_further_than_the_front() {
    let (front, fake) = with_options(with_tokens());
    let id = session(&initialize(&front, &[ALICE]).await);
    let headers = [
        ALICE,
        ("cookie", "c=d"),
        ("mcp-session-id", &id),
        ("x-seen", "yes"),
    ];
    let answer = front.post_text(&headers, &call("headers")).await;
    assert!(answer.text.contains("x-seen"), "{answer:?}");
    for gone in ["authorization", "x-api-key", "cookie", "alice"] {
        assert!(!answer.text.contains(gone), "{gone}: {answer:?}");
    }
    let known = Principal::new("alice");
    assert_eq!(lock(&fake.clients)[0].principal, known);
}

#[tokio::test]
async fn c05_more_than_a_client_may_have_in_flight_is_refused_at_once() {
    let options = with_tokens().max_in_flight_of_client(2).max_in_flight(3);
    let (front, fake) = with_options(options);
    let id = session(&initialize(&front, &[ALICE]).await);
    let in_session = |n: u64| {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{n},"method":"wait"}}"#);
        let headers = [ALICE, ("mcp-session-id", &*id)];
        let request = build("POST", &headers, &body);
        let front = Arc::clone(&front);
        async move { read(front.handle(request).await).await }
    };
    let first = tokio::spawn(in_session(1));
    let second = tokio::spawn(in_session(2));
    fake.waiting.pass().await;
    fake.waiting.pass().await;
    let third = in_session(3).await;
    assert_eq!(
        (third.status, &*reason(&third)),
        (429, "overloaded"),
        "{third:?}"
    );
    assert!(!third.header("retry-after").is_empty());
    assert!(third.text.contains("\"id\":3"), "{third:?}");
    // Cancelling still works, and makes room.
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#;
    let cancelled = front
        .post_text(&[ALICE, ("mcp-session-id", &id)], cancel)
        .await;
    assert_eq!(cancelled.status, 202);
    assert!(second.await.unwrap().text.contains("cancelled"));

    let modern = |who: (&'static str, &'static str)| {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":9,"method":"wait","params":{{"_meta":{{"{META_VERSION}":"{MODERN}"}}}}}}"#
        );
        let headers = [
            who,
            ("mcp-protocol-version", MODERN),
            ("mcp-method", "wait"),
        ];
        let request = build("POST", &headers, &body);
        let front = Arc::clone(&front);
        async move { read(front.handle(request).await).await }
    };
    let stateless = [tokio::spawn(modern(BOB)), tokio::spawn(modern(BOB))];
    fake.waiting.pass().await;
    fake.waiting.pass().await;
    let more = modern(ALICE).await;
    assert_eq!(
        (more.status, &*reason(&more)),
        (503, "overloaded"),
        "of all: {more:?}"
    );
    fake.gate.open();
    assert_eq!(first.await.unwrap().status, 200);
    let more = modern(BOB).await;
    assert_eq!(
        (more.status, &*reason(&more)),
        (429, "overloaded"),
        "of bob: {more:?}"
    );
    for one in stateless {
        fake.gate.open();
        assert_eq!(one.await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn t28_sessions_are_bounded_in_all_and_for_each_client() {
    let options = with_tokens().max_sessions(5).max_sessions_of_client(3);
    let (front, fake) = with_options(options);
    for _ in 0..3 {
        session(&initialize(&front, &[ALICE]).await);
    }
    let fourth = initialize(&front, &[ALICE]).await;
    assert_eq!((fourth.status, &*reason(&fourth)), (429, "overloaded"));
    session(&initialize(&front, &[BOB]).await);
    let last = session(&initialize(&front, &[BOB]).await);
    let sixth = initialize(&front, &[BOB]).await;
    assert_eq!((sixth.status, &*reason(&sixth)), (503, "overloaded"));
    assert_eq!(sixth.header("retry-after"), "2");
    let headers = [BOB, ("mcp-session-id", &*last)];
    let ended = read(front.handle(build("DELETE", &headers, "")).await).await;
    assert_eq!(ended.status, 204);
    session(&initialize(&front, &[BOB]).await);
    assert_eq!(front.sessions.len(), 5);
    assert_eq!(
        lock(&fake.clients).len(),
        6,
        "who was refused was never connected"
    );
}

#[tokio::test]
async fn t28_a_flood_of_initialize_takes_no_place_from_whoever_is_at_work() {
    const MAX: usize = 8;
    let floods = std::env::var("MCPC_SESSIONS").map_or(2_000, |n| n.parse().unwrap());
    let (front, fake) = with_options(HttpOptions::default().max_sessions(MAX));
    let id = front.begin(VERSION).await;
    let waits = {
        let request = build("POST", &[("mcp-session-id", &*id)], &call("wait"));
        let front = Arc::clone(&front);
        tokio::spawn(async move { read(front.handle(request).await).await })
    };
    fake.waiting.pass().await;
    let mut opened = 0;
    for n in 0..floods {
        let flood = match n % 2 {
            0 => INITIALIZE,
            // Refused by the gateway: it leaves nothing behind.
            _ => r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#,
        };
        let answer = front.post_text(&[], flood).await;
        opened += usize::from(answer.status == 200 && !answer.header("mcp-session-id").is_empty());
        assert!(front.sessions.len() <= MAX);
    }
    assert_eq!((opened, front.sessions.len()), (MAX - 1, MAX));
    let connected = lock(&fake.clients).len();
    assert_eq!(connected - fake.disconnected.load(Ordering::SeqCst), MAX);

    // An hour later all but the one at work are abandoned, and make room one by one.
    let later = Instant::now() + Duration::from_secs(3600);
    let anybody = Principal::anonymous();
    let places: Vec<_> =
        std::iter::from_fn(|| front.sessions.place_at(later, &anybody).ok()).collect();
    assert_eq!((places.len(), front.sessions.len()), (MAX - 1, 1));
    front.sessions.sweep(later);
    fake.gate.open();
    assert!(waits.await.unwrap().text.contains("\"waited\":true"));
    drop(places);
    front
        .sessions
        .sweep(Instant::now() + Duration::from_secs(3600));
    assert_eq!(front.sessions.len(), 0);
}

#[tokio::test]
async fn d01_a_front_that_drains_refuses_calls_and_takes_what_those_in_flight_need() {
    let (front, fake) = front();
    let id = front.begin(VERSION).await;
    let in_session: [(&str, &str); 1] = [("mcp-session-id", &id)];
    let waits = {
        let request = build("POST", &in_session, &call("wait"));
        let front = Arc::clone(&front);
        tokio::spawn(async move { read(front.handle(request).await).await })
    };
    fake.waiting.pass().await;
    fake.draining.cancel();
    for (headers, body) in [(&in_session[..], &*call("echo")), (&[], INITIALIZE)] {
        let answer = front.post_text(headers, body).await;
        assert_eq!(
            (answer.status, &*reason(&answer)),
            (503, "draining"),
            "{answer:?}"
        );
    }
    assert_eq!(
        read(front.handle(build("GET", &in_session, "")).await)
            .await
            .status,
        503
    );
    let ping = front.post_text(&[], &call("ping")).await;
    assert_eq!(ping.status, 200);
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
    assert_eq!(front.post_text(&in_session, cancel).await.status, 202);
    assert!(waits.await.unwrap().text.contains("cancelled"));
}

/// Where a page, or a name that was rebound, could come from.
#[tokio::test]
async fn s12_host_and_origin_are_looked_at_on_every_route() {
    const HOSTS: [(&str, bool); 12] = [
        ("localhost", true),
        ("LocalHost:8808", true),
        ("127.0.0.1", true),
        ("127.0.0.1:1", true),
        ("[::1]:8808", true),
        ("mcp.example.com:443", true),
        ("evil.example", false),
        ("localhost.evil.example:8808", false),
        ("127.0.0.1.nip.io", false),
        ("0.0.0.0:8808", false),
        ("mcp.example.com@evil.example", false),
        ("-", false),
    ];
    const ORIGINS: [(&str, bool); 8] = [
        ("-", true),
        ("http://localhost:3000", true),
        ("http://127.0.0.1", true),
        ("https://app.example.com", true),
        ("null", false),
        ("http://evil.example", false),
        ("https://app.example.com.evil.example", false),
        ("https://mcp.example.com", false),
    ];
    const PATHS: [&str; 9] = [
        "/mcp",
        "/",
        "/mcp/",
        "/sse",
        "/health",
        "/healthz",
        "/readyz",
        "/metrics",
        "/.well-known/oauth-protected-resource",
    ];
    let options = HttpOptions::default()
        .allow_host("mcp.example.com")
        .allow_origin("https://app.example.com");
    let (front, fake) = with_options(options);
    let mut refused = 0;
    for (host, host_is_ours) in HOSTS {
        for (origin, origin_is_ours) in ORIGINS {
            for path in PATHS {
                for method in ["GET", "POST", "DELETE", "OPTIONS", "HEAD", "PUT"] {
                    let headers = [("host", host), ("origin", origin)];
                    let mut request = build(method, &headers, &call("ping"));
                    *request.uri_mut() = path.parse().unwrap();
                    let status = front.route(request).await.status();
                    let allowed = host_is_ours && origin_is_ours;
                    let why = format!("{method} {path} {host} {origin}: {status}");
                    assert_eq!(status == StatusCode::FORBIDDEN, !allowed, "{why}");
                    refused += usize::from(!allowed);
                }
            }
        }
    }
    assert_eq!(refused, (12 * 8 - 6 * 4) * PATHS.len() * 6);
    assert_eq!(fake.served.load(Ordering::SeqCst), 0);
    assert!(lock(&fake.clients).is_empty());
}
