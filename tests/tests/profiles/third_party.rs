//! The checks of the reference composition, by third-party clients, against a profile and against
//! children by themselves.

use mcp_compose_tests::aggregator::{Aggregator, Config, database, weather};
use mcp_compose_tests::clients::{Client, Scene, Target};
use serde_json::json;

use super::endpoint;

const CLIENTS: [Client; 5] = [
    Client::PythonLegacy,
    Client::PythonModern,
    Client::Ts1,
    Client::Ts2Legacy,
    Client::Ts2Modern,
];

#[tokio::test]
async fn clients_of_all_sdks_use_a_profile_and_a_child_by_itself() {
    let config = Config::new()
        .child("database", database())
        .child("weather", weather())
        .setting("profiles", json!({ "sky": { "children": ["weather"] } }))
        .setting("childEndpoints", json!(true));
    let aggregator = Aggregator::http(&config).await;
    for (name, children, exposed) in [
        ("sky", vec!["weather"], true),
        ("weather", vec!["weather"], false),
        ("database", vec!["database"], false),
    ] {
        let target = Target::Url(endpoint(&aggregator, name));
        let scene = Scene { children, exposed };
        for client in CLIENTS {
            client.check(&target, &scene).await;
        }
    }
}
