//! The values that are looked for, and the places where.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The secrets of a run, each with a value of its own.
pub(crate) const CANARIES: [&str; 27] = [
    // Of the client.
    "bearer",
    "api-key",
    "cookie",
    "proxy",
    "client-header",
    "client-query",
    "argument",
    "wrong-argument",
    "failing-argument",
    "prompt-argument",
    "uri",
    "answer",
    // Of the file and of the environment.
    "env",
    "env-variable",
    "undeclared",
    "static-header",
    "static-token",
    "header-variable",
    "refused-token",
    "url-user",
    "url-password",
    "url-query",
    "broken-env",
    "file",
    // Of children.
    "result",
    "error",
    "state",
];

/// The value of one of them.
pub(crate) fn canary(name: &str) -> String {
    assert!(CANARIES.contains(&name), "{name} is not looked for");
    format!("canary.{name}.7d1f3b")
}

/// All text of a run, by where it was found.
#[derive(Debug, Default)]
pub(crate) struct Sinks(BTreeMap<String, String>);

impl Sinks {
    pub(crate) fn add(&mut self, sink: &str, text: &str) {
        let all = self.0.entry(sink.to_owned()).or_default();
        all.push_str(text);
        all.push('\n');
    }

    /// The command lines and environments of a process and of all that it has started.
    pub(crate) fn processes(&mut self, pid: u32) {
        self.add("command line", &of_process(pid, "cmdline"));
        for pid in descendants(pid) {
            let line = of_process(pid, "cmdline");
            let child = match line.contains("\"era\":\"modern\"") {
                true => "pipe_modern",
                false if line.contains("\"crash\"") => "pipe",
                false => "other",
            };
            self.add("command line", &line);
            self.add(
                &format!("environment of {child}"),
                &of_process(pid, "environ"),
            );
        }
    }

    /// What is found where.
    pub(crate) fn hits(&self) -> Vec<(&'static str, String)> {
        let mut hits = Vec::new();
        for name in CANARIES {
            let value = canary(name);
            let credentials = format!("{}:{}", canary("url-user"), canary("url-password"));
            let mut spellings = vec![BASE64_STANDARD.encode(&value), value];
            if name == "url-password" {
                spellings.push(BASE64_STANDARD.encode(credentials));
            }
            for (sink, text) in &self.0 {
                if spellings.iter().any(|spelling| text.contains(spelling)) {
                    hits.push((name, sink.clone()));
                }
            }
        }
        hits
    }

    /// The lines of some hits.
    pub(crate) fn shown(&self, hits: &[(&'static str, String)]) -> String {
        let lines = hits.iter().flat_map(|(name, sink)| {
            let lines = self.0[sink]
                .lines()
                .filter(|line| line.contains(&canary(name)));
            lines.take(3).map(move |line| format!("{sink}: {line}"))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn of_process(pid: u32, file: &str) -> String {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', "\n")
}

fn descendants(pid: u32) -> Vec<u32> {
    let children = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let children =
        children.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|pids| {
            pids.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect();
    children
        .into_iter()
        .flat_map(|pid| [vec![pid], descendants(pid)].concat())
        .collect()
}
