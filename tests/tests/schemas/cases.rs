//! What each tool of `src/bin/schemas` takes, gives and refuses.

use serde_json::{Value, json};

/// A tool and what it is called with.
pub(crate) struct Case {
    pub(crate) tool: &'static str,
    /// Arguments, and the structured result, if there is one.
    pub(crate) good: Vec<(Value, Option<Value>)>,
    pub(crate) bad: Vec<Value>,
    /// Arguments that only the schema refuses: the types know nothing of its bounds.
    pub(crate) out_of_bounds: Vec<Value>,
    /// Structured results that it never gives.
    pub(crate) impossible: Vec<Value>,
}

/// A tool that gives back its `value`, alone if it is `bare`, else as `result`.
fn echo<const G: usize, const B: usize>(
    tool: &'static str,
    bare: bool,
    good: [Value; G],
    bad: [Value; B],
) -> Case {
    let result = |value: Value| match bare {
        true => value,
        false => json!({ "result": value }),
    };
    let good = good.into_iter();
    Case {
        tool,
        good: good
            .map(|value| (json!({ "value": value }), Some(result(value))))
            .collect(),
        bad: bad.iter().map(|value| json!({ "value": value })).collect(),
        out_of_bounds: Vec::new(),
        impossible: bad.into_iter().map(result).collect(),
    }
}

fn wrapped<const G: usize, const B: usize>(
    tool: &'static str,
    good: [Value; G],
    bad: [Value; B],
) -> Case {
    echo(tool, false, good, bad)
}

fn bare<const G: usize, const B: usize>(
    tool: &'static str,
    good: [Value; G],
    bad: [Value; B],
) -> Case {
    echo(tool, true, good, bad)
}

/// As `wrapped`, for a value that may be left out and is `null` then.
fn optional(tool: &'static str, good: Value, bad: Value) -> Case {
    let mut case = wrapped(tool, [good], [bad]);
    case.good
        .push((json!({}), Some(json!({ "result": Value::Null }))));
    case
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = numbers();
    cases.extend(options());
    cases.extend(collections());
    cases.extend(enums());
    cases.extend(structs());
    cases.extend(wholes());
    cases
}

fn numbers() -> Vec<Case> {
    vec![
        wrapped(
            "int8",
            [json!(-128), json!(127)],
            [json!(128), json!(-129), json!("1")],
        ),
        wrapped("int16", [json!(-32768)], [json!(40000), json!(1.5)]),
        wrapped("int32", [json!(i32::MIN)], [json!(1.5), json!("1")]),
        wrapped("int64", [json!(i64::MIN)], [json!(1.5), json!("1")]),
        wrapped("int128", [json!(-1)], [json!(1.5), json!("1")]),
        wrapped("int_size", [json!(-1)], [json!(1.5), json!(true)]),
        wrapped("uint8", [json!(0), json!(255)], [json!(256), json!(-1)]),
        wrapped("uint16", [json!(65535)], [json!(65536), json!(-1)]),
        wrapped("uint32", [json!(u32::MAX)], [json!(-1), json!(1.5)]),
        wrapped("uint64", [json!(1)], [json!(-1), json!("1")]),
        wrapped("uint128", [json!(1)], [json!(-1), json!(1.5)]),
        wrapped("uint_size", [json!(1)], [json!(-1), json!(1.5)]),
        wrapped("non_zero", [json!(1)], [json!(0), json!(256)]),
        wrapped("float32", [json!(0.5)], [json!("0.5"), json!(null)]),
        wrapped("float64", [json!(-1.25e30)], [json!(true), json!([])]),
        wrapped("boolean", [json!(true), json!(false)], [json!(1)]),
        wrapped("character", [json!("ß")], [json!("ab"), json!("")]),
        wrapped("text", [json!("")], [json!(1), json!(null)]),
        wrapped("unit", [json!(null)], [json!(1)]),
    ]
}

fn options() -> Vec<Case> {
    let point = json!({ "x": 1, "y": 2 });
    vec![
        optional("option", json!(1), json!("1")),
        optional("option_text", json!("a"), json!(1)),
        optional("option_enum", json!("Dark"), json!("Grey")),
        optional("option_struct", point, json!({ "x": 1 })),
        optional("option_list", json!([1, 2]), json!(["1"])),
        optional("nested_option", json!(1), json!("1")),
    ]
}

fn collections() -> Vec<Case> {
    let point = json!({ "x": 1, "y": 2 });
    vec![
        wrapped(
            "list",
            [json!([]), json!(["a"])],
            [json!([1]), json!({ "0": "a" })],
        ),
        wrapped("list_of_lists", [json!([[1], []])], [json!([1])]),
        wrapped("list_of_structs", [json!([point])], [json!([{}])]),
        wrapped(
            "array",
            [json!([1, 2, 3])],
            [json!([1, 2]), json!([1, 2, 3, 4])],
        ),
        wrapped(
            "tuple",
            [json!(["a", 1])],
            [json!(["a"]), json!(["a", 1, 2]), json!([true, 1])],
        ),
        wrapped(
            "even_tuple",
            [json!([1.5, 2.5])],
            [json!([1.5]), json!(1.5)],
        ),
        bare(
            "hash_map",
            [json!({}), json!({ "a": 1 })],
            [json!({ "a": "1" })],
        ),
        bare("tree_map", [json!({ "a": point })], [json!({ "a": {} })]),
        bare("number_map", [json!({ "1": "a" })], [json!({ "1": 1 })]),
        wrapped("hash_set", [json!(["a"])], [json!([1])]),
        wrapped("tree_set", [json!([1, 2])], [json!([256])]),
        wrapped(
            "anything",
            [json!({ "a": [1] }), json!(true), json!([null])],
            [],
        ),
        wrapped("anything_list", [json!([1, "a", {}])], [json!(1)]),
        bare("object", [json!({ "a": null })], [json!([])]),
    ]
}

fn enums() -> Vec<Case> {
    let point = json!({ "x": 1, "y": 2 });
    vec![
        wrapped("unit_enum", [json!("Light")], [json!("light"), json!(1)]),
        wrapped("documented_enum", [json!("full_speed")], [json!("Slow")]),
        wrapped(
            "external",
            [
                json!("Nothing"),
                json!({ "Circle": { "radius": 1.5 } }),
                json!({ "Corner": point }),
                json!({ "Pair": [1, 2] }),
            ],
            [json!("Circle"), json!({ "Circle": {} }), json!({})],
        ),
        wrapped(
            "internal",
            [
                json!({ "kind": "nothing" }),
                json!({ "kind": "circle", "radius": 1.5 }),
                json!({ "kind": "corner", "x": 1, "y": 2 }),
            ],
            [json!({ "kind": "circle" }), json!({ "radius": 1.5 })],
        ),
        wrapped(
            "adjacent",
            [
                json!({ "kind": "Nothing" }),
                json!({ "kind": "Circle", "of": { "radius": 1.5 } }),
                json!({ "kind": "Text", "of": "a" }),
            ],
            [
                json!({ "kind": "Text", "of": 1 }),
                json!({ "kind": "Text" }),
            ],
        ),
        wrapped(
            "untagged",
            [json!(1), json!("a"), point],
            [json!(true), json!({ "x": 1 })],
        ),
    ]
}

fn structs() -> Vec<Case> {
    let point = json!({ "x": 1, "y": 2 });
    let leaf = json!({ "name": "leaf", "children": [], "best": null });
    let given = json!({ "name": "leaf", "children": [] });
    let tree = json!({ "name": "root", "children": [given], "best": given });
    let grown = json!({ "name": "root", "children": [leaf], "best": leaf });
    let nested = json!({
        "start": point,
        "end": point,
        "shade": "Dark",
        "by_name": { "a": [point] },
    });
    let formats = json!({
        "at": "2026-07-28T12:00:00Z",
        "id": "67e55044-10b1-426f-9247-bb680e5fe0c8",
        "link": "https://example.com/",
        "mail": "someone@example.com",
        "address": "127.0.0.1",
        "phone": "117",
    });
    vec![
        wrapped("newtype", [json!(1)], [json!(-1), json!([1])]),
        bare("newtype_struct", [point.clone()], [json!([point])]),
        bare(
            "point",
            [point.clone()],
            [json!({ "x": 1 }), json!({ "x": "1", "y": 2 })],
        ),
        bare(
            "nested",
            [nested],
            [
                json!({ "start": {}, "by_name": {} }),
                json!({ "start": point }),
            ],
        ),
        recursive("recursive", &tree, &grown),
        Case {
            tool: "recursive_list",
            good: vec![(
                json!({ "value": [tree] }),
                Some(json!({ "result": [grown] })),
            )],
            bad: vec![json!({ "value": [{ "name": "root" }] })],
            out_of_bounds: Vec::new(),
            impossible: vec![json!({ "result": [{ "name": "root" }] })],
        },
        bare(
            "flattened",
            [json!({ "name": "a", "x": 1, "y": 2 })],
            [json!({ "name": "a", "point": point })],
        ),
        bare(
            "renamed",
            [json!({ "firstName": "a", "type": "b" })],
            [
                json!({ "first_name": "a", "type": "b" }),
                json!({ "firstName": "a", "type": "b", "more": 1 }),
            ],
        ),
        bare(
            "skipped",
            [json!({ "kept": 1 }), json!({ "kept": 1, "perhaps": 2 })],
            [json!({ "perhaps": 2 })],
        ),
        bare(
            "serde_defaults",
            [json!({ "count": 1, "unit": "inch", "place": "here" })],
            [json!({ "count": "1" })],
        ),
        constrained(),
        bare("formats", [formats], [json!({ "at": "now" })]),
        bare(
            "duration",
            [json!({ "secs": 1, "nanos": 0 })],
            [json!("1s"), json!({ "secs": -1, "nanos": 0 })],
        ),
        wrapped("path", [json!("/etc")], [json!(1)]),
        bare("boxed", [point.clone()], [json!({})]),
        bare("shared", [point.clone()], [json!({})]),
        wrapped("borrowed_text", [json!("a")], [json!(1)]),
        Case {
            // What may be left out of a request is there in the result.
            good: vec![(
                json!({ "value": { "items": [point] } }),
                Some(json!({ "items": [point], "next": null })),
            )],
            ..bare("generic", [], [json!({ "items": point })])
        },
    ]
}

fn constrained() -> Case {
    let of = |stars: u8, code: &str, ticket: &str, tags: &[&str]| json!({ "stars": stars, "code": code, "ticket": ticket, "tags": tags });
    let good = of(10, "abcd", "abc-123", &["a"]);
    let outside = [
        of(11, "abcd", "abc-123", &["a"]),
        of(10, "a", "abc-123", &["a"]),
        of(10, "abcd", "123", &["a"]),
        of(10, "abcd", "abc-123", &[]),
    ];
    Case {
        out_of_bounds: outside
            .iter()
            .map(|value| json!({ "value": value }))
            .collect(),
        impossible: outside.to_vec(),
        ..bare("constrained", [good], [json!({ "stars": 10 })])
    }
}

fn recursive(tool: &'static str, tree: &Value, grown: &Value) -> Case {
    Case {
        tool,
        good: vec![(json!({ "value": tree }), Some(grown.clone()))],
        bad: vec![json!({ "value": { "name": "root", "children": [{}] } })],
        out_of_bounds: Vec::new(),
        impossible: vec![json!({ "name": "root", "children": [{}] })],
    }
}

fn wholes() -> Vec<Case> {
    let shape = json!({ "kind": "circle", "radius": 1.5 });
    let tree = json!({ "name": "root", "children": [] });
    let grown = json!({ "name": "root", "children": [], "best": null });
    vec![
        Case {
            tool: "no_arguments",
            good: vec![(json!({}), None)],
            bad: vec![json!({ "more": 1 })],
            out_of_bounds: Vec::new(),
            impossible: Vec::new(),
        },
        Case {
            tool: "defaults",
            good: vec![
                (
                    json!({}),
                    Some(json!({ "number": 0, "unit": "metric", "shade": "Dark", "list": [1, 2] })),
                ),
                (
                    json!({ "number": 1, "unit": "inch", "shade": "Light", "list": [] }),
                    Some(json!({ "number": 1, "unit": "inch", "shade": "Light", "list": [] })),
                ),
            ],
            bad: vec![json!({ "number": -1 }), json!({ "more": 1 })],
            out_of_bounds: Vec::new(),
            impossible: vec![json!({})],
        },
        Case {
            tool: "whole",
            good: vec![(
                json!({ "query": "a" }),
                Some(json!({ "query": "a", "limit": null, "shade": [] })),
            )],
            bad: vec![json!({}), json!({ "query": "a", "limit": "1" })],
            out_of_bounds: Vec::new(),
            impossible: vec![json!({ "query": 1 })],
        },
        Case {
            tool: "whole_tree",
            good: vec![(tree, Some(grown))],
            bad: vec![json!({ "name": "root", "children": [{}] })],
            out_of_bounds: Vec::new(),
            impossible: vec![json!({ "name": "root", "children": [{}] })],
        },
        Case {
            tool: "whole_flattened",
            good: vec![(
                json!({ "name": "a", "x": 1, "y": 2 }),
                Some(json!({ "name": "a", "x": 1, "y": 2 })),
            )],
            bad: vec![json!({ "name": "a", "x": 1 })],
            out_of_bounds: Vec::new(),
            impossible: vec![json!({ "name": "a", "x": 1 })],
        },
        Case {
            tool: "tagged_result",
            good: vec![(json!({ "radius": 1.5 }), Some(json!({ "result": shape })))],
            bad: vec![json!({})],
            out_of_bounds: Vec::new(),
            impossible: vec![json!({ "result": { "kind": "circle" } })],
        },
        Case {
            tool: "flattened_choice",
            good: vec![(
                json!({ "radius": 1.5 }),
                Some(json!({ "result": { "name": "round", "kind": "circle", "radius": 1.5 } })),
            )],
            bad: vec![json!({})],
            out_of_bounds: Vec::new(),
            impossible: vec![json!({ "result": { "name": "round", "kind": "circle" } })],
        },
        Case {
            tool: "map_result",
            good: vec![(json!({ "key": "a" }), Some(json!({ "a": 1 })))],
            bad: vec![json!({ "key": 1 })],
            out_of_bounds: Vec::new(),
            impossible: vec![json!({ "a": "1" })],
        },
    ]
}
