//! A list of things to do: tools, a resource, a prompt, completion, progress, and a question.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin todo -- --http 127.0.0.1:8808
//! ```

use mcp_compose::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    mcp_compose::serve(Todos::default()).run().await
}

#[derive(Default)]
struct Todos {
    items: Mutex<Vec<Todo>>,
}

#[derive(Clone, Serialize, JsonSchema)]
struct Todo {
    title: String,
    priority: u8,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    yes: bool,
}

/// Keeps a list of things to do.
#[mcp_server]
impl Todos {
    /// Add a todo.
    #[tool(destructive = false)]
    async fn add(
        &self,
        /// What to do.
        title: String,
        /// 0 is lowest.
        #[default]
        priority: u8,
    ) -> Todo {
        let todo = Todo { title, priority };
        self.items.lock().await.push(todo.clone());
        todo
    }

    /// Import many todos, asking first.
    #[tool(destructive)]
    async fn import(&self, ctx: &Ctx, count: u32) -> Result<String> {
        let sure = ctx.elicit::<Confirm>("sure", format!("Import {count} todos?"));
        if !sure.await?.is_some_and(|sure| sure.yes) {
            return Ok("skipped".into());
        }
        for n in 1..=count {
            self.add(format!("todo {n}"), 0).await;
            ctx.progress(n, count).await;
        }
        Ok(format!("imported {count}"))
    }

    /// One todo.
    #[resource("todo://items/{id}", mime = "application/json")]
    async fn item(&self, id: usize) -> Result<Todo> {
        let todo = self.items.lock().await.get(id).cloned();
        todo.ok_or_else(|| ToolError::new("no such todo"))
    }

    /// Plan the work on a topic.
    #[prompt]
    fn plan(&self, topic: String) -> String {
        format!("Plan the work on {topic}.")
    }

    #[complete(plan.topic)]
    async fn titles(&self, partial: &str) -> Vec<String> {
        let items = self.items.lock().await;
        let titles = items.iter().map(|todo| todo.title.clone());
        titles.filter(|title| title.starts_with(partial)).collect()
    }
}
