//! Children as the program itself uses them: handles to call them by.

mod args;
mod child;
mod children;
mod declared;
mod error;
mod mount;
mod report;
mod result;

pub use args::Args;
pub use child::Child;
pub use children::{Children, IntoChildren};
pub use declared::Declared;
pub use error::CallError;
pub use report::{Report, Status};
pub use result::CallResult;

pub(crate) use mount::Mount;

#[cfg(test)]
mod tests;
