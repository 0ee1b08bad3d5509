//! What options do, as a client sees it.

use serde_json::{Value, json};

use super::{Composition, Prefix};
use crate::child::local;
use crate::test::{Client, Protocol, client};

struct Library;

/// Has books.
#[crate::mcp_server]
impl Library {
    /// Search the books.
    #[tool(read_only)]
    fn search(&self, title: String) -> String {
        format!("found {title}")
    }

    /// Throw a book away.
    #[tool(destructive)]
    fn discard(&self) {}

    /// Plan what to read.
    #[prompt]
    fn plan(&self) -> &'static str {
        "Plan."
    }

    /// Plan what to write.
    #[prompt]
    fn write(&self) -> &'static str {
        "Write."
    }

    #[resource("library://desk")]
    fn desk(&self) -> &'static str {
        "the desk"
    }

    #[resource("library://shelf")]
    fn shelf(&self) -> &'static str {
        "the shelf"
    }

    #[resource("library://books/{id}")]
    fn book(&self, id: u32) -> String {
        format!("book {id}")
    }
}

fn all_of(entries: &[Value], key: &str) -> Vec<String> {
    let names = entries
        .iter()
        .map(|entry| entry[key].as_str().expect("text").to_owned());
    names.collect()
}

async fn tools(client: &Client) -> Vec<String> {
    all_of(&client.list_tools().await, "name")
}

#[tokio::test]
async fn a_prefix_where_a_name_is_taken() {
    let client = client(
        Composition::builder()
            .child("a", local(Library).prefix(Prefix::OnConflict))
            .child(
                "b",
                local(Library).prefix(Prefix::OnConflict).hide(["discard"]),
            )
            .child(
                "c",
                local(Library)
                    .prefix(Prefix::Never)
                    .tools(["discard"])
                    .prompts([""; 0]),
            )
            .build(),
    )
    .await;
    let tools = tools(&client).await;
    assert_eq!(tools[..3], ["search", "discard", "b_search"]);
    assert!(
        tools[3].starts_with("discard_") && tools.len() == 4,
        "{tools:?}"
    );
    let prompts = all_of(&client.list_prompts().await, "name");
    assert_eq!(prompts, ["plan", "write", "b_plan", "b_write"]);
    let found = client.call("b_search", json!({"title": "x"})).await;
    assert_eq!(found.text(), "found x");
    // URIs have the namespace in any case.
    assert_eq!(client.read("c://library://desk").await.text(), "the desk");
}

#[tokio::test]
async fn prompts_and_resources_that_are_not_exposed_cannot_be_had() {
    let shown = || {
        local(Library)
            .prompts(["pl*"])
            .resources(["library://desk", "library://books/1*"])
    };
    for (namespace, uri, name) in [(Some("a"), "a://", "a_"), (None, "", "")] {
        let builder = Composition::builder();
        let client = client(match namespace {
            Some(namespace) => builder.child(namespace, shown()).build(),
            None => builder.local(shown()).build(),
        })
        .await;
        assert_eq!(
            all_of(&client.list_resources().await, "uri"),
            [format!("{uri}library://desk")]
        );
        // The template itself is not among those that are listed.
        assert_eq!(client.list_resource_templates().await.len(), 0);
        for (path, text) in [
            ("desk", Some("the desk")),
            ("books/17", Some("book 17")),
            ("shelf", None),
            ("books/2", None),
        ] {
            let read = client.read(&format!("{uri}library://{path}")).await;
            assert_eq!(
                read.code().is_none(),
                text.is_some(),
                "{namespace:?} {path}"
            );
            if let Some(text) = text {
                assert_eq!(read.text(), text);
            }
        }
        assert_eq!(
            all_of(&client.list_prompts().await, "name"),
            [format!("{name}plan")]
        );
        let hidden = client.prompt(&format!("{name}write"), json!({})).await;
        assert!(hidden.code().is_some());
    }
}

#[tokio::test]
async fn listed_tools_are_edited_by_a_function() {
    let client = client(
        Composition::builder()
            .child(
                "a",
                local(Library)
                    .describe("search", "Look for books.")
                    .map_tool(|mut tool| {
                        if tool["annotations"]["destructiveHint"] == true {
                            return None;
                        }
                        tool["name"] = "find".into();
                        tool["title"] = tool["description"].clone();
                        Some(tool)
                    }),
            )
            .local(local(Library).map_tool(|mut tool: Value| {
                tool["name"] = format!("own_{}", tool["name"].as_str().unwrap_or_default()).into();
                tool
            }))
            .build(),
    )
    .await;
    assert_eq!(
        tools(&client).await,
        ["a_find", "own_search", "own_discard"]
    );
    let listed = client.list_tools().await;
    assert_eq!(listed[0]["title"], "Search the books.");
    assert_eq!(listed[0]["description"], "Look for books.");
    for name in ["a_find", "own_search"] {
        assert_eq!(
            client.call(name, json!({"title": "x"})).await.text(),
            "found x"
        );
    }
    assert!(client.call("a_discard", json!({})).await.code().is_some());
}

#[tokio::test]
async fn a_struct_serves_its_children_and_calls_them() {
    crate::compose! {
        struct Backend(library: Library) {
            name = "backend",
            "the-library": library,
            #[cfg(any())]
            absent: nothing,
        }
    }
    let backend = Backend::new(Library);
    assert_eq!(backend.children().names(), ["the-library"]);
    backend.connect().await.expect("it is declared well");
    let found = backend
        .the_library
        .call("search", crate::args! { title: "x" })
        .await;
    assert_eq!(found.expect("it answers").text(), "found x");
    let client = client(backend.clone())
        .protocol(Protocol::V2025_11_25)
        .await;
    assert_eq!(client.server()["serverInfo"]["name"], "backend");
    assert_eq!(
        tools(&client).await,
        ["the-library_search", "the-library_discard"]
    );

    let title = "y";
    let own = crate::compose!(Own { books: Library, _: local(Library).hide(["discard"]) });
    let found = own.books.call("search", crate::args! { title }).await;
    assert_eq!(found.expect("it answers").text(), "found y");
    assert_eq!(format!("{:?}", own.children().names()), r#"["books"]"#);
}
