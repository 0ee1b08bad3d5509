//! How long methods run, and where.

use std::{
    future::pending,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

use futures_util::{FutureExt, future::join};
use tokio::{runtime::Handle, time::timeout};

use super::*;
use crate::Answer;

/// Longer than any test may wait.
const LONG: Duration = Duration::from_secs(30);

struct Slow {
    ends: Mutex<Receiver<()>>,
    dropped: Arc<()>,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    yes: bool,
}

#[mcp_server]
impl Slow {
    /// Takes for ever.
    #[tool(read_only, timeout = Duration::from_millis(1))]
    async fn forever(self: Arc<Self>) -> u8 {
        let _held = Arc::clone(&self.dropped);
        pending().await
    }

    /// Asks, and returns at once.
    #[tool(read_only, timeout = Duration::from_millis(1))]
    async fn asks(&self, ctx: &Ctx) -> Result<bool> {
        let answer: Answer<Confirm> = ctx.elicit("sure", "Sure?").await?;
        Ok(answer.is_some_and(|confirm| confirm.yes))
    }

    /// Blocks until it is told to end.
    #[tool(read_only, blocking)]
    fn blocks(&self, what: String) -> Result<String> {
        self.ends.lock().unwrap().recv_timeout(LONG)?;
        Ok(what)
    }

    /// Blocks until the caller gives up.
    #[tool(read_only, blocking)]
    fn gives_up(self: Arc<Self>, ctx: &Ctx, again: Ctx) -> bool {
        Handle::current().block_on(ctx.cancelled());
        again.is_cancelled()
    }

    /// Asks from where it may block.
    #[tool(read_only, blocking, timeout = LONG)]
    fn asks_from_a_thread(&self, ctx: Ctx) -> Result<bool> {
        let answer: Answer<Confirm> = Handle::current().block_on(ctx.elicit("sure", "Sure?"))?;
        Ok(answer.is_some_and(|confirm| confirm.yes))
    }

    /// Panics on a thread.
    #[tool(read_only, blocking)]
    fn panics(&self, what: String) {
        panic!("at the {what}");
    }

    /// Panics here.
    #[tool(read_only)]
    fn panics_here(&self) {
        panic!("here");
    }

    /// Refuses to be called so.
    #[tool(read_only, blocking)]
    fn refuses(&self) -> Result<(), SearchResult> {
        Err(SearchResult)
    }
}

fn slow() -> (Slow, SyncSender<()>) {
    let (ends, receiver) = sync_channel(1);
    let slow = Slow {
        ends: Mutex::new(receiver),
        dropped: Arc::new(()),
    };
    (slow, ends)
}

async fn called(name: &str, arguments: Value, ctx: Ctx) -> Value {
    let params = json!({ "name": name, "arguments": arguments }).to_string();
    let server = LocalServer::new(slow().0);
    let answer = server.handle("tools/call", &params, ctx).await;
    serde_json::from_str(&answer.unwrap()).unwrap()
}

/// The context of a call by someone who can be asked.
fn asked(asking: Asking) -> Ctx {
    let meta = json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} } });
    Ctx::new(CtxParts {
        progress_token: None,
        log_level: None,
        notify: Arc::new(|_, _| {}),
        cancel: CancellationToken::new(),
        meta: Some(meta.to_string()),
        asking,
        origin: Arc::default(),
    })
}

/// Answers "yes", but not before a millisecond has passed.
fn slowly() -> Ctx {
    asked(Asking::inline(|_, _| {
        async {
            let _ = timeout(Duration::from_millis(1), pending::<()>()).await;
            Ok(json!({ "action": "accept", "content": { "yes": true } }).to_string())
        }
        .boxed()
    }))
}

#[tokio::test]
async fn a_tool_that_takes_too_long_is_dropped_and_says_so() {
    let slow = slow().0;
    let held = Arc::clone(&slow.dropped);
    let (ctx, _) = ctx(true, &CancellationToken::new());
    let params = json!({ "name": "forever" }).to_string();
    let server = LocalServer::new(slow);
    let answer = server.handle("tools/call", &params, ctx.clone()).await;
    let result: Value = serde_json::from_str(&answer.unwrap()).unwrap();
    assert_eq!(
        result,
        json!({
            "content": [{ "type": "text", "text": "`forever` took longer than 1ms, and was stopped" }],
            "isError": true,
        })
    );
    assert_eq!(Arc::strong_count(&held), 2, "the test's and the server's");
    assert!(ctx.is_cancelled());
}

#[tokio::test]
async fn the_time_of_a_tool_does_not_pass_while_it_asks() {
    for name in ["asks", "asks_from_a_thread"] {
        let result = called(name, json!({}), slowly()).await;
        assert_eq!(text(&result), "true", "{name}");
    }
}

#[tokio::test]
async fn a_blocking_tool_holds_up_nobody() {
    let (slow, ends) = slow();
    let params = json!({ "name": "blocks", "arguments": { "what": "done" } });
    // On this one thread, the second part runs only if the first does not block it.
    let (result, ()) = join(served(slow, "tools/call", params), async {
        ends.send(()).unwrap();
    })
    .await;
    assert_eq!(text(&result.unwrap()), "done");
}

#[tokio::test]
async fn a_blocking_tool_has_its_context() {
    let cancel = CancellationToken::new();
    let (ctx, _) = ctx(true, &cancel);
    let params = json!({ "name": "gives_up" }).to_string();
    let server = LocalServer::new(slow().0);
    let waiting = server.handle("tools/call", &params, ctx);
    let (answer, ()) = join(waiting, async { cancel.cancel() }).await;
    let result: Value = serde_json::from_str(&answer.unwrap()).unwrap();
    assert_eq!(text(&result), "true");
}

#[tokio::test]
async fn a_modern_caller_is_asked_from_a_thread_as_well() {
    let ctx = asked(Asking::replay(Answers::default()));
    let result = called("asks_from_a_thread", json!({}), ctx).await;
    assert_eq!(result["resultType"], "input_required");
    assert_eq!(
        result["inputRequests"]["sure"]["method"],
        "elicitation/create"
    );
}

#[tokio::test]
async fn panics_are_errors_of_the_tool_wherever_they_happen() {
    for (name, arguments, message) in [
        (
            "panics",
            json!({ "what": "disco" }),
            "`panics` panicked: at the disco",
        ),
        ("panics_here", json!({}), "`panics_here` panicked: here"),
        ("refuses", json!({}), "nothing found"),
        ("panics", json!({}), "missing argument `what`"),
    ] {
        let (ctx, _) = ctx(true, &CancellationToken::new());
        let result = called(name, arguments, ctx).await;
        assert_eq!(text(&result), message, "{name}");
        assert_eq!(result["isError"], true, "{name}");
    }
}
