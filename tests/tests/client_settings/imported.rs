//! What `import` makes of the settings of each client: programs, here as modules, so that each is known to compile.
#![allow(dead_code, reason = "nobody runs them")]

#[path = "../../fixtures/import/claude_code.rs"]
mod claude_code;
#[path = "../../fixtures/import/claude_desktop.rs"]
mod claude_desktop;
#[path = "../../fixtures/import/codex.rs"]
mod codex;
#[path = "../../fixtures/import/cursor.rs"]
mod cursor;
#[path = "../../fixtures/import/gemini.rs"]
mod gemini;
#[path = "../../fixtures/import/vscode.rs"]
mod vscode;
#[path = "../../fixtures/import/windsurf.rs"]
mod windsurf;
#[path = "../../fixtures/import/zed.rs"]
mod zed;
