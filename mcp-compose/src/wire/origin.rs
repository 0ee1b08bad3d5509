//! Where a call comes from: what a typed server may know of it beside its params.

use std::sync::Arc;

use http::{Extensions, HeaderMap};

use super::Raw;
use crate::child::pool::Holder;
use crate::gateway::client::Principal;
use crate::server::LogLevel;

/// Who made a call, and by what.
#[derive(Debug)]
#[allow(dead_code, reason = "extractors read it")]
pub(crate) struct Origin {
    pub(crate) principal: Principal,
    /// Whose sessions of children are used for it.
    pub(crate) holder: Holder,
    /// The version of the protocol that the client speaks.
    pub(crate) version: Option<Arc<str>>,
    /// The client's name and version, raw.
    pub(crate) client_info: Option<Raw>,
    /// The least severe log messages that the client asked for.
    pub(crate) log_level: Option<LogLevel>,
    /// The HTTP request that it came with, if it came over HTTP.
    pub(crate) http: Option<Arc<HttpRequest>>,
    /// The composition that serves it.
    pub(crate) children: crate::handle::Children,
}

impl Default for Origin {
    fn default() -> Self {
        Self {
            principal: Principal::anonymous(),
            holder: Holder::Client(0),
            version: None,
            client_info: None,
            log_level: None,
            http: None,
            children: crate::handle::Children::default(),
        }
    }
}

/// An HTTP request, but for its body.
#[derive(Debug, Default)]
#[allow(dead_code, reason = "extractors read it")]
pub(crate) struct HttpRequest {
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: Extensions,
}
