//! What a method knows besides its arguments: state, headers, who calls, and a type of one's own that is made from a call.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin extractors -- --http 127.0.0.1:8808
//! ```

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use mcp_compose::prelude::*;
use mcp_compose::{Call, ClientInfo, Extension, FromCall, Headers, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // As with the other examples: `--http ADDRESS`.
    let address = std::env::args().nth(2);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let router = serve(Desk::default()).into_router()?;
    // What a layer finds out about a request, methods are given.
    let router = router.layer(from_fn(async |mut request: Request, next: Next| {
        let users = request.headers().get("x-user").cloned();
        let name = users.and_then(|name| name.to_str().map(str::to_owned).ok());
        request.extensions_mut().insert(User {
            name: name.unwrap_or("nobody".into()),
        });
        next.run(request).await
    }));
    eprintln!("serving on http://{}/mcp", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

#[derive(Clone)]
struct User {
    name: String,
}

/// The language that is asked for: a parameter of this type is no argument.
struct Language(String);

impl FromCall for Language {
    fn from_call(call: &Call) -> Result<Self> {
        let asked = call.header("accept-language").unwrap_or("en");
        match asked.get(..2) {
            Some(language @ ("en" | "de")) => Ok(Language(language.to_owned())),
            _ => Err(ToolError::new(format!("nobody here speaks {asked}"))),
        }
    }
}

#[derive(Default)]
struct Desk {
    visits: AtomicU32,
}

/// A front desk.
#[mcp_server]
impl Desk {
    /// Greet whoever comes.
    #[tool(read_only)]
    fn greet(&self, user: Extension<User>, language: Language, polite: bool) -> String {
        let greeting = if language.0 == "de" {
            "Guten Tag"
        } else {
            "Hello"
        };
        let title = if polite { "dear " } else { "" };
        format!("{greeting}, {title}{}", user.name)
    }

    /// Count visits; the state can be shared with what outlives the call.
    #[tool(destructive = false)]
    fn visit(self: &Arc<Self>, client: ClientInfo, headers: Headers) -> String {
        let visits = self.visits.fetch_add(1, Ordering::Relaxed) + 1;
        let from = headers.get("x-city").unwrap_or("somewhere");
        format!("{visits}: {} from {from}", client.name())
    }
}
