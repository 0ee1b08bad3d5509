//! `call` asks the person at the terminal what a child asks; where there is none, the child is refused at once.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use mcp_compose_tests::aggregator::Config;
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::{peer, python};
use nix::pty::openpty;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::Notify;

/// Ctrl-D.
const END: &str = "\u{4}";

const ACCEPT: &str = "[a/d/c] ";
const SEND: &str = "[a/e/d/c] ";

/// A call of a tool of the Python SDK's child, in one of its eras.
fn call(era: &str, tool: &str) -> (Command, [TempDir; 2]) {
    let state = tempfile::tempdir().expect("a temporary folder");
    let child = json!({
        "command": python(),
        "args": [peer("children/asking.py"), "--state", state.path(), "--era", era],
        "era": era,
    });
    let config = Config::new().child("asking", child);
    let (command, folder) = config.call(&format!("asking_{tool}"), &json!({"nonce": "n1"}));
    (command, [state, folder])
}

/// What a person sees.
#[derive(Default)]
struct Screen {
    text: Mutex<String>,
    news: Notify,
}

impl Screen {
    /// Shows what comes from the terminal, until its other end is closed.
    fn of(mut terminal: File) -> Arc<Self> {
        let screen = Arc::new(Self::default());
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(read @ 1..) = terminal.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..read]).replace('\r', "");
                shown.text.lock().expect("not poisoned").push_str(&text);
                shown.news.notify_one();
            }
        });
        screen
    }

    fn text(&self) -> String {
        self.text.lock().expect("not poisoned").clone()
    }

    /// Waits for `prompt` behind what was seen before.
    async fn prompt(&self, seen: &mut usize, prompt: &str) {
        loop {
            if let Some(at) = self.text()[*seen..].find(prompt) {
                *seen += at + prompt.len();
                return;
            }
            self.news.notified().await;
        }
    }
}

/// Runs the command at a terminal, where the person types each line once its prompt is there: what it printed, and
/// what they saw.
async fn at_a_terminal(command: &mut Command, dialog: &[(&str, &str)]) -> (String, String) {
    let terminal = openpty(None, None).expect("a pseudo-terminal");
    let (input, glass) = (File::from(terminal.slave), File::from(terminal.master));
    let mut keyboard = glass.try_clone().expect("a second handle");
    let screen = Screen::of(glass);
    let child = command
        .stdin(Stdio::from(input.try_clone().expect("a second handle")))
        .stderr(Stdio::from(input))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let mut seen = 0;
    for (prompt, line) in dialog {
        let waiting = screen.prompt(&mut seen, prompt);
        patiently(&format!("`{prompt}` after {:?}", screen.text()), waiting).await;
        keyboard
            .write_all(line.as_bytes())
            .expect("the terminal takes it");
    }
    let output = patiently("the end of the call", child.wait_with_output()).await;
    let output = output.expect("the output can be read");
    assert!(output.status.success(), "{}", screen.text());
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        screen.text(),
    )
}

#[tokio::test]
async fn a_form_is_filled_in() {
    for era in ["legacy", "modern"] {
        let (mut command, _folders) = call(era, "ask_form");
        let dialog = [
            (ACCEPT, "a\n"),
            ("> ", "\n"),
            ("> ", "Ada\n"),
            (SEND, "a\n"),
        ];
        let (printed, shown) = at_a_terminal(&mut command, &dialog).await;
        assert_eq!(printed, "accept Ada\n", "{era}");
        assert!(
            shown.contains("asking asks:\n  | form n1\n"),
            "{era}: {shown}"
        );
        assert!(shown.contains("it is required"), "{era}: {shown}");
    }
}

#[tokio::test]
async fn the_end_of_input_cancels_and_a_person_can_decline() {
    for (era, dialog, expected) in [
        ("legacy", &[(ACCEPT, "a\n"), ("> ", END)][..], "cancel\n"),
        ("modern", &[(ACCEPT, "d\n")], "decline\n"),
    ] {
        let (mut command, _folders) = call(era, "ask_form");
        let (printed, _) = at_a_terminal(&mut command, dialog).await;
        assert_eq!(printed, expected);
    }
}

#[tokio::test]
async fn a_page_is_shown_with_its_host() {
    for era in ["legacy", "modern"] {
        let (mut command, _folders) = call(era, "ask_url");
        let (printed, shown) = at_a_terminal(&mut command, &[(ACCEPT, "a\n")]).await;
        assert_eq!(printed, "accept\n", "{era}");
        assert!(
            shown.contains("asking asks you to open a page:\n  | url n1\n  https://example.com/n1\n  It is at `example.com`"),
            "{era}: {shown}"
        );
    }
}

#[tokio::test]
async fn without_a_terminal_a_child_is_refused_at_once() {
    for era in ["legacy", "modern"] {
        let (mut command, _folders) = call(era, "ask_form");
        command.stdin(Stdio::null());
        let output = patiently("the end of the call", command.output()).await;
        let output = output.expect("the output");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{era}: {told}");
        assert!(
            told.contains("does not offer `elicitation`"),
            "{era}: {told}"
        );
    }
}
