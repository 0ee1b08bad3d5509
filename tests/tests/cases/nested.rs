//! A44: an aggregator as a child of an aggregator, the real binary both times.
