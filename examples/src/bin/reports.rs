//! Tools that call children, by a struct of handles; what a child asks meanwhile is asked of whoever called the tool.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin reports -- call report '{"month": "May"}'
//! ```

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use mcp_compose::prelude::*;
use mcp_compose::{args, compose, serve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("as-sales") {
        serve(Sales).stdio().await?;
        return Ok(ExitCode::SUCCESS);
    }
    // Nothing runs yet: children start when they are needed.
    let backend = Backend::new(&std::env::current_exe()?);
    let reports = Reports {
        backend: backend.clone(),
    };
    let composition = compose! { name = "reports", _: reports, ..backend };
    Ok(composition.run().await)
}

compose! {
    struct Backend(program: &Path) {
        sales: stdio(program, "as-sales"),
        rates: Rates,
    }
}

struct Reports {
    backend: Backend,
}

#[derive(Serialize, JsonSchema)]
struct Report {
    month: String,
    total: f64,
}

/// Reports about sales.
#[mcp_server]
impl Reports {
    /// Tell what was sold in a month, in a currency.
    #[tool(read_only)]
    async fn report(&self, month: String, #[default = "EUR"] currency: String) -> Result<Report> {
        let Backend { sales, rates, .. } = &self.backend;
        let sold: Vec<f64> = sales.call_as("query", args! { month: &month }).await?;
        let rate: f64 = rates.call_as("rate", args! { currency }).await?;
        let total = sold.iter().sum::<f64>() * rate;
        Ok(Report { month, total })
    }
}

struct Sales;

#[derive(Deserialize, JsonSchema)]
struct Reason {
    why: String,
}

#[mcp_server]
impl Sales {
    /// All sales of a month, for those who say why they want to know.
    #[tool(read_only)]
    async fn query(&self, ctx: &Ctx, month: String) -> Result<Vec<f64>> {
        let question = format!("Why do you ask about {month}?");
        let reason = ctx.elicit::<Reason>("reason", question).await?;
        let told = reason.is_some_and(|reason| !reason.why.is_empty());
        told.then(|| vec![20.0, 30.0])
            .ok_or_else(|| ToolError::new("sales are secret"))
    }
}

struct Rates;

#[mcp_server]
impl Rates {
    /// What a currency is worth.
    #[tool(read_only)]
    fn rate(&self, currency: String) -> f64 {
        if currency == "EUR" { 1.0 } else { 1.5 }
    }
}
