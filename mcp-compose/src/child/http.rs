//! HTTP children.
use super::{HttpSpec, instance::Opened};
use crate::wire::peer::Handler;
use std::sync::Arc;
pub(crate) fn open(_: &HttpSpec, _: &str, _: usize, _: Arc<dyn Handler>) -> Result<Opened, String> {
    Err("not yet".into())
}
