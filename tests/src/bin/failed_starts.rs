//! Starts children that cannot start, in all the ways that there are, and counts what it has before and after.
//! Arguments: how many, the name of the run, and the scripted child.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mcp_compose::child::{Restart, Stdio, stdio};
use mcp_compose::{Composition, Running, args};
use serde_json::{Value, json};

/// What is counted before: as many starts as there are ways.
const WARM_UP: u32 = 64;
/// Starts that are made at once.
const AT_ONCE: usize = 8;
/// One in so many is given up with its whole runtime.
const WITH_RUNTIME: u32 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_keep_alive(Duration::from_millis(50))
        .enable_all()
        .build()?;
    runtime.block_on(work())
}

async fn work() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().ok_or("a word is missing");
    let (starts, run, scripted) = (word()?.parse()?, word()?, word()?);
    let ways = Arc::new(Ways { run, scripted });
    let running = Composition::builder().name("failing").build().start()?;
    start_all(&running, &ways, WARM_UP).await;
    settled(|| count()["children"] == 0).await;
    // Threads of the pool end when they have had nothing to do for a while.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = count();
    let began = Instant::now();
    start_all(&running, &ways, starts).await;
    let same = ["files", "children", "zombies", "tasks", "threads"];
    settled(|| {
        let now = count();
        same.iter().all(|what| now[*what] == before[*what])
    })
    .await;
    let took = began.elapsed().as_secs();
    let figures = json!({ "starts": starts, "seconds": took, "before": before, "after": count() });
    #[allow(clippy::print_stdout)] // What the test reads.
    {
        println!("{figures}");
    }
    Ok(())
}

/// Waits for what comes at last, if it does.
async fn settled(condition: impl Fn() -> bool) {
    for _ in 0..600 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn start_all(running: &Running, ways: &Arc<Ways>, starts: u32) {
    let next = Arc::new(AtomicU32::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (running, ways, next) = (running.clone(), Arc::clone(ways), Arc::clone(&next));
        workers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= starts {
                    return;
                }
                if number % WITH_RUNTIME == 0 {
                    let ways = Arc::clone(&ways);
                    let gone = tokio::task::spawn_blocking(move || ways.with_runtime(number));
                    gone.await.expect("no panic");
                } else {
                    start(&running, &ways, number).await;
                }
            }
        });
    }
    while workers.join_next().await.is_some() {}
}

async fn start(running: &Running, ways: &Ways, number: u32) {
    let name = format!("c{number}");
    running
        .add(&name, ways.of(number))
        .expect("it is declared well");
    let child = running.child(&name).expect("it was added");
    if ways.is_waited_for(number) {
        let called = child.call("anything", args! {}).await;
        assert!(called.is_err(), "{number} has started");
    } else {
        tokio::time::sleep(Duration::from_millis(u64::from(number % 7))).await;
    }
    assert!(running.remove(&name));
}

struct Ways {
    run: String,
    scripted: String,
}

impl Ways {
    /// A child that cannot start.
    fn of(&self, number: u32) -> Stdio {
        let shell = |script: &str| stdio("/bin/sh").args(["-c", script]);
        let refusing = json!({ "refuse": { "code": -32000, "message": "not today" } });
        let child = match number % 6 {
            0 => stdio("/no/such/program"),
            1 => stdio("/bin/false"),
            // It leaves some behind, in its group and out of it.
            2 => shell("sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &) ; exit 3"),
            3 => stdio(&self.scripted).arg(refusing.to_string()),
            4 => shell("exec sleep 1000").init_timeout(Duration::from_millis(5)),
            _ => shell("sleep 1000 & wait"),
        };
        child
            .env("MCPC_RUN", &self.run)
            .restart(Restart::Never)
            .grace(Duration::from_millis(1))
    }

    /// Whether its failure is waited for; what would only hang is given up in the midst of its start.
    fn is_waited_for(&self, number: u32) -> bool {
        number % 6 != 5
    }

    /// A start that ends with the runtime under it.
    fn with_runtime(&self, number: u32) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let running = Composition::builder()
                .name("short")
                .child("gone", self.of(5))
                .child("also", self.of(2))
                .build()
                .start();
            let _running = running.expect("it is declared well");
            tokio::time::sleep(Duration::from_millis(u64::from(number % 11))).await;
        });
    }
}

fn count() -> Value {
    let own = std::process::id().to_string();
    let (mut children, mut zombies) = (0, 0);
    for process in std::fs::read_dir("/proc")
        .expect("Linux has /proc")
        .flatten()
    {
        let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let fields: Vec<_> = match stat.rsplit_once(')') {
            Some((_, fields)) => fields.split_whitespace().collect(),
            None => continue,
        };
        if fields.get(1) == Some(&own.as_str()) {
            children += 1;
            zombies += i32::from(fields[0] == "Z");
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").expect("it is ours");
    let line = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .expect("a number")
    };
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    json!({
        "files": files,
        "children": children,
        "zombies": zombies,
        "tasks": tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        "threads": line("Threads:"),
        "kib": line("VmRSS:"),
    })
}
