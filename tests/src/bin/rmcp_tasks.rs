//! A server whose tools make tasks, written on rmcp: a third party's child with what the conformance suite's
//! `tasks-*` scenarios ask for.
//!
//! Without arguments it serves stdio; with `--http` streamable HTTP on a free port, its URL printed as one line.

use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams, CreateTaskResult,
    ErrorCode, ErrorData, GetTaskParams, GetTaskResult, InputRequest, ListToolsResult,
    PaginatedRequestParams, ServerConfig, Tool, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskContext, TaskExit, TaskManager, TaskOptions};
use rmcp::{RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const TASKS: &str = "io.modelcontextprotocol/tasks";

#[tokio::main]
async fn main() {
    mcp_compose_tests::rmcp_server::serve(Tasks::default()).await;
}

/// The server. Its clones share their tasks.
#[derive(Clone, Default)]
struct Tasks(TaskManager);

/// Tools that run as tasks wherever the client takes them.
const LONG: &[&str] = &[
    "slow_compute",
    "failing_job",
    "protocol_error_job",
    "confirm_delete",
    "multi_input",
    "linking_job",
];

/// Every model type is what its JSON says; writing the JSON shows what goes over the wire.
fn model<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the JSON fits the model")
}

fn text(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "resultType": "complete" })
}

fn elicitation(message: &str, property: &str, kind: &str) -> InputRequest {
    model(json!({ "method": "elicitation/create", "params": {
        "mode": "form",
        "message": message,
        "requestedSchema": {
            "type": "object", "properties": { property: { "type": kind } }, "required": [property],
        },
    } }))
}

/// What a tool does, in or out of a task.
async fn work(
    name: &str,
    arguments: &Value,
    task: Option<&TaskContext>,
) -> Result<Value, TaskExit> {
    match name {
        "greet" => Ok(text(&format!(
            "Hello, {}!",
            arguments["name"].as_str().unwrap_or("nobody")
        ))),
        "slow_compute" => {
            let time = Duration::from_secs_f64(arguments["seconds"].as_f64().unwrap_or(0.0));
            match task {
                None => tokio::time::sleep(time).await,
                Some(task) => tokio::select! {
                    () = task.cancelled() => return Err(TaskExit::Cancelled),
                    () = tokio::time::sleep(time) => {}
                },
            }
            Ok(text("computed"))
        }
        "failing_job" => {
            let mut failed = text("the job failed");
            failed["isError"] = json!(true);
            Ok(failed)
        }
        "protocol_error_job" => Err(TaskExit::Error(ErrorData::new(
            ErrorCode(-32603),
            "the job broke",
            Some(json!({ "uri": "jobs://1" })),
        ))),
        "confirm_delete" => {
            let file = arguments["filename"].as_str().unwrap_or("a file");
            let answer = ask(task, "confirm", &format!("Delete {file}?"), "boolean").await?;
            Ok(text(&answer.to_string()))
        }
        "multi_input" => {
            let first = ask(task, "name", "What is your name?", "string");
            let second = ask(task, "confirm", "Are you sure?", "boolean");
            let (first, second) = tokio::try_join!(first, second)?;
            Ok(text(&format!("{first} {second}")))
        }
        "linking_job" => Ok(json!({ "resultType": "complete", "content": [
            { "type": "resource_link", "uri": "jobs://1", "name": "job 1" },
        ] })),
        _ => Err(ErrorData::invalid_params("no such tool", None).into()),
    }
}

async fn ask(
    task: Option<&TaskContext>,
    key: &str,
    message: &str,
    kind: &str,
) -> Result<Value, TaskExit> {
    let task = task.ok_or_else(needs_tasks)?;
    task.request_input(key, elicitation(message, key, kind))
        .await
}

fn needs_tasks() -> ErrorData {
    let needed = json!({ "requiredCapabilities": { "extensions": { TASKS: {} } } });
    ErrorData::new(ErrorCode(-32021), "this tool needs tasks", Some(needed))
}

impl ServerHandler for Tasks {
    fn get_info(&self) -> ServerConfig {
        model(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "tools": {}, "extensions": { TASKS: {} } },
            "serverInfo": { "name": "rmcp-tasks", "version": "1.0.0" },
        }))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let names = LONG.iter().chain(&["greet", "test_tool_with_task"]);
        let tools: Vec<Tool> = names
            .map(|name| {
                model(json!({
                    "name": name,
                    "description": format!("{name} of the conformance suite."),
                    "inputSchema": { "type": "object" },
                }))
            })
            .collect();
        Ok(model(
            json!({ "tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "public" }),
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let takes_tasks = context
            .client_capabilities()
            .is_some_and(|capabilities| capabilities.supports_tasks());
        let name = request.name.to_string();
        let mut arguments = json!(request.arguments);
        if name == "test_tool_with_task" {
            let Some(answers) = request.input_responses else {
                let question = elicitation("What is your name?", "name", "string");
                let asked = json!({ "resultType": "input_required", "inputRequests": { "user_name": question } });
                return Ok(CallToolResponse::InputRequired(model(asked)));
            };
            arguments = json!({ "name": answers.get("user_name").map(|answer| &answer["content"]["name"]) });
        } else if !LONG.contains(&name.as_str()) || !takes_tasks {
            if name == "failing_job" {
                return Err(needs_tasks());
            }
            return match work(&name, &arguments, None).await {
                Ok(result) => Ok(model::<CallToolResult>(result).into()),
                Err(TaskExit::Error(error)) => Err(error),
                Err(TaskExit::Cancelled) => unreachable!("only a task is cancelled"),
            };
        }
        let options = TaskOptions::new().with_poll_interval_ms(20);
        let task = self.0.spawn(options, move |task| {
            Box::pin(async move {
                let name = match name.as_str() {
                    "test_tool_with_task" => "greet",
                    name => name,
                };
                Ok(model(work(name, &arguments, Some(&task)).await?))
            })
        });
        Ok(CreateTaskResult::new(task).into())
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.0.get_task(&request.task_id)?))
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0
            .update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.cancel_task(&request.task_id)
    }
}
