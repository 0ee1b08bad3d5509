//! A server with everything that the official conformance suites ask for, written on rmcp: a third party's child.

#![expect(
    deprecated,
    reason = "legacy clients still set log levels and read log messages"
)]

mod asking;
mod contents;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    ErrorCode, ErrorData, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    LoggingMessageNotificationParam, PaginatedRequestParams, ProgressNotificationParam,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, RequestStateCodec,
    ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestParams,
};
use rmcp::service::{Peer, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use contents::{AUDIO, IMAGE, embedded, image, text, tools};

/// The server. Its clones share everything.
#[derive(Clone)]
pub struct Everything {
    changes: broadcast::Sender<Change>,
    /// Legacy clients, to be told of changes.
    peers: Arc<Mutex<Vec<Peer<RoleServer>>>>,
    /// Which lists have their changing entry, tools and prompts.
    grown: Arc<[AtomicBool; 2]>,
    /// Seals what clients are to bring back.
    codec: Arc<RequestStateCodec>,
}

#[derive(Clone, Copy)]
enum Change {
    Tools,
    Prompts,
}

impl std::fmt::Debug for Everything {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Everything").finish_non_exhaustive()
    }
}

impl Default for Everything {
    fn default() -> Self {
        Self {
            changes: broadcast::channel(16).0,
            peers: Arc::default(),
            grown: Arc::default(),
            codec: Arc::new(RequestStateCodec::new(
                *b"known to no client of this server",
            )),
        }
    }
}

impl Everything {
    fn grown(&self, what: Change) -> bool {
        self.grown[what as usize].load(Ordering::SeqCst)
    }

    /// Adds the changing entry of a list, or removes it, and tells of it.
    async fn change(&self, change: Change) {
        self.grown[change as usize].fetch_xor(true, Ordering::SeqCst);
        // Nobody listens in the legacy era.
        let _ = self.changes.send(change);
        let peers = self.peers.lock().expect("not poisoned").clone();
        for peer in peers {
            // A client that has left needs no news.
            let _ = match change {
                Change::Tools => peer.notify_tool_list_changed().await.ok(),
                Change::Prompts => peer.notify_prompt_list_changed().await.ok(),
            };
        }
    }
}

/// Every model type is what its JSON says; writing the JSON shows what goes over the wire.
fn model<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the JSON fits the model")
}

/// A result; rmcp leaves `resultType` out for legacy clients by itself, but does not add it for modern ones.
fn result<T: DeserializeOwned>(mut value: Value) -> T {
    value["resultType"] = json!("complete");
    model(value)
}

fn refused(code: i32, message: &'static str, data: Option<Value>) -> ErrorData {
    ErrorData::new(ErrorCode(code), message, data)
}

impl ServerHandler for Everything {
    fn get_info(&self) -> ServerConfig {
        model(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {
                "completions": {}, "logging": {}, "prompts": { "listChanged": true },
                "resources": { "subscribe": true }, "tools": { "listChanged": true },
            },
            "serverInfo": { "name": "rmcp-everything", "version": "1.0.0" },
        }))
    }

    async fn on_initialized(&self, context: rmcp::service::NotificationContext<RoleServer>) {
        self.peers.lock().expect("not poisoned").push(context.peer);
    }

    async fn set_level(
        &self,
        _: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(result(
            json!({ "completion": { "values": ["paris", "park", "party"], "total": 3, "hasMore": false } }),
        ))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(result(json!({ "tools": tools(self.grown(Change::Tools)) })))
    }

    /// What rmcp checks the headers of a call against.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools(true)
            .into_iter()
            .find(|tool| tool["name"] == name)
            .map(model)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(answer) = asking::call(&request, &context, &self.codec).await {
            return answer;
        }
        let answer = match request.name.as_ref() {
            "test_simple_text" => text("This is a simple text response for testing."),
            "test_image_content" => json!({ "content": [image()] }),
            "test_audio_content" => {
                json!({ "content": [{ "type": "audio", "data": AUDIO, "mimeType": "audio/wav" }] })
            }
            "test_embedded_resource" => json!({ "content": [embedded(
                "test://embedded-resource", "text/plain", "This is an embedded resource content.",
            )] }),
            "test_multiple_content_types" => json!({ "content": [
                { "type": "text", "text": "Multiple content types test:" },
                image(),
                embedded("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
            ] }),
            "test_tool_with_logging" => {
                for line in [
                    "Tool execution started",
                    "Tool processing data",
                    "Tool execution completed",
                ] {
                    log(&context, line).await;
                }
                text("Tool with logging executed successfully")
            }
            "test_logging_tool" => {
                log(&context, "test_logging_tool ran").await;
                text("logged, if it was asked for")
            }
            "test_tool_with_progress" => {
                report(&context).await;
                text("done")
            }
            "test_error_handling" => {
                let mut answer = text("This tool intentionally returns an error for testing");
                answer["isError"] = json!(true);
                answer
            }
            "test_missing_capability" => {
                if context
                    .client_capabilities()
                    .is_none_or(|capabilities| capabilities.sampling.is_none())
                {
                    let needed = json!({ "requiredCapabilities": { "sampling": {} } });
                    return Err(refused(
                        -32021,
                        "This tool requires the client's sampling",
                        Some(needed),
                    ));
                }
                text("the client can sample")
            }
            "test_trigger_tool_change" => {
                self.change(Change::Tools).await;
                text("tool list changed")
            }
            "test_trigger_prompt_change" => {
                self.change(Change::Prompts).await;
                text("prompt list changed")
            }
            "json_schema_2020_12_tool" | "test_dynamic_tool" => text(&request.name),
            "test_x_mcp_header" => text(&json!(request.arguments).to_string()),
            _ => return Err(refused(-32602, "no such tool", None)),
        };
        Ok(result::<CallToolResult>(answer).into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(result(json!({ "resources": [
            { "uri": "test://static-text", "name": "static-text", "description": "Text.", "mimeType": "text/plain" },
            { "uri": "test://static-binary", "name": "static-binary", "description": "An image.", "mimeType": "image/png" },
            { "uri": "test://watched-resource", "name": "watched", "description": "Changes.", "mimeType": "text/plain" },
        ] })))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(result(json!({ "resourceTemplates": [{
            "uriTemplate": "test://template/{id}/data", "name": "template", "description": "Data of an id.",
            "mimeType": "application/json",
        }] })))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let contents = match uri {
            "test://static-text" => {
                json!({ "uri": uri, "mimeType": "text/plain", "text": "This is the content of the static text resource." })
            }
            "test://static-binary" => json!({ "uri": uri, "mimeType": "image/png", "blob": IMAGE }),
            "test://watched-resource" => {
                json!({ "uri": uri, "mimeType": "text/plain", "text": "Watched." })
            }
            _ => {
                let id = uri
                    .strip_prefix("test://template/")
                    .and_then(|rest| rest.strip_suffix("/data"));
                let Some(id) = id else {
                    let code = if modern(&context) { -32602 } else { -32002 };
                    return Err(refused(
                        code,
                        "Resource not found",
                        Some(json!({ "uri": uri })),
                    ));
                };
                let data =
                    json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
                json!({ "uri": uri, "mimeType": "application/json", "text": data.to_string() })
            }
        };
        Ok(result::<ReadResourceResult>(json!({ "contents": [contents] })).into())
    }

    async fn subscribe(
        &self,
        _: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                change = changes.recv() => {
                    // What the client did not ask for is refused by the sink, which is as it should be.
                    let _ = match change {
                        Ok(Change::Tools) => context.sink().notify_tool_list_changed().await.ok(),
                        Ok(Change::Prompts) => context.sink().notify_prompt_list_changed().await.ok(),
                        Err(_) => return Ok(()),
                    };
                }
            }
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let argument = |name: &str| json!({ "name": name, "description": format!("The {name}."), "required": true });
        let mut prompts = json!([
            { "name": "test_simple_prompt", "description": "No arguments." },
            { "name": "test_prompt_with_arguments", "description": "Two.", "arguments": [argument("arg1"), argument("arg2")] },
            { "name": "test_prompt_with_embedded_resource", "description": "One.", "arguments": [argument("resourceUri")] },
            { "name": "test_prompt_with_image", "description": "An image." },
            { "name": "test_input_required_result_prompt", "description": "Asks for its context." },
        ]);
        if let (true, Some(prompts)) = (self.grown(Change::Prompts), prompts.as_array_mut()) {
            prompts
                .push(json!({ "name": "test_dynamic_prompt", "description": "Comes and goes." }));
        }
        Ok(result(json!({ "prompts": prompts })))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        if request.name == "test_input_required_result_prompt" {
            return Ok(asking::prompt(&request));
        }
        let arguments = json!(request.arguments);
        let say =
            |text: &str| json!({ "role": "user", "content": { "type": "text", "text": text } });
        let messages = match request.name.as_str() {
            "test_simple_prompt" => vec![say("This is a simple prompt for testing.")],
            "test_prompt_with_arguments" => {
                let (first, second) = (&arguments["arg1"], &arguments["arg2"]);
                let (first, second) = (
                    first.as_str().unwrap_or_default(),
                    second.as_str().unwrap_or_default(),
                );
                vec![say(&format!(
                    "Prompt with arguments: arg1='{first}', arg2='{second}'"
                ))]
            }
            "test_prompt_with_embedded_resource" => {
                let uri = arguments["resourceUri"].as_str().unwrap_or_default();
                let content = embedded(uri, "text/plain", "Embedded resource content for testing.");
                let resource = json!({ "role": "user", "content": content });
                vec![resource, say("Please process the embedded resource above.")]
            }
            "test_prompt_with_image" => {
                vec![
                    json!({ "role": "user", "content": image() }),
                    say("Please analyze the image above."),
                ]
            }
            _ => return Err(refused(-32602, "no such prompt", None)),
        };
        Ok(result::<GetPromptResult>(json!({ "messages": messages })).into())
    }
}

fn modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| version.to_string().as_str() >= "2026")
}

async fn log(context: &RequestContext<RoleServer>, line: &str) {
    if modern(context) && context.meta.log_level().is_none() {
        return;
    }
    let message = json!({ "level": "info", "data": line });
    // A client that has left needs no log.
    let _ = context
        .peer
        .notify_logging_message(model::<LoggingMessageNotificationParam>(message))
        .await;
}

async fn report(context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else {
        return;
    };
    for progress in [0, 50, 100] {
        let message = format!("Completed step {progress} of 100");
        let params = json!({ "progressToken": token, "progress": progress, "total": 100, "message": message });
        // A client that has left needs no progress.
        let _ = context
            .peer
            .notify_progress(model::<ProgressNotificationParam>(params))
            .await;
    }
}
