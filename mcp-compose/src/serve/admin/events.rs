//! What changes on an open page: its live parts, sent again whenever they differ.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::time::{Interval, MissedTickBehavior};

use super::page;
use super::site::Site;
use crate::wire::json::quote;

/// How often it is looked whether anything differs.
const LOOK: Duration = Duration::from_millis(500);
/// Looks without a difference after which something is sent all the same, so that streams that broke are noticed.
const QUIET: u32 = 30;

/// One browser that is kept up to date.
struct Viewer {
    site: Arc<Site>,
    looks: Interval,
    /// What was sent last of each part.
    sent: [Arc<str>; page::PARTS.len()],
    _slot: tokio::sync::OwnedSemaphorePermit,
}

/// Sends the live parts of the page, each when it differs from what was sent before.
pub(super) async fn stream(State(site): State<Arc<Site>>) -> Response {
    let Ok(slot) = Arc::clone(&site.streams).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "30")]).into_response();
    };
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let viewer = Viewer {
        site,
        looks,
        sent: std::array::from_fn(|_| Arc::from("")),
        _slot: slot,
    };
    let events = stream::unfold(viewer, |mut viewer| async move {
        let event = viewer.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(event)), viewer))
    });
    let kind = [(CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(events)).into_response()
}

impl Viewer {
    /// The next events, together. `None` once the composition ends.
    async fn next(&mut self) -> Option<String> {
        for _ in 0..QUIET {
            tokio::select! {
                () = self.site.gateway.stopping().cancelled() => return None,
                _ = self.looks.tick() => {}
            }
            let mut events = String::new();
            for (part, sent) in page::PARTS.iter().zip(&mut self.sent) {
                let now = (part.render)(&self.site);
                if now != *sent {
                    let (id, html) = (quote(part.id), quote(&now));
                    events.push_str(&format!("data: {{\"id\":{id},\"html\":{html}}}\n\n"));
                    *sent = now;
                }
            }
            if !events.is_empty() {
                return Some(events);
            }
        }
        Some(": still here\n\n".to_owned())
    }
}
