//! Without macros for the composition: a connection of one's own as a child, and an HTTP child
//! that wants a fresh token for every request.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin low_level -- list
//! ```

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use mcp_compose::Composition;
use mcp_compose::child::{CallerInfo, HeaderMap, Transport, http, session};
use mcp_compose::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let tokens = Arc::new(Tokens::default());
    let vault = serve_vault(Arc::clone(&tokens)).await?;
    let counter = TcpConnection::open(serve_counter().await?).await?;

    let composition = Composition::builder()
        .name("low-level")
        .version(env!("CARGO_PKG_VERSION"))
        .child("counter", session(counter))
        .child(
            "vault",
            http(vault).auth(move |caller: CallerInfo| {
                let tokens = Arc::clone(&tokens);
                async move { tokens.headers(&caller) }
            }),
        )
        .build();
    Ok(composition.run().await)
}

// --- a connection of one's own: JSON-RPC over TCP, a message a line

struct TcpConnection {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

impl TcpConnection {
    async fn open(address: std::net::SocketAddr) -> io::Result<Self> {
        let (reader, writer) = TcpStream::connect(address).await?.into_split();
        Ok(TcpConnection {
            lines: BufReader::new(reader).lines(),
            writer,
        })
    }
}

impl Transport for TcpConnection {
    async fn send(&mut self, message: String) -> io::Result<()> {
        self.writer.write_all(message.as_bytes()).await?;
        self.writer.write_all(b"\n").await
    }

    async fn receive(&mut self) -> io::Result<Option<String>> {
        // Keeps what it has read of a line when it is dropped.
        self.lines.next_line().await
    }
}

/// Serves a counter to one connection after the other.
async fn serve_counter() -> io::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let mut count = 0;
        while let Ok((stream, _)) = listener.accept().await {
            let (reader, mut writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(request) = serde_json::from_str::<Value>(&line) else {
                    break;
                };
                let Some(answer) = counter(&request, &mut count) else {
                    continue;
                };
                if writer
                    .write_all(format!("{answer}\n").as_bytes())
                    .await
                    .is_err()
                {
                    break;
                }
            }
        }
    });
    Ok(address)
}

/// The least that an MCP server can be.
fn counter(request: &Value, count: &mut u32) -> Option<Value> {
    let id = request.get("id")?;
    let result = match request["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "counter", "version": "1.0.0"},
        }),
        "ping" => json!({}),
        "tools/list" => json!({"tools": [{
            "name": "next",
            "description": "Count one further.",
            "inputSchema": {"type": "object"},
        }]}),
        "tools/call" => {
            *count += 1;
            json!({"content": [{"type": "text", "text": count.to_string()}]})
        }
        _ => {
            let error = json!({"code": -32601, "message": "method not found"});
            return Some(json!({"jsonrpc": "2.0", "id": id, "error": error}));
        }
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

// --- a server that takes each token once

#[derive(Default)]
struct Tokens {
    made: AtomicU32,
    unused: Mutex<Vec<String>>,
}

impl Tokens {
    /// What a request carries; a real provider would fetch a token here, and keep it for as long
    /// as it lasts.
    fn headers(&self, caller: &CallerInfo) -> io::Result<HeaderMap> {
        let token = format!(
            "Bearer {}-{}",
            caller.child,
            self.made.fetch_add(1, Ordering::Relaxed)
        );
        let mut headers = HeaderMap::new();
        headers.insert("authorization", token.parse().map_err(io::Error::other)?);
        self.unused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(token);
        Ok(headers)
    }

    fn redeem(&self, token: &str) -> bool {
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let at = unused.iter().position(|known| known == token);
        at.map(|at| unused.swap_remove(at)).is_some()
    }
}

async fn check(State(tokens): State<Arc<Tokens>>, request: Request, next: Next) -> Response {
    let token = request
        .headers()
        .get("authorization")
        .and_then(|token| token.to_str().ok());
    if token.is_some_and(|token| tokens.redeem(token)) {
        return next.run(request).await;
    }
    let mut refused = Response::default();
    *refused.status_mut() = StatusCode::UNAUTHORIZED;
    refused
}

async fn serve_vault(tokens: Arc<Tokens>) -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    let router = Composition::builder()
        .name("vault")
        .local(Vault)
        .build()
        .into_router()?;
    let router = router.layer(middleware::from_fn_with_state(tokens, check));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

struct Vault;

/// Keeps one secret.
#[mcp_server]
impl Vault {
    /// Tell the secret.
    #[tool(read_only)]
    fn open(&self) -> &'static str {
        "The cake is in the fridge."
    }
}
