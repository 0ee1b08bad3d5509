//! Compositions in files: how they are made, and what becomes of changes while they are served.

mod broken;
mod circle;
mod create;
mod project;
mod reload;
