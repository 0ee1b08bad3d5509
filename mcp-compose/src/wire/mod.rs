//! The wire: messages whose payloads stay raw, the peer that both edges share, and the transports.
//!
//! Only the envelope of a message is parsed (id, method, and of `params` what routing needs).
//! Everything else is carried as the text that arrived, so fields, number formats and key order
//! that nobody here has heard of survive.

pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod message;
pub(crate) mod param_headers;
pub(crate) mod peer;
pub(crate) mod sse;
pub(crate) mod sse_decode;
pub(crate) mod version;

pub(crate) use json::{Object, Raw};
pub(crate) use message::{ErrorObject, Id, Message, Notification, Request, Response};
