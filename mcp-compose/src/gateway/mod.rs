//! The relay: what is exposed, and the road between clients and children.

pub(crate) mod client;
