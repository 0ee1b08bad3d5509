//! What programs write that they should not, and what they do not write.

mod answers;
mod calls;
mod floods;
mod lines;
mod lists;

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{LEGACY, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text};
use mcp_compose_tests::system::{peak_kib, resident_kib};
use serde_json::{Value, json};

/// An aggregator with the scripted child `ns`, a quiet one beside it, and a client.
struct Bed {
    aggregator: Aggregator,
    client: Raw,
}

impl Bed {
    async fn new(script: Value) -> Self {
        Self::with(scripted(basic(script)), Config::new()).await
    }

    async fn with(child: Value, config: Config) -> Self {
        let quiet = scripted(basic(json!({})));
        let config = config.child("ns", child).child("quiet", quiet);
        let aggregator = Aggregator::http(&config).await;
        let client = Raw::http(&aggregator, LEGACY).await;
        client.listed("quiet_echo").await;
        Self { aggregator, client }
    }

    /// Calls a tool of the child.
    async fn call(&self, tool: &str) -> Result<Value, Value> {
        self.call_with(tool, json!({})).await
    }

    async fn call_with(&self, tool: &str, arguments: Value) -> Result<Value, Value> {
        let params = json!({ "name": format!("ns_{tool}"), "arguments": arguments, "_meta": { "progressToken": "p" } });
        self.client.try_request("tools/call", params).await
    }

    /// The reason for which a call of the child fails.
    async fn reason(&self, tool: &str) -> String {
        let error = self.call(tool).await.expect_err("it has no result");
        reason(&error)
    }

    /// Both children serve, and what they answer is the answer to what they were asked.
    async fn is_well(&self) {
        for child in ["ns", "quiet"] {
            let told = self
                .client
                .call(&format!("{child}_echo"), json!({ "a": child }))
                .await;
            assert_eq!(text(&told), format!(r#"{{"a":"{child}"}}"#));
        }
    }

    /// The lines of the aggregator's log with these words.
    fn logged(&self, words: &str) -> Vec<String> {
        let all = self.aggregator.process.stderr().all();
        all.into_iter()
            .filter(|line| line.contains(words))
            .collect()
    }

    /// Waits for a line of the log with these words.
    async fn logs(&self, words: &str) {
        let found = self
            .aggregator
            .process
            .stderr()
            .find(|line| line.contains(words));
        mcp_compose_tests::patiently(words, found).await;
    }

    /// How many messages of this method the child got.
    async fn got(&self, method: &str) -> usize {
        let all = self
            .call_with("received", json!({ "method": method }))
            .await;
        let all = all.expect("it says what it got");
        all["structuredContent"]["messages"]
            .as_array()
            .expect("a list")
            .len()
    }

    /// Resident memory now, before something that must not take much.
    fn memory(&self) -> Memory {
        let pid = self.aggregator.process.pid();
        Memory {
            pid,
            before: resident_kib(pid),
        }
    }
}

struct Memory {
    pid: u32,
    before: u64,
}

impl Memory {
    /// What the peak is above what it was before, in KiB; printed for whoever collects the figures.
    fn rise(&self, what: &str) -> u64 {
        let peak = peak_kib(self.pid);
        let rise = peak.saturating_sub(self.before);
        tell(&format!(
            "{what}: resident {} KiB before, {peak} KiB at most, {rise} KiB more",
            self.before
        ));
        rise
    }
}

fn reason(error: &Value) -> String {
    let reason = error["data"]["mcpCompose"]["reason"].as_str();
    reason
        .unwrap_or_else(|| panic!("no reason in {error}"))
        .to_owned()
}

/// A step that writes this text.
fn print(text: &str) -> Value {
    prints(text, 1)
}

/// A step that writes this text so often.
fn prints(text: &str, times: u64) -> Value {
    json!({ "print": { "text": text, "times": times } })
}

/// Prints a figure.
#[expect(
    clippy::print_stdout,
    reason = "figures are for whoever runs this by hand"
)]
fn tell(figure: &str) {
    println!("{figure}");
}

/// The number in a variable, for those who want a bigger run than CI's.
fn size(variable: &str, otherwise: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(otherwise, |given| given.parse().expect("a number"))
}
