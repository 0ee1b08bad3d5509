//! What was found, cell by cell, and the page that says so.

use std::collections::BTreeMap;
use std::fmt::Write;

use mcp_compose_tests::clients::Client;
use mcp_compose_tests::peers::workspace;

use crate::bed::{CLIENTS, Check, Child, Era, Transport, sdk_of};

/// The page, and the variable that has it written anew.
const PAGE: &str = "docs/cells.md";
const OVERWRITE: &str = "CELLS";

/// The features of the table: the name of its check, and what it is about.
const FEATURES: [(&str, &str); 10] = [
    (
        "sampling",
        "the child has the client's model say something, in the middle of a call",
    ),
    (
        "form",
        "the child has the user fill in a form; accepted, and declined",
    ),
    ("url", "the child sends the user to a page"),
    ("roots", "the child asks for the client's roots"),
    (
        "progress",
        "a call reports progress, in order and before its result",
    ),
    ("log", "a call logs something, and the client asked for it"),
    ("cancel", "a call is cancelled, and the child hears of it"),
    (
        "list_changed",
        "the child has a new tool; the client is told, lists it and calls it",
    ),
    (
        "subscribe",
        "a resource changes; the client that subscribed is told once, under the exposed URI",
    ),
    ("complete", "the argument of a prompt is completed"),
];

/// The fronts that a client is tried on.
type Fronts = fn(Client) -> &'static [&'static str];

/// What an aggregator was asked for, by the way in which its clients reach it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    checks: BTreeMap<(String, String, String, &'static str), Check>,
}

impl Found {
    pub(crate) fn add(&mut self, front: &'static str, client: Client, checks: Vec<Check>) {
        for check in checks {
            let key = (
                format!("{client:?}"),
                check.child.clone(),
                check.check.clone(),
                front,
            );
            self.checks.insert(key, check);
        }
    }

    /// What is wrong with a feature between these two on a front, if anything is.
    fn problem(
        &self,
        front: &'static str,
        client: Client,
        child: &Child,
        feature: &str,
    ) -> Option<String> {
        let key = (
            format!("{client:?}"),
            child.label.clone(),
            feature.to_owned(),
            front,
        );
        let problem = match self.checks.get(&key) {
            Some(check) if check.ok => return None,
            Some(check) => &check.detail,
            None => "was not tried",
        };
        Some(format!(
            "{client:?} on {front}, {}, {feature}: {problem}",
            child.label
        ))
    }

    /// What does not work, one line for each pair of peers on each front.
    pub(crate) fn failures(&self, fronts: Fronts, pairs: &[(Client, &Child)]) -> Vec<String> {
        self.failures_but(&[], fronts, pairs)
    }

    /// The same, where some features were not looked at.
    pub(crate) fn failures_but(
        &self,
        passed_over: &[&str],
        fronts: Fronts,
        pairs: &[(Client, &Child)],
    ) -> Vec<String> {
        let connecting = self
            .checks
            .values()
            .filter(|check| check.check == "connect")
            .map(|check| format!("{}: {}", check.child, check.detail));
        let trying = FEATURES
            .iter()
            .filter(|(feature, _)| !passed_over.contains(feature))
            .flat_map(|(feature, _)| self.troubles(fronts, pairs, feature));
        connecting.chain(trying).collect()
    }

    fn troubles(
        &self,
        fronts: Fronts,
        pairs: &[(Client, &Child)],
        feature: &'static str,
    ) -> Vec<String> {
        let tried = pairs
            .iter()
            .filter(|(_, child)| !child.lacks.contains(&feature));
        tried
            .flat_map(|(client, child)| {
                fronts(*client)
                    .iter()
                    .filter_map(|front| self.problem(front, *client, child, feature))
            })
            .collect()
    }

    /// Compares the page with what was found, or writes it anew where the environment wants that.
    pub(crate) fn documented(&self, fronts: Fronts, children: &[Child]) {
        let page = self.page(fronts, children);
        let path = workspace().join(PAGE);
        if std::env::var(OVERWRITE).is_ok_and(|value| value == "overwrite") {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == page,
            "{PAGE} is not what was found: run this test with {OVERWRITE}=overwrite, and read the difference"
        );
    }

    fn page(&self, fronts: Fronts, children: &[Child]) -> String {
        let mut page = String::from(HEAD);
        let columns: Vec<(Era, Era, Transport)> = Era::ALL
            .into_iter()
            .flat_map(|client| Era::ALL.into_iter().map(move |child| (client, child)))
            .flat_map(|(client, child)| {
                Transport::ALL
                    .into_iter()
                    .map(move |by| (client, child, by))
            })
            .collect();
        let heads = columns.iter().map(|(client, child, by)| {
            format!("{} → {}, {}", client.name(), child.name(), by.name())
        });
        writeln!(page, "| | {} |", heads.collect::<Vec<_>>().join(" | ")).expect("text grows");
        writeln!(page, "| --- |{}", " --- |".repeat(columns.len())).expect("text grows");
        for (feature, _) in FEATURES {
            write!(page, "| `{feature}` |").expect("text grows");
            for column in &columns {
                let tried = pairs(children, *column);
                let works = tried
                    .iter()
                    .any(|(_, child)| !child.lacks.contains(&feature))
                    && self.troubles(fronts, &tried, feature).is_empty();
                page.push_str(if works { " yes |" } else { " **no** |" });
            }
            page.push('\n');
        }
        page.push_str("\n| | |\n| --- | --- |\n");
        for (feature, what) in FEATURES {
            writeln!(page, "| `{feature}` | {what} |").expect("text grows");
        }
        page.push_str("\n## Who tried it\n\n");
        page.push_str("| client → child | clients | children |\n| --- | --- | --- |\n");
        for client in Era::ALL {
            for child in Era::ALL {
                let tried: Vec<_> = Transport::ALL
                    .into_iter()
                    .flat_map(|by| pairs(children, (client, child, by)))
                    .collect();
                let mut clients: Vec<_> = tried.iter().map(|(client, _)| sdk_of(*client)).collect();
                let mut servers: Vec<_> = tried.iter().map(|(_, child)| child.sdk).collect();
                for names in [&mut clients, &mut servers] {
                    names.sort_unstable();
                    names.dedup();
                }
                writeln!(
                    page,
                    "| {} → {} | {} | {} |",
                    client.name(),
                    child.name(),
                    clients.join(", "),
                    servers.join(", ")
                )
                .expect("text grows");
            }
        }
        page.push_str(TAIL);
        page
    }
}

/// The clients and children of one column.
fn pairs(children: &[Child], (client, child, by): (Era, Era, Transport)) -> Vec<(Client, &Child)> {
    let clients = CLIENTS
        .into_iter()
        .filter(|known| Era::of(*known) == client);
    clients
        .flat_map(|client| children.iter().map(move |child| (client, child)))
        .filter(|(_, known)| known.era == child && known.transport == by)
        .collect()
}

const HEAD: &str = "\
# What works between the eras

Each cell is tried with every pair of third-party clients and children that speak its eras, through the real binary, with
the clients on HTTP, and one client of each era on stdio as well. This page is what `tests/tests/cells` found, which fails
when it finds anything else.

*Legacy* is 2024-11-05 to 2025-11-25, with `initialize`; *modern* is 2026-07-28. `legacy → modern, HTTP`: a legacy client
calls a modern child that is reached over HTTP.

";

const TAIL: &str = "
No cell needed a client or a child of ours. FastMCP is tried over stdio as a legacy child and over HTTP as a modern one;
it has no subscriptions, and tells of changes in the legacy era only.

## What the protocol does not have

These are no cells, because one of the two eras has no word for them:

- **A modern client is not told that a page was done with.** 2026-07-28 has neither `elicitationId` nor
  `notifications/elicitation/complete`; the outcome shows when the call is made again. A legacy client of a modern child
  is given an `elicitationId` of ours, and told that it is complete when the call is.
- **A modern client cannot say that its roots changed.** 2026-07-28 has no `notifications/roots/list_changed`; a child
  learns of it when it asks again.
- **A modern child or client has no questions outside of `tools/call`, `prompts/get` and `resources/read`.** A legacy child
  that asks during `completion/complete` or a list, for a modern client, is refused.
- **A modern client hears log messages only during its own requests.** 2026-07-28 has no `logging/setLevel`; what a legacy
  child logs while no request runs that asked for it goes to our own log.
- **A modern client is told of changes only while it listens** (`subscriptions/listen`).
- **A legacy client of a revision before 2025-06-18 has no forms, and before 2025-11-25 no URLs.** It declares neither, and
  the child is told so.
";

#[test]
fn what_failed_and_what_was_not_tried_is_told() {
    let children = [Child::planted("good"), Child::planted("bad")];
    let mut found = Found::default();
    for child in &children {
        let checks = FEATURES.iter().map(|(feature, _)| Check {
            child: child.label.clone(),
            check: (*feature).to_owned(),
            ok: child.label == "good" || *feature != "form",
            detail: "as planted".to_owned(),
        });
        let tried = checks.filter(|check| child.label == "good" || check.check != "url");
        found.add("HTTP", Client::Ts1, tried.collect());
    }
    let pairs = [(Client::Ts1, &children[0]), (Client::Ts1, &children[1])];
    assert_eq!(
        found.failures(|_| &["HTTP"], &pairs),
        [
            "Ts1 on HTTP, bad, form: as planted",
            "Ts1 on HTTP, bad, url: was not tried"
        ]
    );
    assert!(found.page(|_| &["HTTP"], &children).contains("**no**"));
}
