//! What a server lists.

use std::panic::Location;

use serde_json::{Map, Value, json};

use super::client::Client;
use super::request::Wanted;
use crate::child::listing::Kind;
use crate::wire::message::code;

/// A server that never stops paging must not keep a test.
const MAX_PAGES: usize = 10_000;

impl Client {
    /// All pages of a list.
    pub(super) async fn list(&self, kind: Kind, place: &'static Location<'static>) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut params = json!({});
        for _ in 0..MAX_PAGES {
            let wanted = Wanted {
                method: kind.method(),
                params,
                what: format!("`{}`", kind.method()),
                place,
            };
            let page = self.request(wanted).await;
            if page.code() == Some(code::METHOD_NOT_FOUND) {
                return entries;
            }
            let mut page = page.expect_ok().json();
            if let Value::Array(list) = page[kind.member()].take() {
                entries.extend(list);
            }
            match page.get("nextCursor").filter(|cursor| !cursor.is_null()) {
                Some(cursor) => params = json!({ "cursor": cursor }),
                None => return entries,
            }
        }
        panic!(
            "{place}: `{}` has more than {MAX_PAGES} pages",
            kind.method()
        );
    }

    /// All lists, as a text that is the same for the same lists.
    pub(super) async fn snapshot(&self, place: &'static Location<'static>) -> String {
        let mut all = Map::new();
        for kind in Kind::ALL {
            let entries = self.list(kind, place).await;
            all.insert(kind.member().to_owned(), entries.into());
        }
        format!("{:#}\n", sorted(all.into()))
    }
}

/// The same value, with the members of each object in the order of their names.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.into_iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let members = members
                .into_iter()
                .map(|(name, value)| (name, sorted(value)));
            Value::Object(members.collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
