//! Requests of ours and questions of the other side, over links that only take notes.

use std::task::Context;

use super::*;

/// A link or an outlet that keeps what it is sent, or refuses it.
#[derive(Debug, Default)]
struct Notes {
    sent: Mutex<Vec<String>>,
    refuses: Mutex<Option<LinkError>>,
}

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.sent))
    }

    fn refuse(&self, error: LinkError) {
        *lock(&self.refuses) = Some(error);
    }
}

impl Outlet for Notes {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        if let Some(error) = *lock(&self.refuses) {
            return Err(error);
        }
        let mut frame = crate::wire::message::Frame::default();
        message.encode(&mut frame);
        lock(&self.sent).push(frame.to_text());
        Ok(())
    }
}

#[derive(Debug)]
struct NotesLink(Arc<Notes>);

impl Link for NotesLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        self.0.send(message.message)
    }

    fn close(&self) {
        self.0.refuse(LinkError::Closed);
    }
}

struct NoHandler;

impl Handler for NoHandler {
    fn request(&self, peer: &Arc<Peer>, request: Request, _origin: Option<u64>) {
        let error = ErrorObject::new(code::METHOD_NOT_FOUND, "of no call");
        peer.respond(request.id, Err(error));
    }

    fn notification(&self, _peer: &Arc<Peer>, _notification: Notification) {}

    fn closed(&self, _reason: &str) {}
}

fn peer() -> (Arc<Peer>, Arc<Notes>) {
    let link = Arc::new(Notes::default());
    let peer = Peer::new(Box::new(NotesLink(Arc::clone(&link))), Arc::new(NoHandler));
    (peer, link)
}

fn outlet() -> (Arc<Notes>, Arc<dyn Outlet>) {
    let notes = Arc::new(Notes::default());
    (Arc::clone(&notes), notes)
}

fn ask(peer: &Arc<Peer>, outlet: &Arc<dyn Outlet>) -> Call {
    peer.request_on(outlet, "roots/list", |_| None)
}

fn answer(peer: &Arc<Peer>, id: u64) {
    let response = Response {
        id: Some(Id::number(id)),
        outcome: Ok(Raw::from_static("{\"roots\":[]}")),
    };
    peer.receive(Message::Response(response), None);
}

fn question(peer: &Arc<Peer>, id: u64, origin: u64) {
    let request = Request {
        id: Id::number(id),
        method: "ping".into(),
        params: None,
    };
    peer.receive(Message::Request(request), Some(origin));
}

fn cancel(peer: &Arc<Peer>, id: u64) {
    let params = Raw::from_json(format!("{{\"requestId\":{id}}}"));
    let notification = Notification::new("notifications/cancelled", Some(params));
    peer.receive(Message::Notification(notification), None);
}

#[tokio::test]
async fn a_question_goes_out_on_the_stream_of_its_call_and_its_cancelling_too() {
    let (peer, link) = peer();
    let (stream, outlet) = outlet();
    let asked = ask(&peer, &outlet);
    assert_eq!(
        stream.take(),
        [r#"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#]
    );
    answer(&peer, 1);
    let roots = asked.outcome().await.unwrap();
    assert_eq!(roots.as_str(), "{\"roots\":[]}");
    assert!(
        stream.take().is_empty(),
        "what is answered is not cancelled"
    );

    ask(&peer, &outlet).cancel("changed my mind");
    let told = stream.take();
    assert!(told[1].contains("notifications/cancelled"), "{told:?}");
    assert!(told[1].contains("\"requestId\":2"), "{told:?}");
    assert!(link.take().is_empty());

    let asked = ask(&peer, &outlet);
    stream.refuse(LinkError::Closed);
    drop(asked);
    let told = link.take();
    assert!(told[0].contains("\"requestId\":3"), "{told:?}");
}

#[tokio::test]
async fn a_stream_that_takes_no_question_fails_it_at_once() {
    let (peer, link) = peer();
    let (stream, outlet) = outlet();
    stream.refuse(LinkError::Closed);
    let failed = ask(&peer, &outlet).outcome().await.unwrap_err();
    assert!(
        matches!(&failed, Failure::Lost(Lost { delivered: Delivered::No, reason, .. }) if reason.contains("no stream")),
        "{failed:?}"
    );
    stream.refuse(LinkError::Full);
    let failed = ask(&peer, &outlet).outcome().await.unwrap_err();
    assert!(matches!(failed, Failure::Overloaded), "{failed:?}");
    assert!(link.take().is_empty(), "what was not sent is not cancelled");
}

#[tokio::test]
async fn who_is_not_heard_any_more_is_not_asked_and_still_answered() {
    let (peer, link) = peer();
    let (stream, outlet) = outlet();
    let asked = ask(&peer, &outlet);
    peer.stop_hearing("it hung up");
    for asked in [asked, ask(&peer, &outlet)] {
        let failed = asked.outcome().await.unwrap_err();
        assert!(
            matches!(&failed, Failure::Lost(Lost { reason, .. }) if &**reason == "it hung up"),
            "{failed:?}"
        );
    }
    assert_eq!(stream.take().len(), 1);
    peer.respond(Id::number(9), Ok(Raw::from_static("{}")));
    assert_eq!(link.take().len(), 1);
}

#[tokio::test]
async fn a_question_that_was_cancelled_before_it_was_read_has_ended() {
    let (peer, link) = peer();
    let mut call = peer.request("tools/call", |_| None, RequestRoute::default());
    question(&peer, 5, 1);
    question(&peer, 6, 1);
    cancel(&peer, 5);
    for (id, cancelled) in [(5, true), (6, false)] {
        let event = call.next().await;
        let Event::Question(request) = event else {
            panic!("{event:?}");
        };
        assert_eq!(request.id, Id::number(id));
        let inbound = peer.begin(&request.id).unwrap();
        assert_eq!(inbound.cancelled().is_cancelled(), cancelled);
        let twice = peer.begin(&request.id).unwrap_err();
        assert_eq!(twice, BeginError::Duplicate);
        cancel(&peer, id);
        assert!(inbound.cancelled().is_cancelled());
    }
    assert!(lock(&peer.inbound).is_empty());
    link.take();
    question(&peer, 7, 1);
    question(&peer, 7, 1);
    let told = link.take();
    assert!(
        told[0].starts_with(r#"{"jsonrpc":"2.0","id":null,"error""#),
        "{told:?}"
    );
}

#[tokio::test]
async fn every_question_is_answered_however_its_call_ends() {
    let (peer, link) = peer();
    let call = peer.request("tools/call", |_| None, RequestRoute::default());
    link.take();
    for id in 100..100 + slot::MAX_QUESTIONS as u64 {
        question(&peer, id, 1);
    }
    assert!(link.take().is_empty());
    question(&peer, 99, 1);
    let told = link.take();
    assert!(
        told[0].starts_with(r#"{"jsonrpc":"2.0","id":99,"error""#),
        "{told:?}"
    );
    drop(call);
    let told = link.take();
    assert!(told[0].contains("notifications/cancelled"), "{told:?}");
    assert_eq!(told.len(), 1 + slot::MAX_QUESTIONS);
    assert!(
        told[1].starts_with(r#"{"jsonrpc":"2.0","id":100,"error""#),
        "{told:?}"
    );

    // One that its reader lets go of without having begun it.
    let call = peer.request("tools/call", |_| None, RequestRoute::default());
    question(&peer, 7, 2);
    answer(&peer, 2);
    call.outcome().await.unwrap();
    let told = link.take();
    assert!(
        told[1].starts_with(r#"{"jsonrpc":"2.0","id":7,"error""#),
        "{told:?}"
    );
    question(&peer, 8, 2);
    let told = link.take();
    assert!(told[0].contains("of no call"), "{told:?}");
    assert!(lock(&peer.inbound).is_empty());
}

#[test]
fn what_comes_after_the_end_is_given_back() {
    let slot = Slot::default();
    let progress = || Event::Progress(Raw::from_static("{}"));
    for _ in 0..1000 {
        slot.push(progress()).unwrap();
    }
    slot.push(Event::Done(Ok(Raw::from_static("{}")))).unwrap();
    assert!(slot.push(progress()).is_err());
    let mut context = Context::from_waker(std::task::Waker::noop());
    let mut seen = 0;
    while let std::task::Poll::Ready(event) = slot.poll(&mut context) {
        seen += 1;
        if let Event::Done(outcome) = event {
            outcome.unwrap();
            assert_eq!(seen, 257, "progress is bounded");
            return;
        }
    }
    panic!("the end is missing");
}
