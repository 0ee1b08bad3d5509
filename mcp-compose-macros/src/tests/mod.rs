//! What concerns all macros: their documentation, what they expand to, and what editors get of code that is being written.

mod editing;
mod keys;
mod output;
