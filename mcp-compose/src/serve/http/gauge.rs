//! How much is in flight at once, and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what is in flight.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicUsize);

/// One of those that are in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat(Arc<Gauge>);

impl Gauge {
    /// Takes one more in, unless there are `max` already.
    pub(super) fn enter(self: &Arc<Self>, max: usize) -> Option<Seat> {
        let seat = Seat(Arc::clone(self));
        // The seat takes itself back where there was no room.
        (self.0.fetch_add(1, Ordering::Relaxed) < max).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_and_come_back() {
        let gauge = Arc::new(Gauge::default());
        let first = gauge.enter(2).unwrap();
        let second = gauge.enter(2).unwrap();
        assert!(gauge.enter(2).is_none());
        assert!(gauge.enter(2).is_none());
        drop(first);
        let third = gauge.enter(2).expect("one was given back");
        drop((second, third));
        assert_eq!(gauge.0.load(Ordering::Relaxed), 0);
        assert!(gauge.enter(0).is_none());
    }
}
