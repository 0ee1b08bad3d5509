//! Parked calls: a legacy child asks in the middle of a call, and the client is one that answers by
//! trying again (2026-07-28).
//!
//! The client's request is answered with the questions; the call goes on at the child, in a task of
//! its own, until the retry brings the answers, the time is up, or the child has ended it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::{relay_notification, relay_progress};
use super::client::Outlet;
use super::elicitations::COMPLETE;
use super::fault;
use super::input::{InputRequired, Question, canonical};
use super::question::{Asked, STILL_OPEN};
use super::underway::{OpenGuard, Step, Underway};
use crate::child::instance::LogWish;
use crate::child::supervisor::Child;
use crate::compose::Namespace;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::lock;
use crate::wire::version::Era;
use crate::wire::{FastMap, Object, Raw, Request, json};

/// Questions within this time of each other are asked in one round.
const COLLECT: Duration = Duration::from_millis(10);
/// How long a call goes on when the request that waits for it is gone without a word: a connection
/// that broke comes back with the same request.
const GRACE: Duration = Duration::from_secs(2);
/// How long an outcome is kept for a request that is sent again because its answer was lost.
const KEPT: Duration = Duration::from_secs(30);
/// Outcomes that are kept so at once.
const MAX_KEPT: usize = 256;
/// Calls that may be parked for one principal.
const MAX_OF_PRINCIPAL: usize = 256;
/// Rounds of one call.
const MAX_ROUNDS: usize = 64;

/// The parked calls.
#[derive(Debug, Default)]
pub(super) struct Parks {
    table: Mutex<FastMap<u64, Arc<Parked>>>,
    next: AtomicU64,
}

impl Parks {
    /// Takes a call in, unless too many are parked already.
    fn admit(&self, child: &Arc<Child>, principal: Arc<str>) -> Option<Arc<Parked>> {
        let mut table = lock(&self.table);
        let (mut of_child, mut of_principal, mut kept) = (0, 0, Vec::new());
        for parked in table.values() {
            if lock(&parked.state).ended.is_some() {
                kept.push(parked.handle);
                continue;
            }
            of_child += usize::from(parked.child.id == child.id);
            of_principal += usize::from(parked.principal == principal);
        }
        if of_child >= child.spec.options.max_parked || of_principal >= MAX_OF_PRINCIPAL {
            return None;
        }
        if kept.len() >= MAX_KEPT
            && let Some(oldest) = kept.iter().min()
        {
            table.remove(oldest);
        }
        let parked = Arc::new(Parked {
            handle: self.next.fetch_add(1, Ordering::Relaxed),
            child: Arc::clone(child),
            principal,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
        });
        table.insert(parked.handle, Arc::clone(&parked));
        Some(parked)
    }

    /// The parked call of a handle, while it is known.
    pub(super) fn get(&self, handle: u64) -> Option<Arc<Parked>> {
        lock(&self.table).get(&handle).cloned()
    }

    fn remove(&self, handle: u64) {
        lock(&self.table).remove(&handle);
    }
}

/// A call whose client has been asked something.
#[derive(Debug)]
pub(super) struct Parked {
    handle: u64,
    child: Arc<Child>,
    principal: Arc<str>,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    rounds: Vec<Round>,
    ended: Option<Result<Raw, ErrorObject>>,
    /// The newest request that waits, until the driver has taken notice.
    newest: Option<Viewer>,
    /// Requests of the client that wait for what comes next.
    viewers: usize,
    /// The client has said that it wants no result.
    cancelled: bool,
}

/// What was asked in one result.
#[derive(Debug)]
struct Round {
    questions: Vec<(String, Question)>,
    waiting: Vec<(String, Asked)>,
    since: Instant,
    /// The digest of the answers.
    answered: Option<[u8; SHA256_OUTPUT_LEN]>,
}

/// The request of a client that waits: where what precedes its result goes.
#[derive(Debug)]
pub(super) struct Viewer {
    pub(super) client: u64,
    pub(super) outlet: Arc<dyn Outlet>,
    /// Its progress token, raw.
    pub(super) token: Option<String>,
    pub(super) wish: LogWish,
}

/// What a waiting request gets.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Questions, and the number of their round.
    Asked(usize, InputRequired),
    /// The child's result, or why there is none.
    Ended(Result<Raw, ErrorObject>),
}

impl Parked {
    pub(super) fn handle(&self) -> u64 {
        self.handle
    }

    /// Takes the answers to a round and gives the number of the round that comes next. Answers that
    /// were given before change nothing; others in their place are refused.
    pub(super) fn answer(&self, round: usize, responses: &str) -> Result<usize, ErrorObject> {
        let responses = Object::parse(responses)
            .map_err(|error| fault::invalid_params(&format!("`inputResponses`: {error}")))?;
        let mut state = lock(&self.state);
        let ended = state.ended.is_some();
        let Some(of) = state.rounds.get_mut(round) else {
            return Err(fault::state_refused("it names no question that was asked"));
        };
        let digest = digest(of, &responses);
        if let Some(before) = of.answered {
            return if before == digest {
                Ok(round + 1)
            } else {
                Err(fault::state_refused(
                    "these questions have been answered before, and differently",
                ))
            };
        }
        if ended {
            return Ok(round + 1);
        }
        for (key, asked) in &of.waiting {
            if let Some(answer) = responses.get(key)
                && let Some(why) = asked.question.findings(answer, &self.child.label)
            {
                let why = format!("`inputResponses.{key}` is refused: {why}");
                return Err(fault::invalid_params(&why));
            }
        }
        let (given, missing): (Vec<_>, Vec<_>) = std::mem::take(&mut of.waiting)
            .into_iter()
            .partition(|(key, _)| responses.get(key).is_some());
        if given.is_empty() {
            of.waiting = missing;
            return Ok(round);
        }
        of.answered = Some(digest);
        if !missing.is_empty() {
            let again = Round::of(missing);
            state.rounds.push(again);
        }
        drop(state);
        for (key, asked) in given {
            if let Some(answer) = responses.get(&key) {
                asked.answer(Ok(Raw::from_json(answer.to_owned())));
            }
        }
        self.changed.send_replace(());
        Ok(round + 1)
    }

    /// Waits for a round, or for the end. A request that is dropped meanwhile was cut off.
    pub(super) async fn outcome(
        &self,
        round: usize,
        viewer: Viewer,
        cancelled: &CancellationToken,
    ) -> Outcome {
        {
            let mut state = lock(&self.state);
            state.viewers += 1;
            state.newest = Some(viewer);
        }
        self.changed.send_replace(());
        let _viewing = Viewing(self);
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(outcome) = self.look(round) {
                return outcome;
            }
            tokio::select! {
                // The sender is ours.
                _ = changed.changed() => {}
                () = cancelled.cancelled() => {
                    lock(&self.state).cancelled = true;
                    return Outcome::Ended(Err(fault::cancelled()));
                }
            }
        }
    }

    fn look(&self, round: usize) -> Option<Outcome> {
        let state = lock(&self.state);
        if let Some(of) = state.rounds.get(round) {
            let asks = InputRequired {
                questions: of.questions.clone(),
                state: None,
            };
            return Some(Outcome::Asked(round, asks));
        }
        state.ended.clone().map(Outcome::Ended)
    }
}

/// Counts a request that waits.
struct Viewing<'p>(&'p Parked);

impl Drop for Viewing<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).viewers -= 1;
        self.0.changed.send_replace(());
    }
}

impl Round {
    fn of(waiting: Vec<(String, Asked)>) -> Self {
        let questions = waiting
            .iter()
            .map(|(key, asked)| (key.clone(), asked.question.clone()));
        Self {
            questions: questions.collect(),
            waiting,
            since: Instant::now(),
            answered: None,
        }
    }
}

/// Equal answers to the questions of a round have equal digests; what answers nothing is not seen.
fn digest(round: &Round, responses: &Object<'_>) -> [u8; SHA256_OUTPUT_LEN] {
    let mut text = String::new();
    for (key, _) in &round.questions {
        if let Some(answer) = responses.get(key) {
            json::push_string(&mut text, key);
            text.push(':');
            canonical(answer, &mut text);
            text.push(',');
        }
    }
    let mut digest = [0; SHA256_OUTPUT_LEN];
    digest.copy_from_slice(ring::digest::digest(&SHA256, text.as_bytes()).as_ref());
    digest
}

/// Parks a call: from now on it is driven by a task of its own. Where too many are parked, or the
/// client cannot be asked this, the question is refused and the call comes back as it was.
pub(super) fn park(
    gateway: &super::Gateway,
    underway: Underway,
    first: Request,
    principal: Arc<str>,
    namespace: Option<&Namespace>,
    viewer: Viewer,
) -> Result<Arc<Parked>, Box<Underway>> {
    let child = Arc::clone(&underway.child);
    let peer = Arc::clone(underway.lease.peer());
    let Some(parked) = gateway.parks.admit(&child, principal) else {
        let why = "too many calls wait for their clients; try again later";
        let error = ErrorObject::new(code::INTERNAL, why);
        super::question::refuse(&child, &peer, first.id, &error);
        return Err(Box::new(underway));
    };
    let Some(first) = Asked::begin(&child, &peer, first, &underway.told) else {
        gateway.parks.remove(parked.handle);
        return Err(Box::new(underway));
    };
    let driver = Driver {
        parked: Arc::clone(&parked),
        parks: Arc::clone(&gateway.parks),
        patience: child.spec.options.question_timeout,
        asked: 0,
        collected: Vec::new(),
        collect_until: None,
        guard: None,
        viewer: Some(viewer),
        namespace: namespace.cloned(),
        progress: None,
        left: None,
    };
    let stopping = gateway.stopping.clone();
    gateway.tasks.spawn(driver.run(underway, first, stopping));
    Ok(parked)
}

/// Drives one parked call to its end.
struct Driver {
    parked: Arc<Parked>,
    parks: Arc<Parks>,
    /// How long answers are waited for.
    patience: Duration,
    asked: usize,
    /// Questions of the next round.
    collected: Vec<(String, Asked)>,
    collect_until: Option<Instant>,
    /// Held while the client has something to answer.
    guard: Option<OpenGuard>,
    viewer: Option<Viewer>,
    /// Of the child's URIs, for the client.
    namespace: Option<Namespace>,
    /// The latest progress that nobody has seen.
    progress: Option<Raw>,
    /// When the last request that waited left, while the call goes on.
    left: Option<Instant>,
}

/// Why a parked call is given up.
enum Give {
    Expired,
    Left,
    Stopping,
}

impl Driver {
    async fn run(mut self, mut underway: Underway, first: Asked, stopping: CancellationToken) {
        underway.release_slot();
        self.collect(first, &underway);
        let mut changed = self.parked.changed.subscribe();
        let mut ticks = tokio::time::interval(STILL_OPEN);
        ticks.reset();
        let given_up = loop {
            let timer = self.timer();
            tokio::select! {
                biased;
                step = underway.step() => match step {
                    Step::Done(outcome) => {
                        // A request that has just come back gets its progress before the end.
                        self.changed(&mut underway);
                        let client = Era::Modern;
                        let outcome = outcome.map_err(|ended| {
                            let child = &self.parked.child;
                            ended.explain(child, self.namespace.as_ref(), client)
                        });
                        self.refuse_open("the call that caused this question has ended");
                        // The session is free before anybody hears of the end.
                        drop(underway);
                        self.end(outcome);
                        return self.keep(&stopping).await;
                    }
                    Step::Question(request, _) => self.take(request, &underway),
                    Step::Progress(params) => self.progressed(params),
                    // A modern client learns of it by the outcome of its call.
                    Step::Notification(said) if &*said.method == COMPLETE => {}
                    Step::Notification(notification) => {
                        if let Some(viewer) = &self.viewer {
                            relay_notification(&viewer.outlet, viewer.wish, &self.parked.child, notification);
                        }
                    }
                },
                // The sender is in `parked`.
                _ = changed.changed() => {
                    if self.changed(&mut underway) {
                        break Give::Left;
                    }
                }
                () = tokio::time::sleep_until(timer.unwrap_or_else(Instant::now)), if timer.is_some() => {
                    if let Some(give) = self.timed() {
                        break give;
                    }
                }
                _ = ticks.tick() => self.still_open(),
                () = stopping.cancelled() => break Give::Stopping,
            }
        };
        self.give_up(underway, &given_up);
    }

    /// When something is to be done, if nothing happens before.
    fn timer(&self) -> Option<Instant> {
        let state = lock(&self.parked.state);
        let open = state
            .rounds
            .last()
            .filter(|round| !round.waiting.is_empty());
        let expires = open.map(|round| round.since + self.patience);
        let collects = self.collect_until.filter(|_| open.is_none());
        let leaves = self.left.map(|left| left + GRACE);
        [expires, collects, leaves].into_iter().flatten().min()
    }

    /// The time of [`Driver::timer`] has come.
    fn timed(&mut self) -> Option<Give> {
        let now = Instant::now();
        let mut state = lock(&self.parked.state);
        let open = state
            .rounds
            .last()
            .filter(|round| !round.waiting.is_empty());
        match open {
            Some(round) if round.since + self.patience <= now => return Some(Give::Expired),
            None if self.collect_until.is_some_and(|until| until <= now) => {
                self.collect_until = None;
                let round = Round::of(std::mem::take(&mut self.collected));
                state.rounds.push(round);
                // What is said from now on is for the request that comes next.
                self.viewer = None;
                drop(state);
                self.parked.changed.send_replace(());
            }
            _ if self.left.is_some_and(|left| left + GRACE <= now) => return Some(Give::Left),
            _ => {}
        }
        None
    }

    /// Takes a question, unless it is refused.
    fn take(&mut self, request: Request, underway: &Underway) {
        let (child, peer) = (&underway.child, underway.lease.peer());
        if super::question::answer_listed_roots(child, peer, &request) {
            return;
        }
        if lock(&self.parked.state).rounds.len() >= MAX_ROUNDS {
            let why = format!("a call may ask its client {MAX_ROUNDS} times");
            let error = ErrorObject::new(code::INTERNAL, &why);
            return super::question::refuse(child, peer, request.id, &error);
        }
        if let Some(asked) = Asked::begin(child, peer, request, &underway.told) {
            self.collect(asked, underway);
        }
    }

    fn collect(&mut self, asked: Asked, underway: &Underway) {
        self.asked += 1;
        self.collected.push((format!("q{}", self.asked), asked));
        self.collect_until = Some(Instant::now() + COLLECT);
        self.guard.get_or_insert_with(|| underway.open_question());
    }

    /// Somebody waits, has left, or has answered; true if the client wants no result.
    fn changed(&mut self, underway: &mut Underway) -> bool {
        let (newest, waits, open) = {
            let mut state = lock(&self.parked.state);
            if state.cancelled {
                return true;
            }
            let open = state
                .rounds
                .last()
                .is_some_and(|round| !round.waiting.is_empty());
            (state.newest.take(), state.viewers > 0, open)
        };
        if let Some(viewer) = newest {
            underway.move_to(viewer.client, &viewer.outlet, viewer.wish);
            self.viewer = Some(viewer);
            if let Some(progress) = self.progress.take() {
                self.progressed(progress);
            }
        }
        let asks = open || !self.collected.is_empty();
        if !asks {
            self.guard = None;
        }
        self.left = match (waits || open, self.left) {
            (true, _) => None,
            (false, left) => left.or_else(|| Some(Instant::now())),
        };
        false
    }

    fn progressed(&mut self, params: Raw) {
        match &self.viewer {
            Some(Viewer {
                outlet,
                token: Some(token),
                ..
            }) => relay_progress(outlet, token, &self.parked.child, &params),
            Some(_) => {}
            None => self.progress = Some(params),
        }
    }

    fn still_open(&mut self) {
        let mut state = lock(&self.parked.state);
        let waiting = state
            .rounds
            .last_mut()
            .into_iter()
            .flat_map(|round| &mut round.waiting);
        for (_, asked) in waiting.chain(&mut self.collected) {
            asked.still_open();
        }
    }

    fn end(&self, outcome: Result<Raw, ErrorObject>) {
        lock(&self.parked.state).ended = Some(outcome);
        self.parked.changed.send_replace(());
    }

    /// Keeps the outcome for a while, for a client whose connection broke before it had it.
    async fn keep(self, stopping: &CancellationToken) {
        let was_asked = !lock(&self.parked.state).rounds.is_empty();
        if was_asked {
            tokio::select! {
                () = tokio::time::sleep(KEPT.min(self.patience)) => {}
                () = stopping.cancelled() => {}
            }
        }
        self.parks.remove(self.parked.handle);
    }

    /// The child gets an error for what it asked and nobody will answer.
    fn refuse_open(&mut self, why: &str) {
        let mut waiting = std::mem::take(&mut self.collected);
        if let Some(round) = lock(&self.parked.state).rounds.last_mut() {
            waiting.append(&mut round.waiting);
        }
        for (_, asked) in waiting {
            asked.answer(Err(ErrorObject::new(code::INTERNAL, why)));
        }
    }

    /// Ends the call at the child; its questions get an error, and so does whoever still waits.
    fn give_up(mut self, underway: Underway, give: &Give) {
        let (to_child, to_client) = match give {
            Give::Expired => (
                "the client did not answer in time",
                fault::state_refused("it has expired: the questions were not answered in time"),
            ),
            Give::Left => ("the client has left", fault::cancelled()),
            Give::Stopping => ("the server is stopping", fault::cancelled()),
        };
        self.refuse_open(to_child);
        underway.cancel(to_child);
        self.parks.remove(self.parked.handle);
        self.end(Err(to_client));
    }
}
