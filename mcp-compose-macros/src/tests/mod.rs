//! What concerns all macros: their documentation, what they expand to, and what editors get of code that is being written.
#![expect(
    clippy::needless_pass_by_value,
    reason = "what `quote!` makes is handed on as it is"
)]

mod editing;
mod fuzz;
mod keys;
mod output;
