//! One run of a method that may ask its caller: what it asked, what was answered, when it must stop.
//!
//! A legacy caller is asked while the call runs. A modern one is asked by ending the call: what it
//! lacks goes out as `input_required`, and the method is run again from its start with the answers.
//! A question without an answer never returns to the method there, so that no line behind it runs
//! before the answer is known, whatever the method does with errors.

use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
};

use futures_util::{FutureExt, future::BoxFuture, task::AtomicWaker};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{Result as ToolResultOf, ToolError, deadline::Deadline, error::RpcError};
use crate::wire::peer::lock;

/// How many questions of one call may be open at once: more than that is a loop gone wrong.
const MAX_OPEN: usize = 32;

/// How the caller of a call is asked.
#[derive(Clone)]
pub(crate) struct Asking {
    /// While the call runs: sends method and raw params, and waits for the raw result. Dropping the
    /// wait withdraws the question.
    pub(crate) inline: Arc<Inline>,
    /// By ending the call; these are the answers so far. `None` where the caller is asked inline.
    pub(crate) replay: Option<Answers>,
}

pub(crate) type Inline =
    dyn Fn(&str, String) -> BoxFuture<'static, Result<String, RpcError>> + Send + Sync;

#[cfg(test)]
impl Asking {
    /// A caller that is asked inline.
    pub(super) fn inline(
        ask: impl Fn(&str, String) -> BoxFuture<'static, Result<String, RpcError>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            inline: Arc::new(ask),
            replay: None,
        }
    }

    /// A caller that is asked by the end of the call.
    pub(super) fn replay(answers: Answers) -> Self {
        let nobody = || Err(RpcError::new(RpcError::INTERNAL, "nobody is asked"));
        Self {
            inline: Arc::new(move |_, _| std::future::ready(nobody()).boxed()),
            replay: Some(answers),
        }
    }
}

/// The answers that a retried request brings along, each under the key of its question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    /// Those of this round.
    now: BTreeMap<String, Box<RawValue>>,
    /// Those of the rounds before, as we kept them.
    before: BTreeMap<String, Box<RawValue>>,
}

impl Answers {
    /// Reads the raw `inputResponses` and the raw `requestState` of a request.
    pub(crate) fn parse(responses: Option<&str>, state: Option<&str>) -> Result<Self, RpcError> {
        let now = responses.map(serde_json::from_str).transpose();
        let now = now.map_err(|_| {
            RpcError::invalid_params("`inputResponses` is not an object of answers")
        })?;
        let before = state
            .map(|state| serde_json::from_str(&serde_json::from_str::<String>(state)?))
            .transpose();
        let before = before
            .map_err(|_: serde_json::Error| RpcError::invalid_params("requestState is not ours"))?;
        Ok(Self {
            now: now.unwrap_or_default(),
            before: before.unwrap_or_default(),
        })
    }

    fn get(&self, key: &str) -> Option<&RawValue> {
        let answer = self.now.get(key).or_else(|| self.before.get(key));
        answer.map(|answer| &**answer)
    }
}

/// A question of a method.
pub(super) struct Question {
    pub(super) key: String,
    pub(super) method: &'static str,
    /// Raw JSON.
    pub(super) params: String,
    /// Whether it may be asked again under its key: the answer does not depend on when.
    pub(super) repeats: bool,
}

/// What became of a run.
pub(super) enum Run<T> {
    /// The method returned.
    Returned(T),
    /// It was stopped; this is what its caller gets.
    Stopped(Result<String, RpcError>),
    /// It took too long.
    Late,
}

/// The questions of one run.
pub(super) struct Round {
    asking: Asking,
    state: Mutex<State>,
    /// Wakes the run when something is asked or answered elsewhere: by a task that the method started, or by a child.
    waker: Arc<AtomicWaker>,
    /// How many questions of children are open.
    relayed: Arc<AtomicUsize>,
    over: CancellationToken,
    /// A child of the method has asked something: the relay keeps the call from here on, so that
    /// what the method has done is not done again.
    kept: AtomicBool,
}

#[derive(Default)]
struct State {
    open: Vec<Open>,
    next: u64,
    /// The answers that this run has used.
    used: BTreeMap<String, Box<RawValue>>,
    /// An answer was not what was asked for.
    refused: Option<RpcError>,
    /// Why nothing can be asked.
    closed: Option<&'static str>,
}

struct Open {
    ticket: u64,
    key: String,
    method: &'static str,
    params: String,
}

impl Round {
    pub(super) fn new(asking: Asking) -> Self {
        Self {
            asking,
            state: Mutex::default(),
            waker: Arc::default(),
            relayed: Arc::default(),
            over: CancellationToken::new(),
            kept: AtomicBool::new(false),
        }
    }

    /// Whether the caller is asked while the call runs.
    pub(super) fn is_inline(&self) -> bool {
        self.asking.replay.is_none() || self.kept.load(Ordering::Acquire)
    }

    /// Asks what a child asks, while the method goes on.
    pub(super) fn relay(
        &self,
        method: &str,
        params: String,
    ) -> BoxFuture<'static, Result<String, RpcError>> {
        self.kept.store(true, Ordering::Release);
        let answer = (self.asking.inline)(method, params);
        let relayed = Relayed::new(&self.relayed, &self.waker);
        async move {
            let _relayed = relayed;
            answer.await
        }
        .boxed()
    }

    /// Ends the round: whoever still waits for an answer is told `why` there is none.
    pub(super) fn close(&self, why: &'static str) {
        lock(&self.state).closed.get_or_insert(why);
        self.over.cancel();
    }

    /// Runs a method until it returns, cannot go on without an answer of its caller, or has taken too long.
    pub(super) async fn run<F: Future>(
        &self,
        method: F,
        mut deadline: Option<Deadline>,
    ) -> Run<F::Output> {
        let mut method = pin!(method);
        poll_fn(|context| {
            self.waker.register(context.waker());
            let polled = method.as_mut().poll(context);
            match (self.stop(), polled) {
                (Some(stopped), _) => Poll::Ready(Run::Stopped(stopped)),
                (None, Poll::Ready(returned)) => Poll::Ready(Run::Returned(returned)),
                (None, Poll::Pending) => match &mut deadline {
                    Some(deadline) => deadline.poll(self.is_asking(), context).map(|()| Run::Late),
                    None => Poll::Pending,
                },
            }
        })
        .await
    }

    fn is_asking(&self) -> bool {
        self.relayed.load(Ordering::Acquire) > 0 || !lock(&self.state).open.is_empty()
    }

    /// Asks the caller, and reads the answer. `read` says what is wrong with one.
    pub(super) async fn ask<T>(
        &self,
        question: Question,
        cancelled: &CancellationToken,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> ToolResultOf<T> {
        let replay = self.asking.replay.as_ref();
        if let Some(answer) = replay.and_then(|answers| answers.get(&question.key)) {
            self.check(&question)?;
            match read(answer.get()) {
                Ok(read) => {
                    let mut state = lock(&self.state);
                    state.used.insert(question.key, answer.to_owned());
                    return Ok(read);
                }
                Err(problem) => {
                    let error = RpcError::invalid_params(wrong(&question.key, &problem));
                    lock(&self.state).refused.get_or_insert(error);
                }
            }
            return self.wait(cancelled).await;
        }
        if !self.is_inline() {
            let _open = self.open(question)?;
            return self.wait(cancelled).await;
        }
        let (key, method, params) = (
            question.key.clone(),
            question.method,
            question.params.clone(),
        );
        let repeats = question.repeats;
        let _open = self.open(question)?;
        let answer = tokio::select! {
            answer = (self.asking.inline)(method, params) => answer,
            () = self.ended(cancelled) => return Err(self.gone()),
        };
        let answer = answer.map_err(|error| {
            ToolError::new(format_args!(
                "the client did not answer `{key}`: {}",
                error.message
            ))
        })?;
        let read = read(&answer).map_err(|problem| ToolError::new(wrong(&key, &problem)))?;
        if !repeats && let Ok(answer) = RawValue::from_string(answer) {
            lock(&self.state).used.insert(key, answer);
        }
        Ok(read)
    }

    /// Waits for the end of a run that will not go on. Only a task that outlives it sees the error.
    async fn wait<T>(&self, cancelled: &CancellationToken) -> ToolResultOf<T> {
        self.waker.wake();
        self.ended(cancelled).await;
        Err(self.gone())
    }

    async fn ended(&self, cancelled: &CancellationToken) {
        tokio::select! {
            () = self.over.cancelled() => {}
            () = cancelled.cancelled() => {}
        }
    }

    fn gone(&self) -> ToolError {
        let why = lock(&self.state).closed;
        ToolError::new(why.unwrap_or("the caller has given up on this call"))
    }

    fn check(&self, question: &Question) -> ToolResultOf<()> {
        let state = lock(&self.state);
        if let Some(why) = state.closed {
            return Err(ToolError::new(why));
        }
        let twice = state.used.contains_key(&question.key)
            || state.open.iter().any(|open| open.key == question.key);
        if twice && !question.repeats {
            return Err(ToolError::new(format_args!(
                "`{}` is asked twice in one call: each question needs a key of its own",
                question.key
            )));
        }
        if state.open.len() >= MAX_OPEN {
            return Err(ToolError::new("too many questions are open at once"));
        }
        Ok(())
    }

    fn open(&self, question: Question) -> ToolResultOf<Guard<'_>> {
        self.check(&question)?;
        let mut state = lock(&self.state);
        let ticket = state.next;
        state.next += 1;
        state.open.push(Open {
            ticket,
            key: question.key,
            method: question.method,
            params: question.params,
        });
        drop(state);
        self.waker.wake();
        Ok(Guard {
            round: self,
            ticket,
        })
    }

    /// What the caller gets if the run cannot go on.
    fn stop(&self) -> Option<Result<String, RpcError>> {
        if self.is_inline() {
            return None;
        }
        let mut state = lock(&self.state);
        let stopped = match state.refused.take() {
            Some(error) => Err(error),
            None if state.open.is_empty() => return None,
            None => input_required(&std::mem::take(&mut state.open), &state.used),
        };
        drop(state);
        self.close("the call has ended; it runs again with the answer");
        Some(stopped)
    }
}

impl fmt::Debug for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Round").finish_non_exhaustive()
    }
}

/// An open question. One that nobody waits for any longer is withdrawn.
struct Guard<'r> {
    round: &'r Round,
    ticket: u64,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let ticket = self.ticket;
        lock(&self.round.state)
            .open
            .retain(|open| open.ticket != ticket);
        self.round.waker.wake();
    }
}

/// An open question of a child.
struct Relayed(Arc<AtomicUsize>, Arc<AtomicWaker>);

impl Relayed {
    fn new(open: &Arc<AtomicUsize>, waker: &Arc<AtomicWaker>) -> Self {
        open.fetch_add(1, Ordering::AcqRel);
        waker.wake();
        Self(Arc::clone(open), Arc::clone(waker))
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
        self.1.wake();
    }
}

fn wrong(key: &str, problem: &str) -> String {
    format!("the answer to `{key}` is not what was asked for: {problem}")
}

/// The result that asks: every open question, and the answers that the next run will need again.
fn input_required(
    open: &[Open],
    used: &BTreeMap<String, Box<RawValue>>,
) -> Result<String, RpcError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct InputRequired<'a> {
        result_type: &'static str,
        input_requests: serde_json::Map<String, serde_json::Value>,
        request_state: &'a str,
    }
    let encode = || {
        let mut input_requests = serde_json::Map::new();
        for Open {
            key,
            method,
            params,
            ..
        } in open
        {
            let params: serde_json::Value = serde_json::from_str(params)?;
            let request = serde_json::json!({ "method": method, "params": params });
            input_requests.entry(key.as_str()).or_insert(request);
        }
        serde_json::to_string(&InputRequired {
            result_type: "input_required",
            input_requests,
            request_state: &serde_json::to_string(used)?,
        })
    };
    encode().map_err(|error: serde_json::Error| {
        RpcError::new(RpcError::INTERNAL, format!("cannot ask: {error}"))
    })
}
