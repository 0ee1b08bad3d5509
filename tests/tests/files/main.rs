//! Compositions in files: how they are made, and what becomes of changes while they are served.

mod broken;
mod create;
mod project;
mod reload;
