//! A stand-in for an OpenTelemetry collector: takes OTLP over HTTP in protobuf, and keeps it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use mcp_compose_tests::aggregator::Config;
use mcp_compose_tests::patiently;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, metric};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message;
use tokio::sync::Notify;

/// Attributes, by name, as text.
pub(super) type Attributes = BTreeMap<String, String>;

/// A span, as far as the tests look at it.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) kind: otlp::span::SpanKind,
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) parent: String,
    pub(super) links: Vec<String>,
    pub(super) attributes: Attributes,
    pub(super) failed: bool,
}

/// A point of a histogram.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) metric: String,
    pub(super) attributes: Attributes,
    pub(super) count: u64,
    pub(super) bounds: Vec<f64>,
}

#[derive(Default)]
struct Kept {
    spans: Mutex<Vec<Span>>,
    points: Mutex<Vec<Point>>,
    news: Notify,
}

/// The collector; it serves as long as the test's runtime.
pub(super) struct Collector {
    url: String,
    kept: Arc<Kept>,
}

impl Collector {
    pub(super) async fn start() -> Self {
        let kept = Arc::new(Kept::default());
        let app = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(metrics))
            .with_state(Arc::clone(&kept));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, kept }
    }

    /// The variables that have a composition of this name export to it at once.
    pub(super) fn variables(&self, service: &str) -> [(&'static str, String); 4] {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.url.clone()),
            ("OTEL_SERVICE_NAME", service.to_owned()),
            ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "50".to_owned()),
        ]
    }

    /// A composition of this name that exports to it.
    pub(super) fn config(&self, service: &str) -> Config {
        let variables = self.variables(service);
        let config = Config::new().traced();
        variables.iter().fold(config, |config, (name, value)| {
            config.environment(name, value)
        })
    }

    /// The spans of calls of this method, as soon as there are so many.
    pub(super) async fn spans(&self, method: &str, count: usize) -> Vec<Span> {
        patiently(
            "the spans",
            self.until(|kept| {
                let spans = kept.spans.lock().expect("not poisoned");
                let of = spans
                    .iter()
                    .filter(|span| span.attributes["mcp.method.name"] == method);
                let of: Vec<_> = of.cloned().collect();
                (of.len() >= count).then_some(of)
            }),
        )
        .await
    }

    /// A point of a histogram, as soon as there is one.
    pub(super) async fn point(&self, wanted: impl Fn(&Point) -> bool) -> Point {
        patiently(
            "the metric",
            self.until(|kept| {
                let points = kept.points.lock().expect("not poisoned");
                points.iter().find(|point| wanted(point)).cloned()
            }),
        )
        .await
    }

    async fn until<T>(&self, look: impl Fn(&Kept) -> Option<T>) -> T {
        loop {
            let mut news = std::pin::pin!(self.kept.news.notified());
            news.as_mut().enable();
            if let Some(found) = look(&self.kept) {
                return found;
            }
            news.await;
        }
    }
}

async fn traces(State(kept): State<Arc<Kept>>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("protobuf");
    for resource in request.resource_spans {
        let of = attributes(&resource.resource.unwrap_or_default().attributes);
        let spans = resource
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans);
        let spans = spans.map(|span| Span {
            service: of["service.name"].clone(),
            kind: span.kind(),
            name: span.name,
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
            attributes: attributes(&span.attributes),
            failed: span
                .status
                .is_some_and(|status| status.code == otlp::status::StatusCode::Error as i32),
        });
        kept.spans.lock().expect("not poisoned").extend(spans);
    }
    kept.news.notify_waiters();
}

async fn metrics(State(kept): State<Arc<Kept>>, body: Bytes) {
    let request = ExportMetricsServiceRequest::decode(body).expect("protobuf");
    let scopes = request
        .resource_metrics
        .into_iter()
        .flat_map(|resource| resource.scope_metrics);
    for metric in scopes.flat_map(|scope| scope.metrics) {
        let Some(metric::Data::Histogram(histogram)) = metric.data else {
            panic!("{} is no histogram", metric.name);
        };
        assert_eq!(metric.unit, "s");
        let points = histogram
            .data_points
            .into_iter()
            .map(|point: HistogramDataPoint| Point {
                metric: metric.name.clone(),
                attributes: attributes(&point.attributes),
                count: point.count,
                bounds: point.explicit_bounds,
            });
        kept.points.lock().expect("not poisoned").extend(points);
    }
    kept.news.notify_waiters();
}

fn attributes(pairs: &[KeyValue]) -> Attributes {
    let text = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.clone()) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    pairs
        .iter()
        .map(|pair| (pair.key.clone(), text(pair)))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
