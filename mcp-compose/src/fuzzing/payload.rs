//! What children send as results and in lists: whatever it is, what goes on is JSON.

use std::sync::{Arc, Weak};

use bytestring::ByteString;
use tokio::runtime::{Handle, Runtime};
use tokio_util::task::TaskTracker;

use super::is_json;
use crate::Composition;
use crate::child::circle::Identity;
use crate::child::entry;
use crate::child::listing::Kind;
use crate::child::stdio;
use crate::child::supervisor::{Child, Common};
use crate::child::turns::Turns;
use crate::gateway::Gateway;
use crate::gateway::rewrite::{ResultOf, expose_error, expose_result, to_era};
use crate::wire::message::ErrorObject;
use crate::wire::version::Era;
use crate::wire::{Object, Raw, json};

/// The text is a result, an error, and an entry of each list.
pub(super) fn payload(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    if !is_json(&text) {
        return;
    }
    let raw = Raw::from_json(text);
    let child = children("weather").remove(0);
    let namespace = child.spec.namespace.as_ref();
    for of in [
        ResultOf::ToolCall,
        ResultOf::Prompt,
        ResultOf::Read,
        ResultOf::Other,
    ] {
        let exposed = expose_result(
            namespace,
            raw.clone(),
            of,
            Some(("a://b", "weather://a://b")),
        );
        assert!(is_json(exposed.as_str()), "{}", exposed.as_str());
        if of == ResultOf::Other || !raw.as_str().trim_start().starts_with('{') {
            assert_eq!(exposed, raw);
        }
        for (from, to) in [(Era::Modern, Era::Legacy), (Era::Legacy, Era::Modern)] {
            let info = Raw::from_static("{}");
            let changed = to_era(exposed.clone(), from, to, &info, true);
            assert!(is_json(changed.as_str()), "{}", changed.as_str());
        }
    }
    for era in [Era::Modern, Era::Legacy] {
        let error = expose_error(&child, namespace, ErrorObject::from_raw(raw.clone()), era);
        assert!(is_json(error.raw().as_str()));
        let error: serde_json::Value = match serde_json::from_str(error.raw().as_str()) {
            Ok(error) => error,
            // Nested more deeply than a parser of values goes.
            Err(_) => continue,
        };
        assert!(
            error["code"].is_i64() && error["message"].is_string(),
            "{error}"
        );
    }
    for kind in Kind::ALL {
        if let Ok(entry) = entry::check(kind, &raw, raw.as_str()) {
            let object = Object::parse(entry.raw.as_str()).expect("an entry is an object");
            assert_eq!(object.string(kind.key()).as_deref(), Some(&*entry.original));
        }
    }
    let _ = json::array_items(&ByteString::from(raw.as_str()));
}

/// Children that never start.
pub(super) fn children(namespaces: &str) -> Vec<Arc<Child>> {
    let mut builder = Composition::builder();
    for namespace in namespaces.split(' ') {
        builder = match namespace {
            "_" => builder.local(stdio("never")),
            namespace => builder.child(namespace, stdio("never")),
        };
    }
    let specs = builder.build().children.into_iter();
    let made = specs.enumerate().map(|(id, spec)| {
        let nobody: Weak<Gateway> = Weak::new();
        let common = Common {
            runtime: runtime(),
            audience: nobody,
            tasks: TaskTracker::new(),
            turns: Turns::default(),
            identity: Identity::new(),
        };
        Child::new(id as u64, spec.label(), spec, common)
    });
    made.collect()
}

fn runtime() -> Handle {
    static RUNTIME: std::sync::OnceLock<Runtime> = std::sync::OnceLock::new();
    let made = || tokio::runtime::Builder::new_current_thread().build();
    RUNTIME
        .get_or_init(|| made().expect("a runtime"))
        .handle()
        .clone()
}
