//! A program with a command line of its own, of which being an MCP server is a part.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin command -- mcp call price article=jam
//! ```

use std::io::{self, Write};
use std::process::ExitCode;

use mcp_compose::cli::clap::{self, CommandFactory, Parser};
use mcp_compose::prelude::*;
use mcp_compose::{cli, compose};

/// A shop.
#[derive(Parser)]
#[command(name = "command")]
struct Arguments {
    /// What everything costs more, in percent.
    #[arg(long, global = true, default_value_t = 0)]
    surcharge: u32,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the price list.
    Prices,
    /// Be an MCP server, or look at it.
    Mcp(cli::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let shop = Shop {
        surcharge: arguments.surcharge,
    };
    match arguments.command {
        Command::Prices => {
            let line = format!("jam {}\n", shop.price("jam".to_owned()));
            match io::stdout().write_all(line.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Command::Mcp(mcp) => {
            let composition = compose! { name = "shop", _: shop };
            // `install` has clients start `command mcp --stdio`.
            mcp.run_in(composition, Arguments::command(), &["mcp"])
                .await
        }
    }
}

struct Shop {
    surcharge: u32,
}

#[mcp_server]
impl Shop {
    /// Tell what an article costs, in cents.
    #[tool(read_only)]
    fn price(
        &self,
        /// What it is called.
        article: String,
    ) -> u32 {
        let letters = u32::try_from(article.len()).unwrap_or(u32::MAX);
        letters.saturating_mul(100 + self.surcharge)
    }
}
