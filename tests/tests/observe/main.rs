//! What is seen of a composition from outside: traces and metrics at a collector, metrics in the text format of
//! Prometheus, and the log as JSON.

mod collector;
mod logs;
mod prometheus;
mod traces;
