//! The front at the other end of two byte streams.

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::*;
use crate::{Composition, Ctx, Result, mcp_server};

struct Curious;

/// Asks.
#[mcp_server]
impl Curious {
    /// Counts the client's roots.
    #[tool(read_only)]
    async fn count(&self, ctx: &Ctx) -> Result<String> {
        Ok(ctx.roots().await?.len().to_string())
    }
}

struct Served {
    said: Lines<BufReader<ReadHalf<DuplexStream>>>,
    say: WriteHalf<DuplexStream>,
    serving: JoinHandle<io::Result<()>>,
}

impl Served {
    fn new(composition: Composition) -> Self {
        let gateway = Gateway::start_for_one(composition, Handle::current());
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (input, output) = tokio::io::split(theirs);
        let (stop, there) = (Stop::default(), std::future::pending());
        let serving = tokio::spawn(serve_streams(gateway, input, output, stop, there));
        let (said, say) = tokio::io::split(ours);
        Self {
            said: BufReader::new(said).lines(),
            say,
            serving,
        }
    }

    async fn send(&mut self, line: &str) {
        self.say
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn line(&mut self) -> String {
        self.said.next_line().await.unwrap().expect("a line")
    }

    async fn message(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    /// Calls the one tool, and gives the question that it leads to.
    async fn call(&mut self, id: u64) -> Value {
        let params = json!({ "name": "curious_count" });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        self.send(&call.to_string()).await;
        let question = self.message().await;
        assert_eq!(question["method"], "roots/list", "{question}");
        question
    }
}

#[tokio::test]
async fn bad_lines_are_answered_and_disturb_nothing() {
    let mut served = Served::new(Composition::builder().build());
    for (line, expected) in [
        ("nonsense", r#""code":-32700"#),
        ("[]", r#""code":-32600"#),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":4,"method":"tools/list"}"#,
            "no `initialize` came before",
        ),
        (
            r#"{"jsonrpc":"2.0","id":5,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#,
            r#""protocolVersion":"2025-11-25""#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"x","arguments":{"a":1,"a":2}}}"#,
            "`a` stands twice",
        ),
        (
            r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"x"}}"#,
            "unknown tool `x`",
        ),
    ] {
        served.send(line).await;
        let answer = served.line().await;
        assert!(answer.contains(expected), "{line}: {answer}");
    }
    served.say.shutdown().await.unwrap();
    served.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_question_waits_for_its_answer_and_for_no_client_that_has_gone() {
    let composition = Composition::builder().child("curious", Curious).build();
    let mut served = Served::new(composition);
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{}}}}"#;
    served.send(initialize).await;
    served.line().await;
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    served.send(initialized).await;

    let question = served.call(1).await;
    let roots = json!({ "roots": [{ "uri": "file:///a" }, { "uri": "file:///b" }] });
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": roots });
    served.send(&answer.to_string()).await;
    let counted = served.message().await;
    assert_eq!(counted["result"]["content"][0]["text"], "2", "{counted}");

    served.call(2).await;
    served.say.shutdown().await.unwrap();
    let refused = served.message().await;
    assert_eq!(refused["id"], 2, "{refused}");
    assert!(refused.to_string().contains("closed its end"), "{refused}");
    served.serving.await.unwrap().unwrap();
}
