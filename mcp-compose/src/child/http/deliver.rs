//! Brings a request to the server: when the server wants it, and again where it certainly did not arrive.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;

use super::failure;
use super::request::Answer;
use super::shared::Shared;
use crate::child::CallerInfo;
use crate::wire::Message;
use crate::wire::peer::{Delivered, Failure, Lost};

/// How often a request is sent again, and how long before it is.
const REPEATS: usize = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// When to come again, of a server that could not be reached.
const UNREACHED: Duration = Duration::from_secs(1);

impl Shared {
    /// Sends a request that must be answered by `deadline`, and returns the answer's head.
    pub(super) async fn deliver(
        &self,
        message: &Message,
        caller: Option<&CallerInfo>,
        headers: &[(HeaderName, HeaderValue)],
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let throttle = &self.config.gate.throttle;
        // Few requests need them.
        let mut pauses = None::<ExponentialBackoff>;
        loop {
            if let Err(after) = throttle.turn(Some(deadline)).await {
                return Err(failure::unwelcome(after));
            }
            let outcome = self.post(message, caller, headers).await;
            let again = match &outcome {
                // It was not looked at, and waits for its turn with all others.
                Ok(answer) => answer.response.status() == StatusCode::TOO_MANY_REQUESTS,
                // A session that is being set up is tried again by whoever wants it.
                Err(failure) => was_not_sent(failure) && self.agreed.get().is_some(),
            };
            if !again {
                return outcome;
            }
            let pause = pauses.get_or_insert_with(repeats).next();
            match (outcome, pause) {
                (Ok(answer), None) => return Ok(answer),
                (Ok(_), Some(_)) => {}
                (Err(_), Some(pause)) if Instant::now() + pause < deadline => {
                    tokio::time::sleep(pause).await;
                }
                (Err(Failure::Lost(lost)), _) => {
                    let retry_after = Some(UNREACHED);
                    return Err(Lost {
                        retry_after,
                        ..lost
                    }
                    .into());
                }
                (Err(failure), _) => return Err(failure),
            }
        }
    }
}

fn repeats() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_PAUSE)
        .with_max_times(REPEATS)
        .with_jitter()
        .build()
}

/// Whether there was no connection that it could have been sent on.
fn was_not_sent(failure: &Failure) -> bool {
    matches!(failure, Failure::Lost(lost) if lost.delivered == Delivered::No && lost.may_be_sent_again())
}
