//! Runs a target on its corpus and on mutations of it, on any toolchain, as an ordinary test. What it runs follows
//! from the seed alone: `FUZZ_SEED` (1), `FUZZ_RUNS` mutations (2,000), or for `FUZZ_SECONDS`.

use std::path::Path;
use std::time::{Duration, Instant};

/// Longest input of a mutation.
const LONGEST: usize = 4096;
/// No input of this size takes a thousandth of it.
const HANGS: Duration = Duration::from_secs(10);

/// Bytes that mean something somewhere.
const ODD: &[u8] = b"\0\n\r\t \"\\{}[]:,-0e$%/\xc3\xff";
/// What syn's recursion may need, without optimisation.
const STACK: usize = 256 * 1024 * 1024;

/// Runs a target. It panics when something does not hold, and the input is shown.
pub(crate) fn run(name: &'static str, target: fn(&[u8])) {
    let thread = std::thread::Builder::new().stack_size(STACK);
    let running = thread.spawn(move || all(name, target)).expect("a thread");
    if let Err(panic) = running.join() {
        std::panic::resume_unwind(panic);
    }
}

fn all(name: &str, target: fn(&[u8])) {
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "fuzz/corpus/{name} is empty");
    for input in &corpus {
        one(name, target, input);
    }
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let mut random = Random(number("FUZZ_SEED").unwrap_or(1));
    let began = Instant::now();
    let seconds = number("FUZZ_SECONDS").map(Duration::from_secs);
    let runs = number("FUZZ_RUNS").unwrap_or(2_000);
    let mut done = 0_u64;
    while seconds.map_or(done < runs, |time| began.elapsed() < time) {
        let input = mutated(&corpus, &mut random);
        one(name, target, &input);
        done += 1;
    }
    if seconds.is_some() {
        eprintln!("{name}: {done} executions in {:?}", began.elapsed());
    }
}

/// The seeds of a target, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(name);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).expect("a file of the corpus is readable"))
        .collect()
}

fn one(name: &str, target: fn(&[u8]), input: &[u8]) {
    let shown = Shown { name, input };
    let began = Instant::now();
    target(input);
    let took = began.elapsed();
    assert!(took < HANGS, "took {took:?}");
    drop(shown);
}

/// Shows the input when the target panics.
struct Shown<'a> {
    name: &'a str,
    input: &'a [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the input of {}: b\"{}\"",
                self.name,
                self.input.escape_ascii()
            );
        }
    }
}

/// One of the corpus, changed in one to eight places, mostly by pieces of others.
fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(8) {
        let at = random.below(input.len() + 1);
        let end = (at + 1 + random.below(16)).min(input.len());
        match random.below(8) {
            0 | 1 if at < input.len() => input[at] ^= 1 << random.below(8),
            2 => drop(input.drain(at..end)),
            3 => {
                let piece = input[at..end].to_vec();
                let times = 1 + random.below(40);
                input.splice(at..at, piece.repeat(times));
            }
            4 => input.insert(at, ODD[random.below(ODD.len())]),
            5 if end < input.len() => input.truncate(end),
            _ => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                let to = (from + 1 + random.below(32)).min(other.len());
                input.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    input.truncate(LONGEST);
    input
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        usize::try_from(z % end.max(1) as u64).unwrap_or(0)
    }
}
