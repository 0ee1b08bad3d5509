//! A server whose methods stand in several blocks.

use super::*;
use crate::server::call::Kind;

struct Shop<T> {
    sold: T,
}

/// Sells things.
#[mcp_server(name = "shop", parts(admin, reports))]
impl<T: Text> Shop<T> {
    /// Sell one.
    #[tool(destructive)]
    async fn sell(&self, what: String) -> String {
        format!("{what} {}", self.sold.text())
    }
}

trait Text: Send + Sync + 'static {
    fn text(&self) -> String;
}

impl Text for u8 {
    fn text(&self) -> String {
        self.to_string()
    }
}

mod admin {
    use super::*;

    #[mcp_server(part = admin)]
    impl<T: Text> Shop<T> {
        /// Close the shop.
        #[tool(destructive)]
        fn close(self: Arc<Self>, ctx: &Ctx) -> String {
            format!("closed {} {}", self.sold.text(), ctx.is_cancelled())
        }

        #[resource("shop://{shelf}")]
        fn shelf(&self, shelf: u8) -> String {
            format!("shelf {shelf}")
        }

        #[complete(shelf.shelf)]
        fn shelves(&self, partial: &str) -> Vec<String> {
            vec![format!("{partial}1")]
        }
    }
}

#[mcp_server(part = reports)]
impl<T: Text> Shop<T> {
    /// All sales.
    #[tool(read_only)]
    fn sales(&self) -> String {
        self.sold.text()
    }

    #[prompt]
    fn advise(&self, topic: String) -> String {
        topic
    }

    #[cfg(any())]
    #[prompt]
    fn absent(&self) -> Absent {}
}

async fn at_shop(method: &str, params: Value) -> Value {
    served(Shop { sold: 3_u8 }, method, params).await.unwrap()
}

#[tokio::test]
async fn all_blocks_are_one_server() {
    let server = LocalServer::new(Shop { sold: 3_u8 });
    assert_eq!(server.info().name, "shop");
    let names: Vec<Value> = server
        .lists()
        .tools
        .iter()
        .map(|tool| serde_json::from_str::<Value>(tool).unwrap()["name"].take())
        .collect();
    assert_eq!(names, ["sell", "close", "sales"]);
    for (name, arguments, answer) in [
        ("sell", json!({ "what": "a lamp" }), "a lamp 3"),
        ("close", json!({}), "closed 3 false"),
        ("sales", json!({}), "3"),
    ] {
        let params = json!({ "name": name, "arguments": arguments });
        assert_eq!(text(&at_shop("tools/call", params).await), answer);
    }
    let read = at_shop("resources/read", json!({ "uri": "shop://7" })).await;
    assert_eq!(read["contents"][0]["text"], "shelf 7");
    let ask = json!({ "name": "advise", "arguments": { "topic": "t" } });
    let asked = at_shop("prompts/get", ask).await;
    assert_eq!(asked["messages"][0]["content"]["text"], "t");
    let complete = json!({ "ref": { "type": "ref/resource", "uri": "shop://{shelf}" }, "argument": { "name": "shelf", "value": "2" } });
    let completed = at_shop("completion/complete", complete).await;
    assert_eq!(completed["completion"]["values"], json!(["21"]));
}

#[test]
fn the_names_of_all_blocks_are_known_to_the_compiler() {
    const NAMES: &crate::server::expansion::Names = <Shop<u8> as Server>::NAMES;
    assert_eq!(NAMES.own, [(Kind::Tool, "sell")]);
    let parts: Vec<_> = NAMES.parts.iter().map(|part| part.own).collect();
    assert_eq!(
        parts,
        [
            &[(Kind::Tool, "close"), (Kind::Resource, "shop://{shelf}")][..],
            &[(Kind::Tool, "sales"), (Kind::Prompt, "advise")][..],
        ]
    );
}
