//! `version`: what this is, and what it speaks.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use super::Failure;
use crate::wire::version::ALL;

/// Arguments of `version`.
#[derive(Debug, Args)]
pub(super) struct VersionArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version<'a> {
    name: &'a str,
    version: &'a str,
    /// Of the library.
    mcp_compose: &'static str,
    /// Newest first.
    protocol_versions: [&'static str; ALL.len()],
    features: Vec<&'static str>,
}

pub(super) fn run(args: &VersionArgs, name: &str, version: &str) -> Result<(), Failure> {
    show(args, name, version, &mut io::stdout())
}

fn show(
    args: &VersionArgs,
    name: &str,
    version: &str,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let features = [
        ("admin", cfg!(feature = "admin")),
        ("mimalloc", cfg!(feature = "mimalloc")),
        ("otel", cfg!(feature = "otel")),
        ("rmcp", cfg!(feature = "rmcp")),
    ];
    let version = Version {
        name,
        version,
        mcp_compose: env!("CARGO_PKG_VERSION"),
        protocol_versions: ALL,
        features: features.iter().filter(|it| it.1).map(|it| it.0).collect(),
    };
    if args.json {
        let json = serde_json::to_string_pretty(&version);
        let json = json.map_err(|error| Failure::Failed(error.to_string()))?;
        return Ok(writeln!(out, "{json}")?);
    }
    let none = || "none".to_owned();
    let features = Some(version.features.join(", ")).filter(|it| !it.is_empty());
    writeln!(
        out,
        "{} {}\nmcp-compose {}\nprotocol {}\nfeatures {}",
        version.name,
        version.version,
        version.mcp_compose,
        version.protocol_versions.join(", "),
        features.unwrap_or_else(none)
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_versions_are_told() {
        let shown = |json| {
            let mut out = Vec::new();
            show(&VersionArgs { json }, "factory", "1.2.3", &mut out).expect("shown");
            String::from_utf8(out).expect("text")
        };
        assert!(shown(false).starts_with("factory 1.2.3\nmcp-compose "));
        let json: serde_json::Value = serde_json::from_str(&shown(true)).expect("JSON");
        assert_eq!(json["version"], "1.2.3");
        assert_eq!(json["protocolVersions"][0], "2026-07-28");
    }
}
