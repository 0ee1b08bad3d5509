//! Type parameters need no bounds beyond those that the methods use.
#![deny(warnings)]
use mcp_compose::{Composition, compose, mcp_server};

struct Stored<D> {
    database: D,
}

#[mcp_server]
impl<D: Clone + IntoIterator> Stored<D>
where
    D::Item: Into<String>,
{
    /// Everything.
    #[tool(read_only)]
    fn all(&self) -> Vec<String> {
        self.database.clone().into_iter().map(Into::into).collect()
    }

    #[resource("stored://{index}")]
    async fn one(&self, index: usize) -> mcp_compose::Result<String> {
        let mut items = self.database.clone().into_iter();
        items
            .nth(index)
            .map(Into::into)
            .ok_or_else(|| mcp_compose::ToolError::new("no such item"))
    }
}

#[test]
fn a_generic_server_is_composed() {
    let database = vec!["a"];
    let _: Composition = compose! { _: Stored { database } };
}
