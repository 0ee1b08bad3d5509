//! What a scripted child under the namespace `ns` got.

use mcp_compose_tests::raw::Raw;
use serde_json::{Value, json};

/// The messages of this method that the child got, once there are `count` of them.
pub(crate) async fn got(watcher: &Raw, method: &str, count: usize) -> Vec<Value> {
    let arguments = json!({ "method": method, "count": count });
    let mut result = watcher.call("ns_received", arguments).await;
    let Value::Array(messages) = result["structuredContent"]["messages"].take() else {
        panic!("{result}")
    };
    messages
}

/// How many calls of a tool the child got, once there are `count` of them.
pub(crate) async fn calls(watcher: &Raw, tool: &str, count: usize) {
    let mut look = tokio::time::interval(std::time::Duration::from_millis(20));
    mcp_compose_tests::patiently(tool, async {
        loop {
            look.tick().await;
            let all = got(watcher, "tools/call", 0).await;
            let of_tool = all.iter().filter(|call| call["params"]["name"] == tool);
            if of_tool.count() >= count {
                return;
            }
        }
    })
    .await;
}
