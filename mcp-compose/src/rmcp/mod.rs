//! Where rmcp, the ecosystem's SDK, meets the relay.

pub(crate) mod session;
