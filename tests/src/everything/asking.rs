//! The tools and the prompt that ask their client something, each in the way of its era: a request in the middle of the
//! call in a legacy session, a result that requires input in a modern one.

use std::collections::BTreeMap;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ErrorData,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, InputRequiredResult,
    RequestStateCodec, SealOptions,
};
use rmcp::service::RequestContext;
use serde_json::{Map, Value, json};

use super::contents::text;
use super::{model, modern, refused, result};

/// How long a client may take to come back with its answers.
const STATE_LIVES: Duration = Duration::from_secs(300);

/// What a modern client brought with it.
struct Brought<'a> {
    responses: Option<&'a BTreeMap<String, Value>>,
    state: Option<&'a str>,
}

impl<'a> Brought<'a> {
    fn response(&self, key: &str) -> Option<&'a Value> {
        self.responses?.get(key)
    }

    /// What the user typed into a form, if it was accepted and is there.
    fn form(&self, key: &str, field: &str) -> Option<&'a Value> {
        let response = self.response(key)?;
        (response["action"] == "accept").then(|| &response["content"][field])
    }
}

/// Answers a call of an asking tool; `None` if the tool is not one.
pub(crate) async fn call(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    codec: &RequestStateCodec,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let arguments = json!(request.arguments);
    if let Some(answer) = inline(&request.name, &arguments, context).await {
        return Some(answer.map(|answer| result::<CallToolResult>(answer).into()));
    }
    let brought = Brought {
        responses: request.input_responses.as_ref(),
        state: request.request_state.as_deref(),
    };
    let capabilities = context.client_capabilities();
    Some(
        match rounds(&request.name, &brought, capabilities.as_ref(), codec)? {
            Err(error) => Err(error),
            Ok(Round::Done(answer)) => Ok(result::<CallToolResult>(text(&answer)).into()),
            Ok(Round::Asks(asks)) => Ok(asks.into()),
        },
    )
}

/// Answers the prompt that asks.
pub(crate) fn prompt(request: &GetPromptRequestParams) -> GetPromptResponse {
    let brought = Brought {
        responses: request.input_responses.as_ref(),
        state: None,
    };
    let Some(used) = brought.form("user_context", "context") else {
        let asked = form("What context should the prompt use?", "context", "string");
        return asks([("user_context", asked)], None).into();
    };
    let said = json!({ "type": "text", "text": format!("Use the following context: {used}") });
    let messages = json!({ "messages": [{ "role": "user", "content": said }] });
    result::<GetPromptResult>(messages).into()
}

/// The tools that ask with a request of their own, which only a legacy session has.
async fn inline(
    tool: &str,
    arguments: &Value,
    context: &RequestContext<RoleServer>,
) -> Option<Result<Value, ErrorData>> {
    let elicited = match tool {
        "test_sampling" => {
            let prompt = arguments["prompt"].as_str().unwrap_or_default();
            let asked = model(sampling(prompt, 100)["params"].take());
            let answer = context.peer.create_message(asked).await.map_err(failed);
            return Some(answer.map(|answer| {
                let said = &json!(answer)["content"]["text"];
                text(&format!(
                    "LLM response: {}",
                    said.as_str().unwrap_or("none")
                ))
            }));
        }
        "test_list_roots" => {
            let roots = context.peer.list_roots().await.map_err(failed);
            return Some(roots.map(|roots| text(&json!(roots).to_string())));
        }
        "test_url_elicitation" => arguments.clone(),
        "test_streaming_elicitation" if !modern(context) => {
            form("A word, please", "word", "string")["params"].take()
        }
        "test_elicitation" => json!({
            "message": arguments["message"],
            "requestedSchema": {
                "type": "object",
                "properties": {
                    "username": { "type": "string", "description": "User's response" },
                    "email": { "type": "string", "description": "User's email address" },
                },
                "required": ["username", "email"],
            },
        }),
        "test_elicitation_sep1034_defaults" => defaults(),
        "test_elicitation_sep1330_enums" => enums(),
        _ => return None,
    };
    let answer = context.peer.create_elicitation(model(elicited)).await;
    Some(answer.map_err(failed).map(|answer| {
        let answer = json!(answer);
        let (action, content) = (&answer["action"], &answer["content"]);
        let action = action.as_str().unwrap_or_default();
        text(&format!(
            "User response: action={action}, content={content}"
        ))
    }))
}

/// What a call of a tool that asks by its result comes to.
enum Round {
    Done(String),
    Asks(InputRequiredResult),
}

/// The tools that ask by their result, which only modern clients understand.
fn rounds(
    tool: &str,
    brought: &Brought<'_>,
    capabilities: Option<&ClientCapabilities>,
    codec: &RequestStateCodec,
) -> Option<Result<Round, ErrorData>> {
    // Bound to the tool: the state of one is nothing to another.
    let seal = |state: &str| {
        let options = SealOptions::new()
            .associated_data(tool.as_bytes())
            .ttl(STATE_LIVES);
        Some(codec.seal_with(state.as_bytes(), &options))
    };
    let state = match brought.state {
        None => String::new(),
        Some(sealed) => match codec.open_with(sealed, tool.as_bytes()) {
            Ok(state) => String::from_utf8_lossy(&state).into_owned(),
            Err(_) => return Some(Err(refused(-32602, "requestState is not ours", None))),
        },
    };
    let name = || form("What is your name?", "name", "string");
    let confirm = || form("Please confirm", "ok", "boolean");
    let roots = || json!({ "method": "roots/list", "params": {} });
    let done = |text: String| Round::Done(text);
    Some(Ok(match tool {
        "test_streaming_elicitation" => match brought.form("word", "word") {
            Some(word) => done(format!("elicitation accepted: {word}")),
            None => Round::Asks(asks(
                [("word", form("A word, please", "word", "string"))],
                None,
            )),
        },
        "test_input_required_result_elicitation" => match brought.form("user_name", "name") {
            Some(name) => done(format!("Hello, {}!", name.as_str().unwrap_or("stranger"))),
            None => Round::Asks(asks([("user_name", name())], None)),
        },
        "test_input_required_result_sampling" => match brought.response("capital_question") {
            Some(answer) => done(format!("Model said: {}", answer["content"]["text"])),
            None => {
                let asked = sampling("What is the capital of France?", 100);
                Round::Asks(asks([("capital_question", asked)], None))
            }
        },
        "test_input_required_result_list_roots" => match brought.response("client_roots") {
            Some(answer) => done(format!("The client's roots: {}", answer["roots"])),
            None => Round::Asks(asks([("client_roots", roots())], None)),
        },
        "test_input_required_result_request_state" if state == "asked" => {
            done("state-ok".to_owned())
        }
        "test_input_required_result_tampered_state" if state == "asked" => {
            done("state-ok".to_owned())
        }
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state" => {
            Round::Asks(asks([("confirm", confirm())], seal("asked")))
        }
        "test_input_required_result_multiple_inputs" => {
            let keys = ["user_name", "greeting", "client_roots"];
            if keys.iter().all(|key| brought.response(key).is_some()) {
                return Some(Ok(done("All inputs received.".to_owned())));
            }
            let requests = [name(), sampling("Generate a greeting", 50), roots()];
            let requests = keys.into_iter().zip(requests);
            Round::Asks(asks(requests, seal("several")))
        }
        "test_input_required_result_multi_round" => {
            let first = brought.form("step1", "name").map(Value::to_string);
            let second = brought.form("step2", "color").map(Value::to_string);
            match (state.strip_prefix("named "), first, second) {
                (Some(name), _, Some(color)) => done(format!("{name} likes {color}.")),
                (None, Some(name), _) if state == "asked" => {
                    let asked = form("Step 2: What is your favorite color?", "color", "string");
                    Round::Asks(asks([("step2", asked)], seal(&format!("named {name}"))))
                }
                // A missing answer, or one that comes out of order: from the start.
                _ => {
                    let asked = form("Step 1: What is your name?", "name", "string");
                    Round::Asks(asks([("step1", asked)], seal("asked")))
                }
            }
        }
        "test_input_required_result_capabilities" => {
            let declared = json!(capabilities);
            let asked = [
                ("sampling", "sample", sampling("Say hello", 50)),
                ("elicitation", "ask", name()),
            ];
            let allowed = asked
                .into_iter()
                .filter(|(needed, ..)| declared[*needed].is_object())
                .map(|(_, key, request)| (key, request));
            Round::Asks(asks(allowed, seal("capability-gated")))
        }
        _ => return None,
    }))
}

fn asks<'a>(
    requests: impl IntoIterator<Item = (&'a str, Value)>,
    state: Option<String>,
) -> InputRequiredResult {
    let requests: Map<String, Value> = requests
        .into_iter()
        .map(|(key, request)| (key.to_owned(), request))
        .collect();
    InputRequiredResult::new(Some(model(Value::Object(requests))), state)
}

fn sampling(prompt: &str, most: u32) -> Value {
    let message = json!({ "role": "user", "content": { "type": "text", "text": prompt } });
    json!({ "method": "sampling/createMessage", "params": { "messages": [message], "maxTokens": most } })
}

/// A form with one required field.
fn form(message: &str, field: &str, kind: &str) -> Value {
    let schema =
        json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
    json!({ "method": "elicitation/create", "params": { "message": message, "requestedSchema": schema } })
}

fn defaults() -> Value {
    json!({ "message": "Please review", "requestedSchema": { "type": "object", "properties": {
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    } } })
}

fn enums() -> Value {
    let titled = |names: [&str; 3]| {
        let values = ["value1", "value2", "value3"];
        let titled = values.into_iter().zip(names);
        json!(
            titled
                .map(|(value, title)| json!({ "const": value, "title": title }))
                .collect::<Vec<_>>()
        )
    };
    let options = json!(["option1", "option2", "option3"]);
    json!({ "message": "Please choose", "requestedSchema": { "type": "object", "properties": {
        "untitledSingle": { "type": "string", "enum": options },
        "titledSingle": { "type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"]) },
        "legacyEnum": {
            "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
        "titledMulti": {
            "type": "array", "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) },
        },
    } } })
}

/// What became of a question that got no answer, for whoever called the tool.
fn failed(error: rmcp::ServiceError) -> ErrorData {
    match error {
        rmcp::ServiceError::McpError(error) => error,
        other => ErrorData::internal_error(other.to_string(), None),
    }
}
