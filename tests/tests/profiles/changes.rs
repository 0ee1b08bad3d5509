//! List changes and updates reach those whom they concern, and nobody else.

use mcp_compose_tests::raw::{Call, Raw};
use serde_json::json;

use super::{ERAS, aggregator, client};

const TOOLS: &str = "notifications/tools/list_changed";

/// A client that hears of changed tools, as its era does.
async fn watching(client: Raw) -> (Raw, Option<Call>) {
    let listening = client.listen(json!({ "toolsListChanged": true })).await;
    (client, listening)
}

#[tokio::test]
async fn changes_of_a_child_are_told_in_the_profiles_that_have_it() {
    for version in ERAS {
        let aggregator = aggregator().await;
        let whole = watching(Raw::http(&aggregator, version).await).await;
        let reading = watching(client(&aggregator, "reading", version).await).await;
        let docs = watching(client(&aggregator, "docs-only", version).await).await;
        let db = watching(client(&aggregator, "db-only", version).await).await;
        let nothing = watching(client(&aggregator, "nothing", version).await).await;

        whole.0.call("docs_grow", json!({})).await;
        for (client, _) in [&whole, &reading, &docs] {
            client.listed("docs_search_late").await;
            client.notifications(TOOLS, 1).await;
        }
        whole.0.call("db_grow", json!({})).await;
        for (client, _) in [&whole, &reading] {
            client.notifications(TOOLS, 2).await;
        }
        // What is told of `db` was told after all that was told of `docs`.
        db.0.notifications(TOOLS, 1).await;
        assert_eq!(docs.0.count(TOOLS), 1, "nothing of `db`");
        assert_eq!(nothing.0.count(TOOLS), 0);
        assert!(nothing.0.names("tools").await.is_empty());
        let names = db.0.names("tools").await;
        assert!(names.contains(&"db_search_late".to_owned()), "{names:?}");
        assert!(
            names.iter().all(|name| name.starts_with("db_")),
            "{names:?}"
        );
    }
}
