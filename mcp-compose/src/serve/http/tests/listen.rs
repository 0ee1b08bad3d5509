//! Over TCP: one write an answer, broken connections, and an orderly end.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::serve::stop::Stop;

struct Running {
    fake: Arc<Fake>,
    address: std::net::SocketAddr,
    stop: Stop,
    serving: JoinHandle<()>,
}

async fn run(options: HttpOptions) -> Running {
    let (front, fake) = with_options(options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::default();
    let serving = tokio::spawn(serve(listener, front, stop.clone()));
    Running {
        fake,
        address,
        stop,
        serving,
    }
}

fn request(path: &str, more: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n{more}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn modern(method: &str) -> String {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":5,"method":"{method}","params":{{"_meta":{{
        "io.modelcontextprotocol/protocolVersion":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
    );
    let headers = format!("MCP-Protocol-Version: {MODERN}\r\nMcp-Method: {method}\r\n");
    request("/mcp", &headers, &body)
}

async fn once(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 64 * 1024];
    let read = stream.read(&mut buffer).await.unwrap();
    String::from_utf8(buffer[..read].to_vec()).unwrap()
}

#[tokio::test]
async fn an_answer_is_one_write_and_the_connection_is_kept() {
    let running = run(HttpOptions::default()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    for path in ["/mcp", "/", "/mcp?a=b"] {
        let request = request(path, "", &call("ping"));
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = once(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("content-length: 36\r\n"), "{answer}");
        assert!(
            answer.ends_with(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#),
            "{answer}"
        );
    }
    let elsewhere = request("/other", "", &call("ping"));
    stream.write_all(elsewhere.as_bytes()).await.unwrap();
    assert!(once(&mut stream).await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_connection_that_breaks_cancels_a_modern_request_before_and_after_its_first_event() {
    let running = run(HttpOptions::default()).await;
    for method in ["wait", "note_and_wait"] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(modern(method).as_bytes()).await.unwrap();
        running.fake.waiting.pass().await;
        drop(stream);
        running.fake.dropped.pass().await;
    }
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_not_waited_for() {
    let running = run(HttpOptions::default()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(once(&mut stream).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn shutting_down_lets_calls_end_and_closes_the_rest() {
    let running = run(HttpOptions::default()).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    let ping = request("/mcp", "", &call("ping"));
    idle.write_all(ping.as_bytes()).await.unwrap();
    once(&mut idle).await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(modern("wait").as_bytes()).await.unwrap();
    running.fake.waiting.pass().await;

    running.stop.tell();
    assert_eq!(once(&mut idle).await, "", "an idle connection is closed");
    assert!(TcpStream::connect(running.address).await.is_err());
    running.fake.gate.open();
    let answer = once(&mut busy).await;
    assert!(answer.contains("\"waited\":true"), "{answer}");
    running.serving.await.unwrap();
}

#[tokio::test]
async fn calls_that_never_end_are_given_up() {
    let running = run(HttpOptions {
        drain: Duration::from_millis(5),
        ..HttpOptions::default()
    })
    .await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(modern("wait").as_bytes()).await.unwrap();
    running.fake.waiting.pass().await;
    running.stop.tell();
    let answer = once(&mut busy).await;
    assert!(answer.contains("cancelled"), "{answer}");
    running.serving.await.unwrap();
}

#[tokio::test]
async fn the_router_serves_the_endpoint_at_both_paths() {
    use tower::ServiceExt;
    let (front, _) = front();
    for (path, status) in [("/mcp", 200), ("/", 200), ("/x", 404)] {
        let (mut head, body) = build("POST", &[], &call("ping")).into_parts();
        head.uri = path.parse().unwrap();
        let request = Request::from_parts(head, axum::body::Body::new(body));
        let response = router(&front).oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn d01_new_calls_are_refused_as_draining_while_those_in_flight_end() {
    let running = run(HttpOptions::default()).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(modern("wait").as_bytes()).await.unwrap();
    running.fake.waiting.pass().await;

    running.stop.tell();
    // The front hears of it through its own task.
    tokio::task::yield_now().await;
    idle.write_all(modern("echo").as_bytes()).await.unwrap();
    let refused = once(&mut idle).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: 2\r\n"), "{refused}");
    assert!(refused.contains("connection: close\r\n"), "{refused}");
    assert!(
        refused.contains(r#""reason":"draining","delivered":"no","retryAfterMs":2000"#),
        "{refused}"
    );
    assert_eq!(once(&mut idle).await, "", "nothing more comes here");

    running.fake.gate.open();
    let answer = once(&mut busy).await;
    assert!(answer.contains("\"waited\":true"), "{answer}");
    running.serving.await.unwrap();
}

#[tokio::test]
async fn c09_whoever_does_not_finish_what_it_begins_is_closed_and_others_are_not() {
    let running = run(HttpOptions {
        head_timeout: Duration::from_millis(50),
        body_timeout: Duration::from_millis(50),
        ..HttpOptions::default()
    })
    .await;
    let mut kept = TcpStream::connect(running.address).await.unwrap();
    let ping = request("/mcp", "", &call("ping"));
    kept.write_all(ping.as_bytes()).await.unwrap();
    once(&mut kept).await;

    let mut slow = Vec::new();
    for said in [
        "",
        "POST /mcp HTTP/1.1\r\nHost: local",
        &ping[..ping.len() - 1],
    ] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second.write_all(ping.as_bytes()).await.unwrap();
    once(&mut second).await;
    second.write_all(b"POST").await.unwrap();
    slow.push(second);
    for (n, stream) in slow.iter_mut().enumerate() {
        let said = once(stream).await;
        let expected = if n == 2 { "HTTP/1.1 408" } else { "" };
        assert!(
            said.starts_with(expected) && said.is_empty() == expected.is_empty(),
            "{n}: {said}"
        );
    }
    // Idle for longer than a head may take, and still there.
    kept.write_all(ping.as_bytes()).await.unwrap();
    assert!(once(&mut kept).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn c09_an_answer_that_lasts_is_not_taken_for_a_head() {
    let running = run(HttpOptions {
        head_timeout: Duration::from_millis(20),
        patience: Duration::from_millis(1),
        keep_alive: Duration::from_millis(30),
        ..HttpOptions::default()
    })
    .await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(modern("wait").as_bytes()).await.unwrap();
    // The head, and comments; each comes later than a head may.
    for n in 0..5 {
        assert!(!once(&mut stream).await.is_empty(), "{n}");
    }
    running.fake.gate.open();
    while !once(&mut stream).await.contains("\"waited\":true") {}
}

#[tokio::test]
async fn c08_more_connections_than_there_are_places_for_wait_for_one() {
    let running = run(HttpOptions {
        max_connections: 2,
        ..HttpOptions::default()
    })
    .await;
    let ping = request("/mcp", "", &call("ping"));
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(ping.as_bytes()).await.unwrap();
        once(&mut stream).await;
        open.push(stream);
    }
    let mut third = TcpStream::connect(running.address).await.unwrap();
    third.write_all(ping.as_bytes()).await.unwrap();
    for stream in &mut open {
        stream.write_all(ping.as_bytes()).await.unwrap();
        assert!(once(stream).await.starts_with("HTTP/1.1 200"));
    }
    let early = tokio::time::timeout(Duration::from_millis(50), third.readable()).await;
    assert!(early.is_err(), "there is no place yet");
    open.pop();
    assert!(once(&mut third).await.starts_with("HTTP/1.1 200"));
}
