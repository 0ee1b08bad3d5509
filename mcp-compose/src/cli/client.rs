//! A client in this process, for the commands that look at a composition rather than serve it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::inbox::{Inbox, Mailbox};
use super::progress::while_starting;
use super::terminal::Terminal;
use super::{Failure, ask};
use crate::gateway::Gateway;
use crate::gateway::client::Outlet;
use crate::serve::client::Connection;
pub(super) use crate::serve::client::RequestError;
use crate::wire::version::LATEST_LEGACY;

/// A client of a started composition.
pub(super) trait Client {
    /// Sends a request; parameters and result are raw JSON.
    fn request(
        &mut self,
        method: &'static str,
        params: String,
    ) -> impl Future<Output = Result<String, RequestError>>;
}

/// A result as what is shown of it.
pub(super) fn answer<'a, T: serde::Deserialize<'a>>(result: &'a str) -> Result<T, Failure> {
    serde_json::from_str(result)
        .map_err(|error| Failure::Protocol(format!("the answer is wrong: {error}")))
}

/// A client of a running composition, in its process.
pub(super) struct InProcess<T> {
    connection: Connection,
    outlet: Arc<dyn Outlet>,
    /// `None`: nobody is there to be asked.
    inbox: Option<Inbox<T>>,
}

/// A person waits for a slow child rather than to be told that its tool is unknown.
pub(super) const START_GRACE: Duration = Duration::from_secs(60);

impl<T: Terminal> InProcess<T> {
    /// Introduces itself, and waits until every child has started or failed. What children ask is
    /// asked at the terminal, if there is one.
    pub(super) async fn connect(
        gateway: Arc<Gateway>,
        terminal: Option<T>,
    ) -> Result<Self, RequestError> {
        let (mailbox, inbox) = match terminal.map(Mailbox::attended) {
            Some((mailbox, inbox)) => (mailbox, Some(inbox)),
            None => (Mailbox::unattended(), None),
        };
        let client = InProcess {
            connection: Connection::open(gateway, mailbox.clone()),
            outlet: Arc::new(mailbox),
            inbox,
        };
        let capabilities = match client.inbox {
            Some(_) => ask::CAPABILITIES,
            None => "{}",
        };
        let connection = &client.connection;
        connection
            .introduce(LATEST_LEGACY, capabilities, &client.outlet)
            .await?;
        let gateway = connection.gateway();
        let settled = gateway.settled(START_GRACE);
        while_starting(&gateway.children(), settled).await;
        Ok(client)
    }
}

impl<T: Terminal> Client for InProcess<T> {
    async fn request(
        &mut self,
        method: &'static str,
        params: String,
    ) -> Result<String, RequestError> {
        let served = self.connection.request(0, method, params, &self.outlet);
        let Some(inbox) = &mut self.inbox else {
            return served.await;
        };
        let answer = tokio::select! {
            answer = served => answer,
            never = inbox.attend(self.connection.peer()) => match never {},
        };
        inbox.clear();
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::cli::call::{call, checked_arguments};
    use crate::cli::terminal::Script;
    use crate::compose::Composition;
    use crate::{Answer, Ctx, Result, mcp_server};

    use super::*;

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Confirm {
        /// Think twice.
        sure: bool,
    }

    struct Careful;

    #[mcp_server]
    impl Careful {
        /// Asks before it deletes.
        #[tool(destructive)]
        async fn delete(&self, ctx: &Ctx) -> Result<String> {
            let answer = ctx.elicit::<Confirm>("sure", "Delete it?").await?;
            Ok(match answer {
                Answer::Accepted(Confirm { sure }) => format!("sure: {sure}"),
                Answer::Declined => "declined".to_owned(),
                Answer::Cancelled => "cancelled".to_owned(),
            })
        }
    }

    /// The result of `db_delete` as it is printed, or the error, and what the person saw.
    async fn deleted(terminal: Option<Script>) -> (String, String) {
        let composition = Composition::builder().child("db", Careful).build();
        let gateway = Gateway::start_for_one(composition, tokio::runtime::Handle::current());
        let mut client = InProcess::connect(Arc::clone(&gateway), terminal)
            .await
            .expect("a client");
        let arguments = checked_arguments("{}").expect("arguments");
        let mut out = Vec::new();
        let called = call(&mut client, "db_delete", arguments, false, true, &mut out);
        let ended = tokio::time::timeout(Duration::from_secs(30), called).await;
        let out = match ended.expect("an end") {
            Ok(()) => String::from_utf8(out).expect("text"),
            Err(failure) => format!("{failure:?}"),
        };
        let inbox = client.inbox.take();
        drop(client);
        gateway.stop().await;
        let shown = inbox.map(Inbox::into_terminal).unwrap_or_default().shown;
        (out, shown)
    }

    #[tokio::test]
    async fn a_person_at_the_terminal_answers_a_child() {
        let (result, shown) = deleted(Some(Script::of(&["a", "perhaps", "yes", "a"]))).await;
        assert_eq!(result, "sure: true\n");
        assert_eq!(
            shown,
            "\ndb asks:\n  | Delete it?\n\
             Accept, decline or cancel? [a/d/c] a\n\
             sure (yes or no; required)\n  | Think twice.\n\
             > perhaps\n  answer yes or no\n> yes\n\
             \n  sure: yes\n\
             Accept and send this, enter it again, decline or cancel? [a/e/d/c] a\n"
        );
        assert_eq!(deleted(Some(Script::of(&["d"]))).await.0, "declined\n");
        assert_eq!(deleted(Some(Script::of(&[]))).await.0, "cancelled\n");
    }

    #[tokio::test]
    async fn without_a_terminal_a_child_is_refused_at_once() {
        let (result, shown) = deleted(None).await;
        assert!(
            result.starts_with("Protocol(") && result.contains("elicitation"),
            "{result}"
        );
        assert_eq!(shown, "");
    }
}
