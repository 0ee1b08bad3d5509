//! Servers whose methods stand in several `impl` blocks, and the names of each.

use std::{fmt, ops::ControlFlow, sync::Arc};

use futures_util::future::BoxFuture;

use super::{Call, Result, call::Kind, describe::Describe};

/// The names of what a block lists: tools, prompts, and URIs of resources.
#[derive(Debug)]
pub struct Names {
    /// Its own.
    pub own: &'static [(Kind, &'static str)],
    /// Those of its parts.
    pub parts: &'static [&'static Names],
}

impl Names {
    /// None.
    pub const NONE: &'static Self = &Self {
        own: &[],
        parts: &[],
    };
}

/// A block with `part = ..`, as the main block of the type finds it.
pub struct Part<S> {
    describe: fn(&mut Describe),
    dispatch: Dispatch<S>,
}

/// Serves a call, or gives back one that is not for this block.
type Dispatch<S> = fn(Arc<S>, Call) -> Dispatched;

/// Serves a call, or goes on with one that is for another block.
pub type Dispatched = ControlFlow<BoxFuture<'static, Result<String>>, Call>;

impl<S> Part<S> {
    /// One with mistakes, which are told elsewhere.
    pub const EMPTY: Self = Self::new(|_| {}, |_, call| ControlFlow::Continue(call));

    /// One that describes itself and serves calls so.
    pub const fn new(describe: fn(&mut Describe), dispatch: Dispatch<S>) -> Self {
        Self { describe, dispatch }
    }

    /// Adds what it has.
    pub fn describe(&self, into: &mut Describe) {
        (self.describe)(into);
    }

    /// Serves a call, or gives back one that is not for this block.
    pub fn dispatch(&self, this: Arc<S>, call: Call) -> Dispatched {
        (self.dispatch)(this, call)
    }
}

impl<S> fmt::Debug for Part<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

/// A part that has a block. It is named only where a compiler message says that there is none.
#[diagnostic::on_unimplemented(
    message = "no block is this part",
    label = "no block with `part = ..` has this name",
    note = "write `#[mcp_server(part = ..)]` with this name on another `impl` block of the type, or take it off the list"
)]
pub trait PartBlock<S> {
    #[doc(hidden)]
    fn part(self) -> Part<S>;
}

impl<S> PartBlock<S> for Part<S> {
    fn part(self) -> Self {
        self
    }
}

/// A part that is listed. It is named only where a compiler message says that it is not.
#[diagnostic::on_unimplemented(
    message = "this part is not listed, so nothing of it is served",
    label = "no block with `parts(..)` has this name",
    note = "list it on the block that is the server: `#[mcp_server(parts(..))]`"
)]
pub trait ListedPart: Sized {
    #[doc(hidden)]
    fn listed(self) {}
}

// What a main block says of each part in its list.
#[diagnostic::do_not_recommend]
impl ListedPart for bool {}

/// Fails to compile if a name of the part of that index is used in an earlier block.
#[track_caller]
pub const fn distinct(names: &Names, index: usize) {
    let part = names.parts[index];
    different(names.own, part.own);
    let mut earlier = 0;
    while earlier < index {
        different(names.parts[earlier].own, part.own);
        earlier += 1;
    }
}

#[track_caller]
const fn different(left: &[(Kind, &str)], right: &[(Kind, &str)]) {
    let mut i = 0;
    while i < left.len() {
        let mut j = 0;
        while j < right.len() {
            if left[i].0 as u8 == right[j].0 as u8
                && same(left[i].1.as_bytes(), right[j].1.as_bytes())
            {
                refuse(left[i].0, left[i].1);
            }
            j += 1;
        }
        i += 1;
    }
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut i = 0;
    while i < left.len() {
        if left[i] != right[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// Constants can only panic with a text that exists: this makes one.
#[track_caller]
const fn refuse(kind: Kind, name: &str) -> ! {
    let mut text = [0; 512];
    let kind = match kind {
        Kind::Tool => "tool name `",
        Kind::Prompt => "prompt name `",
        Kind::Resource | Kind::Complete => "resource URI `",
    };
    let end = push(&mut text, 0, kind);
    let end = push(&mut text, end, name);
    let end = push(
        &mut text,
        end,
        "` is used in this part and in another block",
    );
    match str::from_utf8(text.split_at(end).0) {
        Ok(text) => panic!("{}", text),
        // A long name that is cut within a character.
        Err(_) => panic!("a name is used in two blocks"),
    }
}

const fn push(text: &mut [u8; 512], mut end: usize, more: &str) -> usize {
    let more = more.as_bytes();
    let mut i = 0;
    while i < more.len() && end < text.len() {
        text[end] = more[i];
        i += 1;
        end += 1;
    }
    end
}
