//! Three servers in one, with nothing to install: notes of its own, dice in a child process, and
//! weather over HTTP.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin hello -- --http 127.0.0.1:8808
//! cargo run -p mcp-compose-examples --bin hello -- call dice_roll '{"count": 2}'
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use mcp_compose::compose;
use mcp_compose::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::net::TcpListener;

/// The argument that makes this program its own child.
const DICE: &str = "as-dice";

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some(DICE) {
        compose! { name = "dice", _: Dice }.serve_stdio().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let weather = serve_weather().await?;
    let composition = compose! {
        name = "hello",
        title = "Hello",
        _: Notes::default(),
        dice: stdio(std::env::current_exe()?, DICE),
        weather: http(weather),
    };
    Ok(composition.run().await)
}

/// Serves the weather on a free port of this machine, and says where.
async fn serve_weather() -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    let router = compose! { name = "weather", _: Weather }.into_router()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

#[derive(Default)]
struct Notes {
    notes: Mutex<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
struct Note {
    id: usize,
    text: String,
}

/// Keeps notes for as long as it runs.
#[mcp_server]
impl Notes {
    /// Write a note down.
    #[tool(destructive = false)]
    fn add_note(
        &self,
        /// What to remember.
        text: String,
    ) -> Note {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(text.clone());
        Note {
            id: notes.len(),
            text,
        }
    }

    /// One note.
    #[resource("note://{id}")]
    fn note(&self, id: usize) -> Result<String> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let note = id.checked_sub(1).and_then(|at| notes.get(at));
        note.cloned()
            .ok_or_else(|| ToolError::new(format!("no note {id}")))
    }

    /// Turn the notes into a plan.
    #[prompt]
    fn plan(
        &self,
        /// What the plan is for.
        goal: String,
    ) -> String {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        format!(
            "Make a plan for {goal} from these notes:\n{}",
            notes.join("\n")
        )
    }
}

struct Dice;

/// Rolls dice.
#[mcp_server]
impl Dice {
    /// Roll dice, one after the other.
    #[tool(read_only)]
    async fn roll(
        &self,
        ctx: &Ctx,
        /// How many dice.
        #[default = 1]
        count: u8,
        /// How many sides each has.
        #[default = 6]
        sides: u8,
    ) -> Result<Vec<u8>> {
        if sides == 0 {
            return Err(ToolError::new("a die has at least one side"));
        }
        let mut rolled = Vec::new();
        for die in 1..=count {
            rolled.push(random() % sides + 1);
            ctx.progress(die, count).await;
        }
        Ok(rolled)
    }
}

/// A random byte, from the keys that every hash map of the standard library gets.
fn random() -> u8 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0_u8).to_le_bytes()[0]
}

struct Weather;

#[derive(Serialize, JsonSchema)]
struct Forecast {
    city: String,
    /// In degrees Celsius, a day each.
    temperatures: Vec<i8>,
}

/// Made-up weather.
#[mcp_server]
impl Weather {
    /// The temperatures of the next days.
    #[tool(read_only)]
    fn forecast(
        &self,
        /// A city.
        city: String,
        /// How many days; a week if left out.
        days: Option<u8>,
    ) -> Forecast {
        let days = i8::try_from(days.unwrap_or(7).min(14)).unwrap_or(14);
        let first = city
            .bytes()
            .fold(0_i8, |sum, byte| (sum + (byte % 30) as i8) % 30);
        Forecast {
            city,
            temperatures: (0..days).map(|day| first + day % 3).collect(),
        }
    }

    /// How temperatures are shown.
    #[resource("app://settings", mime = "application/json")]
    fn settings(&self) -> String {
        r#"{"unit": "celsius"}"#.to_owned()
    }
}
