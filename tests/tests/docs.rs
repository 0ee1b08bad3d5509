//! What the documents say of the repository: links that lead somewhere.

use std::path::{Path, PathBuf};

use mcp_compose_tests::peers::workspace;

/// All documents for people.
fn documents() -> Vec<PathBuf> {
    let mut all: Vec<_> = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .iter()
        .map(|name| workspace().join(name))
        .collect();
    for folder in ["docs", "examples", "tests", "bench", "fuzz"] {
        let entries = std::fs::read_dir(workspace().join(folder)).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        all.extend(paths.filter(|path| path.extension().is_some_and(|kind| kind == "md")));
    }
    all
}

/// The targets of a text's links and pictures that are not code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code {
            let targets = line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split_once(')'));
            found.extend(targets.map(|(target, _)| target.to_owned()));
        }
    }
    found
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|next| next.is_alphanumeric() || matches!(next, ' ' | '-' | '_'));
            kept.map(|next| if next == ' ' { '-' } else { next })
                .collect()
        })
        .collect()
}

fn leads_somewhere(document: &Path, text: &str, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = document.parent().expect("a folder").join(file);
    let there = match file.is_empty() {
        true => text.to_owned(),
        false if !path.exists() => return false,
        false => std::fs::read_to_string(&path).unwrap_or_default(),
    };
    anchor.is_empty() || anchors(&there).iter().any(|known| known == anchor)
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("a text");
        for target in links(&text) {
            if target.contains("://") {
                continue;
            }
            seen += 1;
            let shown = document.display();
            assert!(
                leads_somewhere(&document, &text, &target),
                "{shown}: {target}"
            );
        }
    }
    assert!(seen > 20, "{seen} links");
}

#[test]
fn every_document_can_be_found_from_the_readme() {
    let mut known = vec![workspace().join("README.md")];
    let mut at = 0;
    while let Some(document) = known.get(at).cloned() {
        at += 1;
        let text = std::fs::read_to_string(&document).unwrap_or_default();
        for target in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            let path = document.parent().expect("a folder").join(file);
            if let Ok(path) = path.canonicalize()
                && path.extension().is_some_and(|kind| kind == "md")
                && !known.contains(&path)
            {
                known.push(path);
            }
        }
    }
    for entry in std::fs::read_dir(workspace().join("docs")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let path = path.canonicalize().expect("it is there");
        let is_page = path.extension().is_some_and(|kind| kind == "md");
        assert!(
            !is_page || known.contains(&path),
            "nothing leads to {}",
            path.display()
        );
    }
}
