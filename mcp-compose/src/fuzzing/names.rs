//! Names and URIs of a whole catalog: all differ, and each leads back to what it is of.

use std::collections::HashSet;
use std::sync::Arc;

use super::first_line;
use super::payload::children;
use crate::child::listing::{Entry, Kind, Listing};
use crate::compose::Settings;
use crate::gateway::catalog::Catalog;
use crate::wire::{Object, Raw, json};

/// The children's namespaces; `_` is one without.
const CHILDREN: [&str; 5] = ["_", "a", "a_b", "ui", "weather-of-the-northern-islands"];

/// The first line is the longest name and the separator; each other one a child's number, a kind and a name.
pub(super) fn names(data: &[u8]) {
    let (first, rest) = first_line(data);
    let (max, separator) = first.split_once(' ').unwrap_or(("64", "_"));
    let separator: String = separator
        .chars()
        .filter(|c| "_-".contains(*c))
        .take(4)
        .collect();
    let settings = Settings {
        // Others are refused before a catalog is made.
        max_name: max.parse::<usize>().unwrap_or(64).clamp(24, 128),
        separator: if separator.is_empty() {
            "_".to_owned()
        } else {
            separator
        },
        ..Settings::default()
    };
    let mut listings: [[Vec<Entry>; 4]; CHILDREN.len()] = Default::default();
    for line in String::from_utf8_lossy(rest).lines().take(64) {
        let mut characters = line.chars();
        let (Some(child), Some(kind)) = (characters.next(), characters.next()) else {
            continue;
        };
        let kind = Kind::ALL[kind as usize % 4];
        // Twins of one child's list are taken out where it is read.
        let entries =
            &mut listings[child.to_digit(36).unwrap_or(0) as usize % CHILDREN.len()][kind as usize];
        let original = characters.as_str();
        if entries.iter().all(|entry| entry.original != original) {
            entries.push(entry(kind, original));
        }
    }
    let children = children(&CHILDREN.join(" "));
    for (child, entries) in children.iter().zip(&listings) {
        child.set_listing(Listing {
            entries: entries.clone().map(Arc::new),
            ..Listing::default()
        });
    }
    let catalog = Catalog::build(&settings, &children, None).whole;
    for kind in [Kind::Tools, Kind::Prompts] {
        let listed = listed(&catalog, kind);
        let all: usize = listings.iter().map(|of| of[kind as usize].len()).sum();
        assert_eq!(listed.len(), all, "all are listed");
        assert_distinct(&listed);
        let mut owners = HashSet::new();
        for name in &listed {
            let (child, original) = match kind {
                Kind::Tools => catalog
                    .tool(name)
                    .map(|route| (route.child.id, route.original.to_string())),
                _ => catalog
                    .prompt(name)
                    .map(|route| (route.child.id, route.original.clone())),
            }
            .expect("what is listed can be called");
            if child != 0 {
                let portable = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
                assert!(name.len() <= 128 && name.chars().all(portable), "{name:?}");
            }
            assert!(
                owners.insert((child, original)),
                "{name:?} leads to another's"
            );
        }
    }
    let uris = listed(&catalog, Kind::Resources);
    assert_distinct(&uris);
    for uri in &uris {
        let route = catalog.resource(uri).expect("what is listed can be read");
        let of = &listings[usize::try_from(route.child.id).expect("few")][Kind::Resources as usize];
        assert!(of.iter().any(|entry| entry.original == route.original));
        let exposed =
            crate::gateway::uris::expose(route.child.spec.namespace.as_ref(), &route.original);
        assert_eq!(*uri, exposed);
    }
    assert_distinct(&listed(&catalog, Kind::Templates));
}

fn entry(kind: Kind, original: &str) -> Entry {
    let text = format!(
        "{{\"{}\":{},\"inputSchema\":{{\"type\":\"object\"}}}}",
        kind.key(),
        json::quote(original)
    );
    Entry {
        original: original.to_owned(),
        raw: Raw::from_json(text),
    }
}

/// The names on a list as clients see it.
fn listed(catalog: &Catalog, kind: Kind) -> Vec<String> {
    let page = catalog
        .page(kind, None, false)
        .expect("there is a first page");
    let page = Object::parse(page.as_str()).expect("a page is an object");
    let items = json::array_items(page.get(kind.member()).expect("its entries")).expect("a list");
    let name = |item: &&str| {
        let item = Object::parse(item).expect("an entry is an object");
        item.string(kind.key()).expect("it has a name").into_owned()
    };
    items.iter().map(name).collect()
}

fn assert_distinct(names: &[String]) {
    let distinct: HashSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
}
