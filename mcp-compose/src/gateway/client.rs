//! A client: whoever connects to us, and how to reach it.

use std::fmt;

use crate::wire::Message;
use crate::wire::peer::LinkError;

/// Where messages for a client go: the stream of one of its requests, or its connection. Keeps order.
pub(crate) trait Outlet: Send + Sync + fmt::Debug + 'static {
    /// Hands a message over. Never blocks; an outlet that is closed or full refuses.
    fn send(&self, message: Message) -> Result<(), LinkError>;
}
