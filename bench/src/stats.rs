//! Numbers: one round of calls, and the median of rounds.

use std::time::Duration;

/// What one target did in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Answered calls a second.
    pub(crate) rate: f64,
    /// Median time of a call, in microseconds.
    pub(crate) p50: f64,
    /// 99th percentile, in microseconds.
    pub(crate) p99: f64,
    /// CPU time of the front a call, in microseconds; `None` where there is no front.
    pub(crate) cpu: Option<f64>,
}

impl Round {
    /// From the time of each call in nanoseconds, how long the round took and what the front used.
    pub(crate) fn new(mut times: Vec<u64>, elapsed: Duration, cpu: Option<Duration>) -> Self {
        times.sort_unstable();
        let calls = times.len().max(1) as f64;
        Self {
            rate: times.len() as f64 / elapsed.as_secs_f64(),
            p50: percentile(&times, 50),
            p99: percentile(&times, 99),
            cpu: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / calls),
        }
    }

    /// Field by field the median of several rounds. CPU time is the mean: its clock ticks are coarse, and add up.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |field: fn(&Self) -> f64| median(rounds.iter().map(field).collect());
        let cpu: Option<Vec<f64>> = rounds.iter().map(|round| round.cpu).collect();
        Self {
            rate: of(|round| round.rate),
            p50: of(|round| round.p50),
            p99: of(|round| round.p99),
            cpu: cpu.map(|cpu| cpu.iter().sum::<f64>() / cpu.len().max(1) as f64),
        }
    }
}

/// The median; 0 of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn percentile(sorted: &[u64], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(0.0, |nanos| *nanos as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_summed_up() {
        let times = (1..=100).rev().map(|micros| micros * 1_000).collect();
        let round = Round::new(
            times,
            Duration::from_secs(2),
            Some(Duration::from_millis(1)),
        );
        assert_eq!((round.rate, round.p50, round.p99), (50.0, 51.0, 100.0));
        assert_eq!(round.cpu, Some(10.0));
    }

    #[test]
    fn the_median_ignores_an_outlier() {
        assert_eq!(median(vec![3.0, 900.0, 1.0]), 3.0);
        assert_eq!(median(vec![4.0, 2.0]), 3.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
