//! What a person sees at a terminal: `call` asks what a child asks (where there is none, the child is refused at once),
//! each child's start has a line, and nothing hangs without a word.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use mcp_compose_tests::aggregator::{Config, example_program};
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::{peer, python, reference};
use mcp_compose_tests::process::command;
use nix::pty::{Winsize, openpty};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::Notify;

/// Ctrl-D.
const END: &str = "\u{4}";

/// What the terminal shows when the command has ended.
const LAST: &str = "[the command has ended]";

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

/// A command that runs at a terminal.
struct Seat {
    child: Child,
    screen: Arc<Screen>,
    keyboard: File,
    /// The command's side, to write behind what it wrote.
    last: File,
}

impl Seat {
    fn at(command: &mut Command) -> Self {
        let size = Winsize {
            ws_row: 24,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let terminal = openpty(Some(&size), None).expect("a pseudo-terminal");
        let (input, glass) = (File::from(terminal.slave), File::from(terminal.master));
        let twice = |file: &File| file.try_clone().expect("a second handle");
        let (last, keyboard) = (twice(&input), twice(&glass));
        let screen = Screen::of(glass);
        let child = command
            .stdin(Stdio::from(twice(&input)))
            .stderr(Stdio::from(input))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        Self {
            child,
            screen,
            keyboard,
            last,
        }
    }
}

/// Runs the command at a terminal, where the person types each line once its prompt is there: what it printed, and
/// what they saw.
async fn at_a_terminal(command: &mut Command, dialog: &[(&str, &str)]) -> (String, String) {
    let (code, printed, shown) = ended_at_a_terminal(command, dialog).await;
    assert_eq!(code, Some(0), "{shown}");
    (printed, shown)
}

/// The same, and how it ended.
async fn ended_at_a_terminal(
    command: &mut Command,
    dialog: &[(&str, &str)],
) -> (Option<i32>, String, String) {
    let Seat {
        child,
        screen,
        mut keyboard,
        mut last,
    } = Seat::at(command);
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
    // What was written last may still be on its way to the screen.
    last.write_all(LAST.as_bytes())
        .expect("the terminal takes it");
    patiently("all that was written", screen.prompt(&mut seen, LAST)).await;
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        screen.text().replace(LAST, ""),
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
async fn a_person_sees_each_child_start_and_the_list_stays_pure() {
    let child = json!({ "command": python(), "args": [reference("weather.py")] });
    let (mut listing, _folder) = Config::new().child("weather", child).list();
    let (printed, shown) = at_a_terminal(listing.env("TERM", "xterm"), &[]).await;
    assert!(shown.contains("weather: starting .."), "{shown:?}");
    assert!(
        printed.starts_with("Children (1)\n  weather  ready     1 tool"),
        "{printed}"
    );
    assert!(
        !printed.contains('\u{1b}') && !printed.contains("starting"),
        "{printed:?}"
    );

    // A terminal that knows nothing but lines gets none that move.
    let child = json!({ "command": python(), "args": [reference("weather.py")] });
    let (mut listing, _folder) = Config::new().child("weather", child).list();
    let (_, shown) = at_a_terminal(listing.env("TERM", "dumb"), &[]).await;
    assert!(!shown.contains("starting"), "{shown:?}");
}

#[tokio::test]
async fn whoever_serves_http_sees_what_came_of_each_start() {
    let weather = json!({ "command": python(), "args": [reference("weather.py")] });
    let config = Config::new()
        .child("weather", weather)
        .child("lost", json!({ "command": "/no/such/program" }));
    let (mut serving, _folder) = config.serve("127.0.0.1:0");
    let mut seat = Seat::at(serving.env("TERM", "xterm").env("NO_COLOR", "1"));
    let mut seen = 0;
    for line in [
        "serving on http://127.0.0.1:",
        "weather: starting ..",
        "weather: 1 tool",
        // Lines that move are as wide as the terminal: these are the ones that stay.
        " s\nlost: down: ",
    ] {
        let what = format!("`{line}`");
        patiently(&what, seat.screen.prompt(&mut seen, line)).await;
    }
    seat.child.kill().await.expect("it was running");
}

#[tokio::test]
async fn without_arguments_a_person_gets_help_and_with_stdio_is_told_what_is_waited_for() {
    let program = example_program("tools");
    let (code, printed, shown) = ended_at_a_terminal(&mut command(&program), &[]).await;
    assert_eq!((code, printed.as_str()), (Some(2), ""));
    assert!(
        shown.contains("Usage: ") && shown.contains("Next:\n"),
        "{shown}"
    );

    let mut serving = command(&program);
    let dialog = [("waiting for an MCP client on stdin", END)];
    let (printed, _) = at_a_terminal(serving.arg("--stdio"), &dialog).await;
    assert_eq!(printed, "");
}

/// Colours are refused by `NO_COLOR`, and used without it.
#[tokio::test]
async fn the_log_has_colours_unless_they_are_refused() {
    for (refused, coloured) in [("", true), ("1", false)] {
        let missing = json!({ "command": "/no/such/program" });
        let (mut listing, _folder) = Config::new().child("lost", missing).list();
        listing.env("TERM", "xterm").env("NO_COLOR", refused);
        let (code, printed, shown) = ended_at_a_terminal(&mut listing, &[]).await;
        assert_eq!(code, Some(1));
        assert!(printed.contains("lost  down"), "{printed}");
        assert_eq!(shown.contains("\u{1b}[33m WARN"), coloured, "{shown:?}");
        assert!(shown.contains("WARN"), "{shown:?}");
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
        assert_eq!(output.status.code(), Some(2), "{era}: {told}");
        assert!(
            told.contains("does not offer `elicitation`"),
            "{era}: {told}"
        );
    }
}
