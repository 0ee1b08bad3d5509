//! The targets of one section, with the processes that they need.

use anyhow::Result;

use super::report::Report;
use crate::client::Era;
use crate::process::Process;
use crate::stage::command;
use crate::target::Target;

/// Targets in the order of their rows.
#[derive(Debug, Default)]
pub(super) struct Lineup {
    pub(super) targets: Vec<Target>,
    fronts: Vec<Process>,
}

impl Lineup {
    /// Adds a target whose process is somebody else's.
    pub(super) fn add(&mut self, target: Target) {
        self.targets.push(target);
    }

    /// Starts a front and adds a target for each label; what fails is noted and left out, the others are measured.
    pub(super) async fn add_front(
        &mut self,
        report: &mut Report,
        line: &[String],
        labels: &[(&'static str, Era)],
    ) {
        let front = match Process::start(command(line)).await {
            Ok(front) => front,
            Err(error) => {
                let names: Vec<_> = labels.iter().map(|(label, _)| *label).collect();
                report.failed(&error.context(names.join(", ")));
                return;
            }
        };
        for (label, era) in labels {
            match Target::front(label, &front, *era).await {
                Ok(target) => self.targets.push(target),
                Err(error) => report.failed(&error),
            }
        }
        self.fronts.push(front);
    }

    /// Hangs up and ends the processes.
    pub(super) async fn end(self) -> Result<()> {
        drop(self.targets);
        for front in self.fronts {
            front.end().await?;
        }
        Ok(())
    }
}
