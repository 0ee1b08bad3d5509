//! One keep-alive HTTP/1.1 connection with one request at a time on it.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::request::{Era, Request, Work};
use super::response::{Response, looks_failed};

/// A connected client after its handshake.
#[derive(Debug)]
pub(crate) struct HttpClient {
    stream: TcpStream,
    era: Era,
    /// The part of the request head that is the same for every request.
    head: String,
    next_id: u64,
    output: Vec<u8>,
    response: Response,
}

impl HttpClient {
    /// Connects to `http://host:port/path` and does the handshake of the era.
    pub(crate) async fn connect(url: &str, era: Era) -> Result<Self> {
        let (authority, path) = url
            .strip_prefix("http://")
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
            .with_context(|| format!("`{url}` is not an http:// URL"))?;
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let head = format!(
            "POST /{path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: {}\r\n",
            era.version()
        );
        let mut client = Self {
            stream,
            era,
            head,
            next_id: 1,
            output: Vec::new(),
            response: Response::default(),
        };
        client.shake_hands().await?;
        Ok(client)
    }

    async fn shake_hands(&mut self) -> Result<()> {
        if self.era == Era::Modern {
            let discover = Request::new(Era::Modern, "server/discover", Map::new());
            return self.send(&discover).await;
        }
        self.send(&Request::initialize()).await?;
        if let Some(session) = self.response.session.take() {
            self.head
                .push_str(&format!("mcp-session-id: {session}\r\n"));
        }
        let initialized = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        self.begin_post("", initialized.len());
        self.output.extend_from_slice(initialized);
        self.exchange().await?;
        if self.response.status >= 300 {
            bail!("`initialized` was answered {}", self.response.status);
        }
        Ok(())
    }

    /// Does one measured call; fails unless it was answered with a result.
    pub(crate) async fn perform(&mut self, work: &Work) -> Result<()> {
        match work {
            Work::Once(request) => self.send(request).await,
            Work::List(era) => self.list(*era).await.map(drop),
        }
    }

    /// Sends one request and reads its whole answer.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<()> {
        let id = self.next_id;
        self.next_id += 1;
        self.begin_post(&request.headers, request.length(id));
        request.write(id, &mut self.output);
        self.exchange().await?;
        let (status, body) = (self.response.status, self.response.body());
        if status != 200 || body.len() < request.least_answer || looks_failed(body) {
            let shown = String::from_utf8_lossy(&body[..body.len().min(400)]);
            bail!("answered {status} with {} bytes: {shown}", body.len());
        }
        Ok(())
    }

    /// Reads all pages of the tool list and returns how many there were.
    async fn list(&mut self, era: Era) -> Result<usize> {
        let mut pages = 1;
        self.send(&Request::list_tools(era, None)).await?;
        while let Some(cursor) = next_cursor(self.response.body()) {
            self.send(&Request::list_tools(era, Some(&cursor))).await?;
            pages += 1;
        }
        Ok(pages)
    }

    /// The names of all tools, as exposed.
    pub(crate) async fn tool_names(&mut self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut request = Request::list_tools(self.era, None);
        loop {
            self.send(&request).await?;
            let message = self.last_message()?;
            let result = &message["result"];
            let tools = result["tools"].as_array().into_iter().flatten();
            names.extend(tools.filter_map(|tool| tool["name"].as_str().map(str::to_owned)));
            match result["nextCursor"].as_str() {
                Some(cursor) => request = Request::list_tools(self.era, Some(cursor)),
                None => return Ok(names),
            }
        }
    }

    /// All messages of the last answer, parsed, in order.
    pub(crate) fn messages(&self) -> Result<Vec<Value>> {
        let parse = |message: &[u8]| Ok(serde_json::from_slice(message)?);
        self.response.messages().into_iter().map(parse).collect()
    }

    fn last_message(&self) -> Result<Value> {
        self.messages()?
            .pop()
            .context("an answer without a message")
    }

    fn begin_post(&mut self, headers: &str, length: usize) {
        self.output.clear();
        self.output.extend_from_slice(self.head.as_bytes());
        self.output.extend_from_slice(headers.as_bytes());
        let end = format!("content-length: {length}\r\n\r\n");
        self.output.extend_from_slice(end.as_bytes());
    }

    async fn exchange(&mut self) -> Result<()> {
        self.stream.write_all(&self.output).await?;
        self.response.clear();
        while !self.response.advance()? {
            if self.stream.read_buf(&mut self.response.input).await? == 0 {
                bail!("the server closed the connection before its answer was whole");
            }
        }
        Ok(())
    }
}

/// The cursor of a page that is not the last. It stands before or after the entries, never inside: look at both ends.
fn next_cursor(body: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"\"nextCursor\":\"";
    const WINDOW: usize = 2_000;
    let (start, end) = (
        &body[..body.len().min(WINDOW)],
        &body[body.len().saturating_sub(WINDOW)..],
    );
    let after = [end, start]
        .into_iter()
        .find_map(|window| memchr::memmem::find(window, KEY).map(|at| &window[at + KEY.len()..]))?;
    let close = memchr::memchr(b'"', after)?;
    Some(String::from_utf8_lossy(&after[..close]).into_owned())
}
