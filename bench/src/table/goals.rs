//! The goals, each with what was measured.

/// Goals in the order in which they were measured.
#[derive(Debug, Default)]
pub(super) struct Goals {
    rows: Vec<Goal>,
}

#[derive(Debug)]
struct Goal {
    what: String,
    wanted: String,
    measured: String,
    reached: bool,
}

impl Goals {
    /// A number that should be at least this.
    pub(super) fn at_least(&mut self, what: &str, unit: &str, measured: f64, limit: f64) {
        self.add(
            what,
            format!(">= {limit:.2}{unit}"),
            unit,
            measured,
            measured >= limit,
        );
    }

    /// A number that should be at most this.
    pub(super) fn at_most(&mut self, what: &str, unit: &str, measured: f64, limit: f64) {
        self.add(
            what,
            format!("<= {limit:.2}{unit}"),
            unit,
            measured,
            measured <= limit,
        );
    }

    fn add(&mut self, what: &str, wanted: String, unit: &str, measured: f64, reached: bool) {
        self.rows.push(Goal {
            what: what.to_owned(),
            wanted,
            measured: format!("{measured:.2}{unit}"),
            reached,
        });
    }

    /// A table, or a sentence when nothing was measured.
    pub(super) fn markdown(&self) -> String {
        if self.rows.is_empty() {
            return "None could be measured: there was no aggregator.\n".to_owned();
        }
        let mut text =
            String::from("| goal | wanted | measured | reached |\n| --- | ---: | ---: | --- |\n");
        for goal in &self.rows {
            let reached = if goal.reached { "yes" } else { "**no**" };
            text.push_str(&format!(
                "| {} | {} | {} | {reached} |\n",
                goal.what, goal.wanted, goal.measured
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_says_so() {
        let mut goals = Goals::default();
        goals.at_least("speed", "x", 2.9, 3.0);
        goals.at_most("memory", " MiB", 8.0, 12.0);
        let text = goals.markdown();
        assert!(text.contains("| speed | >= 3.00x | 2.90x | **no** |"));
        assert!(text.contains("| memory | <= 12.00 MiB | 8.00 MiB | yes |"));
    }
}
