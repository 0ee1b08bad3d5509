//! Many clients at once, each asked for what only it knows; and what a ledger of that says.

mod check;
mod ledger;
pub mod parking;
mod rude;
mod scene;

pub use crate::ledger::{append, read};
pub use check::{Defect, Report, check};
pub use ledger::{Event, Fate, Kind};
pub use rude::Rude;
pub use scene::{Asking, Run, Scene};
