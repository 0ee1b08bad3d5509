//! Tasks of the repository: `cargo xtask` lists them.

mod chaos;
mod crosstalk;
mod fuzz;
mod peers;
mod static_build;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask peers   install the third-party clients, servers and conformance suites that the tests run against
cargo xtask test    peers, then formatting, lints, all tests, doc tests and documentation
cargo xtask crosstalk [--questions N] [--seed S]
                    many clients at once, each asked for what only it knows, with more questions than in the tests
cargo xtask fuzz [TARGET ..] [--minutes N] [--stable]
                    each target of fuzz/corpus for five minutes, or N, with libFuzzer where there is a nightly toolchain
cargo xtask chaos [--faults N] [--requests N] [--clients N] [--sick N] [--seed S]
                    children that go wrong while many clients work, with more of all than in the tests
cargo xtask chaos identical [--clients N] [--calls N]
                    many clients with the same request ids, each gets its own answers
cargo xtask chaos cancels [--cancels N]
                    calls that are given up are cancelled at the child
cargo xtask static [--package NAME] [--bin NAME] [--no-check]
                    a release binary that needs nothing of the system that it runs on; run in an empty root, with figures
";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let root = root();
    let outcome = match task.as_str() {
        "peers" => peers::install(&root),
        "test" => peers::install(&root).and_then(|()| steps::test(&root)),
        "crosstalk" => crosstalk::Options::read(std::env::args().skip(2))
            .and_then(|options| peers::install(&root).and_then(|()| options.run(&root))),
        "fuzz" => {
            fuzz::Options::read(std::env::args().skip(2)).and_then(|options| options.run(&root))
        }
        "static" => static_build::Options::read(std::env::args().skip(2))
            .and_then(|options| options.run(&root)),
        "chaos" => {
            chaos::Options::read(std::env::args().skip(2)).and_then(|options| options.run(&root))
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask {task}: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}
