//! The wire: messages whose payloads stay raw, the peer that both edges share, and the transports.
//!
//! Only the envelope of a message is parsed (id, method, and of `params` what routing needs).
//! Everything else is carried as the text that arrived, so fields, number formats and key order
//! that nobody here has heard of survive.

pub(crate) mod failure;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod message;
pub(crate) mod object;
pub(crate) mod origin;
pub(crate) mod param_headers;
pub(crate) mod peer;
pub(crate) mod scan;
pub(crate) mod sse;
pub(crate) mod sse_decode;
pub(crate) mod stall;
pub(crate) mod version;

/// A map on the road of a call: hashing costs a few instructions, and is seeded, so that nobody
/// outside can choose keys that collide.
pub(crate) type FastMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

pub(crate) use json::Raw;
pub(crate) use message::{ErrorObject, Id, Message, Notification, Request, Response};
pub(crate) use object::Object;
pub(crate) use origin::{HttpRequest, Origin};
