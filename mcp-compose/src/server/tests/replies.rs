//! Results that are more than text, content or structured content, and errors of all kinds.

use std::fmt;

use super::*;
use crate::{Audio, Link};

/// As those of `anyhow` and the like: an error with a text, and not a `std::error::Error`.
struct Report {
    causes: Vec<&'static str>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            f.write_str(&self.causes.join(": "))
        } else {
            f.write_str(self.causes[0])
        }
    }
}

type Reported<T> = std::result::Result<T, Report>;

#[derive(Serialize, JsonSchema)]
struct TestResult {
    passed: u8,
}

struct Replies;

#[mcp_server]
impl Replies {
    /// A text for people, and numbers for programs.
    #[tool(read_only)]
    fn pair(&self) -> (String, Todo) {
        let todo = Todo {
            title: "t".into(),
            priority: 1,
            due: None,
        };
        ("one todo".into(), todo)
    }

    /// Content, and a list.
    #[tool(read_only)]
    fn pictures(&self) -> Result<(Vec<Content>, Vec<u8>)> {
        Ok((vec![Image::new([1], "image/png").into()], vec![1, 2]))
    }

    /// A type of the user's that is named like one of ours.
    #[tool(read_only)]
    fn named(&self) -> TestResult {
        TestResult { passed: 1 }
    }

    /// An alias of a result.
    #[tool(read_only)]
    fn alias(&self, good: bool) -> Reported<char> {
        if good {
            Ok('c')
        } else {
            Err(Report {
                causes: vec!["not good", "because it is bad"],
            })
        }
    }

    /// Nothing.
    #[tool(read_only)]
    fn nothing(&self) {}

    /// Sounds and pointers.
    #[tool(read_only)]
    fn others(&self, what: String) -> Result<Content> {
        Ok(match what.as_str() {
            "audio" => Audio::new([1], "audio/wav").into(),
            _ => Link::new("x://y", "y").into(),
        })
    }

    /// A result as rmcp has them.
    #[cfg(feature = "rmcp")]
    #[tool(read_only)]
    fn whole(&self) -> rmcp::model::CallToolResult {
        rmcp::model::CallToolResult::structured(json!({ "a": 1 }))
    }
}

async fn replied(name: &str, arguments: Value) -> Value {
    let params = json!({ "name": name, "arguments": arguments });
    served(Replies, "tools/call", params).await.unwrap()
}

#[tokio::test]
async fn content_and_structured_content_can_be_returned_together() {
    let result = replied("pair", json!({})).await;
    assert_eq!(text(&result), "one todo");
    assert_eq!(
        result["structuredContent"],
        json!({ "title": "t", "priority": 1, "due": null })
    );
    let result = replied("pictures", json!({})).await;
    assert_eq!(result["content"].as_array().unwrap().len(), 1);
    assert_eq!(result["content"][0]["type"], "image");
    assert_eq!(result["structuredContent"], json!({ "result": [1, 2] }));
    let server = LocalServer::new(Replies);
    let tools = &server.lists().tools;
    let schema = listed(tools, "pair");
    assert!(schema["outputSchema"]["properties"]["title"].is_object());
    let schema = listed(tools, "pictures");
    assert_eq!(
        schema["outputSchema"]["properties"]["result"]["type"],
        "array"
    );
}

#[tokio::test]
async fn types_are_told_by_what_they_are_and_not_by_their_names() {
    let result = replied("named", json!({})).await;
    assert_eq!(result["structuredContent"], json!({ "passed": 1 }));
    let result = replied("alias", json!({ "good": true })).await;
    assert_eq!(text(&result), "c");
    let result = replied("alias", json!({ "good": false })).await;
    assert_eq!(text(&result), "not good: because it is bad");
    assert_eq!(result["isError"], true);
}

#[tokio::test]
async fn content_of_every_kind() {
    assert_eq!(
        replied("nothing", json!({})).await,
        json!({ "content": [] })
    );
    let audio = replied("others", json!({ "what": "audio" })).await;
    assert_eq!(audio["content"][0]["type"], "audio");
    let link = replied("others", json!({ "what": "link" })).await;
    assert_eq!(link["content"][0]["type"], "resource_link");
}

#[cfg(feature = "rmcp")]
#[tokio::test]
async fn a_whole_result_is_relayed_as_it_is() {
    let result = replied("whole", json!({})).await;
    assert_eq!(result["structuredContent"], json!({ "a": 1 }));
    assert_eq!(text(&result), r#"{"a":1}"#);
}
