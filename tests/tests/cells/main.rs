//! The table of cells: {legacy, modern} clients x {legacy, modern} children x {stdio, HTTP} x ten features, 80 in all,
//! each with every pair of third-party peers that speaks its eras. `docs/cells.md` is what is found here.

mod bed;
mod table;

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::clients::{Client, Target};
use serde_json::{Value, json};

use crate::bed::{Bed, CLIENTS, Child, Era, visit};
use crate::table::Found;

const DIRECTLY: &str = "no front";
const ON_HTTP: &str = "HTTP";
const ON_STDIO: &str = "stdio";

/// Clients that also start the aggregator themselves: one of each era, because each start is one of all its children.
const ON_STDIO_TOO: [Client; 2] = [Client::PythonLegacy, Client::Ts2Modern];

fn fronts_of(client: Client) -> &'static [&'static str] {
    if ON_STDIO_TOO.contains(&client) {
        &[ON_HTTP, ON_STDIO]
    } else {
        &[ON_HTTP]
    }
}

/// The peers themselves: every check passes where no aggregator is in between.
#[tokio::test]
async fn every_check_passes_directly() {
    let bed = Bed::new().await;
    let mut found = Found::default();
    let mut pairs = Vec::new();
    for client in CLIENTS {
        let spoken: Vec<&Child> = bed
            .children
            .iter()
            .filter(|child| child.era == Era::of(client))
            .collect();
        let targets: Vec<Value> = spoken.iter().map(|child| child.direct()).collect();
        found.add(DIRECTLY, client, visit(client, &targets).await);
        pairs.extend(spoken.into_iter().map(|child| (client, child)));
    }
    let failures = found.failures(|_| &[DIRECTLY], &pairs);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test]
async fn every_cell() {
    let bed = Bed::new().await;
    let config = bed.children.iter().fold(Config::new(), |config, child| {
        config.child(&child.label, child.entry())
    });
    let exposed: Vec<Value> = bed.children.iter().map(Child::exposed).collect();
    let mut found = Found::default();

    let aggregator = Aggregator::http(&config).await;
    for client in CLIENTS {
        let target = json!({ "url": aggregator.url, "children": exposed });
        found.add(ON_HTTP, client, visit(client, &[target]).await);
    }
    for client in ON_STDIO_TOO {
        // It keeps the file of the configuration, so it lives as long as the client.
        let command = StdioCommand::new(&config);
        let Target::Command(words) = command.target() else {
            unreachable!("it is a command")
        };
        let target = json!({ "command": words, "children": exposed });
        found.add(ON_STDIO, client, visit(client, &[target]).await);
    }

    let pairs: Vec<_> = CLIENTS
        .into_iter()
        .flat_map(|client| bed.children.iter().map(move |child| (client, child)))
        .collect();
    let failures = found.failures(fronts_of, &pairs);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    found.documented(fronts_of, &bed.children);
}

/// What children ask and tell reaches the client of a typed server that calls them, as if it were the server's own.
#[tokio::test]
async fn calls_between() {
    let bed = Bed::new().await;
    let inner = |child: &Child| format!("of-{}", child.label);
    let config = bed.children.iter().fold(Config::new(), |config, child| {
        config.child(&inner(child), child.entry())
    });
    let exposed: Vec<Value> = bed
        .children
        .iter()
        .map(|child| child.called(&inner(child)))
        .collect();
    let program = env!("CARGO_BIN_EXE_calls_between");
    let aggregator = Aggregator::of_program(program, &config).await;
    let mut found = Found::default();
    for client in CLIENTS {
        let target = json!({ "url": aggregator.url, "children": exposed });
        found.add(ON_HTTP, client, visit(client, &[target]).await);
    }
    let pairs: Vec<_> = CLIENTS
        .into_iter()
        .flat_map(|client| bed.children.iter().map(move |child| (client, child)))
        .collect();
    let lacks = ["list_changed", "subscribe", "complete"];
    let failures = found.failures_but(&lacks, |_| &[ON_HTTP], &pairs);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
