// Where the header comes from, and which names it may have, is easily mixed up with `#[name]`.
#![allow(unused_variables)]
use mcp_compose::mcp_server;

struct Shop;

#[mcp_server]
impl Shop {
    /// Orders.
    #[tool]
    fn order(
        &self,
        #[header = "Region"] region: String,
        #[header = "region"] second: String,
        #[header = "Ship to"] third: String,
        #[header] fourth: String,
    ) {
    }

    /// Plans.
    #[prompt]
    fn plan(&self, #[header = "Topic"] topic: String) -> String {
        topic
    }
}

fn main() {}
