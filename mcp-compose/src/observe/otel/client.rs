//! How what is exported is sent: by the HTTP client and the TLS that children are reached with.

use std::env;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;
use url::Url;

use crate::child::client_for;

/// How long a request may take, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What is read of an answer: hardly more than a status matters.
const MAX_ANSWER: usize = 64 * 1024;

/// Sends requests of exporters, which have threads of their own, on the runtime that made it.
#[derive(Debug, Clone)]
pub(super) struct Exporter {
    runtime: Handle,
    client: Arc<OnceLock<Result<reqwest::Client, Arc<str>>>>,
    timeout: Duration,
}

impl Exporter {
    pub(super) fn new() -> Self {
        let timeout = env::var("OTEL_EXPORTER_OTLP_TIMEOUT").ok();
        let timeout = timeout.and_then(|millis| Some(Duration::from_millis(millis.parse().ok()?)));
        Self {
            runtime: Handle::current(),
            client: Arc::default(),
            timeout: timeout.unwrap_or(TIMEOUT),
        }
    }

    async fn send(self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let url = Url::parse(&request.uri().to_string())?;
        let client = self.client.get_or_init(|| client_for(&url));
        let client = client.as_ref().map_err(|why| why.to_string())?;
        let mut answer = client.execute(request.try_into()?).await?;
        let mut body = BytesMut::new();
        while body.len() < MAX_ANSWER
            && let Some(chunk) = answer.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }
}

impl HttpClient for Exporter {
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let timeout = self.timeout;
        let sending = self.clone().send(request);
        // Nothing of tokio works on the threads of exporters.
        let sending = self
            .runtime
            .spawn(async move { tokio::time::timeout(timeout, sending).await });
        Box::pin(async move { sending.await?? })
    }
}
