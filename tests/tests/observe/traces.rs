use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, scripted, tool};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use crate::collector::{Collector, Span};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn traceparent() -> String {
    format!("00-{TRACE}-{SPAN}-01")
}

fn children() -> Value {
    basic(json!({
        "tools": [tool("fails"), tool("refuses")],
        "calls": {
            "echo": {},
            "fails": { "answer": { "result": { "content": [], "isError": true } } },
            "refuses": { "answer": { "error": { "code": -32050, "message": "no" } } },
        },
    }))
}

/// An aggregator over HTTP whose child is another one over stdio, both traced; and the folder of the latter.
async fn two_levels(collector: &Collector) -> (Aggregator, StdioCommand) {
    let inner = collector
        .config("inner")
        .child("leaf", scripted(children()));
    let inner = StdioCommand::new(&inner);
    let mut entry = inner.entry();
    let variables = collector.variables("inner").into_iter();
    entry["env"] = variables
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let outer = collector.config("outer").child("inner", entry);
    (Aggregator::http(&outer).await, inner)
}

fn only<'s>(spans: &'s [Span], service: &str, kind: SpanKind) -> &'s Span {
    let mut of = spans
        .iter()
        .filter(|span| span.service == service && span.kind == kind);
    let only = of
        .next()
        .unwrap_or_else(|| panic!("no {kind:?} of {service} in {spans:#?}"));
    assert_eq!(of.count(), 0, "{spans:#?}");
    only
}

fn has(span: &Span, wanted: &[(&str, &str)]) {
    for (name, value) in wanted {
        let found = span.attributes.get(*name).map(String::as_str);
        assert_eq!(found, Some(*value), "{name} of {span:#?}");
    }
}

#[tokio::test]
async fn a_call_through_two_levels_is_one_trace_of_four_spans() {
    for version in [LEGACY, MODERN] {
        let collector = Collector::start().await;
        let (outer, _folder) = two_levels(&collector).await;
        let client = Raw::http(&outer, version).await;
        client.listed("inner_leaf_echo").await;
        let meta =
            json!({ "traceparent": traceparent(), "tracestate": "vendor=1", "baggage": "user=7" });
        let call = json!({ "name": "inner_leaf_echo", "arguments": { "secret": "sesame" }, "_meta": meta });
        client.request("tools/call", call).await;

        let spans = collector.spans("tools/call", 4).await;
        assert_eq!(spans.len(), 4, "{spans:#?}");
        let road = [
            only(&spans, "outer", SpanKind::Server),
            only(&spans, "outer", SpanKind::Client),
            only(&spans, "inner", SpanKind::Server),
            only(&spans, "inner", SpanKind::Client),
        ];
        let mut parent = SPAN;
        for span in road {
            assert_eq!((&*span.trace, &*span.parent), (TRACE, parent), "{span:#?}");
            assert!(!span.failed, "{span:#?}");
            assert!(!format!("{span:?}").contains("sesame"), "{span:#?}");
            has(span, &[("gen_ai.operation.name", "execute_tool")]);
            assert!(
                span.attributes.contains_key("jsonrpc.request.id"),
                "{span:#?}"
            );
            assert!(!span.attributes.contains_key("error.type"), "{span:#?}");
            parent = &span.id;
        }
        let names: Vec<_> = road.iter().map(|span| &*span.name).collect();
        let expected = ["inner_leaf_echo", "leaf_echo", "leaf_echo", "echo"];
        assert_eq!(names, expected.map(|name| format!("tools/call {name}")));
        has(
            road[0],
            &[
                ("mcp.protocol.version", version),
                ("network.transport", "tcp"),
                ("gen_ai.tool.name", "inner_leaf_echo"),
            ],
        );
        has(
            road[1],
            &[
                ("mcp_compose.child", "inner"),
                ("network.transport", "pipe"),
            ],
        );
        has(
            road[2],
            &[
                ("network.transport", "pipe"),
                ("gen_ai.tool.name", "leaf_echo"),
            ],
        );
        has(
            road[3],
            &[
                ("mcp_compose.child", "leaf"),
                ("mcp.protocol.version", LEGACY),
            ],
        );

        // The leaf is told that its parent is the last of them; what we do not record passes.
        let arguments = json!({ "method": "tools/call", "count": 1 });
        let received = client.call("inner_leaf_received", arguments).await;
        let told = &received["structuredContent"]["messages"][0];
        let told = told.as_str().map_or_else(
            || told.clone(),
            |text| serde_json::from_str(text).expect("JSON"),
        );
        let meta = &told["params"]["_meta"];
        assert_eq!(
            meta["traceparent"],
            format!("00-{TRACE}-{}-01", road[3].id),
            "{told}"
        );
        assert_eq!(
            (&meta["tracestate"], &meta["baggage"]),
            (&json!("vendor=1"), &json!("user=7"))
        );

        for metric in [
            "mcp.server.operation.duration",
            "mcp.client.operation.duration",
        ] {
            let point = collector
                .point(|point| {
                    point.metric == metric && point.attributes.contains_key("gen_ai.tool.name")
                })
                .await;
            assert!(
                point.count >= 1
                    && point.bounds.first() == Some(&0.01)
                    && point.bounds.last() == Some(&300.0)
            );
            assert!(
                !point.attributes.contains_key("mcp.session.id")
                    && !point.attributes.contains_key("jsonrpc.request.id")
            );
        }
    }
}

#[tokio::test]
async fn calls_that_fail_say_how() {
    let collector = Collector::start().await;
    let config = collector.config("one").child("leaf", scripted(children()));
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    client.listed("leaf_fails").await;
    client.call("leaf_fails", json!({})).await;
    let params = |tool: &str| json!({ "name": tool, "arguments": {} });
    client
        .try_request("tools/call", params("leaf_refuses"))
        .await
        .expect_err("an error");
    client
        .try_request("tools/call", params("leaf_nothing"))
        .await
        .expect_err("an error");
    let spans = collector.spans("tools/call", 5).await;
    let of = |name: &str| {
        let of: Vec<_> = spans
            .iter()
            .filter(|span| span.name == format!("tools/call {name}"))
            .collect();
        assert_eq!(of.len(), 1, "{name}: {spans:#?}");
        assert!(of[0].failed, "{name}: {spans:#?}");
        of[0]
    };
    for name in ["leaf_fails", "fails"] {
        has(of(name), &[("error.type", "tool_error")]);
    }
    for name in ["leaf_refuses", "refuses"] {
        has(
            of(name),
            &[
                ("error.type", "-32050"),
                ("rpc.response.status_code", "-32050"),
            ],
        );
    }
    // A name that a client made up is no part of a span's name.
    let unknown = spans
        .iter()
        .find(|span| span.name == "tools/call")
        .expect("its span");
    has(
        unknown,
        &[
            ("gen_ai.tool.name", "leaf_nothing"),
            ("error.type", "-32602"),
        ],
    );
}

#[tokio::test]
async fn over_http_the_trace_goes_on_in_headers() {
    let collector = Collector::start().await;
    let script = serde_json::from_value(children()).expect("a script");
    let script = HttpScript {
        script,
        authorization: None,
    };
    let child = HttpChild::start(script).await;
    let config = collector
        .config("one")
        .child("leaf", json!({ "url": child.url }));
    let aggregator = Aggregator::http(&config).await;
    let mut client = Raw::http(&aggregator, LEGACY).await;
    client.listed("leaf_echo").await;
    client.set_header("traceparent", &traceparent());
    client.call("leaf_echo", json!({})).await;
    let spans = collector.spans("tools/call", 2).await;
    let server = only(&spans, "one", SpanKind::Server);
    assert_eq!(
        (&*server.trace, &*server.parent),
        (TRACE, SPAN),
        "{spans:#?}"
    );
    // What the message says comes first; the way that it came is a link then.
    let said = format!("00-{TRACE}-00f067aa0ba902b7-01");
    client
        .request("ping", json!({ "_meta": { "traceparent": said } }))
        .await;
    let pings = collector.spans("ping", 1).await;
    let ping = only(&pings, "one", SpanKind::Server);
    assert_eq!(ping.parent, "00f067aa0ba902b7");
    assert_eq!(ping.links, [SPAN]);
    let sent = only(&spans, "one", SpanKind::Client);
    let port = child
        .url
        .rsplit(':')
        .next()
        .and_then(|rest| rest.split('/').next());
    let port = port.expect("a port");
    has(
        sent,
        &[
            ("network.transport", "tcp"),
            ("server.address", "127.0.0.1"),
            ("server.port", port),
        ],
    );
    let traced = (
        "traceparent".to_owned(),
        format!("00-{TRACE}-{}-01", sent.id),
    );
    assert!(
        child
            .headers()
            .iter()
            .any(|headers| headers.contains(&traced)),
        "{:?}",
        child.headers()
    );
}

#[tokio::test]
async fn without_a_collector_a_trace_passes_as_it_is() {
    for config in [Config::new(), Config::new().traced()] {
        let aggregator = Aggregator::http(&config.child("leaf", scripted(children()))).await;
        let client = Raw::http(&aggregator, LEGACY).await;
        client.listed("leaf_received").await;
        let meta =
            json!({ "traceparent": traceparent(), "tracestate": "vendor=1", "baggage": "user=7" });
        let arguments = json!({ "method": "tools/call", "count": 1 });
        let call = json!({ "name": "leaf_received", "arguments": arguments, "_meta": meta });
        let received = client.request("tools/call", call).await;
        let told = &received["structuredContent"]["messages"][0];
        let told = told.as_str().map_or_else(
            || told.clone(),
            |text| serde_json::from_str(text).expect("JSON"),
        );
        for (key, value) in meta.as_object().expect("an object") {
            assert_eq!(&told["params"]["_meta"][key], value, "{told}");
        }
    }
}
