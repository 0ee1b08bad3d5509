//! Questions that are results: passed on to a modern client, or asked for it of a legacy one.

use std::sync::Arc;
use std::time::Duration;

use super::Gateway;
use super::call::{Caller, Forward};
use super::client::Client;
use super::elicitations::Elicitations;
use super::fault;
use super::input::{ELICIT, InputRequired, Question, ROOTS, Retry, canonical};
use super::park::{Outcome, Parked};
use super::question;
use super::seal::SealError;
use crate::child::supervisor::Child;
use crate::wire::message::{ErrorObject, code};
use crate::wire::version::Era;
use crate::wire::{Object, Raw, json};

/// How often a modern child may ask a legacy client in one call.
const MAX_ROUNDS: u32 = 10;
/// Pause before a child that wants nothing but to be asked again is.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// The rounds of one call of a legacy client at a modern child.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    done: u32,
    /// Ids of the pages that the client was asked to open.
    pages: Vec<String>,
}

impl Rounds {
    /// The call is over, and so is what the client was asked for it.
    pub(super) fn complete(&mut self, client: &Arc<Client>) {
        for id in self.pages.drain(..) {
            Elicitations::complete(client, &id);
        }
    }
}

/// What a retry comes back to.
pub(super) enum Reopened {
    /// A parked call, at this round.
    Waits(Arc<Parked>, usize),
    /// Questions that are still not answered.
    AskAgain(Raw),
}

/// What is sealed into a `requestState`.
enum State {
    /// A parked call, and the round that was asked.
    Parked(u64, usize),
    /// The child's own state, raw, if it keeps one, and answers that are ours to give.
    Child(Option<Raw>, Option<Raw>),
    /// Pages that must be opened before the call is made again: the result that said so.
    Pages(Raw),
}

impl State {
    fn write(&self) -> String {
        match self {
            Self::Parked(handle, round) => format!("{{\"parked\":[{handle},{round}]}}"),
            Self::Child(state, ours) => {
                let mut object = Object::default();
                object.set("child", state.as_ref().map_or("null", Raw::as_str));
                object.set("ours", ours.as_ref().map_or("null", Raw::as_str));
                object.to_json()
            }
            Self::Pages(result) => format!("{{\"pages\":{}}}", result.as_str()),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let object = Object::parse(text).ok()?;
        let raw = |key: &str| {
            let value = object.get(key).filter(|value| *value != "null")?;
            Some(Raw::from_json(value.to_owned()))
        };
        if let Some(parked) = object.get("parked") {
            let (handle, round) = serde_json::from_str(parked).ok()?;
            return Some(Self::Parked(handle, round));
        }
        if object.get("child").is_some() {
            return Some(Self::Child(raw("child"), raw("ours")));
        }
        raw("pages").map(Self::Pages)
    }
}

impl Forward<'_> {
    /// What a `requestState` is good for: this request of this client, and no other.
    fn binding(&self, caller: &Caller<'_>) -> String {
        let mut binding = String::new();
        let what = self.params.get("name").or_else(|| self.params.get("uri"));
        for part in [
            &*caller.holder().name(),
            &self.child.label,
            self.method,
            what.unwrap_or_default(),
        ] {
            json::push_string(&mut binding, part);
            binding.push(',');
        }
        canonical(self.params.get("arguments").unwrap_or("{}"), &mut binding);
        binding
    }
}

impl Gateway {
    /// Looks at the `requestState` that a request brings: whether a call waits for it. What belongs
    /// to the child is put back into the params.
    pub(super) fn reopen(
        &self,
        caller: &Caller<'_>,
        forward: &mut Forward<'_>,
    ) -> Result<Option<Reopened>, ErrorObject> {
        let Retry { responses, state } = std::mem::take(&mut forward.retry);
        let Some(state) = state else {
            // A child that keeps no state gets its answers as they are; a legacy one knows no such
            // member.
            if let Some(responses) = responses
                && self.speaks_modern(forward, caller)
            {
                forward
                    .params
                    .set("inputResponses", responses.as_str().to_owned());
            }
            return Ok(None);
        };
        let opened = self.seals.open(&state, &forward.binding(caller));
        let opened = opened.map_err(|why| match why {
            SealError::NotOurs => fault::state_refused("it was not given for this request"),
            SealError::Expired => fault::state_refused("it has expired; make the call anew"),
        })?;
        let given = responses.as_ref().map_or("{}", Raw::as_str);
        match State::read(&opened) {
            Some(State::Parked(handle, round)) => {
                let parked = self.parks.get(handle).ok_or_else(|| {
                    fault::state_refused("the call that asked has ended; make it anew")
                })?;
                let next = parked.answer(round, given)?;
                Ok(Some(Reopened::Waits(parked, next)))
            }
            Some(State::Child(state, ours)) => {
                if let Some(state) = state {
                    forward
                        .params
                        .set("requestState", state.as_str().to_owned());
                }
                let mut all = Object::parse(given).map_err(|error| {
                    fault::invalid_params(&format!("`inputResponses`: {error}"))
                })?;
                let ours = ours.as_ref().map_or("{}", Raw::as_str);
                for (key, answer) in Object::parse(ours).unwrap_or_default().iter() {
                    all.set(key.to_owned(), answer.to_owned());
                }
                if responses.is_some() || !all.is_empty() {
                    forward.params.set("inputResponses", all.to_json());
                }
                Ok(None)
            }
            Some(State::Pages(result)) => self.pages_opened(caller, forward, &result, given),
            None => Err(fault::state_refused("it was not given for this request")),
        }
    }

    fn speaks_modern(&self, forward: &Forward<'_>, caller: &Caller<'_>) -> bool {
        if forward.child.is_local() {
            return caller.era == Era::Modern;
        }
        forward
            .child
            .profile()
            .is_some_and(|profile| profile.era == Era::Modern)
    }

    /// Waits for what comes next of a parked call.
    pub(super) async fn parked(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        parked: &Parked,
        round: usize,
    ) -> Result<Raw, ErrorObject> {
        match parked
            .outcome(round, caller.viewer(), caller.cancelled)
            .await
        {
            Outcome::Asked(round, asks) => {
                let state = State::Parked(parked.handle(), round);
                self.asking(caller, forward, &asks, &state)
            }
            Outcome::Ended(Ok(result)) => Ok(self.bring_home(caller, forward, result, Era::Legacy)),
            Outcome::Ended(Err(error)) => self.refused(caller, forward, error),
        }
    }

    /// A result that asks a modern client.
    fn asking(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        asks: &InputRequired,
        state: &State,
    ) -> Result<Raw, ErrorObject> {
        let sealed = self.sealed(caller, forward, state)?;
        let result = asks.expose(forward.child, Some(&sealed));
        Ok(self.finish(caller, result, Era::Modern, false))
    }

    /// A state for the client to give back.
    fn sealed(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        state: &State,
    ) -> Result<String, ErrorObject> {
        let ttl = forward.child.spec.options.question_timeout;
        self.seals
            .seal(&state.write(), &forward.binding(caller), ttl)
            .ok_or_else(|| fault::state_too_long(forward.child))
    }

    /// What is to be done with a result of a modern child that asks for input: a result for the
    /// client, or `None` when the call is to be made again with the answers.
    pub(super) async fn questions(
        &self,
        caller: &Caller<'_>,
        forward: &mut Forward<'_>,
        result: &Raw,
        rounds: &mut Rounds,
    ) -> Result<Option<Raw>, ErrorObject> {
        let child = forward.child;
        let mut asks = self.questions_of(caller, forward.child, result)?;
        let ours = listed_roots(child, &mut asks);
        let answered_here = asks.questions.is_empty() && ours.is_some();
        if !(caller.is_asked_inline() || answered_here) {
            let result = match (&asks.state, ours) {
                // Nothing is to be kept, so that the answers are for the child as they come.
                (None, None) => self.finish(caller, asks.expose(child, None), Era::Modern, false),
                (state, ours) => {
                    let state = State::Child(state.clone(), ours);
                    self.asking(caller, forward, &asks, &state)?
                }
            };
            return Ok(Some(result));
        }
        rounds.done += 1;
        if rounds.done > MAX_ROUNDS {
            let why = format!("it has asked {MAX_ROUNDS} times and still has no result");
            return Err(fault::bad_question(child, &why));
        }
        let answers = tokio::select! {
            biased;
            answers = async {
                if asks.questions.is_empty() && ours.is_none() {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                self.ask_all(caller, child, &asks.questions, &mut rounds.pages).await
            } => answers,
            () = caller.cancelled.cancelled() => return Err(fault::cancelled()),
        };
        let answers = answers.map_err(|error| fault::unanswered(child, &error))?;
        let mut all = Object::parse(answers.as_str()).unwrap_or_default();
        let ours = ours.as_ref().map_or("{}", Raw::as_str);
        for (key, answer) in Object::parse(ours).unwrap_or_default().iter() {
            all.set(key.to_owned(), answer.to_owned());
        }
        if all.is_empty() {
            forward.params.remove("inputResponses");
        } else {
            forward.params.set("inputResponses", all.to_json());
        }
        match &asks.state {
            Some(state) => forward
                .params
                .set("requestState", state.as_str().to_owned()),
            None => {
                forward.params.remove("requestState");
            }
        }
        Ok(None)
    }

    /// The questions of a result, unless the client cannot be asked them.
    pub(super) fn questions_of(
        &self,
        caller: &Caller<'_>,
        child: &Child,
        result: &Raw,
    ) -> Result<InputRequired, ErrorObject> {
        let asks = InputRequired::parse(result)
            .map_err(|why| fault::bad_question(child, &format!("its result is wrong: {why}")))?;
        let told = caller.told(child, Era::Modern);
        for (_, question) in &asks.questions {
            if let Err(error) = question.permitted(&told) {
                return Err(fault::bad_question(child, &error.message()));
            }
        }
        Ok(asks)
    }

    /// An error of a child, for the client. That a page must be opened first is a question to a
    /// modern client.
    pub(super) fn refused(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        error: ErrorObject,
    ) -> Result<Raw, ErrorObject> {
        if error.code() != code::URL_REQUIRED {
            return Err(error);
        }
        let pages = pages(&error);
        // A typed server opens no pages; its caller learns of it as of any other error.
        if pages.is_empty() || caller.nested.is_some() {
            return Err(error);
        }
        let child = forward.child;
        if caller.era == Era::Legacy {
            return Err(self.elicitations.expose_pages(child, &error, caller.client));
        }
        let told = caller.told(child, Era::Modern);
        if let Some(Err(refused)) = pages.first().map(|page| page.permitted(&told)) {
            let data = r#"{"requiredCapabilities":{"elicitation":{"url":{}}}}"#;
            let why = format!(
                "child \"{}\" wants a page to be opened first: {}",
                child.label,
                refused.message()
            );
            return Err(ErrorObject::with_data(
                code::MISSING_CAPABILITY,
                &why,
                Some(data),
            ));
        }
        let numbered = pages.into_iter().enumerate();
        let asks = InputRequired {
            questions: numbered
                .map(|(at, page)| (format!("page{}", at + 1), page))
                .collect(),
            state: None,
        };
        let state = State::Pages(asks.expose(child, None));
        self.asking(caller, forward, &asks, &state)
    }

    /// A client comes back from the pages that it was to open: the call is made again.
    fn pages_opened(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        result: &Raw,
        given: &str,
    ) -> Result<Option<Reopened>, ErrorObject> {
        let asks = InputRequired::parse(result)
            .map_err(|_| fault::state_refused("it was not given for this request"))?;
        let given = Object::parse(given)
            .map_err(|error| fault::invalid_params(&format!("`inputResponses`: {error}")))?;
        for (key, page) in &asks.questions {
            let Some(answer) = given.get(key) else {
                // The questions have been made ready for the client before: nothing is added twice.
                let sealed = self.sealed(caller, forward, &State::Pages(result.clone()))?;
                let mut again = Object::parse(result.as_str()).unwrap_or_default();
                again.set("requestState", json::quote(&sealed));
                return Ok(Some(Reopened::AskAgain(again.to_raw())));
            };
            if let Some(why) = page.findings(answer, &forward.child.label) {
                let why = format!("`inputResponses.{key}` is refused: {why}");
                return Err(fault::invalid_params(&why));
            }
            let action = Object::parse(answer).ok();
            let action = action.as_ref().and_then(|answer| answer.string("action"));
            if action.as_deref() != Some("accept") {
                return Err(fault::page_declined(forward.child));
            }
        }
        Ok(None)
    }
}

/// The pages that an error says must be opened first, as questions.
fn pages(error: &ErrorObject) -> Vec<Question> {
    let listed = || {
        let object = Object::parse(error.raw().as_str()).ok()?;
        let data = Object::parse(object.get("data")?).ok()?;
        let items = json::array_items(data.get("elicitations")?).ok()?;
        let pages = items.into_iter().map(|item| Question {
            method: ELICIT.to_owned(),
            params: Raw::from_json(item.to_owned()),
        });
        Some(pages.filter(Question::is_url).collect())
    };
    listed().unwrap_or_default()
}

/// Takes out the questions that the child's declaration answers, and answers them: an object, by key.
fn listed_roots(child: &Child, asks: &mut InputRequired) -> Option<Raw> {
    let roots = question::listed_roots(child)?;
    let mut ours = Object::default();
    asks.questions.retain(|(key, question)| {
        let is_roots = question.method == ROOTS;
        if is_roots {
            ours.set(key.clone(), roots.clone());
        }
        !is_roots
    });
    (!ours.is_empty()).then(|| ours.to_raw())
}
