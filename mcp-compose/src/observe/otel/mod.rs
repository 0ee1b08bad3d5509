//! Traces and metrics to an OpenTelemetry collector (OTLP over HTTP, protobuf), as the standard
//! variables `OTEL_*` say.
//!
//! Nothing is exported, and a request costs one look at a static, unless they name an endpoint or an
//! exporter. The SDK is called directly rather than through spans of `tracing`: those would cost
//! each call whether or not anybody listens.

mod client;
pub(super) mod spans;

use std::env;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, MeterProvider as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use self::client::Exporter;
use super::conventions::{CLIENT_DURATION, SERVER_DURATION};
use super::figures::BOUNDS_MS;

/// How long the end of the process may wait for the collector: clients that started us over stdio
/// give us little more.
const FLUSH: Duration = Duration::from_secs(2);

static EXPORTING: OnceLock<Exporting> = OnceLock::new();

/// What records, and where it goes.
#[derive(Debug)]
struct Exporting {
    tracer: SdkTracer,
    served: Histogram<f64>,
    sent: Histogram<f64>,
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
}

/// Starts exporting, if the environment asks for it; a composition of this name. Once in a process.
///
/// # Panics
/// Outside a tokio runtime.
pub(crate) fn start(name: &str) {
    let (traces, metrics) = (Signal::TRACES.is_wanted(), Signal::METRICS.is_wanted());
    if (!traces && !metrics) || EXPORTING.get().is_some() {
        return;
    }
    match Exporting::new(name, traces, metrics) {
        // Whoever was first stays.
        Ok(exporting) => drop(EXPORTING.set(exporting)),
        Err(why) => tracing::warn!("traces and metrics are not exported: {why}"),
    }
}

/// Hands over what was recorded, within a bound. Nothing is recorded after it.
pub(crate) async fn end() {
    let Some(exporting) = EXPORTING.get() else {
        return;
    };
    let flushing = tokio::task::spawn_blocking(|| {
        // Failures are told by the SDK itself, in the log.
        let _ = exporting.traces.shutdown_with_timeout(FLUSH);
        let _ = exporting.metrics.shutdown_with_timeout(FLUSH);
    });
    if tokio::time::timeout(FLUSH, flushing).await.is_err() {
        tracing::warn!(
            "the last traces and metrics were not taken within {} s",
            FLUSH.as_secs()
        );
    }
}

/// What can be exported.
struct Signal {
    exporter: &'static str,
    endpoint: &'static str,
}

impl Signal {
    const TRACES: Self = Self {
        exporter: "OTEL_TRACES_EXPORTER",
        endpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    };
    const METRICS: Self = Self {
        exporter: "OTEL_METRICS_EXPORTER",
        endpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    };

    /// Whether the environment says where it goes, or that it goes somewhere.
    fn is_wanted(&self) -> bool {
        let said = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        if said("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return false;
        }
        match said(self.exporter) {
            Some(exporter) => exporter == "otlp",
            None => said("OTEL_EXPORTER_OTLP_ENDPOINT")
                .or(said(self.endpoint))
                .is_some(),
        }
    }
}

impl Exporting {
    fn new(
        name: &str,
        traces: bool,
        metrics: bool,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let exporter = Exporter::new();
        let resource = resource(name);
        let mut spans = SdkTracerProvider::builder().with_resource(resource.clone());
        if traces {
            let exporter = exporter.clone();
            let exporter = SpanExporter::builder()
                .with_http()
                .with_http_client(exporter);
            spans = spans.with_batch_exporter(exporter.build()?);
        }
        let mut meters = SdkMeterProvider::builder().with_resource(resource);
        if metrics {
            let exporter = MetricExporter::builder()
                .with_http()
                .with_http_client(exporter);
            meters = meters.with_periodic_exporter(exporter.build()?);
        }
        let (traces, metrics) = (spans.build(), meters.build());
        let meter = metrics.meter("mcp-compose");
        Ok(Self {
            tracer: traces.tracer("mcp-compose"),
            served: histogram(
                &meter,
                SERVER_DURATION,
                "How long requests of clients took.",
            ),
            sent: histogram(&meter, CLIENT_DURATION, "How long calls of children took."),
            traces,
            metrics,
        })
    }
}

fn histogram(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    let bounds = BOUNDS_MS.map(|bound| bound as f64 / 1_000.0);
    let histogram = meter.f64_histogram(name).with_unit("s");
    let histogram = histogram.with_description(description);
    histogram.with_boundaries(bounds.to_vec()).build()
}

/// Who records: what the variables say, and else a composition of this name.
fn resource(name: &str) -> Resource {
    let named = env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty())
        || env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|all| all.contains("service.name="));
    let resource = Resource::builder();
    let resource = if named {
        resource
    } else {
        resource.with_service_name(name.to_owned())
    };
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    resource.with_attribute(version).build()
}
