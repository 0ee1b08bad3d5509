//! Processes and their trees: nothing is left behind.

use std::time::{Duration, Instant};

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use mcp_compose_tests::system::{cpu_ticks, eventually};
use mcp_compose_tests::trees::{self, members, of_shell, pythons, shells, stubborn, waiting};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// Three children, each a tree, and one of them hard to end.
fn forest(run: &str) -> Config {
    let script = waiting();
    Config::new()
        .child("sh", shells(run, &script))
        .child("py", pythons(run, &script))
        .child("hard", stubborn(run, &script))
}

/// Processes of one tree of shells.
const SHELLS: usize = 8;
/// Processes of the forest when it stands.
const FOREST: usize = SHELLS + 4 + 4;

async fn grown(run: &str) {
    eventually("all trees to stand", || members(run).len() >= FOREST).await;
}

async fn nothing_left(run: &str) {
    eventually("all processes to be gone", || members(run).is_empty()).await;
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    /// One below `end`.
    fn roll(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A time below so many milliseconds.
    fn time(&mut self, end: u64) -> Duration {
        Duration::from_micros(self.roll(end * 1000))
    }
}

/// When the aggregator is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Starting,
    Idle,
    Calling,
    Stopping,
}

/// How many processes there were when the aggregator was killed, and how long the last of them lived.
async fn kill(moment: Moment, dice: &mut Dice) -> (usize, Duration) {
    let run = trees::run("d03");
    let aggregator = Aggregator::http(&forest(&run)).await;
    let mut calls = Vec::new();
    match moment {
        Moment::Starting => tokio::time::sleep(dice.time(300)).await,
        Moment::Idle => grown(&run).await,
        Moment::Calling => {
            let client = Raw::http(&aggregator, MODERN).await;
            for child in ["sh", "py", "hard"] {
                client.listed(&format!("{child}_wait")).await;
                for tool in ["wait", "echo"] {
                    let params = json!({ "name": format!("{child}_{tool}"), "arguments": {} });
                    calls.push(client.start("tools/call", params).await);
                }
            }
            tokio::time::sleep(dice.time(20)).await;
        }
        Moment::Stopping => {
            grown(&run).await;
            aggregator.process.signal(Signal::SIGTERM);
            tokio::time::sleep(dice.time(6000)).await;
        }
    }
    let there = members(&run).len();
    let Aggregator { mut process, .. } = aggregator;
    // It may just have ended by itself.
    let pid = i32::try_from(process.pid()).expect("a pid fits");
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL);
    let killed = Instant::now();
    process.ended().await;
    nothing_left(&run).await;
    (there, killed.elapsed())
}

/// `MCPC_KILLS` sets the number, `MCPC_SEED` the moments. With a number, the two seconds of the promise are measured.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d03_nothing_survives_an_aggregator_that_is_killed() {
    let set = |name: &str| Some(std::env::var(name).ok()?.parse().expect("a number"));
    let kills = set("MCPC_KILLS").unwrap_or(8);
    let seed = set("MCPC_SEED").unwrap_or(5);
    let measured = set("MCPC_KILLS").is_some();
    let mut dice = Dice(seed);
    let (mut processes, mut longest, mut late) = (0, Duration::ZERO, 0);
    let began = Instant::now();
    for number in 0..kills {
        let moment = [
            Moment::Starting,
            Moment::Idle,
            Moment::Calling,
            Moment::Stopping,
        ][usize::try_from(number % 4).expect("below 4")];
        let (there, took) = kill(moment, &mut dice).await;
        processes += there;
        longest = longest.max(took);
        late += u32::from(took > Duration::from_secs(2));
    }
    eprintln!(
        "{kills} SIGKILLs (seed {seed}), {processes} processes in trees: {late} times an orphan after 2 s; the longest \
         took {} ms; all of it {} s",
        longest.as_millis(),
        began.elapsed().as_secs()
    );
    assert!(processes > 0, "nothing was there to be left behind");
    assert!(!measured || late == 0, "{late} times an orphan after 2 s");
}

/// The inner one is killed with the outer one, and its children by its own guardian, which the outer one leaves alone.
#[tokio::test]
async fn d03_nothing_survives_an_aggregator_within_an_aggregator() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let run = trees::run("nested");
        let inner = StdioCommand::new(&Config::new().child("in", shells(&run, &waiting())));
        let outer = Aggregator::http(&Config::new().child("out", inner.entry())).await;
        let client = Raw::http(&outer, LEGACY).await;
        client.listed("out_in_echo").await;
        grown_to(&run, SHELLS).await;
        outer.process.signal(signal);
        nothing_left(&run).await;
    }
}

#[tokio::test]
async fn d03_no_way_to_end_leaves_a_process() {
    for how in ["SIGTERM", "SIGINT", "stdin"] {
        let run = trees::run("end");
        let command = StdioCommand::new(&forest(&run));
        let mut client = Raw::stdio(&command, LEGACY).await;
        client.listed("hard_echo").await;
        grown(&run).await;
        match how {
            "stdin" => client.close().await,
            signal => {
                let signal = signal.parse().expect("a signal");
                client.server().signal(signal);
                let status = client.server().ended().await;
                assert!(status.success(), "{how}: {status}");
            }
        }
        nothing_left(&run).await;
    }
}

/// A typed tool that panics costs its own call; one that aborts the program leaves no process behind.
#[tokio::test]
async fn d04_a_panic_costs_one_call_and_an_abort_leaves_no_process() {
    let run = trees::run("d04");
    let entry = shells(&run, &waiting());
    let mut program = command(binary("fragile"));
    program.arg(entry.to_string());
    let mut client = Raw::process(Process::start(&mut program), LEGACY).await;
    client.listed("child_echo").await;
    eventually("the tree to stand", || members(&run).len() >= SHELLS).await;
    let panicked = client
        .try_request("tools/call", json!({ "name": "panic", "arguments": {} }))
        .await;
    assert!(
        panicked
            .as_ref()
            .map_or(true, |result| result["isError"] == true),
        "{panicked:?}"
    );
    let still = client.call("child_echo", json!({ "a": 1 })).await;
    assert_eq!(text(&still), r#"{"a":1}"#);
    client
        .start("tools/call", json!({ "name": "abort", "arguments": {} }))
        .await;
    let status = client.server().ended().await;
    assert!(!status.success(), "{status}");
    nothing_left(&run).await;
}

/// It hears neither the end of its stdin nor SIGTERM: 2 s, 3 s, and it is killed.
#[tokio::test]
async fn a25_a_child_that_does_not_want_to_end_is_killed_with_its_tree() {
    let run = trees::run("a25");
    let config = Config::new().child("ns", stubborn(&run, &waiting()));
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    client.call("ns_echo", json!({})).await;
    let status = aggregator.process.stop().await;
    assert!(status.success(), "{status}");
    nothing_left(&run).await;
}

/// The end of a process is seen although others hold its stdout open, in its group and out of it.
#[tokio::test]
async fn a26_the_end_of_a_child_is_seen_whoever_holds_its_stdout() {
    let script = basic(json!({
        "tools": [tool("die")],
        "calls": { "die": { "steps": [{ "exit": 7 }] } },
    }));
    let shell = r#"sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &) ; exec "$0" "$1""#;
    let run = trees::run("a26");
    let config = Config::new().child("ns", of_shell(shell, &run, &script));
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    client.call("ns_echo", json!({})).await;
    eventually("the tree to stand", || members(&run).len() == 4).await;
    let first = members(&run);
    let died = client
        .try_request("tools/call", json!({ "name": "ns_die", "arguments": {} }))
        .await
        .expect_err("the child is dead");
    let told = &died["data"]["mcpCompose"];
    assert_eq!(told["reason"], "child_exited", "{died}");
    assert_eq!(told["delivered"], "maybe", "{died}");
    assert!(died["message"].to_string().contains("code 7"), "{died}");
    eventually("the first tree to be gone", || {
        !members(&run).iter().any(|pid| first.contains(pid))
    })
    .await;
    let again = client.call("ns_echo", json!({ "again": 1 })).await;
    assert_eq!(text(&again), r#"{"again":1}"#);
}

/// What somebody else has started lives, even if it looks much like a child.
#[tokio::test]
async fn d09b_no_process_is_ended_that_is_not_of_ours() {
    let run = trees::run("mine");
    let script = waiting();
    let config = Config::new().child("ns", shells(&run, &script));
    let (first, second) = (
        Aggregator::http(&config).await,
        Aggregator::http(&config).await,
    );
    grown_to(&run, 2 * SHELLS).await;
    let client = Raw::http(&second, LEGACY).await;
    first.process.signal(Signal::SIGKILL);
    eventually("the trees of the first to be gone", || {
        members(&run).len() <= SHELLS
    })
    .await;
    // The other half is the second's, and goes on.
    let answer = client.call("ns_echo", json!({ "a": 1 })).await;
    assert_eq!(text(&answer), r#"{"a":1}"#);
    grown_to(&run, SHELLS).await;
}

async fn grown_to(run: &str, count: usize) {
    eventually("the trees to stand", || members(run).len() == count).await;
}

fn open_files(pid: u32) -> (String, String) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("it runs");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .expect("there is such a limit");
    let words: Vec<_> = line.split_whitespace().collect();
    (words[3].to_owned(), words[4].to_owned())
}

/// We may open what the system allows; children keep the limit that programs count on.
#[tokio::test]
async fn d07_the_limit_of_open_files_is_raised_for_us_and_not_for_children() {
    let run = trees::run("d07");
    let mut child = scripted(basic(json!({})));
    child["env"] = json!({ "MCPC_RUN": run });
    let command = StdioCommand::new(&Config::new().child("ns", child));
    let process = Process::start(&mut limited("ulimit -Sn 256", &command));
    let mut client = Raw::process(process, LEGACY).await;
    client.listed("ns_echo").await;
    let (ours, most) = open_files(client.server().pid());
    assert_eq!(ours, most);
    let of_child = open_files(members(&run)[0]);
    assert_eq!(of_child, ("256".to_owned(), most));
}

/// The command under other limits.
fn limited(limits: &str, of: &StdioCommand) -> tokio::process::Command {
    let entry = of.entry();
    let mut shell = command("/bin/sh");
    let exec = format!(r#"{limits}; exec "$0" "$@""#);
    shell.arg("-c").arg(exec);
    shell.arg(entry["command"].as_str().expect("a path"));
    for word in entry["args"].as_array().into_iter().flatten() {
        shell.arg(word.as_str().expect("a word"));
    }
    shell
}

/// Not all children find files enough. Those say so, the others serve, and nobody turns in circles.
#[tokio::test]
async fn d07_a_child_that_cannot_be_started_for_want_of_files_says_so() {
    let mut config = Config::new();
    for number in 0..24 {
        config = config.child(&format!("c{number}"), scripted(basic(json!({}))));
    }
    let command = StdioCommand::new(&config);
    let process = Process::start(&mut limited("ulimit -n 48", &command));
    let mut client = Raw::process(process, LEGACY).await;
    let names = client.names("tools").await;
    assert!(!names.is_empty(), "none is served");
    let mut refused = Vec::new();
    for number in 0..24 {
        let params = json!({ "name": format!("c{number}_echo"), "arguments": {} });
        match client.try_request("tools/call", params).await {
            Ok(answer) => assert_eq!(text(&answer), "{}"),
            Err(error) => refused.push(error),
        }
    }
    assert!(!refused.is_empty(), "all were started: {names:?}");
    let stderr = client.server().stderr().clone();
    patiently(
        "the reason",
        stderr.find(|line| line.contains("Too many open files")),
    )
    .await;
    let pid = client.server().pid();
    let before = cpu_ticks(pid);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let used = cpu_ticks(pid) - before;
    assert!(used < 100, "{used} of 200 ticks were used for nothing");
}

/// The number of starts that fail is `MCPC_STARTS`. The program counts what it has before and after them.
#[tokio::test]
async fn a29_failed_starts_leave_nothing_behind() {
    let starts = std::env::var("MCPC_STARTS").unwrap_or_else(|_| "200".to_owned());
    let big = starts.parse::<u32>().expect("a number") > 1000;
    let run = trees::run("a29");
    let mut program = command(binary("failed_starts"));
    program.args([&starts, &run]).arg(binary("scripted_child"));
    let mut process = Process::start(&mut program);
    let (_stdin, stdout) = process.pipes();
    let mut lines = tokio::io::BufReader::new(stdout);
    let mut said = String::new();
    let reading = tokio::io::AsyncReadExt::read_to_string(&mut lines, &mut said);
    if big {
        reading.await.expect("text");
    } else {
        let reading = tokio::time::timeout(Duration::from_secs(120), reading);
        reading.await.expect("it ends in time").expect("text");
    }
    let status = process.ended().await;
    eprintln!("{said}");
    let stderr = process.stderr().all().join("\n");
    assert!(status.success(), "{status}: {stderr}");
    let figures: Value = serde_json::from_str(&said).expect("figures");
    for what in ["files", "children", "zombies", "tasks", "threads"] {
        assert_eq!(
            figures["before"][what], figures["after"][what],
            "{what}: {said}"
        );
    }
    let kib = |when: &str| figures[when]["kib"].as_u64().expect("a number");
    assert!(kib("after") < kib("before") + 8 * 1024, "{said}");
    nothing_left(&run).await;
}
