//! The documentation has a table of each attribute's keys: here it is compared with what the parsers know.

use std::{fs, path::Path};

use crate::{attr::ATTRIBUTES, compose::SETTINGS, server::NOTES};

fn documentation() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-compose/src/macros.rs");
    fs::read_to_string(path).expect("both crates are in one workspace")
}

/// The first cells of the table under a heading, up to the next heading.
fn documented(heading: &str) -> Vec<String> {
    let text = documentation();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("///"));
    let heading_found = lines.by_ref().any(|line| line.trim() == heading);
    assert!(heading_found, "`{heading}` is missing");
    let section = lines.take_while(|line| !line.starts_with(" #"));
    let cells = section.filter_map(|line| line.strip_prefix(" | `"));
    let keys = cells.map(|cell| cell.split('`').next().unwrap_or_default().to_owned());
    keys.collect()
}

fn assert_documented(heading: &str, known: &[&str]) {
    let sorted = |mut keys: Vec<String>| {
        keys.sort_unstable();
        keys
    };
    let known = known.iter().map(ToString::to_string).collect();
    assert_eq!(sorted(documented(heading)), sorted(known), "{heading}");
}

#[test]
fn each_key_of_an_attribute_is_documented_and_no_other() {
    for (attribute, known) in ATTRIBUTES {
        let written = match attribute {
            "#[resource]" => "#[resource(\"uri\", ..)]".to_owned(),
            other => other.replace(']', "(..)]"),
        };
        assert_documented(&format!("## `{written}`"), known);
    }
    assert_documented("## On parameters", &NOTES);
}

#[test]
fn each_setting_of_a_composition_is_documented_and_no_other() {
    assert_documented("# Settings", &SETTINGS);
}

/// Each attribute has an example of its own.
#[test]
fn each_attribute_has_an_example() {
    let text = documentation();
    let sections: Vec<&str> = text.split("/// ## ").skip(1).collect();
    assert_eq!(sections.len(), 6, "{sections:#?}");
    for section in sections {
        assert!(section.contains("/// ```\n"), "{section}");
    }
}
