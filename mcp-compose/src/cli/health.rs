//! `health`: asks a running server whether it is ready, for containers that have nothing else to ask with.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::header::HOST;
use http::{Request, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use super::{Failure, shown};

/// Most bytes of an answer that are shown.
const MOST_SHOWN: usize = 4 * 1024;

/// Arguments of `health`.
#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// Where it listens, with `--http` or `--admin`: a port of this machine, HOST:PORT, or an http:// URL.
    #[arg(value_name = "WHERE", value_parser = place)]
    at: Url,
    /// Ask whether it runs at all (/livez).
    #[arg(long, conflicts_with = "startup")]
    live: bool,
    /// Ask whether every child has started, or failed to (/startupz).
    #[arg(long)]
    startup: bool,
    /// How long the answer may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

pub(super) async fn run(args: HealthArgs) -> Result<(), Failure> {
    let mut at = args.at;
    if at.path() == "/" {
        at.set_path(match (args.live, args.startup) {
            (true, _) => "/livez",
            (_, true) => "/startupz",
            _ => "/readyz",
        });
    }
    let failed = |why: String| Failure::Failed(format!("{at}: {why}"));
    let limit = Duration::from_secs(args.timeout);
    let asked = tokio::time::timeout(limit, ask(&at)).await;
    let asked = asked.map_err(|_| failed(format!("no answer within {} s", args.timeout)))?;
    let (status, text) = asked.map_err(|why| failed(why.to_string()))?;
    let text = shown::block(text.trim());
    if !status.is_success() {
        return Err(failed(format!("{status}: {text}")));
    }
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// The status and the beginning of the text of an answer.
async fn ask(at: &Url) -> Result<(StatusCode, String), Box<dyn std::error::Error + Send + Sync>> {
    let host = at.host_str().unwrap_or_default();
    let port = at.port_or_known_default().unwrap_or_default();
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(at.path())
        .header(HOST, format!("{host}:{port}"))
        .body(String::new())?;
    let mut answered = pin!(async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let text = beginning(response.into_body()).await?;
        Ok((status, text))
    });
    let ended = tokio::select! {
        biased;
        answer = &mut answered => return answer,
        ended = connection => ended,
    };
    // It may end right behind the answer, which is then still to be read.
    match (answered.await, ended) {
        (Err(_), Err(error)) => Err(error.into()),
        (answer, _) => answer,
    }
}

async fn beginning(mut body: Incoming) -> hyper::Result<String> {
    let mut bytes = Vec::new();
    while bytes.len() < MOST_SHOWN {
        let next =
            std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context));
        let Some(frame) = next.await else {
            break;
        };
        if let Ok(data) = frame?.into_data() {
            let data: Bytes = data;
            bytes.extend_from_slice(&data);
        }
    }
    bytes.truncate(MOST_SHOWN);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A port, `HOST:PORT`, or a URL.
fn place(text: &str) -> Result<Url, String> {
    let wrong = || "expected a port, HOST:PORT, or an http:// URL".to_owned();
    let url = match text.parse::<u16>() {
        Ok(port) => format!("http://{}", SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        // A URL would take it for the number of an address.
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => return Err(wrong()),
        Err(_) if text.contains("://") => text.to_owned(),
        Err(_) => format!("http://{text}"),
    };
    let url = Url::parse(&url).map_err(|_| wrong())?;
    let asks = url.scheme() == "http" && url.host_str().is_some();
    asks.then_some(url).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_port_an_address_or_a_url() {
        for (text, expected) in [
            ("8808", "http://127.0.0.1:8808/"),
            ("localhost:9", "http://localhost:9/"),
            ("[::1]:9", "http://[::1]:9/"),
            ("http://127.0.0.1:9/livez", "http://127.0.0.1:9/livez"),
        ] {
            assert_eq!(place(text).as_ref().map(Url::as_str), Ok(expected));
        }
        for text in ["https://localhost:9", "ftp://x", "", "99999999", "a b"] {
            assert!(place(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn an_answer_behind_which_the_connection_ends_is_read() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let at = place(&listener.local_addr().expect("an address").to_string());
        let answers = tokio::spawn(async move {
            let kept = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready";
            let closed = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nready";
            let mut open = Vec::new();
            for text in [closed, kept, ""] {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let _ = stream.read(&mut [0; 1024]).await;
                stream.write_all(text.as_bytes()).await.expect("it reads");
                if text == kept {
                    open.push(stream);
                }
            }
        });
        let at = at.expect("a place");
        for _ in 0..2 {
            let asked = ask(&at).await.expect("an answer");
            assert_eq!(asked, (StatusCode::OK, "ready".to_owned()));
        }
        assert!(ask(&at).await.is_err());
        answers.await.expect("it ends");
    }
}
