//! JSON-RPC messages: what we take, a strict parser takes too, and reads the same out of it.

use std::borrow::Cow;
use std::fmt;

use bytestring::ByteString;
use futures_util::FutureExt;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::is_json;
use crate::wire::lines::{Bounds, LineLink};
use crate::wire::message::{Incoming, code};
use crate::wire::peer::{Link, Outgoing};
use crate::wire::scan::check;
use crate::wire::{Id, Message, Object};

/// What a line, a body or an event holds.
pub(super) fn message(data: &[u8]) {
    let text = ByteString::from(String::from_utf8_lossy(data).into_owned());
    match Incoming::parse(&text) {
        Ok(Incoming::One(message)) => {
            same_members(&text, &message);
            comes_back(&message);
        }
        Ok(Incoming::Batch(messages)) => {
            let items: Vec<IgnoredAny> = serde_json::from_str(&text).expect("it is a list");
            assert!(items.len() == messages.len() && (1..=1024).contains(&items.len()));
        }
        Err(malformed) => {
            assert!(is_json(malformed.error.raw().as_str()));
            assert!(malformed.error.code() != code::PARSE || !is_json(&text));
        }
    }
    bounds(&text);
    object(&text);
}

/// Each member that is read stands there once, and is what was read.
fn same_members(text: &str, message: &Message) {
    let Members(members) = serde_json::from_str(text).expect("what is taken is an object");
    let member = |key: &str| {
        let mut found = members.iter().filter(|(name, _)| name == key);
        let first = found.next().map(|(_, value)| value.get());
        assert!(found.next().is_none(), "`{key}` stands twice");
        first
    };
    let raw = |key: &str| member(key).filter(|value| *value != "null");
    let decoded = |key: &str| {
        member(key).map(|text| serde_json::from_str::<String>(text).expect("it is a string"))
    };
    assert_eq!(decoded("jsonrpc").as_deref(), Some("2.0"));
    let (id, method, params) = match message {
        Message::Request(request) => (Some(&request.id), Some(&request.method), &request.params),
        Message::Notification(told) => (None, Some(&told.method), &told.params),
        Message::Response(response) => {
            let outcome = match &response.outcome {
                Ok(result) => (Some(result.as_str()), None),
                Err(error) => (None, Some(error.raw().as_str())),
            };
            assert_eq!((member("result"), member("error")), outcome);
            assert_eq!(raw("id"), response.id.as_ref().map(Id::as_str));
            assert_eq!(member("method"), None);
            return;
        }
    };
    assert_eq!((member("result"), member("error")), (None, None));
    assert_eq!(raw("id"), id.map(Id::as_str));
    assert_eq!(decoded("method").as_deref(), method.map(|method| &**method));
    assert_eq!(raw("params"), params.as_ref().map(|params| params.as_str()));
}

/// What is written is one line, which is read as the same message.
fn comes_back(message: &Message) {
    let link = LineLink::new(Bounds::CHILD);
    link.send(Outgoing::new(message.clone()))
        .expect("there is room");
    link.close();
    let mut line = Vec::new();
    let written = link.write_to(&mut line).now_or_never();
    written
        .expect("a vector never waits")
        .expect("a vector has room");
    assert_eq!(line.pop(), Some(b'\n'));
    assert!(memchr::memchr2(b'\n', b'\r', &line).is_none());
    let line = ByteString::try_from(line).expect("it was text");
    let again = Message::parse(&line).expect("it was a message");
    assert_eq!(shown(&again), shown(message));
    same_members(&line, &again);
}

/// All that a message says; line ends in JSON are spaces.
fn shown(message: &Message) -> [Option<String>; 5] {
    let flat = |text: &str| Some(text.replace(['\n', '\r'], " "));
    let id = |id: &Id| Some(id.as_str().to_owned());
    match message {
        Message::Request(of) => [
            id(&of.id),
            Some(of.method.to_string()),
            of.params.as_ref().and_then(|params| flat(params.as_str())),
            None,
            None,
        ],
        Message::Notification(of) => [
            None,
            Some(of.method.to_string()),
            of.params.as_ref().and_then(|params| flat(params.as_str())),
            None,
            None,
        ],
        Message::Response(of) => [
            of.id.as_ref().and_then(id),
            None,
            None,
            of.outcome
                .as_ref()
                .ok()
                .and_then(|result| flat(result.as_str())),
            of.outcome
                .as_ref()
                .err()
                .and_then(|error| flat(error.raw().as_str())),
        ],
    }
}

/// Few enough that mutations reach it.
const MAX_NODES: usize = 64;

/// The bounds hold exactly.
fn bounds(text: &str) {
    let checked = check(text, MAX_NODES);
    if !is_json(text) {
        return;
    }
    // One that a parser of values refuses (nested too deeply, a number that is too large) is only looked at.
    if let Ok(tree) = serde_json::from_str::<Tree>(text) {
        let within = tree.nodes <= MAX_NODES && !tree.twice && tree.depth <= 128;
        assert_eq!(checked.is_ok(), within, "{tree:?}: {checked:?}");
    }
}

/// Our objects have the members that a parser finds.
fn object(text: &str) {
    let object = Object::parse(text);
    if !is_json(text) {
        return;
    }
    let Ok(Members(members)) = serde_json::from_str(text) else {
        return assert!(object.is_err());
    };
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(object.is_ok(), names.len() == members.len());
    if let Ok(object) = object {
        let expected = members.iter().map(|(name, value)| (&**name, value.get()));
        assert!(object.iter().eq(expected));
        let written = object.to_json();
        let again = Object::parse(&written).expect("it was an object");
        assert!(again.iter().eq(object.iter()));
    }
}

/// The members of an object, each as often as it stands there.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// What has a bound, counted by a parser.
#[derive(Debug, Default)]
struct Tree {
    nodes: usize,
    depth: usize,
    twice: bool,
}

impl Tree {
    fn scalar() -> Self {
        Self {
            nodes: 1,
            ..Self::default()
        }
    }

    fn add(&mut self, inner: &Self) {
        self.nodes += inner.nodes;
        self.depth = self.depth.max(inner.depth);
        self.twice |= inner.twice;
    }

    fn closed(mut self) -> Self {
        self.nodes += 1;
        self.depth += 1;
        self
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::scalar())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::scalar())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::scalar())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::scalar())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::scalar())
    }

    fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::scalar())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut tree = Tree::default();
        while let Some(item) = list.next_element::<Tree>()? {
            tree.add(&item);
        }
        Ok(tree.closed())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut tree = Tree::default();
        let mut names = std::collections::HashSet::new();
        while let Some((name, value)) = map.next_entry::<Cow<'_, str>, Tree>()? {
            tree.add(&value);
            tree.twice |= !names.insert(name.into_owned());
        }
        Ok(tree.closed())
    }
}
