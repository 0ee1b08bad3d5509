//! How long a call may take, by a clock that stands still but for them.

use tokio_util::sync::CancellationToken;

use super::super::client::Principal;
use super::*;
use crate::child::fake::{Fake, notification};
use crate::compose::ChildOptions;
use crate::wire::peer::LinkError;
use crate::wire::{Id, Message};

#[derive(Debug)]
struct Nowhere;

impl Outlet for Nowhere {
    fn send(&self, _message: Message) -> Result<(), LinkError> {
        Ok(())
    }
}

const READ: &str = r#"{"uri":"fake://a","_meta":{"progressToken":"mine","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#;

/// Calls a child that never answers and reports progress in such steps, and gives how long that took, and the error.
async fn call(progress: Option<Duration>) -> (Duration, ErrorObject) {
    let fake = Fake::default();
    let gateway = Gateway::of_fake(&fake).await;
    let client = gateway.stateless(Principal::anonymous());
    let request = Request {
        id: Id::number(1),
        method: "resources/read".into(),
        params: Some(Raw::from_static(READ)),
    };
    let outlet: Arc<dyn Outlet> = Arc::new(Nowhere);
    let cancelled = CancellationToken::new();
    let reporting = async {
        let Some(step) = progress else {
            return std::future::pending().await;
        };
        for n in 1.. {
            tokio::time::sleep(step).await;
            for session in fake.sessions() {
                for params in session.requests("resources/read") {
                    let meta: serde_json::Value = serde_json::from_str(&params).unwrap();
                    let token = &meta["_meta"]["progressToken"];
                    let params = format!("{{\"progressToken\":{token},\"progress\":{n}}}");
                    session.say(notification("notifications/progress", &params));
                }
            }
        }
    };
    let began = Instant::now();
    let outcome = tokio::select! {
        outcome = gateway.serve(&client, &request, &outlet, &cancelled) => outcome,
        () = reporting => unreachable!("it reports for ever"),
    };
    (began.elapsed(), outcome.expect_err("it never answers"))
}

#[tokio::test(start_paused = true)]
async fn c03_progress_puts_the_deadline_off_and_not_for_ever() {
    let ChildOptions {
        timeout,
        max_timeout,
        ..
    } = ChildOptions::default();
    let slack = Duration::from_secs(1);
    for (progress, bound) in [
        (None, timeout),
        (Some(timeout * 2), timeout),
        (Some(timeout / 2), max_timeout),
        (Some(Duration::from_millis(10)), max_timeout),
    ] {
        let (took, error) = call(progress).await;
        assert!(took >= bound && took < bound + slack, "{took:?}: {error:?}");
        let why = format!("no answer within {} s", bound.as_secs());
        assert!(error.message().contains(&why), "{error:?}");
        assert!(error.raw().as_str().contains("child_timeout"), "{error:?}");
    }
}
