//! The tools that ask the client.

use mcp_compose::prelude::*;
use mcp_compose::{Root, SampleRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) struct Asking;

#[derive(Serialize, Deserialize, JsonSchema)]
struct User {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Defaults {
    name: String,
    age: i32,
    score: f64,
    status: Status,
    verified: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            name: "John Doe".into(),
            age: 30,
            score: 95.5,
            status: Status::Active,
            verified: true,
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Inactive,
    Pending,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Choices {
    untitled_single: Untitled,
    titled_single: Titled,
    /// As it was before there were titles.
    #[schemars(extend(
        "enum" = ["opt1", "opt2", "opt3"],
        "enumNames" = ["Option One", "Option Two", "Option Three"],
    ))]
    legacy_enum: String,
    untitled_multi: Vec<Untitled>,
    titled_multi: Vec<Titled>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Untitled {
    Option1,
    Option2,
    Option3,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Titled {
    #[schemars(title = "First Option")]
    Value1,
    #[schemars(title = "Second Option")]
    Value2,
    #[schemars(title = "Third Option")]
    Value3,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

#[derive(Deserialize, JsonSchema)]
struct Consent {
    ok: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Context {
    context: String,
}

/// What the suites look for in a server that asks.
#[mcp_server]
impl Asking {
    /// Passes a prompt on to the client's model.
    #[tool(read_only)]
    async fn test_sampling(
        &self,
        ctx: &Ctx,
        /// The prompt to send to the LLM
        prompt: String,
    ) -> Result<String> {
        let request = SampleRequest::new(prompt).max_tokens(100);
        let response = ctx.sample("response", request).await?;
        Ok(format!("LLM response: {}", response.text()))
    }

    /// Asks the user.
    #[tool(read_only)]
    async fn test_elicitation(
        &self,
        ctx: &Ctx,
        /// The message to show the user
        message: String,
    ) -> Result<String> {
        let user = ctx.elicit::<User>("user", message).await?;
        Ok(format!("User response: {}", shown(user)?))
    }

    /// Asks with defaults of all kinds.
    #[tool(read_only)]
    async fn test_elicitation_sep1034_defaults(&self, ctx: &Ctx) -> Result<String> {
        let given = ctx.elicit::<Defaults>("form", "Is this right?").await?;
        Ok(format!("Elicitation completed: {}", shown(given)?))
    }

    /// Asks for choices of all kinds.
    #[tool(read_only)]
    async fn test_elicitation_sep1330_enums(&self, ctx: &Ctx) -> Result<String> {
        let given = ctx.elicit::<Choices>("form", "Which ones?").await?;
        Ok(format!("Elicitation completed: {}", shown(given)?))
    }

    /// Asks, over a stream that nothing else may use.
    #[tool(read_only)]
    async fn test_streaming_elicitation(&self, ctx: &Ctx) -> Result<String> {
        greeting(ctx).await
    }

    /// Asks for a name.
    #[tool(read_only)]
    async fn test_input_required_result_elicitation(&self, ctx: &Ctx) -> Result<String> {
        greeting(ctx).await
    }

    /// Asks the client's model.
    #[tool(read_only)]
    async fn test_input_required_result_sampling(&self, ctx: &Ctx) -> Result<String> {
        let request = SampleRequest::new("What is the capital of France?").max_tokens(100);
        Ok(ctx.sample("capital_question", request).await?.text())
    }

    /// Asks for the client's roots.
    #[tool(read_only)]
    async fn test_input_required_result_list_roots(&self, ctx: &Ctx) -> Result<String> {
        Ok(listed(&ctx.roots_as("client_roots").await?))
    }

    /// Comes back with its state.
    #[tool(read_only)]
    async fn test_input_required_result_request_state(&self, ctx: &Ctx) -> Result<String> {
        consent(ctx).await
    }

    /// Comes back with its state, which nobody else can have made.
    #[tool(read_only)]
    async fn test_input_required_result_tampered_state(&self, ctx: &Ctx) -> Result<String> {
        consent(ctx).await
    }

    /// Asks three things at once.
    #[tool(read_only)]
    async fn test_input_required_result_multiple_inputs(&self, ctx: &Ctx) -> Result<String> {
        let greeting = SampleRequest::new("Generate a greeting").max_tokens(50);
        let (name, greeting, roots) = tokio::try_join!(
            ctx.elicit::<Name>("user_name", "What is your name?"),
            ctx.sample("greeting", greeting),
            ctx.roots_as("client_roots"),
        )?;
        let name = name
            .ok()
            .map_or_else(|| "nobody".into(), |given| given.name);
        Ok(format!("{} {name} {}", greeting.text(), listed(&roots)))
    }

    /// Asks one thing after the other.
    #[tool(read_only)]
    async fn test_input_required_result_multi_round(&self, ctx: &Ctx) -> Result<String> {
        let name = ctx
            .elicit::<Name>("step1", "Step 1: What is your name?")
            .await?;
        let Answer::Accepted(Name { name }) = name else {
            return Ok("no name".into());
        };
        let color = ctx
            .elicit::<Color>("step2", "Step 2: What is your favorite color?")
            .await?;
        let color = color
            .ok()
            .map_or_else(|| "none".into(), |given| given.color);
        Ok(format!("{name} likes {color}"))
    }

    /// Asks for what the client declared, and for nothing else.
    #[tool(read_only)]
    async fn test_input_required_result_capabilities(&self, ctx: &Ctx) -> Result<String> {
        let mut said = Vec::new();
        if ctx.offers("sampling") {
            let request = SampleRequest::new("Generate a greeting").max_tokens(50);
            said.push(ctx.sample("greeting", request).await?.text());
        }
        if ctx.offers("elicitation.form") {
            said.push(greeting(ctx).await?);
        }
        if ctx.offers("roots") {
            said.push(listed(&ctx.roots().await?));
        }
        Ok(said.join(", "))
    }

    /// Asks for a context first.
    #[prompt]
    async fn test_input_required_result_prompt(&self, ctx: &Ctx) -> Result<String> {
        let message = "What context should the prompt use?";
        let given = ctx.elicit::<Context>("user_context", message).await?;
        let context = given
            .ok()
            .map_or_else(|| "none".into(), |given| given.context);
        Ok(format!("Use this context: {context}"))
    }
}

async fn greeting(ctx: &Ctx) -> Result<String> {
    let given = ctx
        .elicit::<Name>("user_name", "What is your name?")
        .await?;
    let name = given
        .ok()
        .map_or_else(|| "nobody".into(), |given| given.name);
    Ok(format!("Hello, {name}!"))
}

async fn consent(ctx: &Ctx) -> Result<String> {
    let consent = ctx.elicit::<Consent>("confirm", "Please confirm").await?;
    let ok = consent.is_some_and(|consent| consent.ok);
    Ok(format!("state-ok, confirmed: {ok}"))
}

fn listed(roots: &[Root]) -> String {
    let roots: Vec<&str> = roots.iter().map(|root| root.uri.as_str()).collect();
    roots.join(", ")
}

fn shown<T: Serialize>(answer: Answer<T>) -> Result<String> {
    Ok(match answer {
        Answer::Accepted(given) => {
            format!("action=accept, content={}", serde_json::to_string(&given)?)
        }
        Answer::Declined => "action=decline".into(),
        Answer::Cancelled => "action=cancel".into(),
    })
}
