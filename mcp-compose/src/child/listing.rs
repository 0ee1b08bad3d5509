//! What a child lists: all pages of the four kinds, each entry checked on its own.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::circle;
use super::entry;
use super::handshake::stamp_modern;
use super::instance::Instance;
use crate::wire::peer::{Failure, RequestRoute};
use crate::wire::version::{Era, META_THROUGH};
use crate::wire::{Object, Raw, json};

/// Most pages of one list.
const MAX_PAGES: usize = 100;
/// Most entries of one list.
const MAX_ENTRIES: usize = 10_000;
/// Bytes of all pages of one list after which no further page is asked for.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Most things that are said to be wrong with one list.
const MAX_PROBLEMS: usize = 20;
/// Tools of one child that are so many that hardly any model can choose among them.
const MANY_TOOLS: usize = 1_000;

/// The four kinds of things that a server lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl Kind {
    /// All of them, in the order in which they stand in arrays by kind.
    pub(crate) const ALL: [Self; 4] =
        [Self::Tools, Self::Prompts, Self::Resources, Self::Templates];

    /// The list's method.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Prompts => "prompts/list",
            Self::Resources => "resources/list",
            Self::Templates => "resources/templates/list",
        }
    }

    /// The member of the result that holds the entries.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }

    /// The member of an entry that it is called by.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::Templates => "uriTemplate",
        }
    }

    /// What one entry is called.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Tools => "tool",
            Self::Prompts => "prompt",
            Self::Resources => "resource",
            Self::Templates => "resource template",
        }
    }

    /// The notification that says that the list changed.
    pub(crate) const fn changed(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources | Self::Templates => "notifications/resources/list_changed",
        }
    }
}

/// One listed thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What the child calls it: a name, a URI or a URI template.
    pub(crate) original: String,
    /// The whole entry as the child sent it.
    pub(crate) raw: Raw,
}

/// How the list of one kind was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Pages that it came in.
    pub(crate) pages: usize,
    /// Entries that are malformed, and so hidden.
    pub(crate) hidden: usize,
    /// It could not be read: what is known of it is older, or nothing.
    pub(crate) failed: bool,
}

/// Everything that a child lists, by kind, and what was wrong with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    /// The entries, in the order of [`Kind::ALL`].
    pub(crate) entries: [Arc<Vec<Entry>>; 4],
    /// What was left out, and why, by kind.
    pub(crate) problems: [Vec<String>; 4],
    /// How each was read last.
    pub(crate) readings: [Reading; 4],
    /// How long that took, for all that were read together.
    pub(crate) took: Duration,
    /// The shortest time that a list of the child stays fresh, where it says so.
    pub(crate) ttl_ms: Option<u64>,
    /// Whether some list of the child is for one caller only.
    pub(crate) private: bool,
    /// The compositions that each list has come through.
    pub(crate) through: [Vec<String>; 4],
}

impl Listing {
    /// The entries of one kind.
    pub(crate) fn of(&self, kind: Kind) -> &[Entry] {
        &self.entries[kind as usize]
    }

    /// Lists `kinds` again. A list that fails keeps its former entries.
    pub(crate) async fn refresh(
        &self,
        instance: &Instance,
        kinds: [bool; 4],
        bound: Duration,
    ) -> Self {
        let began = Instant::now();
        let lists = Kind::ALL.map(|kind| async move {
            if !kinds[kind as usize] || !instance.lists(kind) {
                return None;
            }
            let listed = tokio::time::timeout(bound, list(instance, kind)).await;
            Some(listed.unwrap_or_else(|_| {
                Err(format!(
                    "`{}` was not answered within {} s",
                    kind.method(),
                    bound.as_secs_f32()
                ))
            }))
        });
        let [tools, prompts, resources, templates] = lists;
        let (tools, prompts, resources, templates) =
            tokio::join!(tools, prompts, resources, templates);
        let mut next = self.clone();
        next.took = began.elapsed();
        for (at, listed) in [tools, prompts, resources, templates]
            .into_iter()
            .enumerate()
        {
            match listed {
                None => {}
                Some(Err(problem)) => {
                    next.problems[at] = vec![problem];
                    next.readings[at] = Reading {
                        failed: true,
                        ..Reading::default()
                    };
                }
                Some(Ok(list)) => {
                    next.readings[at] = list.reading;
                    next.entries[at] = Arc::new(list.entries);
                    next.problems[at] = list.problems;
                    next.private |= list.private;
                    next.through[at] = list.through;
                    if let Some(ttl) = list.ttl_ms {
                        next.ttl_ms = Some(next.ttl_ms.map_or(ttl, |known| known.min(ttl)));
                    }
                }
            }
        }
        next
    }
}

#[derive(Default)]
struct OneList {
    entries: Vec<Entry>,
    problems: Vec<String>,
    /// Problems that are not told of one by one.
    more_problems: usize,
    reading: Reading,
    ttl_ms: Option<u64>,
    private: bool,
    through: Vec<String>,
}

impl OneList {
    fn problem(&mut self, why: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(why);
        } else {
            self.more_problems += 1;
        }
    }

    fn done(mut self, kind: Kind) -> Self {
        if kind == Kind::Tools && self.entries.len() > MANY_TOOLS {
            self.problems.push(format!(
                "it lists more than {MANY_TOOLS} tools: hide those that nobody needs, a model chooses badly among so many"
            ));
        }
        if self.more_problems > 0 {
            self.problems
                .push(format!("and {} more of the kind", self.more_problems));
        }
        self
    }
}

async fn list(instance: &Instance, kind: Kind) -> Result<OneList, String> {
    let mut list = OneList::default();
    let mut known = HashSet::new();
    let mut cursors = HashSet::new();
    let mut cursor: Option<String> = None;
    let (mut seen, mut bytes) = (0, 0);
    for _ in 0..MAX_PAGES {
        let params = page_params(instance, cursor.as_deref());
        let call = instance
            .peer()
            .request(kind.method(), |_| params, RequestRoute::default());
        let page = match call.outcome().await {
            Ok(page) => {
                list.reading.pages += 1;
                page
            }
            // The capability was announced, the method is not there: an empty list.
            Err(Failure::Error(error))
                if error.code() == crate::wire::message::code::METHOD_NOT_FOUND =>
            {
                return Ok(list.done(kind));
            }
            Err(Failure::Error(error)) => {
                return Err(format!("`{}` failed: {}", kind.method(), error.message()));
            }
            Err(Failure::Lost(lost)) => return Err(lost.to_string()),
            Err(Failure::Overloaded) => return Err("it does not read what it is sent".to_owned()),
        };
        let object = Object::parse(page.as_str())
            .map_err(|error| format!("`{}`: {error}", kind.method()))?;
        let items = object
            .get(kind.member())
            .and_then(|items| json::array_items(items).ok())
            .ok_or_else(|| {
                format!(
                    "the answer to `{}` has no `{}` array",
                    kind.method(),
                    kind.member()
                )
            })?;
        for item in items {
            seen += 1;
            if seen > MAX_ENTRIES {
                list.problem(format!(
                    "more than {MAX_ENTRIES} {}s; the rest is left out",
                    kind.noun()
                ));
                return Ok(list.done(kind));
            }
            match entry::check(kind, &page, item) {
                Ok(entry) if !known.insert(entry.original.clone()) => {
                    list.problem(format!(
                        "{} `{}` is listed twice; the first one is kept",
                        kind.noun(),
                        entry::shown(&entry.original)
                    ));
                }
                Ok(entry) => list.entries.push(entry),
                Err(why) => {
                    list.reading.hidden += 1;
                    list.problem(why);
                }
            }
        }
        if list.reading.pages == 1 {
            list.through = circle::through(&object);
        }
        list.private |= object
            .string("cacheScope")
            .is_some_and(|scope| scope == "private");
        if let Some(ttl) = object.get("ttlMs").and_then(|ttl| ttl.parse().ok()) {
            list.ttl_ms = Some(list.ttl_ms.map_or(ttl, |known| known.min(ttl)));
        }
        // The empty string is a cursor like any other; only absence (or null) ends the list.
        let Some(next) = object.get("nextCursor").filter(|next| *next != "null") else {
            return Ok(list.done(kind));
        };
        // Who goes round in circles cannot be trusted to have given all: the former list stays.
        if !cursors.insert(next.to_owned()) {
            return Err(format!(
                "`{}` gave the same cursor twice, and is not taken over",
                kind.method()
            ));
        }
        bytes += page.as_str().len();
        if bytes > MAX_BYTES {
            list.problem(format!(
                "`{}` has more than {MAX_BYTES} bytes; the rest is left out",
                kind.method()
            ));
            return Ok(list.done(kind));
        }
        cursor = Some(next.to_owned());
    }
    list.problem(format!(
        "`{}` has more than {MAX_PAGES} pages; the rest is left out",
        kind.method()
    ));
    Ok(list.done(kind))
}

fn page_params(instance: &Instance, cursor: Option<&str>) -> Option<Raw> {
    let mut params = Object::default();
    if let Some(cursor) = cursor {
        params.set("cursor", cursor);
    }
    let mut meta = Object::default();
    if instance.profile().era == Era::Modern {
        stamp_modern(&mut meta, "{}");
    }
    if instance.profile().offers.hops {
        meta.set(META_THROUGH, "true");
    }
    if !meta.is_empty() {
        params.set("_meta", meta.to_json());
    }
    (!params.is_empty()).then(|| params.to_raw())
}
