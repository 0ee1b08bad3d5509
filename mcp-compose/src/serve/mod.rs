//! The fronts: how clients reach a composition.

pub(crate) mod http;
