//! What is offered, for people.

use std::fmt::Write;

use super::super::limits::PORTABLE;
use super::offer::{Entry, Offer, Owner};
use crate::cli::shown;

/// Names longer than this do not move the columns behind them.
const WIDEST: usize = 64;

pub(super) fn table(offer: &Offer) -> String {
    let mut text = String::new();
    children(&offer.children, &mut text);
    let cost = format!(", about {} tokens", offer.tokens);
    entries("Tools", &cost, &offer.tools, &mut text);
    entries("Resources", "", &offer.resources, &mut text);
    entries(
        "Resource templates",
        "",
        &offer.resource_templates,
        &mut text,
    );
    entries("Prompts", "", &offer.prompts, &mut text);
    long_names(offer, &mut text);
    for problem in &offer.problems {
        line(&mut text, &format!("warning: {}", shown::block(problem)));
    }
    text
}

fn children(owners: &[Owner], text: &mut String) {
    line(text, &format!("Children ({})", owners.len()));
    let width = width(owners.iter().map(|owner| shown::line(&owner.child)));
    for owner in owners {
        let child = shown::line(&owner.child);
        let counted = [
            (owner.tools, "tool"),
            (owner.resources, "resource"),
            (owner.resource_templates, "resource template"),
            (owner.prompts, "prompt"),
        ];
        let counted = counted.iter().filter(|(count, _)| *count > 0);
        let counted = counted.map(|&(count, noun)| shown::count(count, noun));
        let mut said: Vec<_> = counted.collect();
        if owner.tokens > 0 {
            said.push(format!("about {} tokens", owner.tokens));
        }
        if said.is_empty() && owner.status != "down" {
            said.push("offers nothing".to_owned());
        }
        if owner.status == "down" && !said.is_empty() {
            said.insert(0, "as it was before".to_owned());
        }
        let status = owner.status;
        line(
            text,
            &format!("  {child:width$}  {status:8}  {}", said.join(", ")),
        );
        for why in owner.reason.iter().flat_map(|reason| reason.lines()) {
            line(text, &format!("  {:width$}  {}", "", shown::block(why)));
        }
    }
}

fn entries(title: &str, cost: &str, entries: &[Entry], text: &mut String) {
    if entries.is_empty() {
        return;
    }
    line(text, &format!("\n{title} ({}{cost})", entries.len()));
    let names = width(entries.iter().map(|entry| shown::block(&entry.name)));
    let owners = width(entries.iter().map(|entry| shown::line(&entry.child)));
    let hints = width(entries.iter().map(|entry| entry.hints.join(", ")));
    let header = format!(
        "  {:names$}  {:>6}  {:>6}  {:owners$}  {:hints$}  {}",
        "name", "length", "tokens", "child", "", ""
    );
    line(text, &header);
    for entry in entries {
        let mark =
            match entry.too_long_for.is_empty() && entry.length <= PORTABLE || title != "Tools" {
                true => ' ',
                false => '!',
            };
        let mut row = String::new();
        let _ = write!(
            row,
            "  {:names$}  {:>5}{mark}  {:>6}  {:owners$}  ",
            shown::block(&entry.name),
            entry.length,
            entry.tokens,
            shown::line(&entry.child),
        );
        if hints > 0 {
            let _ = write!(row, "{:hints$}  ", entry.hints.join(", "));
        }
        if !entry.name.ends_with(&entry.original) {
            let _ = write!(row, "(`{}` there) ", shown::line(&entry.original));
        }
        row.push_str(&shown::line(&entry.text));
        line(text, &row);
    }
}

/// For whom names are too long.
fn long_names(offer: &Offer, text: &mut String) {
    let long = offer
        .tools
        .iter()
        .filter(|tool| tool.length > PORTABLE || !tool.too_long_for.is_empty());
    let long: Vec<_> = long.collect();
    if long.is_empty() {
        return;
    }
    line(
        text,
        &format!(
            "\n! longer than {PORTABLE} characters: clients put the server's name before it, and take 59 to 64 in all"
        ),
    );
    for tool in long.iter().filter(|tool| !tool.too_long_for.is_empty()) {
        let clients = tool.too_long_for.join(", ");
        line(
            text,
            &format!("  {} is too long for {clients}", shown::block(&tool.name)),
        );
    }
}

fn width(texts: impl Iterator<Item = String>) -> usize {
    let widest = texts.map(|text| text.chars().count()).max();
    widest.unwrap_or_default().min(WIDEST)
}

fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}
