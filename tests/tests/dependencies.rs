//! What the library depends on is what ARCHITECTURE.md says and justifies, and nothing that it must not have.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use mcp_compose_tests::peers::workspace;

/// A second TLS, a second HTTP client, and telemetry that users did not ask for. A name that ends in `*` is a prefix.
const BANNED: [&str; 14] = [
    "aws-lc-*",
    "native-tls",
    "openssl",
    "openssl-sys",
    "boring*",
    "hyper-tls",
    "opentelemetry*",
    "tracing-opentelemetry",
    "ureq",
    "isahc",
    "curl*",
    "attohttpc",
    "surf",
    "minreq",
];

/// Crates of which there may be several versions, since others want them; ARCHITECTURE.md names them.
const SEVERAL: [&str; 2] = ["getrandom", "syn"];

/// All crates of the library with its default features, with their versions.
fn tree(options: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "mcp-compose", "--edges", "normal"])
        .args(["--prefix", "none", "--offline"])
        .args(options)
        .current_dir(workspace())
        .output()
        .expect("cargo can be started");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            let versions = found.entry(name.to_owned()).or_default();
            versions.insert(version.to_owned());
        }
    }
    found
}

fn architecture() -> String {
    let file = workspace().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(file).expect("the file is there");
    let (_, after) = text.split_once("## Dependencies").expect("the section");
    after.split("\n## ").next().unwrap_or_default().to_owned()
}

#[test]
fn nothing_is_there_that_must_not_be() {
    let all = tree(&[]);
    assert!(all.len() > 100, "{all:?}");
    for (name, versions) in &all {
        let banned = BANNED.iter().any(|banned| match banned.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == banned,
        });
        assert!(!banned, "{name}: see `cargo tree -p mcp-compose -i {name}`");
        let several = SEVERAL.contains(&name.as_str());
        assert!(
            several || versions.len() == 1,
            "{name} is there as {versions:?}: see `cargo tree -p mcp-compose -d`"
        );
    }
}

#[test]
fn each_direct_dependency_is_justified() {
    let mut direct = tree(&["--depth", "1"]);
    direct.remove("mcp-compose");
    let direct: Vec<_> = direct.into_keys().collect();
    let section = architecture();
    let mut listed: Vec<_> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, why)| {
            assert!(why.len() > 10, "{name} has no reason");
            name.to_owned()
        })
        .collect();
    listed.sort();
    assert_eq!(listed, direct, "the table of ARCHITECTURE.md");
    for name in SEVERAL {
        assert!(section.contains(&format!("`{name}`")), "{name}");
    }
}
