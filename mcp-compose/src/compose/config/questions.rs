//! What one server of a configuration file may ask.

use super::super::roots::located;
use super::super::{ChildOptions, ListedRoot, Relay, Roots};
use super::reader::Reader;
use super::value::Value;

/// What the child may ask, and how long and of how many.
pub(super) fn questions(server: &mut Reader<'_, '_>, options: &mut ChildOptions) {
    let relays = [("relay", Relay::Relay), ("deny", Relay::Deny)];
    if let Some(relay) = server.word("sampling", &relays) {
        options.sampling = relay;
    }
    if let Some(relay) = server.word("elicitation", &relays) {
        options.elicitation = relay;
    }
    if let Some(roots) = roots(server) {
        options.roots = roots;
    }
    if let Some(limit) = server.seconds("questionTimeout") {
        options.question_timeout = limit;
    }
    if let Some(instances) = server.count("maxInstances") {
        options.max_instances = instances;
    }
    if let Some(unused) = server.seconds("idleAfter") {
        options.idle_after = unused;
    }
    if let Some(unused) = server.seconds("idleStop") {
        options.idle_stop = Some(unused);
    }
    if let Some(calls) = server.count("maxParked") {
        options.max_parked = calls;
    }
}

/// `"relay"`, `"deny"`, or a list of roots.
fn roots(server: &mut Reader<'_, '_>) -> Option<Roots> {
    let folder = server.folder();
    let items = match server.take("roots")? {
        Value::Text(word) if word == "relay" => return Some(Roots::Relay),
        Value::Text(word) if word == "deny" => return Some(Roots::Deny),
        Value::List(items) => items,
        _ => {
            server.mistake("roots", "expected `relay`, `deny`, or a list of roots");
            return None;
        }
    };
    let mut listed = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        let Some(mut root) = server.inner(&format!("roots[{at}]"), item) else {
            continue;
        };
        if !root.has("uri") {
            root.mistake_at("", "has no `uri`");
        }
        let (place, name) = (root.text("uri"), root.text("name"));
        if let Some(place) = place {
            let known = located(&place, folder);
            if let Some(wrong) = known.mistake() {
                root.mistake("uri", wrong);
            }
            listed.push(ListedRoot { name, ..known });
        }
        for key in root.rest() {
            root.mistake_at(&key, "unknown key; a root has `uri` and `name`");
        }
    }
    Some(Roots::List(listed))
}
