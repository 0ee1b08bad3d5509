//! Everything goes wrong at once: children, clients and a network that misbehave by a seed, the ledger that they write,
//! and the checker that finds what may never happen.

pub mod bed;
mod check;
pub mod child;
mod client;
mod event;
mod fault;
mod net;
pub mod relay;
pub mod run;
pub mod watch;

pub use check::{Defect, Report, Rules, check};
pub use client::{Client, PATIENCE, Plan, Record, Went};
pub use event::{Event, Fate, Terminal, now};
pub use fault::{At, Fault, Outcome};
pub use net::Net;
