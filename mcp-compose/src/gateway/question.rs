//! Questions of children: each reaches the client that caused it, or is refused.

use std::sync::Arc;

use tokio::sync::watch;

use super::Gateway;
use crate::child::asks::Told;
use crate::child::instance::{Handed, Instance};
use crate::child::pool::Holder;
use crate::child::supervisor::Child;
use crate::wire::Request;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::Peer;

impl Gateway {
    /// Takes a question that arrived on no call's own stream.
    pub(super) fn take_question(
        &self,
        child: &Arc<Child>,
        instance: Option<&Arc<Instance>>,
        peer: &Arc<Peer>,
        question: Request,
    ) {
        let handed = match instance {
            Some(instance) => instance.hand(question),
            None => Handed::Nobody(question),
        };
        if let Handed::Nobody(question) = handed {
            tracing::info!(child = %child.label, method = %question.method, "a question that no call caused is refused");
            let why = format!(
                "`{}` is refused: no client can be told to have caused it",
                question.method
            );
            peer.respond(
                question.id,
                Err(ErrorObject::new(code::METHOD_NOT_FOUND, &why)),
            );
        }
    }

    /// Who the only client is, where there can be no second one.
    pub(super) fn sole_client(
        &self,
        _child: &Child,
    ) -> Option<watch::Receiver<Option<(Holder, Told)>>> {
        None
    }
}
