//! What only shows when a server is mounted: types, which macros cannot see.

use std::{collections::BTreeMap, time::Duration};

use super::*;
use crate::Composition;

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Shape {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Deserialize, JsonSchema)]
struct Empty {}

struct Wrong;

#[mcp_server]
impl Wrong {
    /// Draws.
    #[tool(read_only)]
    fn draw(&self, #[args] shape: Shape) -> f64 {
        match shape {
            Shape::Circle { radius } => radius,
            Shape::Square { side } => side,
        }
    }

    /// Lists.
    #[tool(read_only)]
    fn list(&self, #[header = "Sizes"] sizes: Vec<f64>) -> usize {
        sizes.len()
    }

    /// Never has the time.
    #[tool(read_only, timeout = Duration::ZERO)]
    fn never(&self) {}

    /// Nothing is wrong with an object of any names.
    #[tool(read_only)]
    fn any(&self, #[args] all: BTreeMap<String, u8>) -> usize {
        all.len()
    }

    /// Nor with one of none.
    #[tool(read_only)]
    fn none(&self, #[args] _none: Empty) {}

    /// Nor with alternatives in an argument.
    #[tool(read_only)]
    fn shape(&self, _shape: Shape) {}
}

#[test]
fn mistakes_that_types_show_stop_the_start_and_are_all_told() {
    let composition = Composition::builder().local(Wrong).build();
    let told: Vec<_> = composition
        .check()
        .iter()
        .filter(|problem| problem.is_error())
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "_: the arguments of tool `draw` are a `mcp_compose::server::tests::problems::Shape`, which is no struct: clients take an object without alternatives only; put it into a field of a struct",
            "_: argument `sizes` of tool `list` cannot go into the header `Sizes`: only text, integers and booleans can",
            "_: tool `never` has no time to run: its timeout is zero",
        ]
    );
}

#[test]
fn arguments_are_an_object_with_properties() {
    let server = LocalServer::new(Wrong);
    for name in ["any", "none", "never", "shape"] {
        let schema = &listed(&server.lists().tools, name)["inputSchema"];
        assert_eq!(schema["type"], "object", "{name}");
        assert!(schema["properties"].is_object(), "{name}");
    }
}
