//! Keys of the attributes that say how entries are listed.

use super::*;
use crate::{Icon, IconTheme};

struct Shown;

#[mcp_server(icons = "https://a/server.png", names = spec)]
impl Shown {
    /// Adds.
    #[tool(read_only, name = "sums.add", icons = Icon::new("https://a/add.svg").mime("image/svg+xml").size("any"))]
    fn add(&self) -> u8 {
        1
    }

    #[resource("x://y", icons = ["https://a/1.png", "https://a/2.png"])]
    fn read(&self) -> &'static str {
        "y"
    }

    #[prompt(icons = vec![Icon::new("data:,").size("1x1").size("2x2").theme(IconTheme::Dark)])]
    fn ask(&self) -> &'static str {
        "y"
    }
}

#[tokio::test]
async fn icons_are_listed_where_they_are_given() {
    let server = LocalServer::new(Shown);
    let lists = server.lists();
    assert_eq!(
        server.info().icons.as_deref(),
        Some(r#"[{"src":"https://a/server.png"}]"#)
    );
    assert_eq!(
        listed(&lists.tools, "sums.add")["icons"],
        json!([{ "src": "https://a/add.svg", "mimeType": "image/svg+xml", "sizes": ["any"] }])
    );
    assert_eq!(
        listed(&lists.resources, "read")["icons"],
        json!([{ "src": "https://a/1.png" }, { "src": "https://a/2.png" }])
    );
    assert_eq!(
        listed(&lists.prompts, "ask")["icons"],
        json!([{ "src": "data:,", "sizes": ["1x1", "2x2"], "theme": "dark" }])
    );
    assert_eq!(LocalServer::new(Todos::default()).info().icons, None);
}

#[tokio::test]
async fn a_name_of_the_specification_is_callable() {
    let call = json!({ "name": "sums.add" });
    let result = served(Shown, "tools/call", call).await.unwrap();
    assert_eq!(text(&result), "1");
}
