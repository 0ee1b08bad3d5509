//! A typed server behind its link, asked as the relay asks it.

use futures_util::future::pending;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;
use crate::wire::peer::{Call, Event, Failure, RequestRoute};
use crate::{Result, mcp_server};

struct Shop(mpsc::UnboundedSender<&'static str>);

/// Says that the method that holds it has ended.
struct Ends(mpsc::UnboundedSender<&'static str>);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.send("ended");
    }
}

/// Asks.
#[mcp_server]
impl Shop {
    /// Two things at once.
    #[tool(read_only)]
    async fn both(&self, ctx: &Ctx) -> Result<String> {
        let (roots, greeting) = tokio::try_join!(ctx.roots(), ctx.sample("greeting", "Greet"))?;
        Ok(format!("{} {}", roots.len(), greeting.text()))
    }

    /// Asks, and waits.
    #[tool(read_only)]
    async fn waits(&self, ctx: &Ctx) -> Result<String> {
        let _ends = Ends(self.0.clone());
        let roots = ctx.roots().await?;
        Ok(format!("{}", roots.len()))
    }

    /// Asks, and does not wait.
    #[tool(read_only)]
    async fn withdraws(&self, ctx: &Ctx) -> Result<()> {
        tokio::select! {
            biased;
            _ = ctx.roots() => {}
            () = std::future::ready(()) => {}
        }
        pending().await
    }
}

/// What reaches the relay outside of calls.
#[derive(Debug)]
struct Outside(mpsc::UnboundedSender<String>);

impl Handler for Outside {
    fn request(&self, _: &Arc<Peer>, request: Request, _: Option<u64>) {
        let _ = self.0.send(request.method.to_string());
    }

    fn notification(&self, _: &Arc<Peer>, notification: Notification) {
        let _ = self
            .0
            .send(format!("{} {}", notification.method, notification.params()));
    }

    fn closed(&self, _: &str) {}
}

struct Bed {
    peer: Arc<Peer>,
    ended: mpsc::UnboundedReceiver<&'static str>,
    outside: mpsc::UnboundedReceiver<String>,
}

impl Bed {
    fn new() -> Self {
        let (ends, ended) = mpsc::unbounded_channel();
        let (tells, outside) = mpsc::unbounded_channel();
        let server = LocalServer::new(Shop(ends));
        let opened = open(&server, Handle::current(), Arc::new(Outside(tells)));
        Self {
            peer: opened.peer,
            ended,
            outside,
        }
    }

    fn call(&self, tool: &str, era: Era, more: &Value) -> Call {
        let mut meta = json!({
            "io.modelcontextprotocol/clientCapabilities": { "roots": {}, "sampling": {} },
        });
        if era == Era::Modern {
            meta[META_VERSION] = "2026-07-28".into();
        }
        let mut params = json!({ "name": tool, "_meta": meta });
        for (member, value) in more.as_object().into_iter().flatten() {
            params[member] = value.clone();
        }
        let params = Raw::from_json(params.to_string());
        self.peer
            .request("tools/call", |_| Some(params), RequestRoute::default())
    }
}

async fn question(call: &mut Call) -> Request {
    match call.next().await {
        Event::Question(request) => request,
        other => panic!("{other:?}"),
    }
}

async fn result(call: &mut Call) -> Value {
    match call.next().await {
        Event::Done(Ok(result)) => serde_json::from_str(result.as_str()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn answer_to(method: &str) -> Value {
    match method {
        "roots/list" => json!({ "roots": [{ "uri": "file:///a" }] }),
        _ => {
            json!({ "role": "assistant", "content": { "type": "text", "text": "Hi" }, "model": "m" })
        }
    }
}

#[tokio::test]
async fn a_legacy_caller_is_asked_on_the_stream_of_its_call() {
    let bed = Bed::new();
    // Two calls at once: each is asked for itself, in any order.
    let mut calls = [
        bed.call("both", Era::Legacy, &json!({})),
        bed.call("both", Era::Legacy, &json!({})),
    ];
    let mut questions = Vec::new();
    for call in &mut calls {
        questions.push([question(call).await, question(call).await]);
    }
    let mut ids: Vec<_> = questions
        .iter()
        .flatten()
        .map(|asked| asked.id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    for request in questions.iter().flatten().rev() {
        let answer = Raw::from_json(answer_to(&request.method).to_string());
        bed.peer.respond(request.id.clone(), Ok(answer));
    }
    for call in &mut calls {
        assert_eq!(result(call).await["content"][0]["text"], "1 Hi");
    }
}

#[tokio::test]
async fn a_refusal_is_told_to_the_method() {
    let bed = Bed::new();
    let mut call = bed.call("waits", Era::Legacy, &json!({}));
    let request = question(&mut call).await;
    assert_eq!(&*request.method, "roots/list");
    let refusal = ErrorObject::new(-32601, "denied by policy");
    bed.peer.respond(request.id, Err(refusal));
    let result = result(&mut call).await;
    assert_eq!(result["isError"], true);
    assert!(result.to_string().contains("denied by policy"), "{result}");
}

#[tokio::test]
async fn a_cancelled_call_waits_for_no_answer() {
    let mut bed = Bed::new();
    let mut call = bed.call("waits", Era::Legacy, &json!({}));
    let request = question(&mut call).await;
    call.cancel("enough");
    assert_eq!(bed.ended.recv().await, Some("ended"));
    // A late answer is nobody's.
    bed.peer.respond(request.id, Ok(Raw::from_static("{}")));
    assert!(bed.outside.try_recv().is_err());
}

#[tokio::test]
async fn a_closed_link_ends_every_wait() {
    let mut bed = Bed::new();
    let mut call = bed.call("waits", Era::Legacy, &json!({}));
    question(&mut call).await;
    bed.peer.end("closed");
    assert_eq!(bed.ended.recv().await, Some("ended"));
    assert!(matches!(
        call.next().await,
        Event::Done(Err(Failure::Lost(_)))
    ));
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_is_withdrawn() {
    let mut bed = Bed::new();
    let mut call = bed.call("withdraws", Era::Legacy, &json!({}));
    let request = question(&mut call).await;
    let withdrawn = bed.outside.recv().await.unwrap();
    let params = withdrawn.strip_prefix("notifications/cancelled ").unwrap();
    let params: Value = serde_json::from_str(params).unwrap();
    assert_eq!(params["requestId"].to_string(), request.id.as_str());
}

#[tokio::test]
async fn a_modern_caller_is_asked_by_the_result() {
    let bed = Bed::new();
    let first = result(&mut bed.call("both", Era::Modern, &json!({}))).await;
    assert_eq!(first["resultType"], "input_required");
    let mut answers = json!({});
    for (key, request) in first["inputRequests"].as_object().unwrap() {
        answers[key] = answer_to(request["method"].as_str().unwrap());
    }
    let retry = json!({ "inputResponses": answers, "requestState": first["requestState"] });
    let second = result(&mut bed.call("both", Era::Modern, &retry)).await;
    assert_eq!(second["content"][0]["text"], "1 Hi");

    for retry in [
        json!({ "inputResponses": null }),
        json!({ "requestState": "forged" }),
    ] {
        let Event::Done(Err(Failure::Error(error))) =
            bed.call("both", Era::Modern, &retry).next().await
        else {
            panic!("{retry} is served");
        };
        assert_eq!(error.code(), -32602);
    }
}
