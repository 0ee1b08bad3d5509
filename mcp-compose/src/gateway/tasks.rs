//! Tasks of modern children (the extension `io.modelcontextprotocol/tasks`): a client sees each under
//! an id that leads back to its child, works for the principal that it was made for and for nobody
//! else, and cannot be made up.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use memchr::memmem::Finder;
use ring::hmac;
use ring::rand::SystemRandom;

use super::Gateway;
use super::call::{Caller, Forward, required};
use super::client::Client;
use super::fault::{self, Fault};
use super::rewrite::{self, ResultOf};
use crate::child::asks::{self, TASKS};
use crate::child::supervisor::Child;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::Delivered;
use crate::wire::version::Era;
use crate::wire::{Object, Raw, json};

/// Characters of a tag: 32 bytes in Base64.
const TAG: usize = 43;
/// What a result that is a task has in it.
static TASK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"task\""));

/// Makes exposed task ids, and reads them: `<namespace>.<tag>.<original>`. The tag depends on child,
/// principal and original alone, so that a task is called the same whenever it is shown.
#[derive(Debug)]
pub(super) struct TaskIds {
    /// Of this process: ids do not outlive it.
    key: hmac::Key,
}

impl Default for TaskIds {
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self {
            key: key.expect("the operating system has random numbers"),
        }
    }
}

/// Whose a task is.
#[derive(Debug, Clone, Copy)]
struct Owner<'a> {
    namespace: Option<&'a str>,
    child: u64,
    principal: &'a str,
}

impl<'a> Owner<'a> {
    fn of(child: &'a Child, principal: &'a str) -> Self {
        let namespace = child.spec.namespace.as_ref();
        Self {
            namespace: namespace.map(crate::compose::Namespace::as_str),
            child: child.id,
            principal,
        }
    }

    /// What a tag is made of. The length stands before what varies: nothing can be read in two ways.
    fn bound(self, original: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + self.principal.len() + original.len());
        bytes.extend(self.child.to_le_bytes());
        bytes.extend((self.principal.len() as u64).to_le_bytes());
        bytes.extend(self.principal.as_bytes());
        bytes.extend(original.as_bytes());
        bytes
    }
}

impl TaskIds {
    fn expose(&self, owner: Owner<'_>, original: &str) -> String {
        let tag = hmac::sign(&self.key, &owner.bound(original));
        let tag = BASE64_URL_SAFE_NO_PAD.encode(tag);
        match owner.namespace {
            Some(namespace) => format!("{namespace}.{tag}.{original}"),
            None => format!("{tag}.{original}"),
        }
    }

    /// What the child calls the task, if this id was made for this owner.
    fn original<'i>(&self, owner: Owner<'_>, id: &'i str) -> Option<&'i str> {
        let id = match owner.namespace {
            Some(namespace) => id.strip_prefix(namespace)?.strip_prefix('.')?,
            None => id,
        };
        let (tag, original) = id.split_at_checked(TAG)?;
        let original = original.strip_prefix('.')?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
        // Compares in constant time.
        hmac::verify(&self.key, &owner.bound(original), &tag).ok()?;
        Some(original)
    }
}

impl Gateway {
    /// `tasks/get`, `tasks/update`, `tasks/cancel`.
    pub(super) async fn task<'r>(
        &self,
        caller: &Caller<'r>,
        method: &'r str,
        mut params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        if !caller.catalog().offers.tasks {
            return Err(ErrorObject::new(
                code::METHOD_NOT_FOUND,
                &format!("method `{method}` not found: no child makes tasks"),
            ));
        }
        if !declares(caller) {
            return Err(missing_capability());
        }
        let id = required(&params, "taskId")?;
        let Some((child, original)) = self.task_route(caller.client, &id) else {
            return Err(fault::invalid_params("task not found"));
        };
        params.set("taskId", json::quote(original));
        self.forward(caller, Forward::new(&child, method, params))
            .await
    }

    /// The child that a task is of, and what that child calls it.
    pub(super) fn task_route<'i>(
        &self,
        client: &Client,
        id: &'i str,
    ) -> Option<(Arc<Child>, &'i str)> {
        let catalog = client.view().catalog();
        let principal = client.principal().as_str();
        catalog.children().iter().find_map(|child| {
            let original = self.task_ids.original(Owner::of(child, principal), id)?;
            Some((Arc::clone(child), original))
        })
    }

    /// The result of a request to a modern child, as its client may see it where it is a task, or
    /// tells of one.
    pub(super) fn expose_task(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        era: Era,
        result: Raw,
    ) -> Result<Raw, ErrorObject> {
        let (child, method) = (forward.child, forward.method);
        if era == Era::Legacy {
            return Ok(result);
        }
        let about_task = method.starts_with("tasks/");
        // Hardly a result is a task, and finding that out costs a fraction of taking it apart.
        if !about_task && TASK.find(result.as_str().as_bytes()).is_none() {
            return Ok(result);
        }
        let Ok(mut object) = Object::parse(result.as_str()) else {
            return Ok(result);
        };
        if !about_task {
            if object.string("resultType").as_deref() != Some("task") {
                return Ok(result);
            }
            if method != "tools/call" {
                return Err(misplaced(child, &format!("`{method}` has none")));
            }
            if !declares(caller) {
                return Err(misplaced(child, "this client takes none"));
            }
            if object.string("taskId").is_none() {
                return Err(misplaced(child, "it has no `taskId`"));
            }
        }
        self.expose_state(caller, child, &mut object)?;
        Ok(object.to_raw())
    }

    /// The members of a task that name it, ask the client, or carry what a result of its tool would.
    pub(super) fn expose_state(
        &self,
        caller: &Caller<'_>,
        child: &Arc<Child>,
        task: &mut Object<'_>,
    ) -> Result<(), ErrorObject> {
        if let Some(id) = task.string("taskId") {
            let owner = Owner::of(child, caller.client.principal().as_str());
            let exposed = self.task_ids.expose(owner, &id);
            task.set("taskId", json::quote(&exposed));
        }
        if has_questions(task) {
            let asks = self.questions_of(caller, child, &task.to_raw())?;
            task.set("inputRequests", asks.exposed_requests(child));
        }
        if let Some(result) = task.get("result").map(str::to_owned) {
            let result = rewrite::expose_result(
                caller.namespace(child),
                Raw::from_json(result),
                ResultOf::ToolCall,
                None,
            );
            task.set("result", result.as_str().to_owned());
        }
        if let Some(error) = task.get("error").map(str::to_owned) {
            let error = ErrorObject::from_raw(Raw::from_json(error));
            let error = rewrite::expose_error(child, caller.namespace(child), error, Era::Modern);
            task.set("error", error.raw().as_str().to_owned());
        }
        Ok(())
    }
}

fn has_questions(task: &Object<'_>) -> bool {
    let requests = task.get("inputRequests").map(Object::parse);
    requests.is_some_and(|requests| !requests.is_ok_and(|requests| requests.is_empty()))
}

/// Whether the client of this request said that it takes tasks.
pub(super) fn declares(caller: &Caller<'_>) -> bool {
    caller.era == Era::Modern && caller.capabilities().is_some_and(asks::has_tasks)
}

pub(super) fn missing_capability() -> ErrorObject {
    let data = format!(
        "{{\"requiredCapabilities\":{{\"extensions\":{{{}:{{}}}}}}}}",
        json::quote(TASKS)
    );
    ErrorObject::with_data(
        code::MISSING_CAPABILITY,
        &format!("the client must declare the extension `{TASKS}`"),
        Some(&data),
    )
}

fn misplaced(child: &Child, why: &str) -> ErrorObject {
    Fault {
        code: fault::CHILD_FAILED,
        child,
        reason: crate::wire::peer::Cause::Protocol,
        message: format!("it answered with a task, but {why}"),
        delivered: Delivered::Maybe,
        retry_after: None,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Owner<'static> = Owner {
        namespace: Some("reports"),
        child: 7,
        principal: "alice",
    };
    const BARE: Owner<'static> = Owner {
        namespace: None,
        ..OWNER
    };
    const ORIGINALS: [&str; 5] = ["786512e2-9e0d", "", "a.b.c", "Ü \u{1f600}", "reports.x"];

    #[test]
    fn an_id_leads_back_and_stays_the_same() {
        let ids = TaskIds::default();
        for original in ORIGINALS {
            for owner in [OWNER, BARE] {
                let exposed = ids.expose(owner, original);
                assert_eq!(ids.original(owner, &exposed), Some(original));
                assert_eq!(ids.expose(owner, original), exposed);
                assert!(exposed.ends_with(original) && exposed.len() > TAG);
            }
        }
        assert!(ids.expose(OWNER, "x").starts_with("reports."));
    }

    #[test]
    fn an_id_works_for_its_owner_only() {
        let ids = TaskIds::default();
        let exposed = ids.expose(OWNER, "t");
        for stranger in [
            Owner { child: 8, ..OWNER },
            Owner {
                principal: "bob",
                ..OWNER
            },
            Owner {
                principal: "",
                ..OWNER
            },
            Owner {
                namespace: Some("report"),
                ..OWNER
            },
            BARE,
        ] {
            assert_eq!(ids.original(stranger, &exposed), None, "{stranger:?}");
        }
        assert_eq!(TaskIds::default().original(OWNER, &exposed), None);
        // What one says of principal and task together, another does not.
        let shifted = Owner {
            principal: "alic",
            ..OWNER
        };
        assert_ne!(OWNER.bound("t"), shifted.bound("et"));
    }

    #[test]
    fn no_id_can_be_made_up() {
        let ids = TaskIds::default();
        let exposed = ids.expose(OWNER, "task");
        for at in 0..exposed.len() {
            let mut changed = exposed.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(ids.original(OWNER, &changed), None, "{changed}");
            assert_eq!(ids.original(OWNER, &exposed[..at]), None);
        }
        for other in ["", "reports.", "reports.task", "task", "Ü", &"ü".repeat(40)] {
            assert_eq!(ids.original(OWNER, other), None, "{other}");
            assert_eq!(ids.original(BARE, other), None, "{other}");
        }
    }
}
