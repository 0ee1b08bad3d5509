//! One server of a configuration file.

use std::path::{Path, PathBuf};

use super::super::{
    ChildEra, DeclaredChild, Glob, IntoChild, Isolation, Namespace, Prefix as ChildPrefix, Restart,
    Validate,
};
use super::questions::questions;
use super::reader::Reader;
use super::value::Value;
use crate::child::{Stderr, http, stdio};
use crate::nearest::nearest;

/// Under what a server's names are exposed.
pub(super) enum Prefix {
    /// Under the server's key.
    OfKey,
    Named(Namespace),
    None,
}

pub(super) const KEYS: &[&str] = &[
    "command",
    "args",
    "env",
    "inheritEnv",
    "clearEnv",
    "cwd",
    "stderr",
    "grace",
    "watch",
    "url",
    "headers",
    "connectTimeout",
    "ca",
    "breaker",
    "type",
    "transport",
    "namespace",
    "prefix",
    "timeout",
    "maxTimeout",
    "initTimeout",
    "listTimeout",
    "era",
    "validate",
    "isolation",
    "sampling",
    "elicitation",
    "roots",
    "questionTimeout",
    "maxInstances",
    "idleAfter",
    "idleStop",
    "maxParked",
    "lazy",
    "optional",
    "restart",
    "tools",
    "hide",
    "rename",
    "describe",
    "prompts",
    "hidePrompts",
    "renamePrompts",
    "resources",
    "hideResources",
    "maxInFlight",
    "maxMessage",
    "disabled",
];

/// What clients write for their own use, such as which tools need no approval.
const OF_CLIENTS: &[&str] = &[
    "alwaysAllow",
    "alwaysLoad",
    "autoApprove",
    "description",
    "gallery",
    "icon",
    "trust",
];

/// What other clients call our keys.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("httpUrl", "url"),
    ("serverUrl", "url"),
    ("includeTools", "tools"),
    ("enabledTools", "tools"),
    ("excludeTools", "hide"),
    ("disabledTools", "hide"),
    ("bearerToken", "headers"),
];

/// What only a server with a `command` has.
const OF_PROCESSES: &[&str] = &[
    "args",
    "env",
    "inheritEnv",
    "clearEnv",
    "cwd",
    "stderr",
    "grace",
    "watch",
];

/// What only a server with a `url` has.
const OF_REMOTES: &[&str] = &["headers", "connectTimeout", "ca", "breaker"];

/// Reads a server; `None` if it is disabled or wrong.
pub(super) fn read(mut server: Reader<'_, '_>) -> Option<(Prefix, DeclaredChild)> {
    if server.flag("disabled") {
        return None;
    }
    let prefix = prefix(&mut server);
    let child = match (server.has("command"), server.has("url")) {
        (true, false) => Some(process(&mut server)),
        (false, true) => Some(remote(&mut server)),
        (true, true) => {
            server.mistake_at("", "has both `command` and `url`; keep one of them");
            None
        }
        (false, false) => {
            server.mistake_at("", "has neither `command` nor `url`");
            None
        }
    };
    let Some(mut child) = child else {
        // What belongs to either kind is no mistake of its own here.
        for key in ["command", "url", "type", "transport"]
            .iter()
            .chain(OF_REMOTES)
            .chain(OF_PROCESSES)
        {
            server.take(key);
        }
        options(&mut server, &mut DeclaredChild::new(Default::default()));
        unknown_keys(&mut server);
        return None;
    };
    options(&mut server, &mut child);
    unknown_keys(&mut server);
    Some((prefix?, child))
}

fn prefix(server: &mut Reader<'_, '_>) -> Option<Prefix> {
    if !server.has("namespace") {
        return Some(Prefix::OfKey);
    }
    let text = server.text("namespace")?;
    if text.is_empty() {
        return Some(Prefix::None);
    }
    match Namespace::parse(&text) {
        Ok(namespace) => Some(Prefix::Named(namespace)),
        Err(wrong) => {
            server.mistake("namespace", wrong);
            None
        }
    }
}

fn process(server: &mut Reader<'_, '_>) -> DeclaredChild {
    transport(server, &["stdio", "local"], "`command`");
    for key in OF_REMOTES {
        if server.take(key).is_some() {
            server.mistake(
                key,
                "is for a server with a `url`; this one has a `command`",
            );
        }
    }
    let folder = server.folder();
    let program = server.text("command").unwrap_or_default();
    let cwd = server
        .text("cwd")
        .map_or_else(|| folder.to_owned(), |cwd| folder.join(cwd));
    let mut child = stdio(located(&program, folder))
        .args(server.texts("args").unwrap_or_default())
        .envs(server.pairs("env"))
        .cwd(cwd);
    match (server.flag("inheritEnv"), server.flag("clearEnv")) {
        (true, true) => {
            let other = server.format().spelled("inheritEnv");
            let message = format!("contradicts `{other}`; keep one of them");
            server.mistake("clearEnv", message);
        }
        (true, false) => child = child.inherit_env(),
        (false, true) => child = child.clear_env(),
        (false, false) => {}
    }
    if let Some(to) = stderr(server) {
        child = child.stderr(to);
    }
    if let Some(limit) = server.seconds("grace") {
        child = child.grace(limit);
    }
    if let Some(files) = server.texts("watch") {
        child = child.watch(files);
    }
    child.into_child()
}

fn remote(server: &mut Reader<'_, '_>) -> DeclaredChild {
    let http_names = [
        "http",
        "streamable-http",
        "streamableHttp",
        "streamable_http",
        "remote",
    ];
    transport(server, &http_names, "`url`");
    for key in OF_PROCESSES {
        if server.take(key).is_some() {
            server.mistake(
                key,
                "is for a server with a `command`; this one has a `url`",
            );
        }
    }
    let folder = server.folder();
    let url = server.text("url").unwrap_or_default();
    let headers = server.pairs("headers");
    let mut child = headers
        .iter()
        .fold(http(url), |child, (name, value)| child.header(name, value));
    if let Some(limit) = server.seconds("connectTimeout") {
        child = child.connect_timeout(limit);
    }
    if let Some(file) = server.text("ca") {
        child = child.ca(folder.join(file));
    }
    if let Some(failures) = server.count("breaker") {
        child = child.breaker(failures as u32);
    }
    child.into_child()
}

/// `log`, `inherit`, `null`, or an object with `file`.
fn stderr(server: &mut Reader<'_, '_>) -> Option<Stderr> {
    let folder = server.folder();
    let a_file = server.format().member("file");
    match server.take("stderr")? {
        Value::Text(word) if word == "log" => Some(Stderr::Log),
        Value::Text(word) if word == "inherit" => Some(Stderr::Inherit),
        Value::Text(word) if word == "null" => Some(Stderr::Null),
        json @ Value::Object(_) => {
            let mut to = server.inner("stderr", json)?;
            let file = to.text("file");
            if file.is_none() {
                to.mistake_at("", format!("expected `{a_file}`"));
            }
            for key in to.rest() {
                to.mistake_at(&key, "unknown key; the only one is `file`");
            }
            file.map(|file| Stderr::File(folder.join(file)))
        }
        _ => {
            let message = format!("expected `log`, `inherit`, `null`, or `{a_file}`");
            server.mistake("stderr", message);
            None
        }
    }
}

/// `"always"`, `"never"`, or how many times.
fn restart(server: &mut Reader<'_, '_>) -> Option<Restart> {
    match server.take("restart")? {
        Value::Text(word) if word == "always" => Some(Restart::Always),
        Value::Text(word) if word == "never" => Some(Restart::Never),
        Value::Number(times)
            if times >= 0.0 && times.fract() == 0.0 && times <= f64::from(u32::MAX) =>
        {
            Some(Restart::AtMost(times as u32))
        }
        _ => {
            server.mistake("restart", "expected `always`, `never`, or a whole number");
            None
        }
    }
}

fn transport(server: &mut Reader<'_, '_>, names: &[&str], because: &str) {
    for key in ["type", "transport"] {
        let Some(given) = server.text(key) else {
            continue;
        };
        if given == "sse" {
            server.mistake(key, "the HTTP+SSE transport of 2024 is not spoken; use the server's streamable HTTP URL, with `http`");
        } else if !names.contains(&given.as_str()) {
            let given = given.escape_debug();
            server.mistake(
                key,
                format!(
                    "is `{given}`, but a server with {because} is `{}`",
                    names[0]
                ),
            );
        }
    }
}

fn options(server: &mut Reader<'_, '_>, child: &mut DeclaredChild) {
    let options = &mut child.options;
    if let Some(limit) = server.seconds("timeout") {
        options.timeout = limit;
        // A file that only says how long a call may take means it.
        options.max_timeout = options.max_timeout.max(limit);
    }
    if let Some(limit) = server.seconds("maxTimeout") {
        options.max_timeout = limit;
    }
    if let Some(limit) = server.seconds("initTimeout") {
        options.init_timeout = limit;
    }
    if let Some(limit) = server.seconds("listTimeout") {
        options.list_timeout = limit;
    }
    let eras = [
        ("auto", ChildEra::Auto),
        ("legacy", ChildEra::Legacy),
        ("modern", ChildEra::Modern),
    ];
    if let Some(era) = server.word("era", &eras) {
        options.era = era;
    }
    let checks = [
        ("arguments", Validate::Arguments),
        ("off", Validate::Off),
        ("arguments-and-output", Validate::ArgumentsAndOutput),
    ];
    if let Some(validate) = server.word("validate", &checks) {
        options.validate = validate;
    }
    let isolations = [
        ("auto", Isolation::Auto),
        ("shared", Isolation::Shared),
        ("per-client", Isolation::PerClient),
    ];
    if let Some(isolation) = server.word("isolation", &isolations) {
        options.isolation = isolation;
    }
    questions(server, options);
    let prefixes = [
        ("always", ChildPrefix::Always),
        ("on-conflict", ChildPrefix::OnConflict),
        ("never", ChildPrefix::Never),
    ];
    if let Some(prefix) = server.word("prefix", &prefixes) {
        options.prefix = prefix;
    }
    if let Some(restart) = restart(server) {
        options.restart = restart;
    }
    options.lazy = server.flag("lazy");
    options.optional = server.flag("optional");
    if let Some(names) = server.texts("tools") {
        options.tools.only = Some(names.into_iter().map(Glob::new).collect());
    }
    if let Some(names) = server.texts("hide") {
        options.tools.hidden = names.into_iter().map(Glob::new).collect();
    }
    let globs = |names: Vec<String>| names.into_iter().map(Glob::new).collect();
    options.prompts.only = server.texts("prompts").map(globs);
    options.prompts.hidden = server.texts("hidePrompts").map(globs).unwrap_or_default();
    options.resources.only = server.texts("resources").map(globs);
    options.resources.hidden = server.texts("hideResources").map(globs).unwrap_or_default();
    options.rename_prompts = server.pairs("renamePrompts");
    options.rename = server.pairs("rename");
    options.describe = server.pairs("describe");
    if let Some(calls) = server.count("maxInFlight") {
        options.max_in_flight = calls;
    }
    if let Some(bytes) = server.count("maxMessage") {
        options.max_message = bytes;
    }
}

fn unknown_keys(server: &mut Reader<'_, '_>) {
    let format = server.format();
    let known: Vec<_> = KEYS.iter().map(|key| format.spelled(key)).collect();
    for key in server.rest() {
        if format.is_of_clients() && OF_CLIENTS.contains(&key.as_str()) {
            continue;
        }
        let meant = OTHER_NAMES
            .iter()
            .find(|(theirs, _)| *theirs == key)
            .map(|(_, ours)| *ours);
        let meant = meant.or_else(|| nearest(&key, known.iter().map(AsRef::as_ref)));
        server.mistake_at(
            &key,
            match meant {
                Some(meant) => format!("unknown key; did you mean `{meant}`?"),
                None => format!("unknown key; known are {}", known.join(", ")),
            },
        );
    }
}

/// A program given by a relative path lies in the file's folder; a bare name is looked up.
fn located(program: &str, folder: &Path) -> PathBuf {
    let is_path = program.contains('/') || program.contains(std::path::MAIN_SEPARATOR);
    if is_path {
        folder.join(program)
    } else {
        PathBuf::from(program)
    }
}
