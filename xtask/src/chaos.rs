//! The big runs of the chaos tests.

use std::path::Path;
use std::process::Command;

use crate::steps::{binary, cargo, run};

/// What is run.
#[derive(Clone, Copy)]
enum What {
    /// Children that go wrong.
    Faults,
    /// Clients with the same request ids.
    Identical,
    /// Calls that are given up.
    Cancels,
}

/// What the command line says.
pub(crate) struct Options {
    what: What,
    /// Variables for the tests.
    numbers: Vec<(&'static str, u64)>,
}

impl Options {
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut words = words.peekable();
        let what = match words.peek().map(String::as_str) {
            Some("identical") => What::Identical,
            Some("cancels") => What::Cancels,
            _ => What::Faults,
        };
        if !matches!(what, What::Faults) {
            words.next();
        }
        let mut numbers = what.numbers().to_vec();
        while let Some(word) = words.next() {
            let number = words.next().and_then(|value| value.parse::<u64>().ok());
            let number = number.ok_or_else(|| format!("`{word}` needs a number"))?;
            let name = word.strip_prefix("--").unwrap_or_default().to_uppercase();
            let known = numbers.iter_mut().find(|(variable, _)| {
                variable
                    .strip_prefix("CHAOS_")
                    .is_some_and(|known| known == name)
            });
            match known {
                Some((_, value)) => *value = number,
                None => return Err(format!("unknown option `{word}`")),
            }
        }
        Ok(Self { what, numbers })
    }

    pub(crate) fn run(&self, root: &Path) -> Result<(), String> {
        cargo(root, &["build", "--workspace", "--bins", "--quiet"])?;
        let mut tests = Command::new("cargo");
        tests
            .args(["test", "--quiet", "--package", "mcp-compose-tests"])
            .args([
                "--test",
                "chaos",
                "--",
                "--nocapture",
                "--test-threads",
                "1",
                "--exact",
            ])
            .arg(self.what.test())
            .env("MCP_COMPOSE_BIN", binary(root, "mcp-compose"))
            .current_dir(root);
        for (name, number) in &self.numbers {
            tests.env(name, number.to_string());
        }
        run(&mut tests)
    }
}

impl What {
    const fn test(self) -> &'static str {
        match self {
            Self::Faults => "run::faults_of_some_children_are_nothing_to_the_calls_of_others",
            Self::Identical => "many::clients_with_the_same_ids_get_their_own_answers",
            Self::Cancels => "many::calls_that_are_given_up_are_cancelled_at_the_child",
        }
    }

    const fn numbers(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::Faults => &[
                ("CHAOS_FAULTS", 2_000),
                ("CHAOS_REQUESTS", 40_000),
                ("CHAOS_CLIENTS", 32),
                ("CHAOS_SICK", 40),
                ("CHAOS_SEED", 20_260_728),
            ],
            Self::Identical => &[("CHAOS_CLIENTS", 1_000), ("CHAOS_CALLS", 100)],
            Self::Cancels => &[("CHAOS_CANCELS", 1_000)],
        }
    }
}
