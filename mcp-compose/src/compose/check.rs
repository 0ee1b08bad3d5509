//! What is wrong with a composition, as far as it shows without starting a child.

use std::collections::HashMap;

use serde::Deserialize;

use super::{ChildSource, ChildSpec, Composition, ListedRoot, Prefix, Problem, Roots, Settings};
use crate::nearest::nearest;
use crate::server::LocalServer;

/// The longest name that the protocol recommends.
const PROTOCOL_MAX_NAME: usize = 128;
/// The longest name that common clients take.
const PORTABLE_MAX_NAME: usize = 64;
/// Below this, a shortened name is hardly more than its hash.
const MIN_MAX_NAME: usize = 24;

/// What is wrong with the declarations themselves.
pub(super) fn declarations(composition: &Composition) -> Vec<Problem> {
    let mut problems = composition.problems.clone();
    settings(&composition.settings, &mut problems);
    if composition.children.is_empty() {
        problems.push(Problem::warning(
            "",
            "the composition has no children: it offers nothing",
        ));
    }
    for child in &composition.children {
        options(child, &mut problems);
    }
    namespaces(composition, &mut problems);
    profiles(composition, &mut problems);
    problems
}

/// Profiles and children are asked for by the same names.
fn profiles(composition: &Composition, problems: &mut Vec<Problem>) {
    let profiles = &composition.settings.profiles;
    let children = || {
        let children = composition.children.iter();
        children.filter_map(|child| Some(child.namespace.as_ref()?.as_str()))
    };
    for (at, (name, profile)) in profiles.iter().enumerate() {
        let place = format!("profile {name}");
        if profiles[..at].iter().any(|(first, _)| first == name) {
            problems.push(Problem::error(&place, "the profile is declared twice"));
        } else if children().any(|child| child == name.as_str()) {
            let message = "a child has the same name; give the profile another";
            problems.push(Problem::error(&place, message));
        }
        for unknown in &profile.children {
            if children().any(|child| child == unknown) {
                continue;
            }
            let near = nearest(unknown, children());
            let near = near.map(|near| format!("; did you mean `{near}`?"));
            let message = format!(
                "there is no child `{}`{}",
                unknown.escape_debug(),
                near.unwrap_or_default()
            );
            // It may be disabled for now, or added while we run.
            problems.push(Problem::warning(&place, message));
        }
    }
    problems.extend(unknown_profile(composition));
}

/// That nothing has the name of the one profile, or child, that is to be served.
pub(crate) fn unknown_profile(composition: &Composition) -> Option<Problem> {
    let only = composition.settings.only.as_deref()?;
    let profiles = composition.settings.profiles.iter();
    let profiles = profiles.map(|(name, _)| name.as_str());
    let children = composition.children.iter();
    let children = children.filter_map(|child| Some(child.namespace.as_ref()?.as_str()));
    let known: Vec<_> = profiles.chain(children).collect();
    if known.contains(&only) {
        return None;
    }
    let shown = only.escape_debug();
    Some(Problem::error(
        "profile",
        match nearest(only, known.iter().copied()) {
            Some(near) => format!("there is no profile or child `{shown}`; did you mean `{near}`?"),
            None if known.is_empty() => format!("there is no profile or child `{shown}`"),
            None => format!(
                "there is no profile or child `{shown}`; there are {}",
                known.join(", ")
            ),
        },
    ))
}

fn settings(settings: &Settings, problems: &mut Vec<Problem>) {
    if settings.name().trim().is_empty() {
        problems.push(Problem::error("name", "the server's name is empty"));
    }
    let separator = &settings.separator;
    if separator.is_empty() {
        problems.push(Problem::error("separator", "the separator is empty"));
    } else if !separator.chars().all(is_name_character) {
        let shown = separator.escape_debug();
        let message =
            format!("separator `{shown}`: names may have letters, digits, `_` and `-` only");
        problems.push(Problem::error("separator", message));
    }
    let max = settings.max_name;
    if !(MIN_MAX_NAME..=PROTOCOL_MAX_NAME).contains(&max) {
        let message =
            format!("max_name is {max}; it must be {MIN_MAX_NAME} to {PROTOCOL_MAX_NAME}");
        problems.push(Problem::error("max_name", message));
    } else if max > PORTABLE_MAX_NAME {
        let message =
            format!("max_name is {max}; some clients refuse names longer than {PORTABLE_MAX_NAME}");
        problems.push(Problem::warning("max_name", message));
    }
}

fn options(child: &ChildSpec, problems: &mut Vec<Problem>) {
    let (place, options) = (child.label(), &child.options);
    let mut error = |message: String| problems.push(Problem::error(&place, message));
    for (name, limit) in [
        ("timeout", options.timeout),
        ("max_timeout", options.max_timeout),
        ("init_timeout", options.init_timeout),
        ("list_timeout", options.list_timeout),
        ("idle_after", options.idle_after),
        ("question_timeout", options.question_timeout),
        ("idle_stop", options.idle_stop.unwrap_or(options.idle_after)),
    ] {
        if limit.is_zero() {
            error(format!("{name} is zero"));
        }
    }
    if options.timeout > options.max_timeout {
        error(format!(
            "timeout ({:?}) is longer than max_timeout ({:?}); raise max_timeout as well",
            options.timeout, options.max_timeout
        ));
    }
    if options.max_in_flight == 0 {
        error("max_in_flight is zero: no call would ever be made".to_owned());
    }
    if options.max_instances == 0 {
        error(
            "max_instances is zero: no client could have a session of its own; to have one session for all, set isolation to shared"
                .to_owned(),
        );
    }
    if let ChildSource::Stdio(stdio) = &child.source {
        for (name, _) in &stdio.env {
            // What stands behind the `=` may be a secret.
            let name = name.to_string_lossy();
            if let Some((before, _)) = name.split_once(['=', '\0']) {
                error(format!(
                    "environment variable `{}`: its name ends before the `=`, the value is given by itself",
                    before.escape_debug()
                ));
            } else if name.is_empty() {
                error("an environment variable has no name".to_owned());
            }
        }
    }
    if let Roots::List(roots) = &options.roots {
        for mistake in roots.iter().filter_map(ListedRoot::mistake) {
            error(format!("root {mistake}"));
        }
    }
    renames(&options.rename, &mut error);
    renames(&options.rename_prompts, &mut error);
}

/// What is wrong with other names for what a child has of one kind.
fn renames(renames: &[(String, String)], error: &mut impl FnMut(String)) {
    let mut targets = HashMap::new();
    for (from, to) in renames {
        if to.is_empty() || !to.chars().all(is_name_character) {
            error(format!(
                "`{from}` is renamed to `{}`, which some clients refuse; use letters, digits, `_` and `-`",
                to.escape_debug()
            ));
        }
        match targets.insert(to, from) {
            Some(first) if first != from => {
                error(format!("`{first}` and `{from}` are both renamed to `{to}`"));
            }
            _ => {}
        }
    }
}

fn namespaces(composition: &Composition, problems: &mut Vec<Problem>) {
    let separator = &composition.settings.separator;
    let named: Vec<_> = composition
        .children
        .iter()
        .filter_map(|c| c.namespace.as_ref())
        .collect();
    for (at, second) in named.iter().enumerate() {
        for first in &named[..at] {
            let place = second.as_str();
            if first == second {
                problems.push(Problem::error(place, "the namespace is used twice"));
            } else if first.scheme() == second.scheme() {
                let message = format!(
                    "namespaces `{first}` and `{second}` make the same URI scheme `{}:`",
                    first.scheme()
                );
                problems.push(Problem::error(place, message));
            }
            for (short, long) in [(first, second), (second, first)] {
                let tail = long.as_str().strip_prefix(short.as_str());
                let tail = tail.and_then(|tail| tail.strip_prefix(separator.as_str()));
                if let Some(tail) = tail.filter(|tail| !tail.is_empty()) {
                    let message = format!(
                        "namespaces `{short}` and `{long}` are ambiguous: with separator `{separator}`, \
                         `{long}{separator}x` could be tool `{tail}{separator}x` of `{short}`"
                    );
                    problems.push(Problem::warning(place, message));
                }
            }
        }
    }
}

/// Names of typed servers, which are known before the start; those of other children are not.
pub(super) fn local_names(composition: &Composition) -> Vec<Problem> {
    let mut problems = Vec::new();
    let settings = &composition.settings;
    for kind in [Kind::Tool, Kind::Prompt] {
        let mut owners: HashMap<String, String> = HashMap::new();
        // Tools of those without a namespace come first: no child can take their names.
        let (bare, others): (Vec<_>, Vec<_>) = composition
            .children
            .iter()
            .partition(|child| kind.comes_first(child));
        for child in bare.into_iter().chain(others) {
            let ChildSource::Local(server) = &child.source else {
                continue;
            };
            let place = child.label();
            for (original, raw) in kind.entries(server) {
                let name = match kind.name(child, &original, raw) {
                    Ok(Some(name)) => name,
                    Ok(None) => continue,
                    Err(why) => {
                        problems.push(Problem::warning(&place, why));
                        continue;
                    }
                };
                let prefixed = match child.options.prefix {
                    Prefix::Always => true,
                    Prefix::OnConflict => owners.contains_key(&name),
                    Prefix::Never => false,
                };
                let exposed = match &child.namespace {
                    Some(namespace) if prefixed => {
                        format!("{namespace}{}{name}", settings.separator)
                    }
                    _ => name,
                };
                let mut name_problem = |message: String| {
                    problems.push(if settings.strict {
                        Problem::error(&place, message)
                    } else {
                        Problem::warning(&place, message)
                    });
                };
                let length = exposed.chars().count();
                if length > settings.max_name {
                    name_problem(format!(
                        "{} `{exposed}` has {length} characters, more than max_name ({})",
                        kind.word(),
                        settings.max_name
                    ));
                }
                if let Some(first) = owners.get(&exposed) {
                    name_problem(format!(
                        "{} `{exposed}` is also that of `{first}`, which keeps the name",
                        kind.word()
                    ));
                } else {
                    if child.prefix().is_none()
                        && let Some(other) = owner_by_prefix(composition, &exposed)
                    {
                        name_problem(format!(
                            "{} `{exposed}` looks like one of child `{other}`, which can then not have it",
                            kind.word()
                        ));
                    }
                    owners.insert(exposed, place.clone());
                }
            }
        }
    }
    problems
}

/// The child among whose names `exposed` would be, going by its prefix.
fn owner_by_prefix<'a>(composition: &'a Composition, exposed: &str) -> Option<&'a str> {
    let separator = composition.settings.separator.as_str();
    let namespaces = composition.children.iter().filter_map(ChildSpec::prefix);
    namespaces
        .map(|namespace| namespace.as_str())
        .find(|namespace| {
            let tail = exposed
                .strip_prefix(namespace)
                .and_then(|tail| tail.strip_prefix(separator));
            tail.is_some_and(|tail| !tail.is_empty())
        })
}

#[derive(Clone, Copy)]
enum Kind {
    Tool,
    Prompt,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Tool => "tool",
            Kind::Prompt => "prompt",
        }
    }

    /// Original names, with the whole entries.
    fn entries(self, server: &LocalServer) -> Vec<(String, &str)> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let entries = match self {
            Kind::Tool => &server.lists().tools,
            Kind::Prompt => &server.lists().prompts,
        };
        let named = entries.iter().filter_map(|entry| {
            let named = serde_json::from_str::<Named>(entry).ok()?;
            Some((named.name, &**entry))
        });
        named.collect()
    }

    /// Whether the names of `child` are given before those of others.
    fn comes_first(self, child: &ChildSpec) -> bool {
        matches!(self, Kind::Tool) && child.namespace.is_none()
    }

    /// What is exposed, before a namespace. `Ok(None)`: it is not.
    fn name(self, child: &ChildSpec, original: &str, raw: &str) -> Result<Option<String>, String> {
        Ok(match self {
            Kind::Tool => child.options.listed(original, raw)?.map(|(name, _)| name),
            Kind::Prompt => child.options.prompt_name(original).map(str::to_owned),
        })
    }
}

/// What every client takes in a name.
fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::child::{http, local, stdio};
    use crate::compose::{Composition, Problem, Severity};

    fn all(composition: &Composition) -> Vec<String> {
        composition.check().iter().map(Problem::to_string).collect()
    }

    fn only(composition: &Composition) -> Problem {
        let mut problems = composition.check();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.remove(0)
    }

    #[test]
    fn nothing_is_wrong_with_a_plain_composition() {
        let composition = Composition::builder()
            .child("database", stdio("tsx").arg("db.ts"))
            .child("secure_db", http("https://example.com/mcp").bearer("x"))
            .local(stdio("server"))
            .build();
        assert_eq!(all(&composition), Vec::<String>::new());
    }

    #[test]
    fn a_composition_can_be_started_from_any_thread() {
        fn is_send<T: Send>(_: &T) {}
        is_send(&Composition::builder().build());
    }

    #[test]
    fn a_namespace_is_used_once() {
        let first = Composition::builder().child("db", stdio("a")).build();
        let composition = Composition::builder()
            .child("db", stdio("b"))
            .spread(first)
            .build();
        let problem = only(&composition);
        assert_eq!(problem.to_string(), "db: the namespace is used twice");
        assert!(problem.is_error());
    }

    #[test]
    fn two_namespaces_cannot_share_a_scheme() {
        let composition = Composition::builder()
            .child("my_db", stdio("a"))
            .child("my-db", stdio("b"))
            .build();
        let problem = only(&composition);
        assert!(
            problem.message.contains("the same URI scheme `my-db:`"),
            "{problem}"
        );
    }

    #[test]
    fn ambiguous_namespaces_are_told_in_either_order() {
        for (first, second) in [("db", "db_main"), ("db_main", "db")] {
            let composition = Composition::builder()
                .child(first, stdio("a"))
                .child(second, stdio("b"))
                .build();
            let problem = only(&composition);
            assert_eq!(problem.severity, Severity::Warning);
            assert!(
                problem
                    .message
                    .contains("`db_main_x` could be tool `main_x` of `db`"),
                "{problem}"
            );
        }
        let apart = Composition::builder()
            .separator("__")
            .child("db", stdio("a"))
            .child("db_main", stdio("b"))
            .build();
        assert_eq!(all(&apart), Vec::<String>::new());
    }

    struct Todos;

    /// Things to do.
    #[crate::mcp_server]
    impl Todos {
        /// Add one.
        #[tool(destructive = false)]
        fn add(&self) {}

        /// Look in the database.
        #[tool(read_only)]
        fn db_query(&self) {}

        /// Plan them.
        #[prompt]
        fn plan(&self) -> &'static str {
            "Plan."
        }
    }

    #[test]
    fn names_of_typed_servers_are_checked_before_the_start() {
        let composition = |strict: bool| {
            let builder = Composition::builder()
                .local(Todos)
                .child("db", stdio("a"))
                .local(local(Todos).rename("add", "add_too").hide(["db_*"]))
                .child("todos_of_a_rather_long_namespace", Todos)
                .max_name(40);
            if strict {
                builder.strict().build()
            } else {
                builder.build()
            }
        };
        let problems = composition(false).check();
        let told: Vec<_> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(
            told,
            [
                "mcp-compose: tool `db_query` looks like one of child `db`, which can then not have it",
                "todos_of_a_rather_long_namespace: tool `todos_of_a_rather_long_namespace_db_query` has 41 characters, more than max_name (40)",
                "mcp-compose: prompt `plan` is also that of `mcp-compose`, which keeps the name",
            ]
        );
        assert!(problems.iter().all(|problem| !problem.is_error()));
        assert!(composition(true).check().iter().all(Problem::is_error));
    }

    #[test]
    fn a_name_that_is_taken_is_no_mistake_where_it_then_gets_its_namespace() {
        use crate::child::Prefix;
        let composition = |prefix: Prefix| {
            Composition::builder()
                .child("todos", local(Todos).prefix(prefix).prompts([""; 0]))
                .local(local(Todos).hide(["db_*"]).prompts([""; 0]))
                .strict()
                .build()
        };
        assert_eq!(all(&composition(Prefix::OnConflict)), Vec::<String>::new());
        let problem = only(&composition(Prefix::Never));
        assert_eq!(
            problem.to_string(),
            "todos: tool `add` is also that of `mcp-compose`, which keeps the name"
        );
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let composition = Composition::builder()
            .separator("::")
            .max_name(4)
            .child("Db", stdio("a"))
            .child("empty", stdio(""))
            .child("line", stdio("npx -y server"))
            .child("env", stdio("a").env("KEY=SECRET", "").env("", "x"))
            .child("ftp", http("ftp://example.com"))
            .child(
                "headers",
                http("http://x/")
                    .header("a b", "x")
                    .header("mcp-session-id", "x"),
            )
            .child("split", http("http://x/").header("x-a", "a\r\nb"))
            .child(
                "slow",
                stdio("a")
                    .timeout(Duration::from_secs(700))
                    .max_in_flight(0)
                    .max_instances(0)
                    .question_timeout(Duration::ZERO)
                    .roots(["data"]),
            )
            .child(
                "names",
                stdio("a")
                    .rename("a", "c")
                    .rename("b", "c")
                    .rename("d", "d e"),
            )
            .build();
        let problems = all(&composition);
        let expected = [
            "Db: namespace `Db` starts with `D`; it must start with a lower-case letter",
            "empty: the program's name is empty",
            "line: `npx -y server` is taken as one program name, not as a shell line: pass each argument by itself",
            "ftp: `ftp://example.com` is not an HTTP URL: it must start with `https://` or `http://`",
            "headers: `a b` is not a header name",
            "headers: header `mcp-session-id` is set by the protocol; leave it out",
            "split: the value of header `x-a` has a character that no header can have, such as a line end",
            "separator: separator `::`: names may have letters, digits, `_` and `-` only",
            "max_name: max_name is 4; it must be 24 to 128",
            "env: environment variable `KEY`: its name ends before the `=`, the value is given by itself",
            "env: an environment variable has no name",
            "slow: question_timeout is zero",
            "slow: timeout (700s) is longer than max_timeout (600s); raise max_timeout as well",
            "slow: max_in_flight is zero: no call would ever be made",
            "slow: max_instances is zero: no client could have a session of its own; to have one session for all, set isolation to shared",
            "slow: root `data` is neither an absolute path nor a `file://` URI",
            "names: `a` and `b` are both renamed to `c`",
            "names: `d` is renamed to `d e`, which some clients refuse; use letters, digits, `_` and `-`",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn secrets_are_never_printed() {
        let composition = Composition::builder()
            .child("a", stdio("x").env("KEY", "CANARY"))
            .child(
                "b",
                http("https://u:CANARY@example.com/mcp?key=CANARY").bearer("CANARY"),
            )
            .child("c", http("htps//u:CANARY@example.com/mcp?key=CANARY"))
            .build();
        let shown = format!("{composition:?} {:?}", composition.check());
        assert!(
            shown.contains("KEY") && shown.contains("example.com"),
            "{shown}"
        );
        assert!(!shown.contains("CANARY"), "{shown}");
    }
}
