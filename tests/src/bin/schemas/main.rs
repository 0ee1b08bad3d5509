//! A typed server with a tool for each kind of type, most of which give back what they are given.

mod types;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mcp_compose::prelude::*;
use mcp_compose::{Json, compose};
use serde_json::Value;
use types::*;

#[tokio::main]
async fn main() -> ExitCode {
    compose! { name = "schemas", _: Schemas }.run().await
}

struct Schemas;

macro_rules! echo {
    ($($name:ident: $type:ty;)*) => {
        #[mcp_server]
        impl Schemas {
            $(
                /// Give it back.
                #[tool(read_only)]
                fn $name(
                    &self,
                    /// What to give back.
                    value: $type,
                ) -> Json<$type> {
                    Json(value)
                }
            )*

            /// Nothing in, nothing out.
            #[tool(read_only)]
            fn no_arguments(&self) {}

            /// Arguments that may be left out.
            #[tool(read_only)]
            fn defaults(
                &self,
                #[default] number: u32,
                #[default = "metric"] unit: String,
                #[default = Shade::Dark] shade: Shade,
                #[default(vec![1, 2])] list: Vec<u8>,
            ) -> Defaults {
                Defaults { number, unit, shade, list }
            }

            /// All arguments as one type.
            #[tool(read_only)]
            fn whole(&self, #[args] all: Whole) -> Whole {
                all
            }

            /// All arguments as one type that contains itself.
            #[tool(read_only)]
            fn whole_tree(&self, #[args] all: Tree) -> Tree {
                all
            }

            /// All arguments as one type with others in it.
            #[tool(read_only)]
            fn whole_flattened(&self, #[args] all: Flattened) -> Flattened {
                all
            }

            /// A result whose members depend on one of them.
            #[tool(read_only)]
            fn tagged_result(&self, radius: f64) -> Internal {
                Internal::Circle { radius }
            }

            /// A result with such members among others.
            #[tool(read_only)]
            fn flattened_choice(&self, radius: f64) -> FlattenedChoice {
                let name = "round".to_owned();
                FlattenedChoice { name, shape: Internal::Circle { radius } }
            }

            /// A result whose members have any name.
            #[tool(read_only)]
            fn map_result(&self, key: String) -> HashMap<String, u8> {
                HashMap::from([(key, 1)])
            }
        }
    };
}

echo! {
    int8: i8;
    int16: i16;
    int32: i32;
    int64: i64;
    int128: i128;
    int_size: isize;
    uint8: u8;
    uint16: u16;
    uint32: u32;
    uint64: u64;
    uint128: u128;
    uint_size: usize;
    non_zero: std::num::NonZeroU8;
    float32: f32;
    float64: f64;
    boolean: bool;
    character: char;
    text: String;
    unit: ();
    option: Option<u8>;
    option_text: Option<String>;
    option_enum: Option<Shade>;
    option_struct: Option<Point>;
    option_list: Option<Vec<Option<u8>>>;
    nested_option: Option<Option<u8>>;
    list: Vec<String>;
    list_of_lists: Vec<Vec<i32>>;
    list_of_structs: Vec<Point>;
    array: [u8; 3];
    tuple: (String, u8);
    even_tuple: (f64, f64);
    hash_map: HashMap<String, u32>;
    tree_map: BTreeMap<String, Point>;
    number_map: BTreeMap<u32, String>;
    hash_set: HashSet<String>;
    tree_set: BTreeSet<u8>;
    unit_enum: Shade;
    documented_enum: Documented;
    external: External;
    internal: Internal;
    adjacent: Adjacent;
    untagged: Untagged;
    newtype: Newtype;
    newtype_struct: Wrapped;
    point: Point;
    nested: Nested;
    recursive: Tree;
    recursive_list: Vec<Tree>;
    flattened: Flattened;
    renamed: Renamed;
    skipped: Skipped;
    serde_defaults: SerdeDefaults;
    constrained: Constrained;
    formats: Formats;
    anything: Value;
    anything_list: Vec<Value>;
    object: serde_json::Map<String, Value>;
    duration: Duration;
    path: PathBuf;
    boxed: Box<Point>;
    shared: Arc<Point>;
    borrowed_text: Cow<'static, str>;
    generic: Page<Point>;
}
