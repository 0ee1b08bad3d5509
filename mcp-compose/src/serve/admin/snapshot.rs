//! What the status page shows, as it is now.

use std::time::Duration;

use serde_json::Value;

use super::masked;
use crate::child::listing::Kind;
use crate::compose::ChildEra;
use crate::gateway::Gateway;
use crate::gateway::catalog::Catalog;
use crate::gateway::live::name_of;
use crate::handle::{Report, Status};
use crate::observe::snapshot::ChildCalls;
use crate::wire::Object;

/// Names that are longer are cut or refused by some clients.
const PORTABLE_NAME: usize = 64;
/// Bytes of a definition that make about one token of a model.
const BYTES_OF_TOKEN: usize = 4;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Calm,
    Waiting,
    Bad,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Calm => "calm",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
        }
    }
}

/// A child.
#[derive(Debug)]
pub(super) struct ChildRow {
    pub(super) label: String,
    pub(super) state: &'static str,
    pub(super) tone: Tone,
    pub(super) lasting: Duration,
    pub(super) protocol: String,
    pub(super) tools: usize,
    pub(super) in_flight: usize,
    pub(super) calls: ChildCalls,
    pub(super) restarts: u64,
    /// What is wrong now.
    pub(super) wrong: Option<String>,
    /// What went wrong last, where nothing is wrong now.
    pub(super) past: Option<String>,
}

/// An exposed tool.
#[derive(Debug)]
pub(super) struct ToolRow {
    pub(super) name: String,
    pub(super) child: String,
    /// As it is listed.
    pub(super) definition: Value,
    pub(super) bytes: usize,
}

impl ToolRow {
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.definition
            .get(key)?
            .as_str()
            .filter(|text| !text.is_empty())
    }

    /// Whether an annotation of the tool says so; what the specification takes for granted where it says nothing.
    pub(super) fn hint(&self, key: &str, unsaid: bool) -> bool {
        let hint = self
            .definition
            .get("annotations")
            .and_then(|all| all.get(key));
        hint.and_then(Value::as_bool).unwrap_or(unsaid)
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.hint("readOnlyHint", false)
    }

    /// Whether it says that it may destroy something.
    pub(super) fn is_destructive(&self) -> bool {
        !self.is_read_only() && self.hint("destructiveHint", false)
    }
}

/// A connected client.
#[derive(Debug)]
pub(super) struct ClientRow {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) protocol: &'static str,
}

/// What the list of tools costs a client.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) tools: usize,
    pub(super) tokens: usize,
    pub(super) longest: Option<(String, usize)>,
    pub(super) most: usize,
    /// Names that some clients do not take.
    pub(super) too_long: usize,
}

pub(super) fn children(gateway: &Gateway) -> Vec<ChildRow> {
    let children = gateway.served_children();
    children
        .iter()
        .map(|child| {
            let report = Report::of(child);
            let (state, tone, reason) = match report.status {
                Status::Ready => ("Ready", Tone::Good, None),
                Status::Idle => ("Idle", Tone::Calm, None),
                Status::Starting => ("Starting", Tone::Waiting, None),
                Status::Down { reason, .. } => ("Down", Tone::Bad, Some(reason)),
                Status::Parked { reason, .. } => ("Parked", Tone::Bad, Some(reason)),
                Status::Stopped { reason } => ("Stopped", Tone::Bad, Some(reason)),
            };
            let wrong = reason.or(report.complaint);
            let tone = match tone {
                Tone::Good if wrong.is_some() => Tone::Waiting,
                tone => tone,
            };
            ChildRow {
                label: child.label.clone(),
                state,
                tone,
                lasting: report.lasting,
                protocol: protocol(report.era, report.version),
                tools: child.listing().of(Kind::Tools).len(),
                in_flight: child.in_flight().0,
                calls: ChildCalls::of(child),
                restarts: report.restarts,
                past: report
                    .last_failure
                    .filter(|past| wrong.as_ref() != Some(past)),
                wrong,
            }
        })
        .collect()
}

fn protocol(era: Option<ChildEra>, version: Option<String>) -> String {
    match (era, version) {
        (Some(ChildEra::Modern), Some(version)) => format!("{version}, modern"),
        (Some(_), Some(version)) => format!("{version}, legacy"),
        _ => "not known yet".to_owned(),
    }
}

/// The tools, as clients of the legacy era see them.
pub(super) fn tools(catalog: &Catalog) -> Vec<ToolRow> {
    let mut tools = Vec::new();
    let mut cursor: Option<String> = None;
    while let Some(page) = catalog.page(Kind::Tools, cursor.as_deref(), false) {
        let Ok(page) = serde_json::from_str::<Value>(page.as_str()) else {
            break;
        };
        let listed = page.get("tools").and_then(Value::as_array);
        for definition in listed.into_iter().flatten() {
            let name = definition.get("name").and_then(Value::as_str);
            let name = name.unwrap_or_default().to_owned();
            let child = catalog.tool(&name).map(|route| route.child.label.clone());
            tools.push(ToolRow {
                child: child.unwrap_or_default(),
                bytes: definition.to_string().len(),
                definition: definition.clone(),
                name,
            });
        }
        cursor = page
            .get("nextCursor")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    tools
}

pub(super) fn clients(gateway: &Gateway) -> Vec<ClientRow> {
    let clients = gateway.clients();
    let greeted = clients.iter().filter_map(|client| client.handshake());
    greeted
        .map(|said| {
            let info = said.info.as_ref().map(|info| info.as_str());
            let version = info
                .and_then(|info| Object::parse(info).ok())
                .and_then(|info| {
                    info.string("version")
                        .map(|it| it.chars().take(40).collect())
                });
            ClientRow {
                name: info
                    .and_then(name_of)
                    .unwrap_or_else(|| "a client".to_owned()),
                version,
                protocol: said.version,
            }
        })
        .collect()
}

pub(super) fn budget(gateway: &Gateway, tools: &[ToolRow]) -> Budget {
    let length = |tool: &ToolRow| tool.name.chars().count();
    let longest = tools.iter().max_by_key(|tool| length(tool));
    Budget {
        tools: tools.len(),
        tokens: tools.iter().map(|tool| tool.bytes).sum::<usize>() / BYTES_OF_TOKEN,
        longest: longest.map(|tool| (tool.name.clone(), length(tool))),
        most: gateway.settings().max_name,
        too_long: tools
            .iter()
            .filter(|tool| length(tool) > PORTABLE_NAME)
            .count(),
    }
}

/// What was left out of the catalog, or had to be named otherwise.
pub(super) fn notices(gateway: &Gateway) -> Vec<String> {
    let catalog = gateway.default_catalog();
    let all = catalog.collisions.iter().chain(&catalog.problems);
    all.map(ToString::to_string).collect()
}

/// What the composition is, without its secrets: a title and lines for it and for each child.
pub(super) fn configuration(gateway: &Gateway) -> Vec<(String, Vec<(&'static str, String)>)> {
    let settings = gateway.settings();
    let own = vec![
        ("name", settings.name().to_owned()),
        ("version", settings.version().to_owned()),
        ("separator", settings.separator.clone()),
        ("longest name", settings.max_name.to_string()),
        ("strict", settings.strict.to_string()),
        ("ready when", format!("{:?}", settings.ready).to_lowercase()),
    ];
    let children = gateway.children();
    let children = children
        .iter()
        .map(|child| (child.label.clone(), masked::lines(&child.spec)));
    std::iter::once(("The composition".to_owned(), own))
        .chain(children)
        .collect()
}
