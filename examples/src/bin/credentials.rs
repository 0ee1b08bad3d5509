//! Credentials for each request to an HTTP child, from a provider that fetches them. Here the child takes each token once.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin credentials -- call vault_open
//! ```

use std::collections::HashSet;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use mcp_compose::child::{CallerInfo, HeaderMap};
use mcp_compose::prelude::*;
use mcp_compose::{compose, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let vault = serve_vault().await?;
    let issued = Arc::new(AtomicU32::new(0));
    let composition = compose! {
        name = "credentials",
        vault: http(vault).auth(move |_: CallerInfo| token(Arc::clone(&issued))),
    };
    Ok(composition.run().await)
}

/// Asked for each request: a real provider fetches a token here, and keeps it for as long as it lasts.
async fn token(issued: Arc<AtomicU32>) -> io::Result<HeaderMap> {
    let number = issued.fetch_add(1, Ordering::Relaxed);
    let token = format!("Bearer token-{number}");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", token.parse().map_err(io::Error::other)?);
    Ok(headers)
}

async fn serve_vault() -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    let used = Arc::new(tokio::sync::Mutex::new(HashSet::new()));
    let router = serve(Vault).into_router()?;
    let router = router.layer(from_fn_with_state(used, check));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

type Used = State<Arc<tokio::sync::Mutex<HashSet<String>>>>;

/// Lets a request pass whose token was never seen before.
async fn check(State(used): Used, request: Request, next: Next) -> Response {
    let token = request.headers().get("authorization");
    let token = token.and_then(|token| token.to_str().ok());
    let Some(token) = token.and_then(|token| token.strip_prefix("Bearer token-")) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    // False for one that is in it already.
    if !used.lock().await.insert(token.to_owned()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

struct Vault;

#[mcp_server]
impl Vault {
    /// Tell the secret.
    #[tool(read_only)]
    fn open(&self) -> &'static str {
        "The cake is in the fridge."
    }
}
