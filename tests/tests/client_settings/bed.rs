//! A machine with nothing on it but a home folder and the settings that a test puts there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mcp_compose_tests::aggregator::aggregator;
use mcp_compose_tests::peers::workspace;
use tempfile::TempDir;

/// A client with a realistic settings file: its name, the fixture, and where the file is in the home folder.
pub(crate) const CLIENTS: [(&str, &str, &str); 8] = [
    (
        "claude-desktop",
        "claude-desktop.json",
        ".config/Claude/claude_desktop_config.json",
    ),
    ("claude-code", "claude-code.json", ".claude.json"),
    ("cursor", "cursor.json", ".cursor/mcp.json"),
    ("vscode", "vscode.json", ".config/Code/User/mcp.json"),
    ("codex", "codex.toml", ".codex/config.toml"),
    ("gemini", "gemini.json", ".gemini/settings.json"),
    (
        "windsurf",
        "windsurf.json",
        ".codeium/windsurf/mcp_config.json",
    ),
    ("zed", "zed.json", ".config/zed/settings.json"),
];

pub(crate) fn fixture(name: &str) -> PathBuf {
    workspace().join("tests/fixtures/clients").join(name)
}

pub(crate) struct Machine {
    pub(crate) home: TempDir,
}

impl Machine {
    /// With a configuration file `compose.json`, of which a variable is not set.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let config = r#"{"name": "factory", "mcpServers": {"db": {"command": "db", "env": {"T": "${NOT_SET}"}}}}"#;
        std::fs::write(home.path().join("compose.json"), config).expect("written");
        Machine { home }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.home.path().join(file)
    }

    pub(crate) fn put(&self, file: &str, text: &[u8]) -> PathBuf {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        path
    }

    /// Runs `mcp-compose` there, with no other environment than what it is given.
    pub(crate) fn run(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        Command::new(aggregator())
            .args(args)
            .env_clear()
            .env("HOME", self.home.path())
            .envs(env.iter().copied())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .output()
            .expect("the binary starts")
    }

    /// `install` or `uninstall` with the configuration file.
    pub(crate) fn set_up(&self, verb: &str, args: &[&str]) -> Output {
        let all = [&[verb, "--config", "compose.json"], args].concat();
        self.run(&all, &[])
    }
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn text(file: &Path) -> String {
    std::fs::read_to_string(file).expect("the file can be read")
}
