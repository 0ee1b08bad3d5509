//! One measurement of several targets: interleaved rounds, so that whatever else the machine does hits all alike.

use std::time::Duration;

use super::Pace;
use crate::client::Work;
use crate::stats::{Round, median};
use crate::target::Target;

/// Part of a round that each target is warmed up for.
const WARM_UP_SHARE: u32 = 4;

/// The rounds of one target.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) label: &'static str,
    /// Why there are no numbers: a target that fails stays in the table, and the others are measured.
    pub(super) failure: Option<String>,
    rounds: Vec<Round>,
}

impl Series {
    fn new(label: &'static str, rounds: usize) -> Self {
        Self {
            label,
            failure: None,
            rounds: Vec::with_capacity(rounds),
        }
    }

    /// Takes one round of the target, unless it has failed before.
    async fn take(&mut self, target: &mut Target, work: &Work, in_flight: usize, length: Duration) {
        if self.failure.is_some() {
            return;
        }
        match target.round(work, in_flight, length).await {
            Ok(round) => self.rounds.push(round),
            Err(error) => {
                eprintln!("warning: {error:#}");
                self.failure = Some(format!("{error:#}"));
            }
        }
    }

    /// The typical round.
    pub(super) fn median(&self) -> Round {
        Round::median(&self.rounds)
    }

    /// The slowest and the fastest round, in calls a second.
    pub(super) fn range(&self) -> (f64, f64) {
        let rates = self.rounds.iter().map(|round| round.rate);
        rates.fold((f64::INFINITY, 0.0), |(low, high), rate| {
            (low.min(rate), high.max(rate))
        })
    }

    /// The median over rounds of a number formed from this round and the other's of the same turn.
    pub(super) fn against(&self, other: &Self, of: impl Fn(&Round, &Round) -> f64) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        median(pairs.map(|(mine, theirs)| of(mine, theirs)).collect())
    }

    /// Throughput as a share of the other's.
    pub(super) fn rate_share(&self, other: &Self) -> f64 {
        self.against(other, |mine, theirs| mine.rate / theirs.rate)
    }

    /// Microseconds of median latency more than the other's.
    pub(super) fn p50_added(&self, other: &Self) -> f64 {
        self.against(other, |mine, theirs| mine.p50 - theirs.p50)
    }
}

/// Measures all targets, taking turns.
pub(super) async fn measure(
    targets: &mut [Target],
    work: impl Fn(&Target) -> Work,
    in_flight: usize,
    pace: Pace,
) -> Vec<Series> {
    let works: Vec<Work> = targets.iter().map(work).collect();
    let mut all: Vec<Series> = targets
        .iter()
        .map(|target| Series::new(target.label, pace.rounds))
        .collect();
    let warm_up = pace.length / WARM_UP_SHARE;
    for ((series, target), work) in all.iter_mut().zip(targets.iter_mut()).zip(&works) {
        series.take(target, work, in_flight, warm_up).await;
        series.rounds.clear();
    }
    for turn in 0..pace.rounds {
        for place in 0..targets.len() {
            // Nobody always comes after the same neighbour's first call of a turn.
            let index = (place + turn) % targets.len();
            let target = &mut targets[index];
            all[index]
                .take(target, &works[index], in_flight, pace.length)
                .await;
        }
    }
    all
}

/// The series with this label, if that target was measured.
pub(super) fn find<'a>(all: &'a [Series], label: &str) -> Option<&'a Series> {
    all.iter()
        .find(|series| series.label == label && series.failure.is_none())
}
