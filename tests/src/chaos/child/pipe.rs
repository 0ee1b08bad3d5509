//! The child on its standard input and output.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Stdout};
use tokio::sync::{Mutex, watch};

use super::{Chaos, LARGE, MAX_MESSAGE, Work, progress};
use crate::chaos::fault::Fault;

/// Longer than a call of a run may take without a word.
const TOO_LONG: Duration = Duration::from_secs(4);

#[derive(Clone)]
struct Pipe {
    chaos: Chaos,
    out: Arc<Mutex<Stdout>>,
    /// Nothing is read before then.
    paused: watch::Sender<bool>,
    deaf: watch::Sender<bool>,
}

pub(super) async fn serve(chaos: Chaos) {
    if chaos.shared.next == Some(Fault::NextExit) {
        eprintln!("told to end at once");
        std::process::exit(1);
    }
    let pipe = Pipe {
        chaos,
        out: Arc::new(Mutex::new(tokio::io::stdout())),
        paused: watch::Sender::new(false),
        deaf: watch::Sender::new(false),
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut paused = pipe.paused.subscribe();
    while let Ok(Some(line)) = lines.next_line().await {
        let _ = paused.wait_for(|paused| !paused).await;
        let pipe = pipe.clone();
        tokio::spawn(async move { pipe.handle(&line).await });
    }
    if *pipe.deaf.borrow() {
        std::future::pending::<()>().await;
    }
}

impl Pipe {
    async fn handle(&self, line: &str) {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        match message["method"].as_str() {
            Some("tools/call") => self.call(&message["id"], &message["params"]).await,
            Some("notifications/cancelled") => self.chaos.cancelled(&message["params"]),
            Some(method) => {
                if let Some(answer) = self.chaos.answer(&message) {
                    self.answer(method, answer).await;
                }
            }
            None => {}
        }
    }

    /// Answers what is no call, unless this life is to go wrong there.
    async fn answer(&self, method: &str, answer: String) {
        let greets = match self.chaos.shared.options.era {
            crate::script::Era::Legacy => method == "initialize",
            crate::script::Era::Modern => method == "server/discover",
        };
        let lists = method == "tools/list";
        match self.chaos.shared.next {
            Some(Fault::NextHang) if greets => {}
            Some(Fault::NextListHang) if lists => {}
            Some(Fault::NextHalf) if greets => {
                self.write(&answer.as_bytes()[..answer.len() / 2]).await;
                std::process::exit(1);
            }
            Some(Fault::NextRefuse) if greets => {
                let message: Value = serde_json::from_str(&answer).unwrap_or_default();
                let error = json!({ "code": -32603, "message": "told to refuse the handshake" });
                let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "error": error });
                self.line(&answer.to_string()).await;
            }
            Some(Fault::NextLeave) if greets => {
                self.line(&answer).await;
                std::process::exit(0);
            }
            Some(Fault::NextListShape) if lists => {
                let message: Value = serde_json::from_str(&answer).unwrap_or_default();
                let answer =
                    json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "tools": "none" } });
                self.line(&answer.to_string()).await;
            }
            _ => self.line(&answer).await,
        }
    }

    async fn call(&self, id: &Value, params: &Value) {
        let work = self.chaos.work(params);
        if work.hold {
            self.chaos.hold(id, &work, std::future::pending()).await;
            // Too late: nobody may get this.
            self.line(&self.chaos.echo(id, &work)).await;
            return;
        }
        match work.fault {
            Some(fault) => self.commit(fault, id, params, &work).await,
            None => self.line(&self.chaos.echo(id, &work)).await,
        }
    }

    async fn commit(&self, fault: Fault, id: &Value, params: &Value, work: &Work) {
        let answer = self.chaos.echo(id, work);
        match fault {
            Fault::Exit => std::process::exit(0),
            Fault::ExitCode => std::process::exit(3),
            Fault::Kill => {
                let _ = raise(Signal::SIGKILL);
            }
            Fault::HalfLine => {
                self.write(&answer.as_bytes()[..answer.len() / 2]).await;
                std::process::exit(1);
            }
            Fault::ExitInProgress => {
                self.progress(params, 20).await;
                std::process::exit(1);
            }
            Fault::CloseStdout => {
                let _out = self.out.lock().await;
                let _ = nix::unistd::close(1);
                std::future::pending::<()>().await;
            }
            Fault::Linger => {
                let _ = helper(&["linger", "20"]).stdout(Stdio::inherit()).spawn();
                std::process::exit(0);
            }
            Fault::Stop => {
                let pid = std::process::id().to_string();
                let wake = TOO_LONG.as_secs().to_string();
                let _ = helper(&["wake", &pid, &wake]).spawn();
                let _ = raise(Signal::SIGSTOP);
                self.line(&answer).await;
            }
            Fault::StopReading => {
                self.paused.send_replace(true);
                self.line(&answer).await;
                tokio::time::sleep(TOO_LONG).await;
                self.paused.send_replace(false);
            }
            Fault::Deaf => {
                // A handler that does nothing, for as long as the process lives.
                let term = tokio::signal::unix::SignalKind::terminate();
                std::mem::forget(tokio::signal::unix::signal(term));
                self.deaf.send_replace(true);
                self.line(&answer).await;
            }
            Fault::NextExit
            | Fault::NextHang
            | Fault::NextHalf
            | Fault::NextRefuse
            | Fault::NextLeave
            | Fault::NextListHang
            | Fault::NextListShape => {
                self.chaos.leave_behind(fault);
                std::process::exit(1);
            }
            Fault::Garbage => {
                let junk: [&[u8]; 6] = [
                    b"\xff\xfe\x80\n",
                    b"\xef\xbb\xbf\n",
                    b"\0\0\0\n",
                    b"\n",
                    b"{\"jsonrpc\":\"2.0\",\"id\":\n",
                    b"]]]]\r\n",
                ];
                self.write(&junk.concat()).await;
                self.write(format!("{answer}\r\n").as_bytes()).await;
            }
            Fault::LogNoise => {
                for line in [
                    "listening on nothing",
                    "{\"level\":\"info\"}",
                    "[]",
                    "\"text\"",
                    "{}",
                ] {
                    self.line(line).await;
                }
                self.line(&answer).await;
            }
            Fault::StderrFlood => {
                let line = format!("{}\n", "e".repeat(1023));
                for _ in 0..1024 {
                    let _ = std::io::stderr().write_all(line.as_bytes());
                }
                self.line(&answer).await;
            }
            Fault::Asks => {
                let methods = [
                    "sampling/createMessage",
                    "roots/list",
                    "elicitation/create",
                    "ping",
                ];
                for n in 0..60 {
                    let method = methods[n % methods.len()];
                    let question = json!({ "jsonrpc": "2.0", "id": 9_000 + n, "method": method, "params": {} });
                    self.line(&question.to_string()).await;
                }
                self.line(&answer).await;
            }
            Fault::ListChanged => {
                for _ in 0..200 {
                    self.line(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
                        .await;
                }
                self.line(&answer).await;
            }
            Fault::Hang => std::future::pending().await,
            Fault::Late => {
                tokio::time::sleep(TOO_LONG).await;
                self.line(&answer).await;
            }
            Fault::Twice => {
                self.line(&answer).await;
                self.line(&answer).await;
            }
            Fault::WrongIds => {
                for wrong in self.chaos.wrong(id, work) {
                    self.line(&wrong).await;
                }
                self.line(&answer).await;
            }
            Fault::ProgressFlood => {
                self.progress(params, 2_000).await;
                self.line(&answer).await;
            }
            Fault::ProgressForever => {
                for n in 0..600 {
                    if let Some(line) = progress(params, n) {
                        self.line(&line).await;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Fault::Neither => {
                self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id}}}"#))
                    .await
            }
            Fault::Number => {
                self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":7}}"#))
                    .await;
            }
            Fault::Trickle => {
                let line = format!("{answer}\n");
                // Nobody else writes in between.
                let mut out = self.out.lock().await;
                for byte in line.as_bytes() {
                    let _ = out.write_all(&[*byte]).await;
                    let _ = out.flush().await;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            Fault::Large => self.line(&self.chaos.large(id, work, LARGE)).await,
            Fault::TooLarge => {
                self.line(&self.chaos.large(id, work, 2 * MAX_MESSAGE))
                    .await;
            }
            Fault::Refuse => self.line(&Chaos::refusal(id, work)).await,
            // Of HTTP, or on the way: nothing that a program on pipes could do.
            _ => self.line(&answer).await,
        }
    }

    async fn progress(&self, params: &Value, times: u64) {
        for n in 1..=times {
            if let Some(line) = progress(params, n) {
                self.line(&line).await;
            }
        }
    }

    async fn line(&self, text: &str) {
        self.write(format!("{text}\n").as_bytes()).await;
    }

    /// Whoever reads may be gone; then the input ends as well.
    async fn write(&self, bytes: &[u8]) {
        let mut out = self.out.lock().await;
        let _ = out.write_all(bytes).await;
        let _ = out.flush().await;
    }
}

/// This program in another role, with nothing in its hands.
fn helper(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a running program"));
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Lets a stopped process go on, after some seconds.
pub fn wake(pid: i32, seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
    let _ = kill(Pid::from_raw(pid), Signal::SIGCONT);
}

/// Is there, for some seconds.
pub fn linger(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

/// Loses what it is told to, at each byte of its input: for those who look for leaks.
pub fn leak(what: &str) {
    let (mut files, mut memory, mut children) = (Vec::new(), Vec::new(), Vec::new());
    for byte in std::io::stdin().lock().bytes() {
        if byte.is_err() {
            break;
        }
        match what {
            "files" => {
                files.extend((0..64).filter_map(|_| std::fs::File::open("/dev/null").ok()));
            }
            "memory" => memory.push(vec![1_u8; 64 << 20]),
            "children" => children.extend(helper(&["linger", "60"]).spawn()),
            _ => {}
        }
        // It has been done: whoever asked may look.
        let _ = writeln!(std::io::stdout(), "done");
    }
    for mut child in children {
        let _ = child.kill();
        let _ = child.wait();
    }
}
