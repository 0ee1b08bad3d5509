//! The answers to `initialize` and `server/discover`: who this server is and what it relays.

use std::sync::Arc;

use super::client::{Client, Handshake};
use super::underway::MAX_HOPS;
use super::{Gateway, HELLO_GRACE, call, fault};
use crate::child::asks::{TASKS, UI};
use crate::child::handshake::Offers;
use crate::wire::message::ErrorObject;
use crate::wire::version::{ALL, Era, META_HOPS, META_SERVER_INFO, negotiate_legacy};
use crate::wire::{Object, Raw, json};

impl Gateway {
    /// `initialize`.
    pub(super) async fn initialize(
        &self,
        client: &Arc<Client>,
        params: &Object<'_>,
    ) -> Result<Raw, ErrorObject> {
        if client.legacy_version().is_some() {
            return Err(fault::invalid_params("`initialize` was answered before"));
        }
        let requested = call::required(params, "protocolVersion")?;
        let version = negotiate_legacy(&requested);
        self.introduce(client, Era::Legacy, params.get("capabilities"));
        // What is advertised is what the children offer, so far as they are known by then.
        self.settled_in(client.view(), HELLO_GRACE).await;
        let said = |key: &str| {
            params
                .get(key)
                .map(|value| Raw::from_json(value.to_owned()))
        };
        let handshake = Handshake {
            version,
            info: said("clientInfo"),
            capabilities: said("capabilities"),
        };
        if !client.greet(handshake) {
            return Err(fault::invalid_params("`initialize` was answered before"));
        }
        let catalog = client.view().catalog();
        let mut result = Object::default();
        result.set("protocolVersion", json::quote(version));
        result.set("capabilities", capabilities(&catalog.offers, Era::Legacy));
        result.set("serverInfo", catalog.server_info.as_str());
        let mut meta = Object::default();
        meta.set(META_HOPS, MAX_HOPS.to_string());
        result.set("_meta", meta.to_json());
        if let Some(instructions) = &catalog.instructions {
            result.set("instructions", json::quote(instructions));
        }
        Ok(result.to_raw())
    }

    /// `server/discover`.
    pub(super) async fn discover(&self, client: &Client) -> Raw {
        self.settled_in(client.view(), HELLO_GRACE).await;
        let catalog = client.view().catalog();
        let mut meta = Object::default();
        meta.set(META_SERVER_INFO, catalog.server_info.as_str());
        meta.set(META_HOPS, MAX_HOPS.to_string());
        let mut result = Object::default();
        result.set("resultType", "\"complete\"");
        result.set("supportedVersions", Raw::of(&ALL).as_str().to_owned());
        result.set("capabilities", capabilities(&catalog.offers, Era::Modern));
        if let Some(instructions) = &catalog.instructions {
            result.set("instructions", json::quote(instructions));
        }
        result.set("ttlMs", "0");
        result.set("cacheScope", "\"public\"");
        result.set("_meta", meta.to_json());
        result.to_raw()
    }
}

/// What is relayed, as `capabilities` says it.
fn capabilities(offers: &Offers, era: Era) -> String {
    let mut capabilities = Object::default();
    if offers.tools {
        capabilities.set("tools", r#"{"listChanged":true}"#);
    }
    if offers.prompts {
        capabilities.set("prompts", r#"{"listChanged":true}"#);
    }
    if offers.resources {
        let subscribe = if offers.subscribe {
            r#"{"subscribe":true,"listChanged":true}"#
        } else {
            r#"{"listChanged":true}"#
        };
        capabilities.set("resources", subscribe);
    }
    if offers.completions {
        capabilities.set("completions", "{}");
    }
    if offers.logging {
        capabilities.set("logging", "{}");
    }
    let mut extensions = Object::default();
    if offers.tasks && era == Era::Modern {
        extensions.set(TASKS, "{}");
    }
    if offers.ui {
        extensions.set(UI, "{}");
    }
    if !extensions.is_empty() {
        capabilities.set("extensions", extensions.to_json());
    }
    capabilities.to_json()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_advertised_where_a_child_has_them_and_the_era_knows_them() {
        let none = Offers::default();
        assert_eq!(capabilities(&none, Era::Modern), "{}");
        let both = Offers {
            tasks: true,
            ui: true,
            ..none
        };
        assert_eq!(
            capabilities(&both, Era::Modern),
            r#"{"extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/ui":{}}}"#
        );
        assert_eq!(
            capabilities(&both, Era::Legacy),
            r#"{"extensions":{"io.modelcontextprotocol/ui":{}}}"#
        );
    }
}
