//! The credentials of a request, and new ones where the server refuses them.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::shared::Shared;
use super::{config, failure};
use crate::child::CallerInfo;
use crate::wire::peer::Failure;

/// How long a provider may think about the headers of one request.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(30);

impl Shared {
    /// The static headers and those that are chosen for this request.
    pub(super) async fn credentials(
        &self,
        caller: Option<&CallerInfo>,
        method: &str,
    ) -> Result<HeaderMap, Failure> {
        self.choose(caller, method, false).await
    }

    /// Others than `refused`, which the server did not take from a request that was sent at `sent`. Parallel calls
    /// renew them once: whoever comes late is given what the first one got.
    pub(super) async fn renewed(
        &self,
        caller: Option<&CallerInfo>,
        method: &str,
        refused: &HeaderMap,
        sent: Instant,
    ) -> Result<Option<HeaderMap>, Failure> {
        if self.config.auth.is_none() {
            return Ok(None);
        }
        let renewals = &self.config.gate.renewals;
        // Never closed.
        let _turn = renewals.turn.acquire().await;
        let known = self.choose(caller, method, false).await?;
        if known != *refused {
            return Ok(Some(known));
        }
        if renewals.are_vain(refused, sent, Instant::now()) {
            return Ok(None);
        }
        let renewed = self.choose(caller, method, true).await;
        match renewed {
            Ok(renewed) if renewed != *refused => Ok(Some(renewed)),
            vain => {
                renewals.note(refused.clone(), Instant::now());
                vain.map(|_| None)
            }
        }
    }

    async fn choose(
        &self,
        caller: Option<&CallerInfo>,
        method: &str,
        refused: bool,
    ) -> Result<HeaderMap, Failure> {
        let mut headers = self.base.clone();
        let Some(auth) = &self.config.auth else {
            return Ok(headers);
        };
        // What belongs to no call is the session's own.
        let own = || CallerInfo {
            child: self.config.child.clone(),
            method: method.to_owned(),
            ..CallerInfo::default()
        };
        let mut caller = caller.cloned().unwrap_or_else(own);
        caller.refused = refused;
        let origin = &*self.origin;
        match tokio::time::timeout(PROVIDER_TIMEOUT, auth.headers(caller)).await {
            Ok(Ok(chosen)) => config::merge(&mut headers, chosen),
            Ok(Err(error)) => {
                tracing::warn!(origin, %error, "no credentials for a request");
                return Err(failure::no_credentials());
            }
            Err(_) => {
                tracing::warn!(origin, "no credentials for a request in time");
                return Err(failure::no_credentials());
            }
        }
        Ok(headers)
    }
}
