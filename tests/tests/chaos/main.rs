//! Everything goes wrong at once, and nobody else notices. `cargo xtask chaos` runs the same with larger numbers.

mod planted;
mod run;
