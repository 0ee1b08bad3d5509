//! The life of a child: started, listed, watched, and started again, left alone or put to sleep.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep, sleep_until};

use super::pauses::{RETRY, Row};
use super::{Child, NOT_AGAIN, Phase, bit, stalled, stop};
use crate::child::instance::Instance;
use crate::child::last_words::with_last_words;
use crate::child::listing::{Kind, Listing};
use crate::child::not_started::NotStarted;
use crate::child::stdio::Process;
use crate::compose::ChildSource;
use crate::wire::peer::{Cause, lock};

/// List changes of a child within this time are one change.
const DEBOUNCE: Duration = Duration::from_millis(250);
/// Least time from one reading of changed lists to the next: a child that announces a change with
/// every breath is not asked that often.
const RELIST: Duration = Duration::from_secs(1);
/// Bounds of the time for which a session may be unused: no busy loop, and no clock overflows.
const LEAST_IDLE: Duration = Duration::from_millis(1);
const MOST_IDLE: Duration = Duration::from_secs(365 * 24 * 3600);

/// How a session, or the try to start one, came to its end.
enum End {
    /// The child itself is to end.
    ForGood,
    /// Somebody wants another one.
    Asked,
    /// Nobody needed it for long.
    Unused,
    /// There is none.
    NotStarted(NotStarted),
    /// It has ended by itself after so long.
    Died(NotStarted, Duration),
}

/// What follows.
enum Rest {
    /// The next start.
    None,
    /// Sleep until the child is needed.
    Asleep,
    /// A pause.
    Pause(Arc<str>),
    /// The child is left alone.
    Park(NotStarted),
    /// Nothing, unless somebody asks for it.
    Stop(Arc<str>),
}

impl Child {
    /// Lives until it is ended. This is the child's one owner.
    pub(crate) async fn supervise(self: Arc<Self>) {
        let mut row = Row::default();
        // What was said last of its failures.
        let mut reported: Option<String> = None;
        let mut needed = !matches!(*self.phase.borrow(), Phase::Idle) || self.is_needed().await;
        while needed {
            self.enter(Phase::Starting);
            let rest = match self.session().await {
                End::ForGood => break,
                End::Unused => Rest::Asleep,
                End::Asked => {
                    row.clear();
                    Rest::None
                }
                End::NotStarted(why) => {
                    row.add(None);
                    self.report(&mut reported, &why);
                    self.judge(&row, why)
                }
                End::Died(why, lived) => {
                    row.add(Some(lived));
                    reported = None;
                    tracing::warn!(child = %self.label, "{why}");
                    self.judge(&row, why)
                }
            };
            needed = self.rest(&mut row, rest).await;
        }
        if !matches!(*self.phase.borrow(), Phase::Stopped { .. }) {
            self.enter(Phase::Stopped {
                reason: "it was stopped".into(),
            });
        }
    }

    /// What follows a failure.
    fn judge(&self, row: &Row, why: NotStarted) -> Rest {
        lock(&self.record).failure = Some(Arc::new(why.clone()));
        if matches!(self.spec.source, ChildSource::Session(_)) {
            return Rest::Stop(why.to_string().into());
        }
        if !self.spec.options.restart.allows(row.len() - 1) {
            return Rest::Stop(format!("{why}{NOT_AGAIN}").into());
        }
        if why.permanent || row.is_loop() {
            return Rest::Park(why);
        }
        Rest::Pause(why.to_string().into())
    }

    /// Waits until the child is to be started again; false where it is to end.
    async fn rest(self: &Arc<Self>, row: &mut Row, rest: Rest) -> bool {
        // What was asked for before is answered by what follows.
        let _ = self.wanted.notified().now_or_never();
        let _ = self.restarted.notified().now_or_never();
        let asked = tokio::select! {
            biased;
            () = self.ending.cancelled() => return false,
            () = self.restarted.notified(), if !matches!(rest, Rest::None) => true,
            needed = self.rest_until_needed(row, &rest) => return needed,
        };
        if asked {
            row.clear();
        }
        asked
    }

    async fn rest_until_needed(self: &Arc<Self>, row: &mut Row, rest: &Rest) -> bool {
        match rest {
            Rest::None => {}
            Rest::Asleep => {
                self.enter(Phase::Asleep);
                self.wanted.notified().await;
            }
            Rest::Pause(reason) => {
                let retry_at = Instant::now() + row.pause();
                self.announce();
                self.enter(Phase::Down {
                    reason: Arc::clone(reason),
                    retry_at,
                });
                sleep_until(retry_at).await;
                if self.spec.options.lazy {
                    self.wanted.notified().await;
                }
            }
            Rest::Park(why) => {
                self.announce();
                self.enter(self.parked(row, why));
                tokio::select! {
                    () = sleep(RETRY) => {}
                    () = self.wanted.notified() => {}
                }
            }
            Rest::Stop(reason) => {
                self.announce();
                self.enter(Phase::Stopped {
                    reason: Arc::clone(reason),
                });
                if matches!(self.spec.source, ChildSource::Session(_)) {
                    return false;
                }
                std::future::pending().await
            }
        }
        true
    }

    fn parked(&self, row: &mut Row, why: &NotStarted) -> Phase {
        let (since, new) = row.park();
        // What never ran has not been lost.
        let cause = why.cause_or(match self.known.load().is_none() {
            true => Cause::StartFailed,
            false => Cause::Unavailable,
        });
        let what = match why.permanent {
            true => "it is parked".to_owned(),
            false => format!("it is parked after {} failures in a row", row.len()),
        };
        if new {
            tracing::warn!(child = %self.label, "{what}; it is tried again every {} s", RETRY.as_secs());
        }
        let reason = format!(
            "{why}; {what}: mend it, then restart it or wait, as it is tried again every {} s",
            RETRY.as_secs()
        );
        let tried = Instant::now();
        Phase::Parked {
            cause,
            reason: reason.into(),
            since,
            tried,
            retry_at: tried + RETRY,
        }
    }

    /// The same failure is told once, not at each try.
    fn report(&self, reported: &mut Option<String>, why: &NotStarted) {
        let reason = why.to_string();
        if reported.as_ref() == Some(&reason) || self.spec.options.optional {
            tracing::info!(child = %self.label, "did not start: {reason}");
        } else {
            tracing::warn!(child = %self.label, "did not start: {reason}");
        }
        *reported = Some(reason);
    }

    /// Waits until somebody needs the child; false where it is to end.
    async fn is_needed(&self) -> bool {
        tokio::select! {
            () = self.wanted.notified() => true,
            () = self.ending.cancelled() => false,
        }
    }

    /// Starts a session and attends to it until it has ended.
    async fn session(self: &Arc<Self>) -> End {
        let started = tokio::select! {
            started = self.start() => started,
            () = self.ending.cancelled() => return End::ForGood,
        };
        let (instance, process) = match started {
            Ok(started) => started,
            Err(why) => return End::NotStarted(why),
        };
        let began = Instant::now();
        let end = self.attend(&instance).await;
        self.current.store(None);
        self.pool.remove(&instance);
        stop(&instance, process.as_ref()).await;
        end.unwrap_or_else(|| {
            let stderr = process.map(|process| process.stderr()).unwrap_or_default();
            let why = instance.peer().ended().map_or("it ended", |why| why);
            let why = NotStarted::new(Cause::Exited, why);
            End::Died(with_last_words(&self.spec, why, &stderr), began.elapsed())
        })
    }

    /// Opens a session, greets and lists; whatever fails, nothing of it is left running.
    async fn start(self: &Arc<Self>) -> Result<(Arc<Instance>, Option<Process>), NotStarted> {
        let (instance, starting) = self.greet(self.introduction()).await?;
        self.known.store(Some(Arc::new(instance.profile().clone())));
        self.dirty.store(0, Ordering::Release);
        let listing = self
            .listing
            .load()
            .refresh(&instance, [true; 4], self.spec.options.list_timeout)
            .await;
        self.publish(listing)?;
        if instance.owner().is_some() {
            self.pool.adopt(&instance);
        }
        self.current.store(Some(Arc::clone(&instance)));
        if let Some(audience) = self.common.audience.upgrade() {
            audience.started(self, &instance);
            audience.changed(self);
        }
        lock(&self.record).sessions += 1;
        // Whoever waits for the child finds it in the catalog.
        self.enter(Phase::Ready);
        Ok((instance, starting.succeed()))
    }

    /// Attends to a session until it ends, and says why, unless that was the session's own doing.
    async fn attend(self: &Arc<Self>, instance: &Arc<Instance>) -> Option<End> {
        let stalled = async {
            match self.is_renewable() {
                true => stalled(instance).await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.ending.cancelled() => Some(End::ForGood),
            () = instance.stopping().cancelled() => Some(End::Asked),
            () = instance.peer().closed() => None,
            () = stalled => None,
            () = self.unused(instance) => Some(End::Unused),
            why = self.relist(instance) => Some(End::NotStarted(why)),
        }
    }

    /// Reads again what the session says has changed, until that is a reason to be without it.
    async fn relist(self: &Arc<Self>, instance: &Arc<Instance>) -> NotStarted {
        let mut next = Instant::now();
        loop {
            self.dirtied.notified().await;
            sleep_until(next.max(Instant::now() + DEBOUNCE)).await;
            let dirty = self.dirty.swap(0, Ordering::AcqRel);
            if dirty == 0 {
                continue;
            }
            next = Instant::now() + RELIST;
            let kinds = Kind::ALL.map(|kind| dirty & bit(kind) != 0);
            let listing = self
                .listing
                .load()
                .refresh(instance, kinds, self.spec.options.list_timeout)
                .await;
            if let Err(why) = self.publish(listing) {
                return why;
            }
            self.announce();
        }
    }

    /// Waits until the session has long been unused, and gives it up in the same moment.
    async fn unused(&self, instance: &Arc<Instance>) {
        let Some(limit) = self
            .spec
            .options
            .idle_stop()
            .filter(|_| self.is_renewable())
        else {
            return std::future::pending().await;
        };
        let limit = limit.clamp(LEAST_IDLE, MOST_IDLE);
        let (mut uses, mut since) = (instance.uses(), Instant::now());
        let is_used = |uses| {
            let audience = self.common.audience.upgrade();
            let watched = audience.is_some_and(|audience| audience.is_watched(self, instance));
            instance.uses() != uses || instance.is_busy() || watched
        };
        loop {
            // Looked at now and then: calls leave no time behind when they end.
            sleep((limit / 4).max(LEAST_IDLE)).await;
            if is_used(uses) {
                (uses, since) = (instance.uses(), Instant::now());
            } else if since.elapsed() >= limit {
                self.current.store(None);
                if !is_used(uses) {
                    // Whoever has got it until now sends nothing, and is given the next one.
                    return instance.peer().end("nobody needed it");
                }
                self.current.store(Some(Arc::clone(instance)));
            }
        }
    }

    /// The gateway reports the listing's problems, each once. Nothing is kept of a child that is refused for its lists.
    fn publish(&self, listing: Listing) -> Result<(), NotStarted> {
        let refused = self
            .common
            .identity
            .refuses(listing.through.iter().flatten());
        let kept = match refused {
            None => listing,
            Some(_) => Listing::default(),
        };
        self.listing.store(Arc::new(kept));
        refused.map_or(Ok(()), Err)
    }

    fn announce(self: &Arc<Self>) {
        if let Some(audience) = self.common.audience.upgrade() {
            audience.changed(self);
        }
    }

    fn enter(&self, phase: Phase) {
        lock(&self.record).since = match &phase {
            Phase::Parked { since, .. } => *since,
            _ => Instant::now(),
        };
        self.phase.send_replace(phase);
    }
}
