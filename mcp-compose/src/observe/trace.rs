//! Where requests and calls are traced. Without the feature `otel` nothing of this is left in the
//! program.

use crate::wire::{Object, json};

#[cfg(not(feature = "otel"))]
pub(crate) use off::{Sent, Served};

#[cfg(feature = "otel")]
pub(crate) use super::otel::spans::{Sent, Served};

/// The place of a span in its trace, as W3C writes it and MCP carries it in `_meta`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Carrier {
    pub(crate) traceparent: Option<String>,
    pub(crate) tracestate: Option<String>,
}

impl Carrier {
    /// Puts it in the place of the client's own.
    pub(crate) fn write(&self, meta: &mut Object<'_>) {
        let Some(traceparent) = &self.traceparent else {
            return;
        };
        meta.set("traceparent", json::quote(traceparent));
        match self.tracestate.as_deref() {
            Some(state) if !state.is_empty() => meta.set("tracestate", json::quote(state)),
            _ => {
                meta.remove("tracestate");
            }
        }
    }
}

#[cfg(not(feature = "otel"))]
mod off {
    use std::sync::Arc;

    use super::Carrier;
    use crate::child::supervisor::Child;
    use crate::gateway::client::{Client, Outlet};
    use crate::observe::figures::{Operation, Outcome};
    use crate::wire::peer::Failure;
    use crate::wire::{ErrorObject, Object, Raw, Request};

    /// A request of a client; there is none that is traced.
    #[derive(Debug)]
    pub(crate) enum Served {}

    impl Served {
        #[inline(always)]
        pub(crate) fn begin(_: &Client, _: &Request, _: &Arc<dyn Outlet>) -> Option<Self> {
            None
        }

        pub(crate) fn end(self, _: &Result<Raw, ErrorObject>) {
            match self {}
        }
    }

    /// A call of a child, which is not traced.
    #[derive(Debug)]
    pub(crate) struct Sent;

    impl Sent {
        #[inline(always)]
        pub(crate) fn begin(
            _: Option<&Served>,
            _: &Object<'_>,
            _: &Child,
            _: &str,
            _: (&str, Operation, Option<&str>),
        ) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn carrier(&self) -> Option<&Carrier> {
            None
        }

        #[inline(always)]
        pub(crate) fn headers(
            &self,
            _: &Object<'_>,
            _: &mut Vec<(http::HeaderName, http::HeaderValue)>,
        ) {
        }

        #[inline(always)]
        pub(crate) fn numbered(&mut self, _: u64) {}

        #[inline(always)]
        pub(crate) fn end(&mut self, _: Outcome, _: Option<&Failure>) {}
    }
}
