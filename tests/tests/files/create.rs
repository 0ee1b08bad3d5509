//! The transcript in `docs/create.md`, replayed to the letter: an empty folder, three commands, a client that works.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mcp_compose_tests::aggregator::aggregator;
use mcp_compose_tests::clients::{Target, inspector};
use mcp_compose_tests::peers::{peer, workspace};
use serde_json::Value;
use tempfile::TempDir;

/// A command, and what it prints.
#[derive(Debug)]
struct Entry {
    command: String,
    printed: String,
}

/// A person's machine: the program, Cursor, and the packages of npm that are needed, which are not fetched.
struct Machine {
    root: TempDir,
}

const HOME: &str = "home/me";

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let machine = Self { root };
        for folder in ["tools", ".cursor", ".local/bin"] {
            std::fs::create_dir_all(machine.home().join(folder)).expect("made");
        }
        let program = machine.home().join(".local/bin/mcp-compose");
        std::fs::copy(aggregator(), program).expect("copied");
        std::fs::write(machine.home().join(".npmrc"), "offline=true\n").expect("written");
        symlink(peer("node_modules"), machine.home().join("node_modules")).expect("linked");
        machine
    }

    fn path(&self) -> PathBuf {
        self.root.path().canonicalize().expect("it is there")
    }

    fn home(&self) -> PathBuf {
        self.path().join(HOME)
    }

    /// What a shell in the folder `tools` prints, as if this machine were the real one.
    fn run(&self, command: &str) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = self.home().join(".local/bin");
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {command}")])
            .current_dir(self.home().join("tools"))
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", format!("{}:{path}", bin.display()))
            .stdin(Stdio::null())
            .output()
            .expect("there is a shell");
        let printed = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{command}\n{printed}");
        printed.replace(&*self.path().to_string_lossy(), "")
    }
}

fn transcript() -> Vec<Entry> {
    let page = std::fs::read_to_string(workspace().join("docs/create.md")).expect("the page");
    let (_, block) = page.split_once("```console\n").expect("a transcript");
    let (block, _) = block.split_once("```").expect("its end");
    let mut entries: Vec<Entry> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), entries.last_mut()) {
            (Some(command), _) => entries.push(Entry {
                command: command.to_owned(),
                printed: String::new(),
            }),
            (None, Some(entry)) => entry.printed.push_str(&format!("{line}\n")),
            (None, None) => panic!("the transcript begins with {line}"),
        }
    }
    entries
}

/// What Cursor would start.
fn installed(home: &Path) -> Target {
    let settings = std::fs::read_to_string(home.join(".cursor/mcp.json")).expect("written");
    let settings: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(&settings).expect("JSON");
    let entry = &settings["mcpServers"]["tools"];
    let args = entry["args"].as_array().expect("a list");
    let words = std::iter::once(&entry["command"]).chain(args);
    let words = words.map(|word| word.as_str().expect("text").to_owned());
    Target::Command(words.collect())
}

#[tokio::test]
async fn three_commands_make_a_server_that_a_client_can_use() {
    let entries = transcript();
    assert_eq!(entries.len(), 3, "{entries:?}");
    let machine = Machine::new();
    for entry in &entries {
        assert_eq!(
            machine.run(&entry.command),
            entry.printed,
            "{}",
            entry.command
        );
    }
    let target = installed(&machine.home());
    let said = ["--tool-name", "everything_echo", "--tool-arg", "message=hi"];
    let said = [&["--method", "tools/call"][..], &said].concat();
    let said = inspector(&target, &said).await;
    assert_eq!(said["content"][0]["text"], "Echo: hi");
    let path = machine.home().join("tools/compose.toml");
    let path = format!("path={}", path.display());
    let read = ["--tool-name", "files_read_text_file", "--tool-arg", &path];
    let read = [&["--method", "tools/call"][..], &read].concat();
    let read = inspector(&target, &read).await;
    let text = read["content"][0]["text"].as_str().expect("text");
    assert!(text.starts_with("name = \"tools\"\n"), "{text}");
    for wanted in ["everything_echo", "files_read_text_file"] {
        assert!(is_listed(&target, wanted).await, "{wanted}");
    }
}

/// On a busy machine npx takes longer than lists are held back, and this client does not wait for what comes later: it is
/// started again, a few times.
async fn is_listed(target: &Target, wanted: &str) -> bool {
    for _ in 0..5 {
        let tools = inspector(target, &["--method", "tools/list"]).await;
        let tools = tools["tools"].as_array().expect("a list");
        if tools.iter().any(|tool| tool["name"] == wanted) {
            return true;
        }
    }
    false
}
