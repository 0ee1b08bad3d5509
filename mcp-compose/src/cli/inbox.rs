//! Questions on their way to the person at the terminal: one at a time, in order, unless withdrawn.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::ask;
use super::terminal::Terminal;
use crate::wire::message::{ErrorObject, Id, Response, code};
use crate::wire::peer::{Link, LinkError, Outgoing, Outlet, Peer};
use crate::wire::{Message, Object, Raw, Request};

/// Messages that wait to be looked at.
const MAX_UNREAD: usize = 64;
/// Questions that wait for the person.
const MAX_WAITING: usize = 64;

/// Where the gateway sends what is for this client. Without a person, nothing is taken that wants
/// an answer. Progress and log messages are not shown.
#[derive(Debug, Clone)]
pub(super) struct Mailbox(Option<mpsc::Sender<Message>>);

/// The person at the terminal, and the questions that wait for them.
pub(super) struct Inbox<T> {
    terminal: T,
    unread: mpsc::Receiver<Message>,
    waiting: VecDeque<Request>,
    /// A question stands on the screen.
    open: bool,
}

impl Mailbox {
    /// That of a client with nobody to ask.
    pub(super) fn unattended() -> Self {
        Mailbox(None)
    }

    pub(super) fn attended<T: Terminal>(terminal: T) -> (Self, Inbox<T>) {
        let (send, unread) = mpsc::channel(MAX_UNREAD);
        let inbox = Inbox {
            terminal,
            unread,
            waiting: VecDeque::new(),
            open: false,
        };
        (Mailbox(Some(send)), inbox)
    }
}

impl Outlet for Mailbox {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        let wanted = match &message {
            Message::Request(_) => true,
            Message::Notification(told) => &*told.method == "notifications/cancelled",
            Message::Response(_) => false,
        };
        if !wanted {
            return Ok(());
        }
        let unread = self.0.as_ref().ok_or(LinkError::Closed)?;
        unread.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LinkError::Full,
            mpsc::error::TrySendError::Closed(_) => LinkError::Closed,
        })
    }
}

impl Link for Mailbox {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        Outlet::send(self, message.message)
    }

    fn close(&self) {}
}

impl<T: Terminal> Inbox<T> {
    /// Asks the person what comes in, and gives the answers to `peer`, for as long as it is polled;
    /// then [`clear`](Self::clear) has to follow.
    pub(super) async fn attend(&mut self, peer: &Arc<Peer>) -> Infallible {
        loop {
            let Some(question) = self.waiting.pop_front() else {
                match self.unread.recv().await {
                    Some(message) => sort(message, None, &mut self.waiting, peer),
                    None => std::future::pending().await,
                };
                continue;
            };
            self.open = true;
            let answered = {
                let asking = ask::answer(&mut self.terminal, &question);
                tokio::pin!(asking);
                loop {
                    tokio::select! {
                        biased;
                        Some(message) = self.unread.recv() => {
                            if sort(message, Some(&question.id), &mut self.waiting, peer) {
                                break None;
                            }
                        }
                        answered = &mut asking => break Some(answered),
                    }
                }
            };
            match answered {
                Some(outcome) => {
                    self.open = false;
                    respond(peer, question.id, outcome);
                }
                None => self.withdraw(),
            }
        }
    }

    /// The call that caused the questions has ended: none is wanted any more.
    pub(super) fn clear(&mut self) {
        self.withdraw();
        self.waiting.clear();
        while self.unread.try_recv().is_ok() {}
    }

    #[cfg(test)]
    pub(super) fn into_terminal(self) -> T {
        self.terminal
    }

    fn withdraw(&mut self) {
        if std::mem::take(&mut self.open) {
            self.terminal
                .show("\n(the question is withdrawn; nothing was answered)\n");
        }
    }
}

/// Puts a message where it belongs; true if it withdraws the question that is `open`.
fn sort(
    message: Message,
    open: Option<&Id>,
    waiting: &mut VecDeque<Request>,
    peer: &Arc<Peer>,
) -> bool {
    match message {
        Message::Request(question) if waiting.len() < MAX_WAITING => waiting.push_back(question),
        Message::Request(question) => {
            let error = ErrorObject::new(code::INTERNAL, "too many questions wait for the person");
            respond(peer, question.id, Err(error));
        }
        Message::Notification(cancelled) => {
            let params = Object::parse(cancelled.params()).unwrap_or_default();
            let id = params
                .get("requestId")
                .and_then(|id| Id::from_raw(Raw::from_json(id.to_owned())));
            if id.is_some() && id.as_ref() == open {
                return true;
            }
            waiting.retain(|question| Some(&question.id) != id.as_ref());
        }
        Message::Response(_) => {}
    }
    false
}

fn respond(peer: &Arc<Peer>, id: Id, outcome: Result<Raw, ErrorObject>) {
    let id = Some(id);
    peer.receive(Message::Response(Response { id, outcome }), None);
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::cli::terminal::Script;
    use crate::wire::Notification;
    use crate::wire::peer::{Call, Event, Failure, Handler};

    struct Deaf;

    impl Handler for Deaf {
        fn request(&self, _: &Arc<Peer>, _: Request, _: Option<u64>) {}
        fn notification(&self, _: &Arc<Peer>, _: Notification) {}
        fn closed(&self, _: &str) {}
    }

    struct Desk {
        peer: Arc<Peer>,
        outlet: Arc<dyn Outlet>,
        hand: mpsc::UnboundedSender<String>,
    }

    impl Desk {
        fn new() -> (Self, Inbox<Script>) {
            let (hand, handed) = mpsc::unbounded_channel();
            let terminal = Script {
                handed: Some(handed),
                ..Script::default()
            };
            let (mailbox, inbox) = Mailbox::attended(terminal);
            let peer = Peer::new(Box::new(mailbox.clone()), Arc::new(Deaf));
            let outlet = Arc::new(mailbox);
            (Desk { peer, outlet, hand }, inbox)
        }

        fn ask(&self, message: &str) -> Call {
            ask(&self.peer, &self.outlet, message)
        }

        fn types(&self, line: &str) {
            self.hand.send(line.to_owned()).expect("a person");
        }
    }

    fn ask(peer: &Arc<Peer>, outlet: &Arc<dyn Outlet>, message: &str) -> Call {
        let params = Raw::from_json(format!(r#"{{"message":"{message}"}}"#));
        peer.request_on(outlet, "elicitation/create", |_| Some(params))
    }

    async fn outcome(call: &mut Call) -> String {
        match call.next().await {
            Event::Done(Ok(result)) => result.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    const ACCEPTED: &str = r#"{"action":"accept","content":{}}"#;

    #[tokio::test]
    async fn questions_are_asked_one_after_the_other() {
        let (desk, mut inbox) = Desk::new();
        let (mut first, mut second) = (desk.ask("one"), desk.ask("two"));
        desk.types("a");
        desk.types("d");
        tokio::select! {
            never = inbox.attend(&desk.peer) => match never {},
            () = async {
                assert_eq!(outcome(&mut second).await, r#"{"action":"decline"}"#);
                assert_eq!(outcome(&mut first).await, ACCEPTED);
            } => {}
        }
        inbox.clear();
        let shown = inbox.terminal.shown;
        assert!(shown.find("one") < shown.find("two"), "{shown}");
        assert!(!shown.contains("withdrawn"), "{shown}");
    }

    #[tokio::test]
    async fn a_question_that_is_withdrawn_makes_room_for_the_next() {
        let (desk, mut inbox) = Desk::new();
        let (open, waiting) = (desk.ask("one"), desk.ask("two"));
        let mut last = desk.ask("three");
        {
            let mut attending = Box::pin(inbox.attend(&desk.peer));
            assert!(attending.as_mut().now_or_never().is_none());
            drop((open, waiting));
            assert!(attending.as_mut().now_or_never().is_none());
            desk.types("a");
            tokio::select! {
                never = attending => match never {},
                answer = outcome(&mut last) => assert_eq!(answer, ACCEPTED),
            }
        }
        let shown = inbox.terminal.shown;
        assert!(!shown.contains("two"), "{shown}");
        let withdrawn = shown.find("(the question is withdrawn");
        assert!(shown.find("one") < withdrawn, "{shown}");
        assert!(withdrawn < shown.find("three"), "{shown}");
    }

    #[tokio::test]
    async fn the_end_of_the_call_withdraws_its_questions() {
        let (desk, mut inbox) = Desk::new();
        let calls = [desk.ask("one"), desk.ask("two")];
        assert!(inbox.attend(&desk.peer).now_or_never().is_none());
        let late = desk.ask("late");
        inbox.clear();
        assert!(inbox.terminal.shown.ends_with("nothing was answered)\n"));
        let mut next = desk.ask("next");
        desk.types("a");
        tokio::select! {
            never = inbox.attend(&desk.peer) => match never {},
            answer = outcome(&mut next) => assert_eq!(answer, ACCEPTED),
        }
        drop((calls, late));
        let shown = inbox.terminal.shown;
        assert!(!shown.contains("two") && !shown.contains("late"), "{shown}");
    }

    #[tokio::test]
    async fn without_a_person_no_question_is_taken() {
        let mailbox = Mailbox::unattended();
        let peer = Peer::new(Box::new(mailbox.clone()), Arc::new(Deaf));
        let outlet: Arc<dyn Outlet> = Arc::new(mailbox);
        let mut call = ask(&peer, &outlet, "anybody?");
        let Event::Done(Err(Failure::Lost(_))) = call.next().await else {
            panic!("the question was taken")
        };
        let progress = Notification::new("notifications/progress", None);
        assert!(outlet.send(Message::Notification(progress)).is_ok());
    }

    #[tokio::test]
    async fn too_many_questions_are_refused() {
        let (desk, mut inbox) = Desk::new();
        let mut attending = Box::pin(inbox.attend(&desk.peer));
        let mut calls = Vec::new();
        for _ in 0..2 {
            calls.extend((0..MAX_UNREAD).map(|_| desk.ask("?")));
            assert!(attending.as_mut().now_or_never().is_none());
            // What one turn of a task may read is bounded.
            tokio::task::yield_now().await;
        }
        assert!(attending.as_mut().now_or_never().is_none());
        let ended = calls
            .iter_mut()
            .filter_map(|call| call.next().now_or_never());
        let refused = ended.filter(|event| match event {
            Event::Done(Err(Failure::Error(error))) => error.message().contains("too many"),
            _ => false,
        });
        // One is on the screen.
        assert_eq!(refused.count(), 2 * MAX_UNREAD - MAX_WAITING - 1);
    }
}
