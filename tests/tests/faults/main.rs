//! The fault matrix: what children, clients and the system do wrong, and what becomes of everybody's calls. Each test
//! bears the id of its row; `docs/reliability.md` lists them all, and those that have no test with the reason.

mod front;
mod http;
mod life;
mod process;
mod received;
mod stdio;
mod table;
