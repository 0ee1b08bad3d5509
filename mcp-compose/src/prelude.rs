//! What a file with a typed server in it usually needs.

pub use crate::{Answer, Content, Ctx, LogLevel, Message, Result, ToolError, mcp_server};
