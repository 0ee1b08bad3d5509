//! Whether a session that leaves calls unanswered is still there.
//!
//! Nothing is asked of a session that answers calls, however long each takes. Only where several in a
//! row had no answer in time, and nothing else was heard meanwhile, it is asked for a sign of life.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::child::handshake::discover;
use crate::child::instance::Instance;
use crate::wire::peer::{Cause, Failure, RequestRoute};
use crate::wire::version::Era;

/// How long the sign of life may take.
const PING: Duration = Duration::from_secs(5);
/// A wait that took so much longer than it was to take means that this process stood still.
const STOOD_STILL: Duration = Duration::from_secs(2);

/// Waits until a session has shown that it does not answer any more, and gives it up.
pub(in crate::child) async fn stalled(instance: &Instance) {
    loop {
        instance.suspected().await;
        if answers(instance).await {
            instance.heard();
        } else {
            break;
        }
    }
    let reason = "it does not answer any more: calls in a row had no answer in time, nor had a ping; it is killed";
    instance.peer().fail_calls(Cause::Timeout, reason);
    instance.peer().end(reason);
}

async fn answers(instance: &Instance) -> bool {
    // One that asks waits for a person, and may well do nothing else meanwhile.
    if instance.peer().is_asked() {
        return true;
    }
    let mut again = true;
    loop {
        let asked = Instant::now();
        match timeout(PING, ping(instance)).await {
            Ok(answers) => return answers,
            // A call was answered, or has made progress.
            Err(_) if !instance.is_suspect() => return true,
            Err(_) if again && asked.elapsed() > PING + STOOD_STILL => again = false,
            Err(_) => return false,
        }
    }
}

/// Whether it answers. Where it cannot be reached, that is another trouble than not to answer.
async fn ping(instance: &Instance) -> bool {
    let peer = instance.peer();
    let call = match instance.profile().era {
        Era::Legacy => peer.request("ping", |_| None, RequestRoute::default()),
        Era::Modern => discover(peer),
    };
    !matches!(call.outcome().await, Err(Failure::Overloaded))
}
