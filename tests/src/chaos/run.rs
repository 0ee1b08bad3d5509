//! A run: clients that work, others that have children go wrong, and what came of it.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::bed::{Bed, CAP, Member};
use super::check::{Defect, Report, Rules, check};
use super::client::{Client, PATIENCE, Plan, Went};
use super::event::{Event, Fate};
use super::fault::{At, Fault};
use super::net::Toxic;
use super::watch::{Bounds, Holding, orphans};
use crate::aggregator::{Aggregator, StdioCommand};
use crate::script::Era;

/// Calls that one client makes at once.
const LANES: usize = 2;
/// How long a child may take to serve again after a fault: two of the longest pauses between starts, one of which is what
/// a fault at the start costs, and more for a busy machine.
const RECOVERY: Duration = Duration::from_secs(180);
/// How long what holds more than before may take to let go.
const QUIET: Duration = Duration::from_secs(60);
/// Of so many calls to children without faults, one is given up.
const DROPPED: usize = 40;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Faults to commit.
    pub faults: usize,
    /// Calls to make, at least.
    pub requests: usize,
    /// Clients over HTTP.
    pub clients: usize,
    /// Children with faults.
    pub sick: usize,
    /// What the schedule follows from; the timing does not.
    pub seed: u64,
    /// How long the calls are stretched over, for each fault of one child.
    pub pace: Duration,
    /// How long after its deadline a call may end.
    pub slack: Duration,
    /// How many times slower the slowest hundredth of the calls to healthy children may be; not looked at if `None`.
    pub slower: Option<f64>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What is wrong, and how much there was.
    pub report: Report,
    /// Latencies of calls to healthy children without and with faults, sorted.
    pub calm: Vec<Duration>,
    /// With faults.
    pub stormy: Vec<Duration>,
    /// How long children took to serve again after a fault, sorted.
    pub recovery: Vec<Duration>,
    /// What the aggregator held before and after.
    pub holding: (Holding, Holding),
    /// How long it took.
    pub took: Duration,
}

/// An aggregator, its children, and its clients.
struct Front {
    members: Vec<Member>,
    clients: Vec<Arc<Client>>,
    process: Option<Aggregator>,
    /// Its configuration lives as long.
    _command: Option<StdioCommand>,
}

struct Shared {
    bed: Bed,
    size: Size,
    left: AtomicUsize,
    stormy: AtomicBool,
    driving: AtomicUsize,
    latencies: std::sync::Mutex<[Vec<Duration>; 2]>,
    recovery: std::sync::Mutex<Vec<Duration>>,
    stuck: std::sync::Mutex<Vec<Defect>>,
}

impl Shared {
    /// How long a client pauses between two calls, on average: the same with faults and without, or the two could not be
    /// compared.
    fn think(&self, fronts: &[Front]) -> Duration {
        let size = self.size;
        let number = |count: usize| u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        let lanes: usize = fronts.iter().map(|front| front.clients.len() * LANES).sum();
        let stretch = size.pace * number(size.faults.div_ceil(size.sick.max(1)));
        stretch * number(lanes) / number(size.requests)
    }
}

/// Does it all; answers with the bed too, whose ledger can be kept.
///
/// # Panics
/// When anything of the scene does not start.
pub async fn run(size: Size) -> (Outcome, Bed) {
    let began = Instant::now();
    let shared = Arc::new(Shared {
        bed: Bed::new(),
        size,
        left: AtomicUsize::new(0),
        stormy: AtomicBool::new(false),
        driving: AtomicUsize::new(0),
        latencies: std::sync::Mutex::default(),
        recovery: std::sync::Mutex::default(),
        stuck: std::sync::Mutex::default(),
    });
    let fronts = fronts(&shared).await;
    for front in &fronts {
        warm(front).await;
    }
    // Without faults, for comparison.
    let calm = (size.requests / 8).max(200);
    shared.left.store(calm, Ordering::SeqCst);
    let think = shared.think(&fronts);
    work(&shared, &fronts, think).await;
    let pid = fronts[0].process.as_ref().map(|front| front.process.pid());
    let pid = pid.expect("the first front is on HTTP");
    let before = Holding::of(pid);
    shared.stormy.store(true, Ordering::SeqCst);
    shared
        .left
        .store(size.requests.saturating_sub(calm), Ordering::SeqCst);
    storm(&shared, &fronts).await;
    // What the children hold on to ends with their calls.
    tokio::time::sleep(CAP + Duration::from_secs(1)).await;
    for front in &fronts {
        warm(front).await;
    }
    let bounds = Bounds {
        files: 16,
        kib: before.kib / 20 + 8 * 1024,
    };
    let (after, leaks) = Holding::back(pid, &before, &bounds, QUIET).await;
    let healthy: HashSet<_> = fronts
        .iter()
        .flat_map(|front| &front.members)
        .filter(|member| !member.sick)
        .map(|member| member.name.clone())
        .collect();
    shared.bed.record.heard(Duration::from_secs(5)).await;
    end(fronts).await;
    let left_behind = orphans(&shared.bed.run, Duration::from_secs(2)).await;
    let rules = Rules {
        slack: u64::try_from(size.slack.as_millis()).unwrap_or(u64::MAX),
        healthy,
    };
    let shared = Arc::into_inner(shared).expect("everyone is done");
    let mut report = check(&shared.bed.record.all(), &rules);
    report.found(leaks);
    report.found(left_behind);
    report.found(shared.stuck.into_inner().expect("not poisoned"));
    let [mut calm, mut stormy] = shared.latencies.into_inner().expect("not poisoned");
    calm.sort_unstable();
    stormy.sort_unstable();
    if let Some(most) = size.slower {
        report.found(slower(&calm, &stormy, most));
    }
    let mut recovery = shared.recovery.into_inner().expect("not poisoned");
    recovery.sort_unstable();
    let outcome = Outcome {
        report,
        calm,
        stormy,
        recovery,
        holding: (before, after),
        took: began.elapsed(),
    };
    (outcome, shared.bed)
}

/// Whether the slowest hundredth of some calls is so many times slower than that of others.
pub fn slower(calm: &[Duration], stormy: &[Duration], most: f64) -> Vec<Defect> {
    let (before, with) = (percentile(calm, 99), percentile(stormy, 99));
    let ratio = with.as_secs_f64() / before.as_secs_f64().max(1e-6);
    if ratio <= most {
        return Vec::new();
    }
    let text = format!("p99 {with:?} with faults and {before:?} without: {ratio:.2} times");
    vec![Defect::Slow(text)]
}

/// Of sorted times.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(at).copied().unwrap_or_default()
}

/// One front on HTTP with most of the children and many clients, and one on pipes for each era.
async fn fronts(shared: &Shared) -> Vec<Front> {
    let (bed, size) = (&shared.bed, shared.size);
    let eras = [Era::Legacy, Era::Modern];
    let mut members = Vec::new();
    for (n, at) in [At::Pipe, At::Pipe, At::Http, At::Http]
        .into_iter()
        .enumerate()
    {
        members.push(
            bed.member(&format!("well{n}"), at, eras[n % 2], false)
                .await,
        );
    }
    let of_pipes = (size.sick / 8).max(1);
    for n in 0..size.sick.saturating_sub(2 * of_pipes).max(6) {
        // Of each kind in each era.
        let at = [At::Pipe, At::Http, At::Way, At::Pipe][n / 2 % 4];
        members.push(bed.member(&format!("sick{n}"), at, eras[n % 2], true).await);
    }
    let aggregator = Aggregator::http(&bed.config(&members)).await;
    let mut clients = Vec::new();
    for n in 0..size.clients {
        let (name, seed) = (format!("http{n}"), size.seed ^ n as u64);
        let client = Client::http(&name, &aggregator.url, eras[n % 2], &bed.record, seed).await;
        clients.push(Arc::new(client));
    }
    let mut fronts = vec![Front {
        members,
        clients,
        process: Some(aggregator),
        _command: None,
    }];
    for (n, era) in eras.into_iter().enumerate() {
        let mut members = Vec::new();
        members.push(
            bed.member(&format!("own{n}"), At::Pipe, eras[1 - n], false)
                .await,
        );
        for of in 0..of_pipes {
            let at = if of % 3 == 2 { At::Http } else { At::Pipe };
            members.push(
                bed.member(&format!("owns{n}-{of}"), at, eras[(n + of) % 2], true)
                    .await,
            );
        }
        let command = StdioCommand::new(&bed.config(&members));
        let process = command.start();
        let (name, seed) = (format!("pipe{n}"), size.seed ^ (1_000 + n as u64));
        let client = Client::stdio(&name, process, era, &bed.record, seed).await;
        fronts.push(Front {
            members,
            clients: vec![Arc::new(client)],
            process: None,
            _command: Some(command),
        });
    }
    fronts
}

/// Calls every child until it answers.
async fn warm(front: &Front) {
    let client = &front.clients[0];
    for member in &front.members {
        let what = format!("{} to answer", member.name);
        let answers = async {
            while client.call(&plan(member, None)).await != Went::Well {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        if tokio::time::timeout(RECOVERY, answers).await.is_err() {
            panic!("{what}: still waiting");
        }
    }
}

fn plan(member: &Member, fault: Option<Fault>) -> Plan {
    Plan {
        child: member.name.clone(),
        fault,
        deadline: member.deadline(),
        patience: PATIENCE,
        fate: Fate::Kept,
    }
}

/// All clients work until no calls are left, and nobody commits faults any more.
async fn work(shared: &Arc<Shared>, fronts: &[Front], think: Duration) {
    let lanes = fronts.iter().flat_map(|front| {
        let clients = front.clients.iter().enumerate();
        clients.flat_map(move |(n, client)| {
            (0..LANES).map(move |lane| lane_of(shared, front, client, n * LANES + lane, think))
        })
    });
    futures_util::future::join_all(lanes).await;
}

async fn lane_of(shared: &Shared, front: &Front, client: &Client, n: usize, think: Duration) {
    let stormy = shared.stormy.load(Ordering::SeqCst);
    let mut rng = fastrand::Rng::with_seed(
        shared.size.seed.rotate_left(17) ^ (n as u64) << 1 ^ u64::from(stormy),
    );
    let (sick, well): (Vec<_>, Vec<_>) = front.members.iter().partition(|member| member.sick);
    loop {
        let more = shared
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if more.is_err() && shared.driving.load(Ordering::SeqCst) == 0 {
            return;
        }
        let of = if rng.u8(..5) < 3 || sick.is_empty() {
            &well
        } else {
            &sick
        };
        let member = of[rng.usize(..of.len())];
        let mut plan = plan(member, None);
        if !member.sick && rng.usize(..DROPPED) == 0 {
            plan.fate = Fate::Dropped;
        }
        let began = Instant::now();
        let went = client.call(&plan).await;
        if went == Went::Well && !member.sick {
            let mut latencies = shared.latencies.lock().expect("not poisoned");
            latencies[usize::from(stormy)].push(began.elapsed());
        }
        let most = u64::try_from(think.as_micros() * 2).unwrap_or(u64::MAX);
        tokio::time::sleep(Duration::from_micros(rng.u64(..=most))).await;
    }
}

/// The faults, and the work between them.
async fn storm(shared: &Arc<Shared>, fronts: &[Front]) {
    let size = shared.size;
    let sick: Vec<_> = fronts
        .iter()
        .enumerate()
        .flat_map(|(n, front)| {
            let sick = front.members.iter().filter(|member| member.sick);
            sick.map(move |member| (n, member))
        })
        .collect();
    let mut rng = fastrand::Rng::with_seed(size.seed);
    let places = [At::Pipe, At::Http, At::Way];
    let mut decks = places.map(|at| {
        let here = sick.iter().filter(|(_, member)| member.at == at).count();
        deck(at, size.faults.div_ceil(sick.len()) * here, &mut rng)
    });
    let drivers: Vec<_> = sick
        .iter()
        .enumerate()
        .map(|(n, (front, member))| {
            let faults = size.faults / sick.len() + usize::from(n < size.faults % sick.len());
            let clients = &fronts[*front].clients;
            let of = places
                .iter()
                .position(|at| *at == member.at)
                .unwrap_or_default();
            let deck: Vec<_> = decks[of].drain(..faults).collect();
            (*member, &clients[n % clients.len()], deck, rng.fork())
        })
        .collect();
    shared.driving.store(drivers.len(), Ordering::SeqCst);
    let think = shared.think(fronts);
    let drivers = drivers
        .into_iter()
        .map(|(member, client, deck, mut rng)| async move {
            for fault in deck {
                commit(shared, member, client, fault, &mut rng).await;
            }
            shared.driving.fetch_sub(1, Ordering::SeqCst);
        });
    tokio::join!(
        futures_util::future::join_all(drivers),
        work(shared, fronts, think)
    );
}

/// Every kind equally often, in any order.
fn deck(at: At, count: usize, rng: &mut fastrand::Rng) -> Vec<Fault> {
    let kinds = Fault::of(at);
    let mut deck = Vec::new();
    while deck.len() < count {
        let mut more = kinds.clone();
        rng.shuffle(&mut more);
        deck.extend(more);
    }
    deck.truncate(count);
    deck
}

/// Has a child commit a fault, and waits until it serves again.
async fn commit(
    shared: &Shared,
    member: &Member,
    client: &Client,
    fault: Fault,
    rng: &mut fastrand::Rng,
) {
    let nonce = format!("{}/fault/{:016x}", client.name(), rng.u64(..));
    if let (Some(net), Some(toxic)) = (&member.net, Toxic::of(fault, rng)) {
        net.set(Some(toxic));
        shared.bed.record.write(Event::Fault {
            child: member.name.clone(),
            nonce: nonce.clone(),
            fault,
        });
    }
    let _ = client.call_as(&nonce, &plan(member, Some(fault))).await;
    if let Some(net) = &member.net {
        net.set(None);
    }
    shared
        .left
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            Some(left.saturating_sub(1))
        })
        .ok();
    let began = Instant::now();
    while let Went::Wrong(retry) = client.call(&plan(member, None)).await {
        if began.elapsed() > RECOVERY {
            let text = format!("{} does not serve again after {fault:?}", member.name);
            shared
                .stuck
                .lock()
                .expect("not poisoned")
                .push(Defect::Lost(text));
            return;
        }
        let pause = retry
            .unwrap_or_default()
            .clamp(Duration::from_millis(50), CAP);
        tokio::time::sleep(pause).await;
    }
    shared
        .recovery
        .lock()
        .expect("not poisoned")
        .push(began.elapsed());
}

/// Everybody leaves, and the aggregators are told to end.
async fn end(fronts: Vec<Front>) {
    for front in fronts {
        for client in front.clients {
            Arc::into_inner(client)
                .expect("nobody else has it")
                .close()
                .await;
        }
        if let Some(aggregator) = front.process {
            aggregator.process.stop().await;
        }
    }
}

impl Outcome {
    /// The figures, for people.
    ///
    /// # Panics
    /// Never: a string can be written to.
    pub fn table(&self, size: &Size) -> String {
        let report = &self.report;
        let faults: usize = report.faults.values().sum();
        let mut text = String::new();
        let mut row = |name: &str, value: String| {
            writeln!(text, "{name:<44}{value}").expect("a string can be written to");
        };
        row("seed", size.seed.to_string());
        row(
            "faults committed",
            format!("{faults} of {} kinds", report.faults.len()),
        );
        row("calls", report.calls.to_string());
        row("  given up by the client", report.dropped.to_string());
        let slow: usize = report.too_slow.values().map(|(slow, _)| slow).sum();
        row("harmless faults that took too long", slow.to_string());
        row(
            "clients, children with faults",
            format!("{}, {}", size.clients + 2, size.sick),
        );
        row("lives of children", report.starts.to_string());
        for kind in Defect::KINDS {
            row(kind, report.count(kind).to_string());
        }
        let bound = 300.0 / report.calls.max(1) as f64;
        row("upper 95 % bound of a rate of 0", format!("{bound:.4} %"));
        row(
            "calls to children without faults",
            format!("{} of {} succeeded", report.healthy_well, report.healthy),
        );
        let times = |times: &[Duration]| {
            format!(
                "p50 {:.1?}, p99 {:.1?}",
                percentile(times, 50),
                percentile(times, 99)
            )
        };
        row("  without faults elsewhere", times(&self.calm));
        row("  with faults elsewhere", times(&self.stormy));
        let ratio = percentile(&self.stormy, 99).as_secs_f64()
            / percentile(&self.calm, 99).as_secs_f64().max(1e-6);
        row("  p99 with by p99 without", format!("{ratio:.2}"));
        row(
            "latest end after its deadline",
            format!("{} ms", report.latest),
        );
        row("from a fault to serving again", times(&self.recovery));
        let cancelled: Vec<_> = report
            .cancelled_after
            .iter()
            .map(|ms| Duration::from_millis(*ms))
            .collect();
        row("from giving up to hearing of it", times(&cancelled));
        let (before, after) = &self.holding;
        row(
            "files of the aggregator",
            format!("{}, then {}", before.files, after.files),
        );
        row(
            "its processes",
            format!("{}, then {}", before.children, after.children),
        );
        row(
            "its memory",
            format!("{} KiB, then {} KiB", before.kib, after.kib),
        );
        let causes: Vec<_> = report
            .causes
            .iter()
            .map(|(cause, count)| format!("{cause} {count}"))
            .collect();
        row("errors, by cause", causes.join(", "));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        row("took", format!("{:.0?} on {cores} cores", self.took));
        text
    }
}
