//! The child on streamable HTTP. HTTP is written here by hand: no server library lets one break it.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Chaos, LARGE, MAX_MESSAGE, Options, Work, progress};
use crate::chaos::fault::Fault;
use crate::script::Era;

/// Longer than a call of a run may take without a word.
const TOO_LONG: Duration = Duration::from_secs(4);
/// How long nobody listens, where a child is gone for some time.
const AWAY: Duration = Duration::from_millis(800);

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// One life at the address: its sessions, and the sign that it is over.
struct Life {
    chaos: Chaos,
    sessions: Mutex<HashSet<String>>,
    over: Notify,
}

struct Request {
    method: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// What becomes of the connection.
#[derive(PartialEq)]
enum Then {
    Next,
    Close,
}

pub(super) async fn serve(options: &Options) {
    let mut address = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut first = true;
    // Whoever started us holds our input.
    tokio::spawn(async {
        let _ = tokio::io::stdin().read(&mut [0]).await;
        std::process::exit(0);
    });
    loop {
        let listener = TcpListener::bind(address)
            .await
            .expect("the address is free");
        address = listener.local_addr().expect("it is bound");
        let life = Arc::new(Life {
            chaos: Chaos::begin(options.clone()),
            sessions: Mutex::default(),
            over: Notify::new(),
        });
        if std::mem::take(&mut first) {
            // Whoever started us waits for this line.
            let _ = writeln!(std::io::stdout(), "http://{address}/mcp");
        }
        tokio::select! {
            never = accept(&life, &listener) => match never {},
            () = life.over.notified() => {}
        }
        // The connections went with `accept`; the listener goes now.
        drop(listener);
        tokio::time::sleep(AWAY).await;
    }
}

async fn accept(life: &Arc<Life>, listener: &TcpListener) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(Arc::clone(life), stream));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(life: Arc<Life>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        if life
            .serve(&mut stream, &request)
            .await
            .unwrap_or(Then::Close)
            == Then::Close
        {
            return;
        }
    }
}

/// The next request; `None` where there is none, or none that can be read.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let method = line.split(' ').next()?.to_owned();
    let mut headers = HashMap::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        method,
        headers,
        body,
    })
}

impl Life {
    async fn serve(
        &self,
        stream: &mut BufReader<TcpStream>,
        request: &Request,
    ) -> std::io::Result<Then> {
        if request.method != "POST" {
            // No stream to push on; sessions end without ado.
            return status(stream, if request.method == "DELETE" { 200 } else { 405 }).await;
        }
        let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let method = message["method"].as_str().unwrap_or_default();
        let legacy = self.chaos.shared.options.era == Era::Legacy;
        if legacy && !matches!(method, "initialize" | "server/discover") && !self.knows(request) {
            return status(stream, 404).await;
        }
        match method {
            "tools/call" => self.call(stream, &message["id"], &message["params"]).await,
            "notifications/cancelled" => {
                self.chaos.cancelled(&message["params"]);
                status(stream, 202).await
            }
            _ => match self.chaos.answer(&message) {
                Some(answer) if method == "initialize" && legacy => {
                    let session = self.open_session();
                    let header = format!("Mcp-Session-Id: {session}\r\n");
                    body(stream, JSON, &header, answer.as_bytes()).await
                }
                Some(answer) => body(stream, JSON, "", answer.as_bytes()).await,
                None => status(stream, 202).await,
            },
        }
    }

    fn knows(&self, request: &Request) -> bool {
        let session = request.headers.get("mcp-session-id");
        let sessions = self.sessions.lock().expect("not poisoned");
        session.is_some_and(|session| sessions.contains(session))
    }

    fn open_session(&self) -> String {
        let mut sessions = self.sessions.lock().expect("not poisoned");
        let name = format!(
            "{}-{:016x}",
            self.chaos.shared.incarnation,
            fastrand::u64(..)
        );
        sessions.insert(name.clone());
        name
    }

    async fn call(
        &self,
        stream: &mut BufReader<TcpStream>,
        id: &Value,
        params: &Value,
    ) -> std::io::Result<Then> {
        let work = self.chaos.work(params);
        if work.hold {
            return self.hold(stream, id, &work).await;
        }
        let answer = self.chaos.echo(id, &work);
        match work.fault {
            Some(fault) => self.commit(fault, stream, id, params, &work).await,
            None => body(stream, JSON, "", answer.as_bytes()).await,
        }
    }

    /// In the legacy era a notification cancels, in the modern one the end of the connection.
    async fn hold(
        &self,
        stream: &mut BufReader<TcpStream>,
        id: &Value,
        work: &Work,
    ) -> std::io::Result<Then> {
        let modern = self.chaos.shared.options.era == Era::Modern;
        let gone = async {
            // Nobody sends a second request before the answer to the first: what can be read is the end.
            let end = stream.fill_buf().await.map_or(0, <[u8]>::len);
            if !modern || end > 0 {
                std::future::pending::<()>().await;
            }
        };
        self.chaos.hold(id, work, gone).await;
        body(stream, JSON, "", self.chaos.echo(id, work).as_bytes()).await
    }

    async fn commit(
        &self,
        fault: Fault,
        stream: &mut BufReader<TcpStream>,
        id: &Value,
        params: &Value,
        work: &Work,
    ) -> std::io::Result<Then> {
        let answer = self.chaos.echo(id, work);
        let whole = answer.as_bytes();
        let head = head_of(200, JSON, &format!("Content-Length: {}\r\n", whole.len()));
        match fault {
            Fault::Reset => {
                stream.get_ref().set_zero_linger()?;
                Ok(Then::Close)
            }
            Fault::Status500 => status(stream, 500).await,
            Fault::Status503 => status(stream, 503).await,
            Fault::Status429 => {
                let head = head_of(429, "text/plain", "Retry-After: 1\r\nContent-Length: 0\r\n");
                stream.write_all(head.as_bytes()).await?;
                Ok(Then::Next)
            }
            Fault::Forgotten => {
                self.sessions.lock().expect("not poisoned").clear();
                status(stream, 404).await
            }
            Fault::HalfBody => {
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&whole[..whole.len() / 2]).await?;
                Ok(Then::Close)
            }
            Fault::HalfHead => {
                stream.write_all(&head.as_bytes()[..head.len() / 2]).await?;
                Ok(Then::Close)
            }
            Fault::HalfStream => {
                let mut events = Events::begin(stream).await?;
                events.write(b": here it comes\n\n").await?;
                events.event(&answer[..answer.len() / 2]).await?;
                events.end().await
            }
            Fault::StreamNoise => {
                let mut events = Events::begin(stream).await?;
                events.write(b": a comment\r\n\r\n:\n\n").await?;
                events
                    .write(b"event: other\ndata: {}\n\nid: 7\n\nretry: 5\n\n")
                    .await?;
                events.event(&answer).await?;
                events.end().await
            }
            Fault::Redirect => {
                // Nobody listens at port 1.
                let more = "Location: http://127.0.0.1:1/mcp\r\nContent-Length: 0\r\n";
                let head = head_of(307, "text/plain", more);
                stream.write_all(head.as_bytes()).await?;
                Ok(Then::Next)
            }
            Fault::Page => body(stream, "text/html", "", b"<html>Please log in</html>").await,
            Fault::Accepted => status(stream, 202).await,
            Fault::Refused => {
                self.over.notify_one();
                std::future::pending().await
            }
            Fault::Hang => {
                // Until whoever asked is gone.
                stream.fill_buf().await?;
                Ok(Then::Close)
            }
            Fault::Late => {
                tokio::time::sleep(TOO_LONG).await;
                body(stream, JSON, "", whole).await
            }
            Fault::Twice => {
                let mut events = Events::begin(stream).await?;
                events.event(&answer).await?;
                events.event(&answer).await?;
                events.end().await
            }
            Fault::WrongIds => {
                let mut events = Events::begin(stream).await?;
                for wrong in self.chaos.wrong(id, work) {
                    events.event(&wrong).await?;
                }
                events.event(&answer).await?;
                events.end().await
            }
            Fault::ProgressFlood => {
                let mut events = Events::begin(stream).await?;
                for n in 1..=2_000 {
                    if let Some(line) = progress(params, n) {
                        events.event(&line).await?;
                    }
                }
                events.event(&answer).await?;
                events.end().await
            }
            Fault::ProgressForever => {
                let mut events = Events::begin(stream).await?;
                for n in 1..=600 {
                    match progress(params, n) {
                        Some(line) => events.event(&line).await?,
                        None => events.write(b": still here\n\n").await?,
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Ok(Then::Close)
            }
            Fault::Neither => {
                let text = format!(r#"{{"jsonrpc":"2.0","id":{id}}}"#);
                body(stream, JSON, "", text.as_bytes()).await
            }
            Fault::Number => {
                let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":7}}"#);
                body(stream, JSON, "", text.as_bytes()).await
            }
            Fault::Trickle => {
                for byte in head.as_bytes().iter().chain(whole) {
                    stream.write_all(&[*byte]).await?;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                Ok(Then::Next)
            }
            Fault::Large => {
                let text = self.chaos.large(id, work, LARGE);
                body(stream, JSON, "", text.as_bytes()).await
            }
            Fault::TooLarge => {
                let text = self.chaos.large(id, work, 2 * MAX_MESSAGE);
                body(stream, JSON, "", text.as_bytes()).await
            }
            Fault::Refuse => body(stream, JSON, "", Chaos::refusal(id, work).as_bytes()).await,
            // On the way, or of programs: the answer is as it should be.
            _ => body(stream, JSON, "", whole).await,
        }
    }
}

fn head_of(status: u16, kind: &str, more: &str) -> String {
    format!("HTTP/1.1 {status} Chaos\r\nContent-Type: {kind}\r\n{more}\r\n")
}

async fn status(stream: &mut BufReader<TcpStream>, status: u16) -> std::io::Result<Then> {
    let head = head_of(status, "text/plain", "Content-Length: 0\r\n");
    stream.write_all(head.as_bytes()).await?;
    Ok(Then::Next)
}

async fn body(
    stream: &mut BufReader<TcpStream>,
    kind: &str,
    more: &str,
    bytes: &[u8],
) -> std::io::Result<Then> {
    let length = format!("{more}Content-Length: {}\r\n", bytes.len());
    let mut whole = head_of(200, kind, &length).into_bytes();
    whole.extend_from_slice(bytes);
    stream.write_all(&whole).await?;
    Ok(Then::Next)
}

/// An event stream, in chunks.
struct Events<'s> {
    stream: &'s mut BufReader<TcpStream>,
}

impl<'s> Events<'s> {
    async fn begin(stream: &'s mut BufReader<TcpStream>) -> std::io::Result<Self> {
        let head = head_of(200, EVENTS, "Transfer-Encoding: chunked\r\n");
        stream.write_all(head.as_bytes()).await?;
        Ok(Self { stream })
    }

    async fn event(&mut self, data: &str) -> std::io::Result<()> {
        self.write(format!("event: message\ndata: {data}\n\n").as_bytes())
            .await
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.stream.write_all(&chunk).await
    }

    async fn end(self) -> std::io::Result<Then> {
        self.stream.write_all(b"0\r\n\r\n").await?;
        Ok(Then::Next)
    }
}
