//! The big run of the cross-talk tests.

use std::path::Path;
use std::process::Command;

use crate::steps::{binary, cargo, run};

/// Questions of all runs together, unless told otherwise.
const QUESTIONS: usize = 12_000;
/// With 2, 8 and 32 clients.
const RUNS: usize = 3;

/// What the command line says.
pub(crate) struct Options {
    questions: usize,
    seed: Option<u64>,
}

impl Options {
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            questions: QUESTIONS,
            seed: None,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let value = words.next();
            let number = value.and_then(|value| value.parse::<u64>().ok());
            let number = number.ok_or_else(|| format!("`{word}` needs a number"))?;
            match word.as_str() {
                "--questions" => {
                    options.questions =
                        usize::try_from(number).map_err(|_| "too many questions".to_owned())?;
                }
                "--seed" => options.seed = Some(number),
                other => return Err(format!("unknown option `{other}`")),
            }
        }
        Ok(options)
    }

    pub(crate) fn run(&self, root: &Path) -> Result<(), String> {
        cargo(root, &["build", "--workspace", "--bins", "--quiet"])?;
        let mut tests = Command::new("cargo");
        tests
            .args(["test", "--quiet", "--package", "mcp-compose-tests"])
            .args([
                "--test",
                "crosstalk",
                "--",
                "--nocapture",
                "--test-threads",
                "1",
                "clients",
            ])
            .env("MCP_COMPOSE_BIN", binary(root, "mcp-compose"))
            .env(
                "CROSSTALK_QUESTIONS",
                self.questions.div_ceil(RUNS).to_string(),
            )
            .current_dir(root);
        if let Some(seed) = self.seed {
            tests.env("CROSSTALK_SEED", seed.to_string());
        }
        run(&mut tests)
    }
}
