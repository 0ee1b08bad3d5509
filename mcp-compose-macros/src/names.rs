//! Names: which are legal, and which one was meant.

/// The longest name of a tool or prompt that every client takes.
pub(crate) const LONGEST_NAME: usize = 64;

/// Which names tools and prompts may have.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Those that every client takes.
    #[default]
    Portable,
    /// Those that the specification allows.
    Spec,
}

impl Rule {
    fn allows(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || (self == Self::Spec && c == '.')
    }

    fn allowed(self) -> &'static str {
        match self {
            Self::Portable => "allowed: letters, digits, `_`, `-`",
            Self::Spec => "allowed: letters, digits, `_`, `-`, `.`",
        }
    }

    fn longest(self) -> usize {
        match self {
            Self::Portable => LONGEST_NAME,
            Self::Spec => 128,
        }
    }
}

/// What is wrong with the name of a tool or prompt.
pub(crate) fn problem(kind: &str, name: &str, rule: Rule) -> Option<String> {
    let allowed = rule.allowed();
    if name.is_empty() {
        return Some(format!("{kind} name is empty; {allowed}"));
    }
    if let Some(bad) = name.chars().find(|c| !rule.allows(*c)) {
        return Some(format!(
            "{kind} name `{name}` contains {}; {allowed}",
            shown(bad)
        ));
    }
    let (length, longest) = (name.len(), rule.longest());
    (length > longest)
        .then(|| format!("{kind} name is {length} characters long; clients take at most {longest}"))
}

/// A character, readable in a message.
pub(crate) fn shown(c: char) -> String {
    match c {
        ' ' => "a space".into(),
        c if c.is_control() => "a control character".into(),
        c => format!("`{c}`"),
    }
}

/// `; did you mean ..?`, or nothing.
pub(crate) fn did_you_mean<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let bound = given.chars().count().max(3) / 3;
    known
        .into_iter()
        .map(|name| (distance(given, name), name))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map_or(String::new(), |(_, name)| {
            format!("; did you mean `{name}`?")
        })
}

/// Names in backticks, with commas.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Insertions, deletions, substitutions and swaps of neighbours between two names.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for i in 0..left.len() {
        let mut row = vec![i + 1];
        for j in 0..right.len() {
            let substituted = above[j] + usize::from(left[i] != right[j]);
            let mut best = substituted.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::{Rule, did_you_mean, problem};

    #[test]
    fn suggests_slips_only() {
        assert_eq!(
            did_you_mean("naem", ["title", "name"]),
            "; did you mean `name`?"
        );
        assert_eq!(did_you_mean("mime", ["title", "hidden"]), "");
    }

    #[test]
    fn names() {
        let portable = |name: &str| problem("tool", name, Rule::Portable);
        let spec = |name: &str| problem("tool", name, Rule::Spec);
        assert_eq!(portable("add_todo-2"), None);
        assert!(portable("todo.add").is_some());
        assert!(portable(&"x".repeat(65)).is_some());
        assert!(portable("").is_some());
        assert_eq!(spec(&"todo.add".repeat(16)), None);
        assert!(spec(&"x".repeat(129)).is_some());
        assert!(spec("todo/add").is_some());
    }
}
