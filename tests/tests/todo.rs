//! The todo server of the examples, which has one of everything, with the official SDKs.

use mcp_compose_tests::aggregator::{Aggregator, example_over_stdio};
use mcp_compose_tests::clients::{Client, Scene, Target};

/// The checks of a scene with the todo server, besides those that every scene has.
const CHECKS: usize = 11;

async fn check(client: Client, target: &Target) {
    let scene = Scene {
        children: vec!["todo"],
        exposed: false,
    };
    let checks = client.check(target, &scene).await;
    let made = checks.iter().filter(|one| one.check.starts_with("todo_"));
    assert_eq!(made.count(), CHECKS, "{checks:#?}");
}

macro_rules! each_client {
    ($($http:ident $stdio:ident $client:ident;)*) => {$(
        #[tokio::test]
        async fn $http() {
            check(Client::$client, &Aggregator::example("todo").await.target()).await;
        }

        #[tokio::test]
        async fn $stdio() {
            check(Client::$client, &example_over_stdio("todo")).await;
        }
    )*};
}

each_client! {
    python_legacy_over_http python_legacy_over_stdio PythonLegacy;
    python_modern_over_http python_modern_over_stdio PythonModern;
    typescript_1_over_http typescript_1_over_stdio Ts1;
    typescript_2_legacy_over_http typescript_2_legacy_over_stdio Ts2Legacy;
    typescript_2_modern_over_http typescript_2_modern_over_stdio Ts2Modern;
}

/// What a person writes for all of this.
#[test]
fn it_is_at_most_75_lines() {
    let source = include_str!("../../examples/src/bin/todo.rs");
    let lines = source.lines().filter(|line| !line.trim().is_empty());
    let count = lines.count();
    assert!(count <= 75, "todo.rs has {count} lines that are not blank");
}
