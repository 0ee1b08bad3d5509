//! What people may write.

// For `$crate::mcp_compose`.
extern crate mcp_compose;

mod compose;
mod generic_state;
mod parts;
