//! Lists without an end, and names that nobody has.

use mcp_compose_tests::scripted::tool;
use serde_json::{Value, json};

use super::{Bed, print, size};

fn page(cursor: &str) -> Value {
    let tool = tool("t{prints}");
    let page = format!(
        r#"{{"jsonrpc":"2.0","id":{{id}},"result":{{"tools":[{tool}],"nextCursor":"{cursor}"}}}}"#
    );
    json!({ "steps": [print(&format!("{page}\n"))], "answer": "nothing" })
}

#[tokio::test]
async fn a23_a_call_goes_by_the_list_as_it_is_now() {
    let swap = json!([{ "remove": { "tools": ["old"] } }, { "add": { "tools": [tool("new")] } }]);
    let script = json!({
        "tools": [tool("old"), tool("swap")],
        "calls": { "swap": { "steps": swap } },
    });
    let bed = Bed::new(script).await;
    bed.call("old").await.expect("it is there");
    bed.call("swap").await.expect("it is there");
    // Not known here yet: the child says itself that there is no such tool.
    bed.call("old").await.expect_err("it is gone");
    bed.client.listed("ns_new").await;
    let gone = bed.call("old").await.expect_err("it is gone");
    assert!(
        gone["message"]
            .as_str()
            .is_some_and(|said| said.contains("unknown tool `ns_old`")),
        "{gone}"
    );
    bed.call("new").await.expect("it is there");
}

#[tokio::test]
async fn a24_a_list_that_goes_round_in_circles_is_not_taken() {
    let script = json!({ "methods": { "tools/list": page("same") } });
    let bed = Bed::new(script).await;
    bed.logs("gave the same cursor twice").await;
    let names = bed.client.names("tools").await;
    assert!(
        names.iter().all(|name| name.starts_with("quiet_")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a24_a_list_that_goes_wrong_later_keeps_what_it_had() {
    let script = json!({
        "tools": [tool("old"), tool("spoil")],
        "prompts": [{ "name": "before" }],
        "calls": { "spoil": { "steps": [
            { "circle": "tools" },
            { "add": { "prompts": [{ "name": "after" }] } },
        ] } },
    });
    let bed = Bed::new(script).await;
    bed.call("spoil").await.expect("it is there");
    bed.logs("gave the same cursor twice").await;
    bed.client.listed_among("prompts", "ns_after").await;
    bed.call("old").await.expect("it is still there");
    assert!(
        bed.client
            .names("tools")
            .await
            .contains(&"ns_old".to_owned())
    );
}

#[tokio::test]
async fn a24_a_list_without_an_end_is_cut_off() {
    let script = json!({ "methods": { "tools/list": page("{prints}") } });
    let bed = Bed::new(script).await;
    bed.logs("has more than 100 pages").await;
    bed.client.listed("ns_t100").await;
    let names = bed.client.names("tools").await;
    assert_eq!(
        names.iter().filter(|name| name.starts_with("ns_")).count(),
        100
    );
}

#[tokio::test]
async fn a24_a_list_of_too_many_is_cut_off() {
    let script = json!({ "generated_tools": 10_100, "page": 1_000 });
    let bed = Bed::new(script).await;
    let memory = bed.memory();
    bed.client.listed("ns_tool_0000").await;
    let names = bed.client.names("tools").await;
    assert_eq!(
        names.iter().filter(|name| name.starts_with("ns_")).count(),
        10_000
    );
    assert_eq!(bed.logged("more than 10000 tools").len(), 1);
    assert_eq!(bed.logged("hide those that nobody needs").len(), 1);
    memory.rise("a24");
}

#[tokio::test]
async fn t29_names_that_nobody_has_leave_nothing_behind() {
    let bed = Bed::new(json!({})).await;
    let ask = async |from: u64, count: u64| {
        for n in from..from + count {
            bed.call(&format!("unknown_{n}"))
                .await
                .expect_err("there is none");
            let uri = json!({ "uri": format!("ns://unknown/{n}") });
            bed.client
                .try_request("resources/read", uri)
                .await
                .expect_err("there is none");
        }
    };
    ask(0, 300).await;
    let memory = bed.memory();
    let count = size("MCPC_UNKNOWN", 500);
    ask(300, count).await;
    assert!(memory.rise("t29") < 4 * 1024);
}
