//! `notifications/tasks`: what children tell of tasks, for the `subscriptions/listen` that named
//! these tasks, and for nobody else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, pending, select_all};

use super::call::Caller;
use super::{Gateway, fault, tasks};
use crate::child::handshake::stamp_modern;
use crate::child::pool::Lease;
use crate::child::supervisor::Child;
use crate::wire::message::ErrorObject;
use crate::wire::peer::{Call, Event, RequestRoute};
use crate::wire::version::{Era, META_SUBSCRIPTION};
use crate::wire::{Id, Message, Notification, Object, Raw};

/// What carries the state of a task.
pub(super) const TOLD: &str = "notifications/tasks";
/// Most tasks that one `subscriptions/listen` names.
const MAX_TASKS: usize = 1_000;
/// How long a child may take to say which tasks it will tell of.
const AGREES_WITHIN: Duration = Duration::from_secs(5);

/// The streams of children that tell of tasks to one `subscriptions/listen`.
#[derive(Debug, Default)]
pub(super) struct TaskFeed(Vec<Stream>);

#[derive(Debug)]
struct Stream {
    child: Arc<Child>,
    call: Call,
    /// What the child has agreed to tell of.
    tasks: Vec<Followed>,
    /// The session is in use for as long as it tells.
    _lease: Lease,
}

/// A task that a client follows.
#[derive(Debug)]
struct Followed {
    original: String,
    exposed: String,
}

impl TaskFeed {
    /// The tasks that the client will hear of.
    pub(super) fn tasks(&self) -> Vec<&str> {
        let streams = self.0.iter().flat_map(|stream| &stream.tasks);
        streams.map(|task| task.exposed.as_str()).collect()
    }

    /// Hands on what the children tell, until one of them tells no more: a client that waits for
    /// news has to know. Of no tasks it tells for ever.
    pub(super) async fn relay(&mut self, gateway: &Gateway, caller: &Caller<'_>, listen: &Id) {
        if self.0.is_empty() {
            return pending().await;
        }
        let streams = self.0.iter_mut();
        select_all(streams.map(|stream| Box::pin(stream.relay(gateway, caller, listen)))).await;
    }
}

impl Stream {
    /// Waits until the child has said which of the tasks it will tell of.
    async fn agree(&mut self) {
        loop {
            match self.call.next().await {
                Event::Notification(told)
                    if &*told.method == "notifications/subscriptions/acknowledged" =>
                {
                    let agreed = agreed(&told).unwrap_or_default();
                    self.tasks.retain(|task| agreed.contains(&task.original));
                    return;
                }
                Event::Done(_) => return self.tasks.clear(),
                Event::Notification(_) | Event::Progress(_) | Event::Question(_) => {}
            }
        }
    }

    async fn relay(&mut self, gateway: &Gateway, caller: &Caller<'_>, listen: &Id) {
        loop {
            match self.call.next().await {
                Event::Notification(told) if &*told.method == TOLD => {
                    if let Some(params) = self.exposed(gateway, caller, listen, &told) {
                        let told = Notification::new(TOLD, Some(params));
                        // An outlet that is gone has a request that is being cancelled.
                        let _ = caller.outlet.send(Message::Notification(told));
                    }
                }
                Event::Done(_) => return,
                Event::Notification(_) | Event::Progress(_) | Event::Question(_) => {}
            }
        }
    }

    /// The params of a notification as the client may see them; `None` for what it did not ask for.
    fn exposed(
        &self,
        gateway: &Gateway,
        caller: &Caller<'_>,
        listen: &Id,
        told: &Notification,
    ) -> Option<Raw> {
        let mut task = Object::parse(told.params()).ok()?;
        let id = task.string("taskId")?;
        self.tasks.iter().find(|task| task.original == id)?;
        if let Err(error) = gateway.expose_state(caller, &self.child, &mut task) {
            tracing::info!(child = %self.child.label, "news of a task is withheld: {}", error.message());
            return None;
        }
        let mut meta = Object::default();
        meta.set(META_SUBSCRIPTION, listen.as_str().to_owned());
        task.set("_meta", meta.to_json());
        Some(task.to_raw())
    }
}

/// The tasks that an acknowledgement names.
fn agreed(told: &Notification) -> Option<Vec<String>> {
    let params = Object::parse(told.params()).ok()?;
    let granted = Object::parse(params.get("notifications")?).ok()?;
    serde_json::from_str(granted.get("taskIds")?).ok()
}

impl Gateway {
    /// Asks children to tell of the tasks that the filter of a `subscriptions/listen` names. Tasks
    /// that are not this client's are passed over, as are children that tell of none.
    pub(super) async fn follow_tasks(
        &self,
        caller: &Caller<'_>,
        filter: &Object<'_>,
    ) -> Result<TaskFeed, ErrorObject> {
        let Some(ids) = filter
            .get("taskIds")
            .filter(|_| caller.catalog().offers.tasks)
        else {
            return Ok(TaskFeed::default());
        };
        if !tasks::declares(caller) {
            return Err(tasks::missing_capability());
        }
        let ids: Vec<String> = serde_json::from_str(ids)
            .map_err(|error| fault::invalid_params(&format!("`taskIds`: {error}")))?;
        if ids.len() > MAX_TASKS {
            return Err(fault::invalid_params(&format!(
                "more than {MAX_TASKS} tasks"
            )));
        }
        let mut wanted: Vec<(Arc<Child>, Vec<Followed>)> = Vec::new();
        for id in ids {
            let Some((child, original)) = self.task_route(caller.client, &id) else {
                continue;
            };
            let task = Followed {
                original: original.to_owned(),
                exposed: id.clone(),
            };
            match wanted.iter_mut().find(|(known, _)| known.id == child.id) {
                Some((_, tasks)) => tasks.push(task),
                None => wanted.push((child, vec![task])),
            }
        }
        let streams = wanted.into_iter().map(|(child, tasks)| {
            tokio::time::timeout(AGREES_WITHIN, follow(caller, child, tasks))
        });
        let streams = join_all(streams).await.into_iter();
        Ok(TaskFeed(
            streams.filter_map(|agreed| agreed.ok()?).collect(),
        ))
    }
}

/// Opens a stream at a child; `None` where it tells of none of the tasks.
async fn follow(caller: &Caller<'_>, child: Arc<Child>, tasks: Vec<Followed>) -> Option<Stream> {
    let lease = child.lease(&caller.wanted(&child)).await.ok()?;
    let originals: Vec<_> = tasks.iter().map(|task| &task.original).collect();
    let mut params = Object::default();
    params.set(
        "notifications",
        format!("{{\"taskIds\":{}}}", Raw::of(&originals).as_str()),
    );
    let told = caller.told(&child, Era::Modern);
    let mut meta = Object::default();
    stamp_modern(&mut meta, told.as_str());
    params.set("_meta", meta.to_json());
    let params = params.to_raw();
    let call = lease.peer().request(
        "subscriptions/listen",
        |_| Some(params),
        RequestRoute::default(),
    );
    let mut stream = Stream {
        child,
        call,
        tasks,
        _lease: lease,
    };
    stream.agree().await;
    (!stream.tasks.is_empty()).then_some(stream)
}
