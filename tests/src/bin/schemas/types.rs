//! Types as people write them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place.
#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Point {
    /// From left to right.
    x: i32,
    y: i32,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) enum Shade {
    Light,
    Dark,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Documented {
    /// As fast as it can.
    FullSpeed,
    /// Easy.
    Slow,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) enum External {
    Nothing,
    Circle { radius: f64 },
    Corner(Point),
    Pair(u8, u8),
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Internal {
    Nothing,
    Circle { radius: f64 },
    Corner(Point),
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", content = "of")]
pub(crate) enum Adjacent {
    Nothing,
    Circle { radius: f64 },
    Text(String),
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Untagged {
    Number(u32),
    Text(String),
    Corner(Point),
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Newtype(u16);

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Wrapped(Point);

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Nested {
    /// Where it begins.
    start: Point,
    /// Where it ends, if it does.
    end: Option<Point>,
    shade: Option<Shade>,
    by_name: BTreeMap<String, Vec<Point>>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Tree {
    name: String,
    children: Vec<Tree>,
    /// The one that stands for it.
    best: Option<Box<Tree>>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Flattened {
    name: String,
    #[serde(flatten)]
    point: Point,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct FlattenedChoice {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) shape: Internal,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Renamed {
    first_name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Skipped {
    kept: u8,
    #[serde(skip)]
    _inner: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    perhaps: Option<u8>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct SerdeDefaults {
    #[serde(default)]
    count: u8,
    #[serde(default = "metric")]
    unit: String,
    #[serde(default)]
    place: Option<String>,
}

fn metric() -> String {
    "metric".to_owned()
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Constrained {
    #[schemars(range(min = 1, max = 10))]
    stars: u8,
    #[schemars(length(min = 2, max = 4))]
    code: String,
    #[schemars(regex(pattern = r"^[a-z]+-\d+$"))]
    ticket: String,
    #[schemars(length(min = 1))]
    tags: Vec<String>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Formats {
    #[schemars(extend("format" = "date-time"))]
    at: String,
    #[schemars(extend("format" = "uuid"))]
    id: String,
    #[schemars(url)]
    link: String,
    #[schemars(email)]
    mail: String,
    address: std::net::Ipv4Addr,
    /// No standard knows this one.
    #[schemars(extend("format" = "phone"))]
    phone: String,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Defaults {
    pub(crate) number: u32,
    pub(crate) unit: String,
    pub(crate) shade: Shade,
    pub(crate) list: Vec<u8>,
}

/// All arguments of a tool.
#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Whole {
    /// What to look for.
    query: String,
    limit: Option<u8>,
    #[serde(default)]
    shade: Vec<Shade>,
}
