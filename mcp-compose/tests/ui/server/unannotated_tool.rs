// Clients treat a tool that says nothing as destructive, and ask a person before each call.
// errors: 2
#![deny(deprecated)]

use mcp_compose::mcp_server;

struct Todos;

#[mcp_server]
impl Todos {
    /// Adds.
    #[tool]
    fn add(&self) {}

    /// Counts.
    #[tool(open_world)]
    fn count(&self) -> u8 {
        1
    }

    /// Nobody sees it.
    #[tool(hidden)]
    fn check(&self) {}

    /// It is meant to be so.
    #[tool]
    #[allow(deprecated)]
    fn quiet(&self) {}
}

struct Quiet;

#[mcp_server]
#[allow(deprecated)]
impl Quiet {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
