//! Questions to a client of a session: each reaches the client that caused it, or is refused.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::call::Caller;
use super::client::{Client, Outlet};
use super::elicitations::Elicitations;
use super::input::{ELICIT, Question, ROOTS};
use super::underway::{OpenGuard, Underway};
use crate::child::asks::Told;
use crate::child::instance::{Handed, Instance};
use crate::child::pool::Holder;
use crate::child::supervisor::Child;
use crate::compose::Roots;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Event, Failure, Inbound, Oddity, Peer};
use crate::wire::version::Era;
use crate::wire::{Id, Notification, Object, Raw, Request, json};

/// How often a child that gave a token for its question hears that the client still thinks.
pub(super) const STILL_OPEN: Duration = Duration::from_secs(15);

/// Refused questions of a child, within a minute, that the log tells of one by one.
const TOLD: u64 = 10;

/// A question of a legacy child, and who waits for the answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) child: Arc<Child>,
    /// The session that asks.
    peer: Arc<Peer>,
    id: Id,
    /// Fires when the child takes its question back.
    inbound: Inbound,
    pub(super) question: Question,
    token: Option<String>,
    ticks: u64,
}

impl Asked {
    /// Takes a question over; one that the client cannot be asked is refused at once.
    pub(super) fn begin(
        child: &Arc<Child>,
        peer: &Arc<Peer>,
        request: Request,
        told: &Told,
    ) -> Option<Self> {
        let question = Question {
            method: request.method.to_string(),
            params: request.params.unwrap_or_else(|| Raw::from_static("{}")),
        };
        let inbound = match peer.begin(&request.id) {
            Ok(inbound) => inbound,
            Err(_) => {
                let why = "too many questions, or one of this id, are open";
                refuse(
                    child,
                    peer,
                    request.id,
                    &ErrorObject::new(code::INVALID_REQUEST, why),
                );
                return None;
            }
        };
        if let Err(error) = question.permitted(told) {
            refuse(child, peer, request.id, &error);
            return None;
        }
        Some(Self {
            child: Arc::clone(child),
            peer: Arc::clone(peer),
            id: request.id,
            inbound,
            token: question.progress_token(),
            question,
            ticks: 0,
        })
    }

    /// Answers the child.
    pub(super) fn answer(self, outcome: Result<Raw, ErrorObject>) {
        if !self.withdrawn().is_cancelled() {
            self.peer.respond(self.id, outcome);
        }
    }

    /// Fires when the child takes its question back, or is gone.
    pub(super) fn withdrawn(&self) -> &CancellationToken {
        self.inbound.cancelled()
    }

    /// Tells a child that asked to hear of progress that its question is still open.
    pub(super) fn still_open(&mut self) {
        if let Some(token) = &self.token {
            self.ticks += 1;
            let params = format!("{{\"progressToken\":{token},\"progress\":{}}}", self.ticks);
            let progress =
                Notification::new("notifications/progress", Some(Raw::from_json(params)));
            self.peer.notify(progress);
        }
    }

    /// Hands the client's own progress on.
    fn progressed(&mut self, params: &Raw) {
        if let (Some(token), Ok(mut params)) = (&self.token, Object::parse(params.as_str())) {
            params.set("progressToken", token.clone());
            let progress = Notification::new("notifications/progress", Some(params.to_raw()));
            self.peer.notify(progress);
        }
    }
}

/// Tells a child that its question is not asked, and our log as well.
pub(super) fn refuse(child: &Child, peer: &Peer, id: Id, error: &ErrorObject) {
    // Of a flood, the first few are told of one by one.
    if child.counters.note(&child.label, Oddity::Refused) <= TOLD {
        tracing::info!(child = %child.label, "a question is refused: {}", error.message());
    }
    peer.respond_lightly(id, Err(error.clone()));
}

/// How a client of a session is asked.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    client: Arc<Client>,
    /// The stream of the request that caused the question; `None` for the connection's own.
    outlet: Option<Arc<dyn Outlet>>,
    elicitations: Arc<Elicitations>,
    patience: Duration,
}

impl Desk {
    /// The id that the client gets to know a page by, where it is asked to open one.
    fn page(
        &self,
        child: &Child,
        question: &Question,
        session: Option<&Arc<Peer>>,
    ) -> Option<String> {
        question.is_url().then(|| {
            let original = question.text("elicitationId");
            self.elicitations
                .expose(child, session, original, &self.client)
        })
    }

    /// Puts the question to the client and waits for its answer.
    async fn ask(
        &self,
        child: &Child,
        question: &Question,
        page: Option<&str>,
        mut progressed: impl FnMut(Option<Raw>),
    ) -> Result<Raw, ErrorObject> {
        let patience = tokio::time::sleep(self.patience);
        tokio::pin!(patience);
        let late = || {
            let why = format!(
                "the client did not answer within {} s",
                self.patience.as_secs()
            );
            Err(ErrorObject::new(super::fault::TIMED_OUT, &why))
        };
        // A client that has not ended its handshake may not be asked anything.
        tokio::select! {
            () = self.client.ready() => {}
            () = &mut patience => return late(),
        }
        let Some(peer) = self.client.peer() else {
            let why = "the client that caused this cannot be asked: it has no session, or has left";
            return Err(ErrorObject::new(code::METHOD_NOT_FOUND, why));
        };
        let mut params = question.exposed(child, Era::Legacy);
        if let Some(id) = page {
            params.set("elicitationId", json::quote(id));
        }
        let wants_progress = question.progress_token().is_some();
        let make = |id: u64| {
            if wants_progress {
                let text = params.get("_meta").unwrap_or("{}").to_owned();
                let mut meta = Object::parse(&text).unwrap_or_default();
                meta.set("progressToken", id.to_string());
                params.set("_meta", meta.to_json());
            }
            Some(params.to_raw())
        };
        let mut call = match &self.outlet {
            Some(outlet) => peer.request_on(outlet, &question.method, make),
            None => peer.request(&question.method, make, Default::default()),
        };
        let mut still_open = tokio::time::interval(STILL_OPEN);
        still_open.reset();
        let mut told = false;
        loop {
            tokio::select! {
                event = call.next() => match event {
                    Event::Done(Ok(answer)) => {
                        return match question.findings(answer.as_str(), &child.label) {
                            None => Ok(answer),
                            Some(why) => {
                                let why = format!("the client's answer is refused: {why}");
                                Err(ErrorObject::new(code::INVALID_PARAMS, &why))
                            }
                        };
                    }
                    Event::Done(Err(Failure::Error(error))) => return Err(error),
                    Event::Done(Err(Failure::Lost(lost))) => {
                        let why = format!("the client cannot be asked: {lost}");
                        return Err(ErrorObject::new(code::INTERNAL, &why));
                    }
                    Event::Done(Err(Failure::Overloaded)) => {
                        let why = "the client reads too slowly to be asked";
                        return Err(ErrorObject::new(code::INTERNAL, why));
                    }
                    Event::Progress(params) => {
                        told = true;
                        progressed(Some(params));
                    }
                    Event::Notification(_) | Event::Question(_) => {}
                },
                _ = still_open.tick(), if wants_progress && !told => progressed(None),
                () = &mut patience => {
                    call.cancel("no answer in time");
                    return late();
                }
            }
        }
    }
}

/// Puts a child's question to the client, and brings the answer back, unless the child takes it
/// back or `scope` ends first.
async fn relay(mut asked: Asked, desk: Desk, scope: CancellationToken, open: Option<OpenGuard>) {
    let (child, peer) = (Arc::clone(&asked.child), Arc::clone(&asked.peer));
    let question = asked.question.clone();
    let withdrawn = asked.withdrawn().clone();
    let page = desk.page(&child, &question, Some(&peer));
    let outcome = tokio::select! {
        biased;
        () = withdrawn.cancelled() => return,
        () = scope.cancelled() => {
            let why = "the call that caused this question has ended";
            Err(ErrorObject::new(code::INTERNAL, why))
        }
        outcome = desk.ask(&child, &question, page.as_deref(), |progress| match progress {
            Some(params) => asked.progressed(&params),
            None => asked.still_open(),
        }) => outcome,
    };
    asked.answer(outcome);
    drop(open);
}

impl Gateway {
    /// The way to ask the client that a request came from, on that request's own stream.
    fn desk(&self, caller: &Caller<'_>, child: &Child) -> Desk {
        Desk {
            client: Arc::clone(caller.client),
            outlet: Some(Arc::clone(caller.outlet)),
            elicitations: Arc::clone(&self.elicitations),
            patience: child.spec.options.question_timeout,
        }
    }

    /// Relays a question of a call that a client of a session has made. It lasts until `scope` ends.
    pub(super) fn relay_question(
        &self,
        caller: &Caller<'_>,
        underway: &Underway,
        request: Request,
        linked: bool,
        scope: &CancellationToken,
    ) {
        let child = &underway.child;
        let peer = underway.lease.peer();
        if answer_listed_roots(child, peer, &request) {
            return;
        }
        // A question that names no call may be another call's of the same client; one for roots may
        // be no call's at all, and goes on when this one ends.
        let between =
            &*request.method == ROOTS && matches!(underway.lease.owner(), Some(Holder::Client(_)));
        let sure = linked || (!between && underway.lease.in_flight().len() < 2);
        let scope = if sure {
            scope
        } else {
            underway.lease.stopping()
        };
        if let Some(asked) = Asked::begin(child, peer, request, &underway.told) {
            let desk = self.desk(caller, child);
            let open = Some(underway.open_question());
            self.tasks.spawn(relay(asked, desk, scope.clone(), open));
        }
    }

    /// Puts the questions of a modern child's result to a client of a session: forms and pages one
    /// after the other, so that a person sees one at a time, the rest beside them.
    pub(super) async fn ask_all(
        &self,
        caller: &Caller<'_>,
        child: &Arc<Child>,
        questions: &[(String, Question)],
        pages: &mut Vec<String>,
    ) -> Result<Raw, ErrorObject> {
        let desk = self.desk(caller, child);
        let people = async {
            let mut answers = Vec::new();
            for (key, question) in questions.iter().filter(|(_, one)| one.method == ELICIT) {
                let page = desk.page(child, question, None);
                pages.extend(page.clone());
                let keyed = question.keyed(key);
                answers.push((key, desk.ask(child, &keyed, page.as_deref(), |_| {}).await?));
            }
            Ok::<_, ErrorObject>(answers)
        };
        let others = futures_util::future::try_join_all(
            questions
                .iter()
                .filter(|(_, one)| one.method != ELICIT)
                .map(async |(key, question)| {
                    let keyed = question.keyed(key);
                    Ok((key, desk.ask(child, &keyed, None, |_| {}).await?))
                }),
        );
        let (people, others) = futures_util::future::try_join(people, others).await?;
        let mut answers = Object::default();
        for (key, answer) in people.iter().chain(&others) {
            answers.set(key.as_str(), answer.as_str());
        }
        Ok(answers.to_raw())
    }

    /// Takes a question that arrived on no call's own stream.
    pub(super) fn take_question(
        &self,
        child: &Arc<Child>,
        instance: Option<&Arc<Instance>>,
        peer: &Arc<Peer>,
        request: Request,
    ) {
        if answer_listed_roots(child, peer, &request) {
            return;
        }
        let handed = match instance {
            Some(instance) => instance.hand(request),
            None => Handed::Nobody(request),
        };
        let Handed::Nobody(request) = handed else {
            return;
        };
        // What a person is not asked may come between calls, from a session that has one owner.
        let owner = match instance.and_then(|instance| instance.owner()) {
            Some(Holder::Client(id)) => self.client(*id).filter(|client| self.has_session(client)),
            _ => None,
        };
        if let (ROOTS, Some(client), Some(instance)) = (&*request.method, owner, instance) {
            if let Some(asked) = Asked::begin(child, peer, request, instance.told()) {
                let desk = Desk {
                    client,
                    outlet: None,
                    elicitations: Arc::clone(&self.elicitations),
                    patience: child.spec.options.timeout,
                };
                let scope = instance.stopping().clone();
                self.tasks.spawn(relay(asked, desk, scope, None));
            }
            return;
        }
        let why = match instance.and_then(|instance| instance.owner()) {
            Some(_) => "no call is under way that can have caused it",
            None => "this session was told that it can ask its clients nothing",
        };
        let why = format!("`{}` is refused: {why}", request.method);
        let error = ErrorObject::new(code::METHOD_NOT_FOUND, &why);
        refuse(child, peer, request.id, &error);
    }
}

/// The answer to `roots/list` of a child that has its roots by its declaration.
pub(super) fn listed_roots(child: &Child) -> Option<String> {
    let Roots::List(roots) = &child.spec.options.roots else {
        return None;
    };
    let roots = roots.iter().map(|root| {
        let mut one = Object::default();
        one.set("uri", json::quote(&root.uri));
        if let Some(name) = &root.name {
            one.set("name", json::quote(name));
        }
        one.to_json()
    });
    let roots: Vec<_> = roots.collect();
    Some(format!("{{\"roots\":[{}]}}", roots.join(",")))
}

/// Answers for such a child; false for any other question.
pub(super) fn answer_listed_roots(child: &Child, peer: &Peer, request: &Request) -> bool {
    if &*request.method != ROOTS {
        return false;
    }
    let Some(roots) = listed_roots(child) else {
        return false;
    };
    peer.respond_lightly(request.id.clone(), Ok(Raw::from_json(roots)));
    true
}
