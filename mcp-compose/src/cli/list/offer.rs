//! What a composition offers, as `list` shows it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::limits;
use crate::child::listing::Kind;
use crate::child::supervisor::{Child, Phase};
use crate::gateway::catalog::Catalog;
use crate::wire::Object;

/// All that is offered. `list --json` prints it; docs/run.md describes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offer {
    pub(super) name: String,
    /// Of all tools, which clients give to their model.
    pub(super) tokens: usize,
    pub(super) children: Vec<Owner>,
    pub(super) tools: Vec<Entry>,
    pub(super) resources: Vec<Entry>,
    pub(super) resource_templates: Vec<Entry>,
    pub(super) prompts: Vec<Entry>,
    /// Names that had to be changed, and what was left out.
    pub(super) problems: Vec<String>,
}

/// A child, and how much of all this is its own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Owner {
    pub(super) child: String,
    pub(super) namespace: Option<String>,
    /// `ready`, `asleep`, `starting` or `down`.
    pub(super) status: &'static str,
    /// Why it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    pub(super) optional: bool,
    pub(super) tools: usize,
    pub(super) resources: usize,
    pub(super) resource_templates: usize,
    pub(super) prompts: usize,
    /// Of its tools.
    pub(super) tokens: usize,
}

/// One thing that is offered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// The exposed name or URI.
    pub(super) name: String,
    /// The owner's label.
    pub(super) child: String,
    /// What the owner calls it.
    pub(super) original: String,
    /// Characters of the exposed name.
    pub(super) length: usize,
    /// Clients for which the name is too long.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) too_long_for: Vec<&'static str>,
    /// What it says of its effects: `read-only`, `destructive`, `idempotent`, `open world`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hints: Vec<&'static str>,
    pub(super) tokens: usize,
    /// What it is, in its own words.
    #[serde(skip)]
    pub(super) text: String,
    /// As clients get it.
    pub(super) definition: Box<RawValue>,
}

impl Offer {
    pub(super) fn of(name: &str, catalog: &Catalog, children: &[Arc<Child>]) -> Self {
        let entries = |kind| entries(name, catalog, kind);
        let problems = catalog.collisions.iter().chain(&catalog.problems);
        let mut offer = Self {
            name: name.to_owned(),
            tokens: 0,
            children: children.iter().map(|child| Owner::of(child)).collect(),
            tools: entries(Kind::Tools),
            resources: entries(Kind::Resources),
            resource_templates: entries(Kind::Templates),
            prompts: entries(Kind::Prompts),
            problems: problems.map(ToString::to_string).collect(),
        };
        for owner in &mut offer.children {
            let own =
                |entries: &[Entry]| entries.iter().filter(|it| it.child == owner.child).count();
            let (tools, resources) = (own(&offer.tools), own(&offer.resources));
            let (templates, prompts) = (own(&offer.resource_templates), own(&offer.prompts));
            (owner.tools, owner.resources) = (tools, resources);
            (owner.resource_templates, owner.prompts) = (templates, prompts);
            let tools = offer.tools.iter().filter(|it| it.child == owner.child);
            owner.tokens = tools.map(|tool| tool.tokens).sum();
        }
        offer.tokens = offer.tools.iter().map(|tool| tool.tokens).sum();
        offer
    }

    /// Leaves what belongs to these children.
    pub(super) fn retain(&mut self, children: &[String]) {
        self.children
            .retain(|owner| children.contains(&owner.child));
        for entries in [
            &mut self.tools,
            &mut self.resources,
            &mut self.resource_templates,
            &mut self.prompts,
        ] {
            entries.retain(|entry| children.contains(&entry.child));
        }
        let about = |problem: &String| {
            let place = problem.split(": ").next().unwrap_or_default();
            let of = place.rsplit(' ').next().unwrap_or_default();
            children.iter().any(|child| child == of)
        };
        self.problems.retain(about);
        self.tokens = self.tools.iter().map(|tool| tool.tokens).sum();
    }

    /// Whether nothing is missing because a child is down that should be there.
    pub(super) fn is_whole(&self) -> bool {
        let up = |owner: &Owner| owner.optional || matches!(owner.status, "ready" | "asleep");
        self.children.iter().all(up)
    }
}

impl Owner {
    fn of(child: &Child) -> Self {
        let (status, reason) = match child.phase() {
            Phase::Ready => ("ready", None),
            Phase::Asleep => ("asleep", None),
            Phase::Idle | Phase::Starting => ("starting", None),
            Phase::Down { reason, .. }
            | Phase::Parked { reason, .. }
            | Phase::Stopped { reason } => ("down", Some(reason.to_string())),
        };
        Self {
            child: child.label.clone(),
            namespace: child.spec.namespace.as_ref().map(ToString::to_string),
            status,
            reason,
            optional: child.spec.options.optional,
            tools: 0,
            resources: 0,
            resource_templates: 0,
            prompts: 0,
            tokens: 0,
        }
    }
}

fn entries(server: &str, catalog: &Catalog, kind: Kind) -> Vec<Entry> {
    let listed = catalog.entries(kind);
    let known = listed.filter_map(|definition| entry(server, catalog, kind, definition));
    known.collect()
}

fn entry(server: &str, catalog: &Catalog, kind: Kind, definition: &str) -> Option<Entry> {
    let object = Object::parse(definition).ok()?;
    let name = object.string(kind.key())?.into_owned();
    let (child, original) = catalog.owner(kind, &name)?;
    let text = object
        .string("description")
        .or_else(|| object.string("title"));
    let is_tool = kind == Kind::Tools;
    Some(Entry {
        child: child.label.clone(),
        original: original.to_owned(),
        length: name.chars().count(),
        too_long_for: match is_tool {
            true => limits::too_long_for(&name, server),
            false => Vec::new(),
        },
        hints: object
            .get("annotations")
            .filter(|_| is_tool)
            .map(hints)
            .unwrap_or_default(),
        tokens: limits::tokens(definition),
        text: text.map(Into::into).unwrap_or_default(),
        definition: RawValue::from_string(definition.to_owned()).ok()?,
        name,
    })
}

/// What a tool says of its effects.
fn hints(annotations: &str) -> Vec<&'static str> {
    const HINTS: [(&str, &str); 4] = [
        ("readOnlyHint", "read-only"),
        ("destructiveHint", "destructive"),
        ("idempotentHint", "idempotent"),
        ("openWorldHint", "open world"),
    ];
    let Ok(annotations) = Object::parse(annotations) else {
        return Vec::new();
    };
    let said = HINTS
        .iter()
        .filter(|(key, _)| annotations.get(key) == Some("true"));
    said.map(|(_, shown)| *shown).collect()
}
