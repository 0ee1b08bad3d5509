use tokio::runtime::Handle;

use super::*;
use crate::child::stdio;
use crate::{Result, mcp_server};

struct Shop;

#[mcp_server]
impl Shop {
    /// Look a price up.
    #[tool(read_only)]
    fn price(
        &self,
        /// What it is called.
        article: String,
    ) -> Result<u32> {
        Ok(u32::try_from(article.len())?)
    }

    /// Throw everything away, for good.
    #[tool(destructive)]
    fn throw_everything_away_that_is_older_than_a_week(&self) {}

    /// The prices of today.
    #[resource("prices://today")]
    fn today(&self) -> &'static str {
        "none"
    }
}

async fn offer(optional: bool) -> Offer {
    let missing = stdio("no-such-program-\u{1b}[2J");
    let composition = Composition::builder()
        .name("factory")
        .child("shop", Shop)
        .child(
            "lost",
            if optional {
                missing.optional()
            } else {
                missing
            },
        )
        .build();
    let gateway = Gateway::start(composition, Handle::current());
    let offer = offered(&gateway).await;
    gateway.stop().await;
    offer
}

fn printed(offer: &Offer, json: bool) -> (String, bool) {
    let mut out = Vec::new();
    let whole = print(offer, json, true, &mut out).is_ok();
    (String::from_utf8(out).expect("text"), whole)
}

#[tokio::test]
async fn everything_is_shown_with_its_owner_and_who_is_down_with_the_reason() {
    let (text, whole) = printed(&offer(false).await, false);
    assert_eq!(text, include_str!("expected.txt"));
    assert!(!whole, "what a child would offer is missing");
    assert!(printed(&offer(true).await, false).1);
}

#[tokio::test]
async fn json_has_the_owner_and_the_definition() {
    let (text, _) = printed(&offer(false).await, true);
    let offer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let tool = &offer["tools"][0];
    assert_eq!(tool["name"], "shop_price");
    assert_eq!(tool["child"], "shop");
    assert_eq!(tool["original"], "price");
    assert_eq!(tool["length"], 10);
    assert_eq!(tool["hints"], serde_json::json!(["read-only"]));
    assert_eq!(tool["definition"]["name"], "shop_price");
    let sum: u64 = offer["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .filter_map(|tool| tool["tokens"].as_u64())
        .sum();
    assert_eq!(offer["tokens"], sum);
    assert_eq!(offer["children"][0]["tokens"], sum);
    assert_eq!(offer["children"][1]["status"], "down");
    assert_eq!(offer["resources"][0]["original"], "prices://today");
}

#[tokio::test]
async fn one_child_alone_can_be_shown() {
    let mut offer = offer(false).await;
    offer.retain(&["shop".to_owned()]);
    let (text, whole) = printed(&offer, false);
    assert!(whole && !text.contains("lost"), "{text}");
}
