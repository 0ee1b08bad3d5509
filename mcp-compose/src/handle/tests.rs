//! Handles: whom their calls belong to, where their children run, and what they say when they cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::prelude::*;
use crate::test;
use crate::{CallError, Child, Composition, Status, args, compose};

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    yes: bool,
}

#[derive(Serialize, Deserialize, JsonSchema, PartialEq, Debug)]
struct Row {
    id: u32,
}

/// What a database does, and how often.
#[derive(Clone, Default)]
struct Database(Arc<AtomicUsize>);

#[mcp_server]
impl Database {
    /// Rows.
    #[tool(read_only)]
    fn query(&self, count: u32) -> Vec<Row> {
        self.0.fetch_add(1, Ordering::Relaxed);
        (0..count).map(|id| Row { id }).collect()
    }

    /// Deletes all, asking first.
    #[tool(destructive)]
    async fn clear(&self, ctx: &Ctx) -> Result<String> {
        let sure = ctx.elicit::<Confirm>("clear", "Clear it?").await?;
        self.0.fetch_add(1, Ordering::Relaxed);
        ctx.progress(1, 2).await;
        Ok(format!("cleared: {}", sure.is_some_and(|sure| sure.yes)))
    }

    /// Fails.
    #[tool(read_only)]
    fn fail(&self) -> Result<()> {
        Err(ToolError::new("no such table"))
    }

    #[resource("db://schema")]
    fn schema(&self) -> &'static str {
        "create table"
    }

    /// Asks well.
    #[prompt]
    fn ask(&self, table: String) -> String {
        format!("What is in {table}?")
    }
}

compose! {
    struct Backend(database: Database) {
        database: local(database).hide(["query"]),
    }
}

struct Reports {
    backend: Backend,
}

#[mcp_server]
impl Reports {
    /// How many rows.
    #[tool(read_only)]
    async fn report(&self, count: u32) -> Result<usize> {
        let rows: Vec<Row> = self
            .backend
            .database
            .call_as("query", args! { count })
            .await?;
        Ok(rows.len())
    }

    /// Clears the database, and asks once more.
    #[tool(destructive)]
    async fn clear(&self, ctx: &Ctx) -> Result<String> {
        let cleared = self.backend.database.call("clear", args! {}).await?.text();
        let again = ctx.elicit::<Confirm>("again", "Again?").await?;
        Ok(format!(
            "{cleared}, again: {}",
            again.is_some_and(|again| again.yes)
        ))
    }

    /// Clears the database in a task of its own.
    #[tool(destructive)]
    async fn clear_later(&self) -> Result<String> {
        let database = self.backend.database.clone();
        let cleared = tokio::spawn(async move { database.call("clear", ()).await }).await?;
        Ok(cleared?.text())
    }

    /// Calls a child by its name.
    #[tool(read_only)]
    async fn by_name(&self, ctx: &Ctx, name: String) -> Result<String> {
        Ok(ctx
            .child(&name)?
            .call("query", args! { count: 1 })
            .await?
            .text())
    }
}

fn served(database: &Database) -> Composition {
    let backend = Backend::new(database.clone());
    compose! { _: Reports { backend: backend.clone() }, ..backend }
}

#[tokio::test]
async fn a_question_of_a_child_is_its_callers_callers() {
    let database = Database::default();
    let counted = Arc::clone(&database.0);
    let test = async |client: test::Client| {
        client.answer("Clear it?", json!({ "yes": true }));
        client.answer("Again?", json!({ "yes": false }));
        let before = counted.load(Ordering::Relaxed);
        let cleared = client.call("clear", json!({})).await;
        assert_eq!(cleared.text(), "cleared: true, again: false");
        assert_eq!(cleared.progress().len(), 1);
        assert_eq!(
            counted.load(Ordering::Relaxed) - before,
            1,
            "what the child has done is not done again for a question that follows"
        );
        let asked: Vec<String> = client
            .questions()
            .into_iter()
            .filter_map(|asked| asked.message)
            .collect();
        assert_eq!(asked, ["[database] Clear it?", "Again?"]);
    };
    test::both(|| served(&database), test).await;
}

#[tokio::test]
async fn a_call_of_a_spawned_task_is_nobodys() {
    let client = test::client(served(&Database::default())).await;
    let cleared = client.call("clear_later", json!({})).await;
    assert!(cleared.is_error(), "{}", cleared.text());
    assert!(cleared.text().contains("elicitation"), "{}", cleared.text());
    assert!(client.questions().is_empty());
}

#[tokio::test]
async fn the_program_may_call_what_clients_may_not() {
    let client = test::client(served(&Database::default())).await;
    assert_eq!(
        client.call("report", json!({ "count": 3 })).await.text(),
        "3"
    );
    assert!(
        client
            .call("database_query", json!({ "count": 3 }))
            .await
            .is_error()
    );
    let by_name = client.call("by_name", json!({ "name": "database" })).await;
    assert_eq!(by_name.text(), r#"{"result":[{"id":0}]}"#);
    let unknown = client
        .call("by_name", json!({ "name": "databse" }))
        .await
        .text();
    assert_eq!(unknown, "there is no child `databse`; children: `database`");
}

#[tokio::test]
async fn handles_start_what_nobody_serves_yet() {
    let database = Database::default();
    let Backend {
        database: child, ..
    } = Backend::new(database.clone());
    assert_eq!(child.status(), Status::Idle);
    let rows: Vec<Row> = child.call_as("query", args! { count: 2 }).await.unwrap();
    assert_eq!(rows, [Row { id: 0 }, Row { id: 1 }]);
    assert_eq!(child.status(), Status::Ready);
    assert_eq!(
        child.read("db://schema").await.unwrap().text(),
        "create table"
    );
    let prompt = child
        .prompt("ask", args! { table: "orders" })
        .await
        .unwrap();
    assert_eq!(prompt.text(), "What is in orders?");
    let tools = child.list_tools().await.unwrap();
    let names: Vec<_> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["query", "clear", "fail"]);
}

#[tokio::test]
async fn errors_name_the_child() {
    let backend = Backend::new(Database::default());
    backend.connect().await.unwrap();
    let told = async |child: &Child, tool: &str| child.call(tool, ()).await.unwrap_err();
    let error = told(&backend.database, "fail").await;
    assert_eq!(
        error.to_string(),
        r#"tool `fail` of child "database" failed: no such table"#
    );
    assert!(
        matches!(error, CallError::Tool { result, .. } if result.as_json().contains("isError"))
    );
    let error = told(&backend.database, "missing").await;
    assert_eq!(
        error.to_string(),
        r#"child "database": unknown tool `missing`"#
    );
    assert!(matches!(error, CallError::Failed { code: -32602, .. }));
    let wrong = backend
        .database
        .call("query", json!(["SELECT"]))
        .await
        .unwrap_err();
    assert!(matches!(wrong, CallError::Arguments { .. }), "{wrong}");
    let unexpected = backend
        .database
        .call_as::<bool>("query", args! { count: 1 })
        .await;
    assert!(matches!(unexpected, Err(CallError::Unexpected { .. })));
}

#[tokio::test]
async fn a_restarted_child_serves_again_and_a_removed_one_is_gone() {
    let running = Composition::builder()
        .child("database", Database::default())
        .build()
        .start()
        .unwrap();
    let child = running.child("database").unwrap();
    child.call("query", args! { count: 1 }).await.unwrap();
    child.restart();
    // It waits for the next session, within a bound.
    child.call("query", args! { count: 1 }).await.unwrap();
    assert_eq!(child.status(), Status::Ready);
    assert!(running.remove("database"));
    let gone = child.call("query", args! { count: 1 }).await.unwrap_err();
    assert!(matches!(gone, CallError::Gone { .. }), "{gone}");
    assert!(matches!(child.status(), Status::Stopped { .. }));
    running.stop().await;
}
