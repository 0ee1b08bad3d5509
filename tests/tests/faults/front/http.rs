//! HTTP, byte for byte.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use mcp_compose_tests::aggregator::Aggregator;
use mcp_compose_tests::patiently;
use mcp_compose_tests::raw::{LEGACY, MODERN};

use super::modern;

pub(super) type Headers<'a> = &'a [(&'a str, &'a str)];

/// One connection.
#[derive(Debug)]
pub(super) struct Http(BufReader<TcpStream>);

/// What came back, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The last message of the body.
    pub(super) fn message(&self) -> Value {
        let text = self
            .body
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap_or(&self.body);
        serde_json::from_str(text).unwrap_or_else(|_| panic!("no message in {self:?}"))
    }

    /// Why a call was not taken, for programs.
    pub(super) fn reason(&self) -> String {
        let message = self.message();
        let reason = &message["error"]["data"]["mcpCompose"]["reason"];
        reason.as_str().unwrap_or_default().to_owned()
    }
}

/// The address that an endpoint is at.
pub(super) fn address(aggregator: &Aggregator) -> String {
    let address = aggregator.url.trim_start_matches("http://");
    address.trim_end_matches("/mcp").to_owned()
}

impl Http {
    pub(super) async fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(super) async fn to(aggregator: &Aggregator) -> Self {
        let connected = Self::connect(&address(aggregator)).await;
        connected.expect("the aggregator listens")
    }

    pub(super) async fn write(&mut self, text: &str) -> io::Result<()> {
        self.0.get_mut().write_all(text.as_bytes()).await
    }

    /// Sends a request and reads what comes back.
    pub(super) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: Headers<'_>,
        body: &str,
    ) -> io::Result<Answer> {
        self.begin(method, path, headers, body).await?;
        patiently("an answer over HTTP", self.answer()).await
    }

    /// Sends a request.
    pub(super) async fn begin(
        &mut self,
        method: &str,
        path: &str,
        headers: Headers<'_>,
        body: &str,
    ) -> io::Result<()> {
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        let usual = [
            ("host", "127.0.0.1"),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        for (name, value) in usual {
            if !headers.iter().any(|(given, _)| *given == name) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        self.write(&text).await
    }

    /// Reads the next answer; an error of the kind `UnexpectedEof` if the connection was closed instead.
    pub(super) async fn answer(&mut self) -> io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head
            .split_whitespace()
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let mut answer = Answer {
            status,
            head,
            body: String::new(),
        };
        let mut body = Vec::new();
        if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let mut size = String::new();
                if self.0.read_line(&mut size).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let size = usize::from_str_radix(size.trim(), 16).expect("a chunk's size");
                let start = body.len();
                body.resize(start + size + 2, 0);
                self.0.read_exact(&mut body[start..]).await?;
                body.truncate(start + size);
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = answer.header("content-length") {
            body.resize(length.parse().expect("a length"), 0);
            self.0.read_exact(&mut body).await?;
        }
        answer.body = String::from_utf8(body).expect("text");
        Ok(answer)
    }

    /// Reads at most this many bytes; none at the end.
    pub(super) async fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes).await
    }

    /// Begins a legacy session and gives its id, or the refusal.
    pub(super) async fn initialize(&mut self, headers: Headers<'_>) -> Result<String, Answer> {
        let client = json!({ "name": "bare", "version": "1" });
        let params = json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client });
        let body = message(0, "initialize", &params);
        let answer = self
            .send("POST", "/mcp", headers, &body)
            .await
            .expect("an answer");
        match answer.header("mcp-session-id") {
            Some(id) => Ok(id.to_owned()),
            None => Err(answer),
        }
    }

    /// A request of a client of 2026-07-28.
    pub(super) async fn modern(
        &mut self,
        id: u64,
        method: &str,
        params: &Value,
        headers: Headers<'_>,
    ) -> io::Result<Answer> {
        self.begin_modern(id, method, params, headers).await?;
        patiently("an answer over HTTP", self.answer()).await
    }

    pub(super) async fn begin_modern(
        &mut self,
        id: u64,
        method: &str,
        params: &Value,
        headers: Headers<'_>,
    ) -> io::Result<()> {
        let mut all = vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
        let named = params["name"].as_str().or(params["taskId"].as_str());
        if let Some(name) = named {
            all.push(("mcp-name", name));
        }
        all.extend(headers);
        let body = message(id, method, &modern(params.clone()));
        self.begin("POST", "/mcp", &all, &body).await
    }
}

/// A request's text.
pub(super) fn message(id: u64, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}
