//! The schemas of typed servers are ones that every client takes: each type that people use is listed within the profile,
//! and the validators of the official SDKs compile its schemas and say what the server says.

mod cases;
mod profile;

use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::{binary, node, peer, python};
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use serde_json::{Value, json};

async fn server(version: &str) -> Raw {
    let mut start = command(binary("schemas"));
    Raw::process(Process::start(start.arg("--stdio")), version).await
}

fn tool<'t>(tools: &'t [Value], name: &str) -> &'t Value {
    let mut found = tools.iter().filter(|tool| tool["name"] == name);
    found
        .next()
        .unwrap_or_else(|| panic!("{name} is not listed"))
}

/// What the validators of other languages are to find: a schema, what it takes and what it refuses.
fn schema(name: &str, schema: &Value, good: &[Value], bad: &[Value]) -> Value {
    json!({ "name": name, "schema": schema, "good": good, "bad": bad })
}

/// All schemas that the server lists, with what the cases say of them.
async fn schemas() -> Vec<Value> {
    let tools = server(LEGACY).await.list("tools").await;
    let mut found = Vec::new();
    for case in cases::all() {
        let (name, listed) = (case.tool, tool(&tools, case.tool));
        let (arguments, results): (Vec<_>, Vec<_>) = case.good.into_iter().unzip();
        let results: Vec<_> = results.into_iter().flatten().collect();
        let input = &listed["inputSchema"];
        let bad = [case.bad, case.out_of_bounds].concat();
        let name_of = format!("{name} input");
        found.push(schema(&name_of, input, &arguments, &bad));
        if !results.is_empty() {
            let output = &listed["outputSchema"];
            let name_of = format!("{name} output");
            found.push(schema(&name_of, output, &results, &case.impossible));
        }
    }
    found
}

#[tokio::test]
async fn all_are_within_the_profile_in_both_eras() {
    let [legacy, modern] = [LEGACY, MODERN].map(server);
    let (legacy, modern) = (
        legacy.await.list("tools").await,
        modern.await.list("tools").await,
    );
    let mut found = Vec::new();
    for listed in &legacy {
        let name = &listed["name"];
        for key in ["inputSchema", "outputSchema"] {
            let Some(schema) = listed.get(key) else {
                continue;
            };
            found.extend(
                profile::breaches(schema)
                    .into_iter()
                    .map(|breach| format!("{name} {key} {breach}")),
            );
            assert_eq!(Some(schema), tool(&modern, name.as_str().unwrap()).get(key));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    let nothing = tool(&legacy, "no_arguments");
    assert_eq!(
        nothing["inputSchema"],
        json!({ "type": "object", "properties": {}, "additionalProperties": false })
    );
    let cases = cases::all();
    let mut called: Vec<_> = cases.iter().map(|case| case.tool).collect();
    let mut listed: Vec<_> = legacy
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    called.sort_unstable();
    listed.sort_unstable();
    assert_eq!(called, listed, "each tool has its case");
}

#[tokio::test]
async fn what_is_right_is_served_and_what_is_wrong_is_refused() {
    for version in [LEGACY, MODERN] {
        let server = server(version).await;
        let mut found = Vec::new();
        for case in cases::all() {
            for (arguments, wanted) in case.good {
                let result = server.call(case.tool, arguments.clone()).await;
                let structured = result.get("structuredContent").cloned();
                if result["isError"] == true || structured != wanted {
                    found.push(format!("{} of {arguments}: {result}", case.tool));
                }
            }
            for arguments in case.bad {
                let result = server.call(case.tool, arguments.clone()).await;
                if result["isError"] != true {
                    found.push(format!("{} of {arguments}: {result}", case.tool));
                }
            }
        }
        assert!(found.is_empty(), "{version}: {found:#?}");
    }
}

/// Runs a script with all schemas, and panics with what its validators say that is not what the cases say.
async fn validate(program: std::path::PathBuf, script: &str, validators: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plan = folder.path().join("schemas.json");
    let schemas = schemas().await;
    std::fs::write(&plan, json!(schemas).to_string()).expect("the file can be written");
    let mut command = command(program);
    command.arg(peer(script)).arg(&plan).kill_on_drop(true);
    let output = patiently(script, command.output())
        .await
        .expect("it starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let reports: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a report a line"))
        .collect();
    let named: Vec<_> = reports.iter().map(|report| &report["validator"]).collect();
    assert_eq!(named, validators, "{stderr}");
    for report in reports {
        assert_eq!(report["problems"], json!([]), "{}", report["validator"]);
        assert_eq!(report["schemas"], schemas.len());
    }
    // A validator that does not know something says so there.
    assert_eq!(stderr, "");
}

#[tokio::test]
async fn the_validators_of_the_typescript_sdks_agree() {
    let validators = ["ajv of SDK 1", "ajv of SDK 2", "cfworker of SDK 2"];
    validate(node(), "clients/validators.mjs", &validators).await;
}

#[tokio::test]
async fn the_validator_of_the_python_sdk_agrees() {
    validate(python(), "clients/validators.py", &["jsonschema"]).await;
}
