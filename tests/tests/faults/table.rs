//! The table of `docs/reliability.md` and the tests: each row has a test that is there, or says why it has none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What stands in the last column of a row without a test, before the reason.
const NOT_TESTED: &str = "not tested: ";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows by id, each with its last column.
fn rows() -> BTreeMap<String, String> {
    let page = root().join("docs/reliability.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let mut rows = BTreeMap::new();
    for line in page.lines() {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, _, _, tests] = cells[..] else {
            continue;
        };
        if is_id(id) {
            let former = rows.insert(id.to_owned(), tests.to_owned());
            assert!(former.is_none(), "{id} stands there twice");
        }
    }
    rows
}

fn is_id(text: &str) -> bool {
    let mut chars = text.chars();
    matches!(chars.next(), Some('A'..='D')) && chars.next().is_some_and(|c| c.is_ascii_digit())
}

/// The names of all functions in the sources there.
fn functions(mut folders: Vec<PathBuf>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("it is text");
                let names = text.lines().filter_map(|line| {
                    let line = line.trim_start();
                    let rest = line
                        .strip_prefix("async fn ")
                        .or_else(|| line.strip_prefix("fn "))?;
                    let end = rest.find('(')?;
                    Some(rest[..end].to_owned())
                });
                found.extend(names);
            }
        }
    }
    found
}

/// The rows that there have to be.
fn expected() -> BTreeSet<String> {
    let numbered = |letter: char, last: u8| (1..=last).map(move |n| format!("{letter}{n}"));
    numbered('A', 31)
        .chain(numbered('B', 17))
        .chain(numbered('C', 12))
        .chain(numbered('D', 12))
        .chain(["D9b".to_owned()])
        .collect()
}

#[test]
fn every_row_has_a_test_that_is_there_or_a_reason() {
    let sources = ["mcp-compose/src", "tests/tests"].map(|folder| root().join(folder));
    let (rows, functions) = (rows(), functions(sources.into()));
    let known: BTreeSet<_> = rows.keys().cloned().collect();
    assert_eq!(known, expected());
    for (id, tests) in &rows {
        if let Some(reason) = tests.strip_prefix(NOT_TESTED) {
            assert!(reason.len() > 20, "{id}: a reason says something");
            continue;
        }
        let named: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{id} has neither a test nor a reason");
        for name in named {
            assert!(functions.contains(name), "{id}: there is no test `{name}`");
        }
    }
}

#[test]
fn every_test_of_a_row_is_in_its_row() {
    let rows = rows();
    let mut found = 0;
    for name in functions(vec![root().join("tests/tests/faults")]) {
        let Some(id) = name.split('_').next().and_then(row_of) else {
            continue;
        };
        let row = rows.get(&id);
        let row = row.unwrap_or_else(|| panic!("{name} is of no row"));
        assert!(row.contains(&format!("`{name}`")), "{id} lacks `{name}`");
        found += 1;
    }
    assert!(found > 60, "only {found} tests were found");
}

/// The row that the first word of a test's name stands for: `a07` for A7. Threats (`s`, `t`) and promises (`p`) are not
/// of this table.
fn row_of(word: &str) -> Option<String> {
    let letter = word.chars().next().filter(|c| ('a'..='d').contains(c))?;
    let number = word[1..].trim_end_matches('b').parse::<u8>().ok()?;
    let rest = if word.ends_with('b') { "b" } else { "" };
    Some(format!("{}{number}{rest}", letter.to_ascii_uppercase()))
}
