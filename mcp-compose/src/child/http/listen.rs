//! Event streams: read, resumed where they broke, and the one that is held open for what the
//! server tells unasked.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use http::StatusCode;
use reqwest::Response;
use tokio::time::Instant;

use super::failure;
use super::post::{Stop, content_type};
use super::shared::Shared;
use crate::wire::peer::{Delivered, Failure};
use crate::wire::sse_decode::{SseDecoder, SseEvent};
use crate::wire::version::Era;

/// First and longest pause before a stream is opened again, where the server names none.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// As [`LONGEST_PAUSE`], while a call waits.
const LONGEST_PAUSE_IN_CALL: Duration = Duration::from_secs(10);
/// Longest pause that a server can ask for.
const LONGEST_RETRY: Duration = Duration::from_secs(300);
/// Failures in a row after which the stream of a call is given up.
const MAX_FAILURES: u32 = 5;
/// A stream that lived this long was no failure.
const STEADY: Duration = Duration::from_secs(10);
/// A server that asks for a pause of this length or more polls by design: its pauses need not grow.
const POLLS: Duration = Duration::from_millis(500);
/// How long a server may take to say that it opens a stream.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// A stream that is being read.
pub(super) struct Events {
    response: Response,
    decoder: SseDecoder,
    /// Whether an event arrived, be it one that only moves the position.
    heard: bool,
    /// Whether a message arrived.
    told: bool,
}

/// Where a stream ended, and when the server wants it opened again.
#[derive(Default)]
pub(super) struct Cursor {
    last_event_id: Option<String>,
    retry: Option<Duration>,
}

/// Why reading stopped.
pub(super) enum StreamEnd {
    /// The response to the call has arrived.
    Answered,
    /// The stream is over, and why.
    Over(String),
    /// An event was larger than allowed.
    TooLong,
}

/// What came of asking for a stream.
enum Opened {
    Stream(Box<Events>),
    /// The server offers none.
    None(StatusCode),
    /// Not now; perhaps later.
    Failed(String),
    /// The server does not know the session, or does not know the request.
    Expired,
}

impl Events {
    /// Hands on what arrives until the call `origin` is answered or the stream is over.
    pub(super) async fn read(&mut self, shared: &Shared, origin: Option<u64>) -> StreamEnd {
        loop {
            let chunk = match self.response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return StreamEnd::Over("the stream ended".to_owned()),
                Err(error) => return StreamEnd::Over(failure::cause(&error)),
            };
            let mut too_long = false;
            let told = &mut self.told;
            self.decoder.feed(chunk, |event| match event {
                SseEvent::Data(text) => {
                    *told = true;
                    shared.receive(&text, origin);
                }
                SseEvent::TooLong => too_long = true,
            });
            // An event without data moves the position too.
            self.heard |= self.told || self.decoder.last_event_id().is_some();
            if too_long {
                tracing::warn!(origin = shared.origin, "an event was too large to be read");
            }
            if let Some(id) = origin {
                if !shared.is_waiting(id) {
                    return StreamEnd::Answered;
                }
                if too_long {
                    return StreamEnd::TooLong;
                }
            }
        }
    }

    /// Where the stream stands.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor {
            last_event_id: self.decoder.last_event_id().map(str::to_owned),
            retry: self.decoder.retry().map(|retry| retry.min(LONGEST_RETRY)),
        }
    }
}

impl Cursor {
    /// Goes on to where `events` stands; a stream without ids of its own leaves the position.
    fn advance(&mut self, events: &Events) {
        let Self {
            last_event_id,
            retry,
        } = events.cursor();
        self.last_event_id = last_event_id.or(self.last_event_id.take());
        self.retry = retry.or(self.retry);
    }
}

impl Shared {
    pub(super) fn events(&self, response: Response) -> Events {
        Events {
            response,
            decoder: SseDecoder::new(self.config.max_message),
            heard: false,
            told: false,
        }
    }

    /// Opens the stream of a call again behind its last event, until the response is there.
    pub(super) async fn resume(
        self: &Arc<Self>,
        id: u64,
        mut cursor: Cursor,
        mut why: String,
    ) -> Result<Option<Events>, Stop> {
        let lost = |why: &str| {
            let reason = format!("the answer of {} broke off: {why}", self.origin);
            Err(failure::lost(Delivered::Maybe, reason).into())
        };
        if self.era() == Some(Era::Modern) {
            return lost(&why);
        }
        let mut pauses = Pauses::new(LONGEST_PAUSE_IN_CALL);
        let mut failures = 0;
        while cursor.last_event_id.is_some() && failures < MAX_FAILURES {
            pauses.wait(cursor.retry).await;
            match self.open(&cursor).await {
                Opened::Stream(mut events) => {
                    match events.read(self, Some(id)).await {
                        StreamEnd::Answered => return Ok(Some(*events)),
                        StreamEnd::TooLong => {
                            return Err(failure::too_large(self.config.max_message).into());
                        }
                        StreamEnd::Over(reason) => why = reason,
                    }
                    cursor.advance(&events);
                    if events.heard {
                        failures = 0;
                        pauses.reset();
                    } else {
                        failures += 1;
                    }
                }
                Opened::None(status) => return lost(&format!("{why}; resuming: HTTP {status}")),
                // The next call will find out what this means for the session.
                Opened::Expired => return lost("the server no longer knows the stream"),
                Opened::Failed(reason) => {
                    failures += 1;
                    why = reason;
                }
            }
        }
        lost(&why)
    }

    async fn open(&self, cursor: &Cursor) -> Opened {
        // Without a deadline of its own, it waits.
        let _ = self.config.gate.throttle.turn(None).await;
        let opened = tokio::time::timeout(HEAD_TIMEOUT, self.open_now(cursor)).await;
        opened.unwrap_or_else(|_| Opened::Failed("no answer in time".to_owned()))
    }

    async fn open_now(&self, cursor: &Cursor) -> Opened {
        let answer = match self.get(cursor.last_event_id.as_deref()).await {
            Ok(answer) => answer,
            Err(Failure::Lost(lost)) => return Opened::Failed(lost.to_string()),
            Err(failure) => return Opened::Failed(format!("{failure:?}")),
        };
        let status = answer.response.status();
        if status.is_success() {
            return match content_type(&answer.response) {
                "text/event-stream" => Opened::Stream(Box::new(self.events(answer.response))),
                _ => Opened::None(status),
            };
        }
        if let Stop::Refused = self.refusal(answer, None).await {
            return Opened::Expired;
        }
        match status {
            // Another stream of ours, which broke, may still count as open.
            StatusCode::CONFLICT
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN => Opened::Failed(format!("HTTP {status}")),
            _ if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
                Opened::Failed(format!("HTTP {status}"))
            }
            _ => Opened::None(status),
        }
    }
}

/// Holds the stream open on which the server tells what no call asked for.
pub(super) async fn listen(shared: &Arc<Shared>) {
    let mut cursor = Cursor::default();
    let mut pauses = Pauses::new(LONGEST_PAUSE);
    let mut offered = false;
    loop {
        let opened = Instant::now();
        match shared.open(&cursor).await {
            Opened::Stream(mut events) => {
                offered = true;
                let why = match events.read(shared, None).await {
                    StreamEnd::Over(why) => why,
                    StreamEnd::Answered | StreamEnd::TooLong => String::new(),
                };
                tracing::debug!(
                    origin = shared.origin,
                    why,
                    "the notification stream is over"
                );
                cursor.advance(&events);
                if events.told || opened.elapsed() >= STEADY {
                    pauses.reset();
                }
            }
            Opened::None(status) if cursor.last_event_id.is_some() => {
                tracing::debug!(origin = shared.origin, %status, "a stream cannot be resumed");
                cursor.last_event_id = None;
            }
            Opened::None(status) => {
                tracing::debug!(origin = shared.origin, %status, "no notification stream");
                return;
            }
            Opened::Expired if offered => return shared.expire(None),
            // Some servers answer so where they offer no stream. If the session is really gone, the
            // next call will tell.
            Opened::Expired => {
                tracing::debug!(origin = shared.origin, "no notification stream");
                return;
            }
            Opened::Failed(why) => {
                tracing::debug!(origin = shared.origin, why, "no notification stream yet");
            }
        }
        pauses.wait(cursor.retry).await;
    }
}

/// How long to wait before a stream is opened again.
struct Pauses {
    longest: Duration,
    own: ExponentialBackoff,
}

impl Pauses {
    fn new(longest: Duration) -> Self {
        let own = ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(longest)
            .without_max_times()
            .with_jitter()
            .build();
        Self { longest, own }
    }

    /// The stream was good: the next pause is the shortest again.
    fn reset(&mut self) {
        *self = Self::new(self.longest);
    }

    /// Waits as long as the server asks for, and a little longer, so that not all come at once. Where it asks for next to
    /// nothing, and its streams bring nothing, that is ever longer.
    async fn wait(&mut self, asked: Option<Duration>) {
        tokio::time::sleep(self.next(asked)).await;
    }

    fn next(&mut self, asked: Option<Duration>) -> Duration {
        let polls = asked.filter(|asked| *asked >= POLLS);
        if polls.is_some() {
            self.reset();
        }
        let own = self.own.next().unwrap_or(self.longest);
        match polls {
            Some(asked) => asked + own.saturating_sub(FIRST_PAUSE),
            None => own.max(asked.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn b09_pauses_grow_to_a_bound_and_no_server_can_make_them_short() {
        for asked in [None, Some(Duration::ZERO), Some(Duration::from_millis(10))] {
            let mut pauses = Pauses::new(LONGEST_PAUSE_IN_CALL);
            let lengths: Vec<_> = (0..12).map(|_| pauses.next(asked)).collect();
            assert!(lengths[0] >= FIRST_PAUSE, "{lengths:?}");
            let sum: Duration = lengths.iter().sum();
            assert!(sum > LONGEST_PAUSE_IN_CALL * 5, "{lengths:?}");
            // With its jitter, a pause is at most twice as long.
            assert!(
                lengths.iter().all(|length| *length < SECOND * 21),
                "{lengths:?}"
            );
        }
    }

    #[test]
    fn b09_a_server_that_polls_is_asked_as_it_says_and_not_by_all_at_once() {
        let mut pauses = Pauses::new(LONGEST_PAUSE);
        let lengths: Vec<_> = (0..12).map(|_| pauses.next(Some(SECOND * 3))).collect();
        let within = SECOND * 3..SECOND * 4;
        assert!(
            lengths.iter().all(|length| within.contains(length)),
            "{lengths:?}"
        );
        assert!(
            lengths.iter().any(|length| *length != lengths[0]),
            "{lengths:?}"
        );
    }
}
