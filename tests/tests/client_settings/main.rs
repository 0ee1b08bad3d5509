//! `install`, `uninstall` and `import`, on settings files as people have them, in the dialect of each client.

mod bed;
mod import;
mod imported;
mod install;
