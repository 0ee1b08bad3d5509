//! What is wrong with a composition once its children have been asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::{ChildSource, ChildSpec, Composition, Problem, Restart, check};
use crate::child::supervisor::{NOT_AGAIN, Phase};
use crate::gateway::Gateway;

/// What a start takes besides its own bounds.
const SLACK: Duration = Duration::from_secs(1);

impl Composition {
    /// As [`check`](Self::check), with what only the children know: it starts them as serving to a first client would,
    /// lazy ones too, looks at what they list, and stops them again.
    ///
    /// Told are names that two children have (with both, and what the later one is exposed as), names that are too long,
    /// what is left out of a list, and children that do not start. None of it keeps the composition from starting, unless
    /// it is [strict](crate::CompositionBuilder::strict). When [`check`](Self::check) finds an error already, nothing is
    /// started. A [`session`](crate::child::session()) of the program's own is left alone, as it cannot be opened twice.
    ///
    /// ```
    /// use mcp_compose::{child::stdio, compose};
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let composition = compose! { database: stdio("no-such-server") };
    /// let problems = composition.preflight().await;
    /// assert!(problems[0].to_string().starts_with("database: did not start: "));
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn preflight(&self) -> Vec<Problem> {
        let declared = self.check();
        if declared.iter().any(Problem::is_error) {
            return declared;
        }
        let bound = self.longest_start();
        let gateway = Gateway::start(self.on_trial(), Handle::current());
        gateway.settled(bound).await;
        // Names of typed servers are in the catalog too.
        let mut problems = check::declarations(self);
        for child in gateway.children().iter() {
            let why = match child.phase() {
                Phase::Ready => continue,
                Phase::Down { reason, .. }
                | Phase::Parked { reason, .. }
                | Phase::Stopped { reason } => reason,
                Phase::Idle | Phase::Asleep | Phase::Starting => {
                    format!("it took longer than {} s", bound.as_secs()).into()
                }
            };
            let why = why.strip_suffix(NOT_AGAIN).unwrap_or(&why);
            let message = format!("did not start: {why}");
            problems.push(Problem::warning(&child.label, message));
        }
        {
            let catalog = gateway.catalog();
            problems.extend(catalog.collisions.iter().cloned());
            problems.extend(catalog.problems.iter().cloned());
        }
        gateway.stop().await;
        problems
    }

    /// What is started only to be looked at: each child is tried once. A session of the program's own is not among them, as it
    /// cannot be opened twice.
    pub(crate) fn on_trial(&self) -> Composition {
        let opened_here = |child: &&ChildSpec| !matches!(child.source, ChildSource::Session(_));
        let children = self.children.iter().filter(opened_here).map(|child| {
            let mut child = child.clone();
            // Handles of the child are not to find this one.
            child.mount = Arc::default();
            // What is told of is one try: another may be under way when the others are done.
            child.options.restart = Restart::Never;
            child
        });
        let mut settings = self.settings.clone();
        // All that is declared is looked at.
        settings.only = None;
        Composition {
            settings,
            children: children.collect(),
            problems: Vec::new(),
            file: None,
            showing: None,
        }
    }

    /// How long the start of all children may take.
    pub(crate) fn longest_start(&self) -> Duration {
        let bounds = self.children.iter();
        let bounds = bounds.map(|child| child.options.start_bound());
        let bound = bounds.max().unwrap_or_default();
        bound.saturating_add(SLACK)
    }
}

#[cfg(test)]
mod tests {
    use crate::child::{Prefix, local, stdio};
    use crate::{Composition, Problem};

    struct Todos;

    /// Things to do.
    #[crate::mcp_server]
    impl Todos {
        /// Add one.
        #[tool(read_only)]
        fn add(&self) {}

        /// Look at all that was ever done.
        #[tool(read_only)]
        fn history_of_everything(&self) {}

        /// Plan them.
        #[prompt]
        fn plan(&self) -> &'static str {
            "Plan."
        }
    }

    fn composition(strict: bool) -> Composition {
        let builder = Composition::builder()
            .max_name(24)
            .child(
                "first",
                local(Todos).prefix(Prefix::Never).hide(["history_*"]),
            )
            .child(
                "second",
                local(Todos).prefix(Prefix::Never).hide(["history_*"]),
            )
            .child("third", local(Todos).tools(["history_*"]).prompts([""; 0]))
            .child("missing", stdio("no-such-program-anywhere").lazy());
        if strict {
            builder.strict().build()
        } else {
            builder.build()
        }
    }

    #[tokio::test]
    async fn tells_both_owners_of_a_name_and_what_becomes_of_it() {
        let problems = composition(false).preflight().await;
        assert!(
            problems.iter().all(|problem| !problem.is_error()),
            "{problems:?}"
        );
        let told: Vec<_> = problems.iter().map(Problem::to_string).collect();
        let expected = [
            "missing: did not start: `no-such-program-anywhere` was not found: ",
            "second: tool `add` is already that of `first`; it is exposed as `add_",
            "second: prompt `plan` is already that of `first`; it is exposed as `plan_",
            "third: tool `third_history_of_everything` has 27 characters, more than max_name (24); it is exposed as `third_history_o_",
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}");
        }
    }

    #[tokio::test]
    async fn a_long_name_without_a_namespace_is_told_as_well() {
        let bare = local(Todos)
            .prefix(Prefix::Never)
            .rename("add", "a_name_that_is_far_too_long_for_them");
        let composition = Composition::builder()
            .max_name(24)
            .child("bare", bare)
            .build();
        let long = "bare: tool `a_name_that_is_far_too_long_for_them` has 36 characters, more than max_name (24)";
        for problems in [composition.check(), composition.preflight().await] {
            let told: Vec<_> = problems.iter().map(Problem::to_string).collect();
            assert_eq!(told, [long]);
        }
    }

    #[tokio::test]
    async fn a_composition_that_cannot_start_starts_nothing() {
        let problems = composition(true).preflight().await;
        assert!(
            !problems.is_empty() && problems.iter().all(Problem::is_error),
            "{problems:?}"
        );
        assert!(problems.iter().all(|problem| problem.place != "missing"));
    }
}
