//! Three servers in one, with nothing to install: notes of its own, dice in a child process, and weather over HTTP.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin hello -- --http 127.0.0.1:8808
//! cargo run -p mcp-compose-examples --bin hello -- call dice_roll '{"count": 2}'
//! ```

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

use mcp_compose::prelude::*;
use mcp_compose::{compose, serve};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // This program is its own child: with that argument it serves the dice only.
    if std::env::args().nth(1).as_deref() == Some("as-dice") {
        serve(Dice).stdio().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let weather = format!("http://{}/mcp", listener.local_addr()?);
    let router = serve(Weather).into_router()?;
    tokio::spawn(async move { axum::serve(listener, router).await });

    let composition = compose! {
        name = "hello",
        _: Notes::default(),
        dice: stdio(std::env::current_exe()?, "as-dice"),
        weather: http(weather),
    };
    Ok(composition.run().await)
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

/// Keeps notes for as long as it runs.
#[mcp_server]
impl Notes {
    /// Write a note down; returns its number.
    #[tool(destructive = false)]
    async fn add_note(&self, text: String) -> usize {
        let mut notes = self.0.lock().await;
        notes.push(text);
        notes.len()
    }

    /// All notes.
    #[resource("note://all", mime = "text/plain")]
    async fn all(&self) -> String {
        self.0.lock().await.join("\n")
    }
}

struct Dice;

#[mcp_server]
impl Dice {
    /// Roll dice with six sides.
    #[tool(read_only)]
    fn roll(&self, #[default = 1] count: u8) -> Vec<u64> {
        let random = |_| RandomState::new().hash_one(0) % 6 + 1;
        (0..count).map(random).collect()
    }
}

struct Weather;

#[mcp_server]
impl Weather {
    /// Tell the weather in a city.
    #[tool(read_only)]
    fn forecast(&self, city: String) -> String {
        format!("sunny in {city}, as always")
    }

    /// How temperatures would be shown.
    #[resource("app://settings", mime = "application/json")]
    fn settings(&self) -> &'static str {
        r#"{"unit": "celsius"}"#
    }
}
