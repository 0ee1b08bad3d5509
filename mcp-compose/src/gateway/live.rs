//! The calls that are under way, and the last that were: for the status page. Kept only where there is one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::Gateway;
use super::call::{Caller, Forward};
use crate::wire::message::ErrorObject;
use crate::wire::peer::lock;
use crate::wire::{FastMap, Object, Raw, json};

/// How many calls that have ended are kept.
const KEPT: usize = 20;
/// Most calls under way that are kept track of. More are made all the same.
const MOST: usize = 1_000;
/// Most characters that are kept of a name.
const LONGEST: usize = 200;

/// Calls that children serve. Nothing is kept of their arguments and results.
#[derive(Debug, Default)]
pub(crate) struct LiveCalls {
    next: AtomicU64,
    under_way: Mutex<FastMap<u64, LiveCall>>,
    ended: Mutex<VecDeque<(LiveCall, Duration, Outcome)>>,
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct LiveCall {
    pub(crate) child: Arc<str>,
    pub(crate) method: String,
    /// What the child itself calls the tool, prompt or resource; empty where the method has none.
    pub(crate) name: String,
    /// Who called: the name that the client gave itself.
    pub(crate) client: Option<String>,
    pub(crate) since: Instant,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The tool says that it failed.
    ToolError,
    /// There was no result.
    Failed,
    /// The client did not wait for it.
    GivenUp,
}

impl LiveCalls {
    /// Those under way, the oldest first.
    pub(crate) fn under_way(&self) -> Vec<LiveCall> {
        let mut calls: Vec<_> = lock(&self.under_way).values().cloned().collect();
        calls.sort_by_key(|call| call.since);
        calls
    }

    /// Those that have ended, the latest first.
    pub(crate) fn ended(&self) -> Vec<(LiveCall, Duration, Outcome)> {
        lock(&self.ended).iter().cloned().collect()
    }

    /// How many there have been since somebody looks.
    pub(crate) fn total(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    pub(super) fn begin(self: &Arc<Self>, call: LiveCall) -> Seen {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut under_way = lock(&self.under_way);
        if under_way.len() < MOST {
            under_way.insert(id, call);
        }
        Seen {
            calls: Arc::clone(self),
            id,
            outcome: Outcome::GivenUp,
        }
    }
}

/// A call that is kept track of until this is dropped.
#[derive(Debug)]
pub(super) struct Seen {
    calls: Arc<LiveCalls>,
    id: u64,
    outcome: Outcome,
}

impl Seen {
    pub(super) fn ended(mut self, result: &Result<Raw, ErrorObject>) {
        self.outcome = match result {
            Err(_) => Outcome::Failed,
            Ok(result) => match Object::parse(result.as_str()) {
                Ok(result) if result.get("isError") == Some("true") => Outcome::ToolError,
                _ => Outcome::Done,
            },
        };
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        let Some(call) = lock(&self.calls.under_way).remove(&self.id) else {
            return;
        };
        let took = call.since.elapsed();
        let mut ended = lock(&self.calls.ended);
        ended.truncate(KEPT - 1);
        ended.push_front((call, took, self.outcome));
    }
}

impl LiveCall {
    pub(super) fn of(caller: &Caller<'_>, forward: &Forward<'_>) -> Self {
        let params = &forward.params;
        let name = ["name", "uri"]
            .into_iter()
            .find_map(|key| params.string(key));
        Self {
            child: forward.child.label.as_str().into(),
            method: short(forward.method),
            name: name.as_deref().map(short).unwrap_or_default(),
            client: caller.client_name(),
            since: Instant::now(),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The name in what a client says of itself.
pub(crate) fn name_of(info: &str) -> Option<String> {
    let info = Object::parse(info).ok()?;
    let name = json::decode_string(info.get("name")?)?;
    Some(short(&name))
}

impl Gateway {
    /// Keeps track of calls from now on.
    pub(crate) fn watch_calls(&self) -> Arc<LiveCalls> {
        Arc::clone(self.live.get_or_init(Arc::default))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> LiveCall {
        LiveCall {
            child: "db".into(),
            method: "tools/call".to_owned(),
            name: name.to_owned(),
            client: None,
            since: Instant::now(),
        }
    }

    #[tokio::test]
    async fn calls_are_seen_until_they_end_and_only_the_last_are_kept() {
        let calls = Arc::new(LiveCalls::default());
        let seen = calls.begin(call("first"));
        assert_eq!(calls.under_way()[0].name, "first");
        drop(seen);
        assert!(calls.under_way().is_empty());
        assert_eq!(calls.ended()[0].2, Outcome::GivenUp);
        let results = [
            (r#"{"content":[]}"#, Outcome::Done),
            (r#"{"content":[],"isError":true}"#, Outcome::ToolError),
        ];
        for (result, outcome) in results {
            let result = Ok(Raw::from_json(result.to_owned()));
            calls.begin(call("one")).ended(&result);
            assert_eq!(calls.ended()[0].2, outcome);
        }
        calls
            .begin(call("one"))
            .ended(&Err(ErrorObject::new(-1, "no")));
        assert_eq!(calls.ended()[0].2, Outcome::Failed);
        for _ in 0..2 * KEPT {
            drop(calls.begin(call("more")));
        }
        assert_eq!(calls.ended().len(), KEPT);
        assert_eq!(calls.total(), 4 + 2 * KEPT as u64);
    }

    #[tokio::test]
    async fn calls_beyond_the_bound_are_made_and_not_kept() {
        let calls = Arc::new(LiveCalls::default());
        let all: Vec<_> = (0..MOST + 5).map(|_| calls.begin(call("one"))).collect();
        assert_eq!(calls.under_way().len(), MOST);
        drop(all);
        assert!(calls.under_way().is_empty());
    }
}
