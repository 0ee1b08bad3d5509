//! The commands of the command line with a real child: what each prints, where, and with which exit code.

use std::process::Stdio;

use mcp_compose_tests::aggregator::{Config, example_program, weather};
use mcp_compose_tests::patiently;
use mcp_compose_tests::process::command;
use serde_json::{Value, json};
use tokio::process::Command;

/// How a command ended: its exit code, stdout and stderr.
type Ended = (Option<i32>, String, String);

async fn ended(command: &mut Command) -> Ended {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = patiently("the end of the command", command.output()).await;
    let output = output.expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Runs a command over the `weather` child.
async fn run(what: &str, arguments: &[&str]) -> Ended {
    run_with(&Config::new().child("weather", weather()), what, arguments).await
}

async fn run_with(config: &Config, what: &str, arguments: &[&str]) -> Ended {
    let (mut command, _folder) = config.command(what);
    ended(command.args(arguments)).await
}

fn printed((code, stdout, stderr): Ended) -> String {
    assert_eq!(code, Some(0), "{stderr}");
    stdout
}

#[tokio::test]
async fn list_names_owners_and_children_that_are_down() {
    let config = Config::new()
        .child("weather", weather())
        .child("lost", json!({ "command": "/no/such/program" }));
    let (code, text, _) = run_with(&config, "list", &[]).await;
    assert_eq!(code, Some(1), "something is missing: {text}");
    assert!(text.contains("lost     down"), "{text}");
    assert!(text.contains("`/no/such/program` was not found"), "{text}");
    assert!(text.contains("weather_forecast"), "{text}");

    let (code, json, _) = run_with(&config, "list", &["--json", "--child", "weather"]).await;
    assert_eq!(code, Some(0), "what was asked for is whole");
    let list: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(list["children"].as_array().map(Vec::len), Some(1));
    let tool = &list["tools"][0];
    assert_eq!(tool["name"], "weather_forecast");
    assert_eq!(tool["original"], "forecast");
    assert_eq!(tool["child"], "weather");
    assert_eq!(list["resources"][0]["original"], "app://settings");
    assert_eq!(
        list["resourceTemplates"][0]["original"],
        "weather://{city}/current"
    );
    assert_eq!(list["prompts"][0]["name"], "weather_report");

    let (code, _, told) = run_with(&config, "list", &["--child", "wether"]).await;
    assert_eq!(code, Some(2));
    assert!(told.contains("did you mean `weather`?"), "{told}");
}

#[tokio::test]
async fn call_takes_words_typed_by_the_schema_and_json() {
    for arguments in [
        &["city=Oslo", "days=2"][..],
        &["city=Oslo", "days:=2"],
        &[r#"{"city":"Oslo","days":2}"#],
    ] {
        let arguments = [&["weather_forecast", "--json"], arguments].concat();
        let result: Value =
            serde_json::from_str(&printed(run("call", &arguments).await)).expect("JSON");
        assert_eq!(
            result["structuredContent"],
            json!({ "temperatures": [4, 5] })
        );
    }
}

#[tokio::test]
async fn exit_codes_tell_failures_apart() {
    let failed = run("call", &["weather_forecast", "city=Basel"]).await;
    assert_eq!(failed.0, Some(1), "{failed:?}");
    assert!(failed.1.contains("no weather for Basel"), "{failed:?}");
    for (what, arguments, why) in [
        (
            "call",
            &["weather_forecats", "city=Oslo"][..],
            "did you mean `weather_forecast`?",
        ),
        (
            "call",
            &["weather_forecast", "days=two"],
            "`days` is a number, not `two`",
        ),
        (
            "call",
            &["weather_forecast", "Oslo"],
            "`Oslo` is no argument",
        ),
        ("call", &["weather_forecast", "{"], "no JSON object"),
        ("prompt", &["weather_none"], "(-32602)"),
        ("read", &["nowhere://x"], "error: "),
        ("complete", &["prompt", "weather_none", "city"], "error: "),
        ("completions", &["tcl"], "invalid value"),
    ] {
        let (code, printed, told) = run(what, arguments).await;
        assert_eq!(
            (code, printed.as_str()),
            (Some(2), ""),
            "{what} {arguments:?}: {told}"
        );
        assert!(told.contains(why), "{what} {arguments:?}: {told}");
    }
}

#[tokio::test]
async fn resources_prompts_and_completions_are_printed() {
    let uri = "weather://weather://oslo/current";
    let read = printed(run("read", &[uri]).await);
    assert_eq!(
        serde_json::from_str::<Value>(&read).expect("JSON")["temperature"],
        4
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("oslo.json");
    let path = file.to_str().expect("text");
    assert_eq!(printed(run("read", &[uri, "--output", path]).await), "");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), read);
    let raw: Value =
        serde_json::from_str(&printed(run("read", &[uri, "--json"]).await)).expect("JSON");
    assert_eq!(raw["contents"][0]["uri"], uri);

    let prompt = printed(run("prompt", &["weather_report", "city=Lima"]).await);
    assert_eq!(prompt, "user:\nWrite a short weather report for Lima.\n");

    for of in [
        &["prompt", "weather_report", "city", "l"][..],
        &[
            "resource",
            "weather://weather://{city}/current",
            "city",
            "l",
        ],
    ] {
        assert_eq!(printed(run("complete", of).await), "lima\nlondon\n");
    }
}

/// What needs no child starts none, and needs no file.
#[tokio::test]
async fn pages_and_versions_need_no_composition() {
    let lost = Config::new().child("lost", json!({ "command": "/no/such/program" }));
    let bash = printed(run_with(&lost, "completions", &["bash"]).await);
    assert!(
        bash.contains("mcp-compose") && bash.contains("uninstall"),
        "{bash}"
    );
    let man = printed(run_with(&lost, "man", &[]).await);
    assert!(man.contains(".TH"), "{man}");
    let version: Value =
        serde_json::from_str(&printed(run_with(&lost, "version", &["--json"]).await))
            .expect("JSON");
    assert_eq!(version["protocolVersions"][0], "2026-07-28");
}

#[tokio::test]
async fn a_composition_can_be_a_subcommand_of_a_program() {
    let program = example_program("command");
    let shop = async |arguments: &[&str]| ended(command(&program).args(arguments)).await;
    assert_eq!(printed(shop(&["prices"]).await), "jam 300\n");
    let called = ["mcp", "call", "price", "article=jam", "--surcharge", "10"];
    assert_eq!(printed(shop(&called).await), "330\n");
    let config = printed(shop(&["mcp", "install", "cursor", "--print"]).await);
    assert!(
        config.contains("\"mcp\"") && config.contains("\"--stdio\""),
        "{config}"
    );
    let zsh = printed(shop(&["mcp", "completions", "zsh"]).await);
    assert!(zsh.contains("surcharge") && zsh.contains("prices"), "{zsh}");
    let (code, _, told) = shop(&["mcp", "--stdio", "list"]).await;
    assert_eq!(code, Some(2), "{told}");
}
