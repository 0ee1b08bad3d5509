//! What a typed server can ask its caller.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Answer, Ctx, Result, Root, SampleRequest, Sampled, ToolError, answer, error::RpcError, form,
    round::Question,
};
use crate::random;
use crate::wire::{message::code, version::META_CLIENT_CAPABILITIES};

/// The `_meta` key under which a question carries its key.
pub(crate) const META_KEY: &str = "mcpCompose/key";

/// # Asking
///
/// A tool, a prompt or a resource can ask whoever called it; a completion cannot. Clients of both
/// eras are asked with the same lines:
///
/// - A client up to 2025-11-25 is asked while the method waits.
/// - For a client of 2026-07-28 the call **ends** at a question that has no answer yet, and the method
///   **runs again from its start** once the client brings the answer. Answers are found by their key,
///   those of earlier rounds too.
///
/// So give each question a key of its own that is the same in every run (`"confirm"`, not a random
/// number), and let whatever has effects come **after the last question**. Nothing behind a question
/// runs before it is answered, and a question whose future is dropped is withdrawn. Questions that
/// are asked at once, as with `join!`, go out together.
///
/// A client that did not declare the capability is not asked: the result is an error that names it.
/// Nothing is ever made up.
impl Ctx {
    /// Asks the person at the client to fill in a form.
    ///
    /// `T` is a flat struct of texts, numbers, booleans and choices (enums without fields, or a `Vec`
    /// of one); its documentation and defaults are shown. Clients cannot show more; any other `T` is
    /// an error that says so. Never ask for a password or a key this way: see
    /// [`elicit_url`](Self::elicit_url).
    ///
    /// ```
    /// use mcp_compose::prelude::*;
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Confirm {
    ///     /// Tick to go on.
    ///     yes: bool,
    /// }
    ///
    /// struct Todos;
    ///
    /// #[mcp_server]
    /// impl Todos {
    ///     /// Import many todos, asking first.
    ///     #[tool(destructive)]
    ///     async fn import(&self, ctx: &Ctx, count: u32) -> Result<String> {
    ///         let confirm = ctx.elicit::<Confirm>("confirm", format!("Import {count} todos?")).await?;
    ///         if !confirm.is_some_and(|confirm| confirm.yes) {
    ///             return Ok("skipped".into());
    ///         }
    ///         // From here on: what has effects.
    ///         Ok(format!("imported {count}"))
    ///     }
    /// }
    /// ```
    pub async fn elicit<T: DeserializeOwned + JsonSchema>(
        &self,
        key: impl Into<String>,
        message: impl Into<String>,
    ) -> Result<Answer<T>> {
        self.require("elicitation.form")?;
        let form = form::of::<T>().map_err(ToolError::new)?;
        let params = json!({ "message": message.into(), "requestedSchema": form });
        let read = |answer: &str| answer::filled(answer, &form);
        self.ask("elicitation/create", key, &params, read).await
    }

    /// Asks the person at the client to open a URL, for what must not pass through the client: a login,
    /// a payment, a secret.
    ///
    /// [`Answer::Accepted`] says that the person agreed to open it, not that they are done there.
    pub async fn elicit_url(
        &self,
        key: impl Into<String>,
        message: impl Into<String>,
        url: impl Into<String>,
    ) -> Result<Answer<()>> {
        self.require("elicitation.url")?;
        let url = url.into();
        url::Url::parse(&url)
            .map_err(|error| ToolError::new(format_args!("`{url}` is not a URL: {error}")))?;
        let mut params = json!({ "mode": "url", "message": message.into(), "url": url });
        if self.round().is_inline() {
            params["elicitationId"] = random_id()?.into();
        }
        self.ask("elicitation/create", key, &params, answer::url)
            .await
    }

    /// Asks the client's model.
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// # async fn f(ctx: &Ctx) -> Result<String> {
    /// let haiku = ctx.sample("haiku", "Write a haiku about rust.").await?;
    /// # Ok(
    /// haiku.text()
    /// # )
    /// # }
    /// ```
    pub async fn sample(
        &self,
        key: impl Into<String>,
        request: impl Into<SampleRequest>,
    ) -> Result<Sampled> {
        let request = request.into();
        self.require(request.needs())?;
        let params = request.into_params();
        self.ask("sampling/createMessage", key, &params, answer::sampled)
            .await
    }

    /// Asks which folders the client works on. Its key is `roots`; it may be asked repeatedly.
    pub async fn roots(&self) -> Result<Vec<Root>> {
        self.roots_as("roots").await
    }

    /// Like [`roots`](Self::roots), under a key of one's own.
    pub async fn roots_as(&self, key: impl Into<String>) -> Result<Vec<Root>> {
        self.require("roots")?;
        self.ask("roots/list", key, &json!({}), answer::roots).await
    }

    /// Whether the client declared a capability: `sampling`, `sampling.tools`, `elicitation.form`,
    /// `elicitation.url`, `roots`.
    pub fn offers(&self, capability: &str) -> bool {
        let meta = self.meta();
        let declared = &meta[META_CLIENT_CAPABILITIES];
        let found = capability
            .split('.')
            .try_fold(declared, |declared, name| declared.get(name))
            .is_some_and(Value::is_object);
        // A client that names no mode has forms, as clients did before there were modes.
        found || {
            let modes = &declared["elicitation"];
            capability == "elicitation.form" && modes.is_object() && modes.get("url").is_none()
        }
    }

    /// Refuses the call unless the client declared a capability, such as `sampling`; see
    /// [`offers`](Self::offers).
    ///
    /// The refusal is the protocol's own error for this, which names the capability.
    pub fn require(&self, capability: &str) -> Result<()> {
        if self.offers(capability) {
            return Ok(());
        }
        let mut error = RpcError::new(
            code::MISSING_CAPABILITY,
            format!("the client does not offer `{capability}`, which this call needs"),
        );
        let required = capability
            .rsplit('.')
            .fold(json!({}), |inner, name| json!({ name: inner }));
        error.data = Some(json!({ "requiredCapabilities": required }).to_string());
        Err(error.into())
    }

    async fn ask<T>(
        &self,
        method: &'static str,
        key: impl Into<String>,
        params: &Value,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T> {
        let key = key.into();
        let mut params = params.clone();
        if self.round().is_inline() {
            // Where a question travels by itself, nothing else names it.
            params["_meta"] = json!({ META_KEY: key });
        }
        let question = Question {
            key,
            method,
            params: params.to_string(),
            repeats: method == "roots/list",
        };
        self.round().ask(question, self.cancellation(), read).await
    }
}

/// An id that no other question has, whichever server asks it.
fn random_id() -> Result<String> {
    random::id().ok_or_else(|| ToolError::new("the system has no random number"))
}
