//! Requests as bytes: everything but the id is prepared before the clock runs.

use std::io::Write;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

/// Which protocol the client speaks to the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Era {
    /// 2025-11-25: `initialize` and a session.
    Legacy,
    /// 2026-07-28: stateless, `_meta` and headers on every request.
    Modern,
}

impl Era {
    /// The version that the client names.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }
}

/// One request, ready but for its id.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Header lines that this request needs beyond those of its connection.
    pub(super) headers: String,
    after_id: Vec<u8>,
    /// An answer with fewer bytes cannot be right.
    pub(super) least_answer: usize,
}

impl Request {
    /// Any method, with these params.
    pub(crate) fn new(era: Era, method: &str, mut params: Map<String, Value>) -> Self {
        let mut headers = String::new();
        if era == Era::Modern {
            headers.push_str(&format!("mcp-method: {method}\r\n"));
            if let Some(name) = params.get("name").and_then(Value::as_str) {
                headers.push_str(&format!("mcp-name: {name}\r\n"));
            }
            let meta = params.entry("_meta").or_insert_with(|| json!({}));
            meta["io.modelcontextprotocol/protocolVersion"] = era.version().into();
            meta["io.modelcontextprotocol/clientInfo"] = client_info();
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        let params = Value::Object(params);
        Self {
            headers,
            after_id: format!(r#","method":"{method}","params":{params}}}"#).into_bytes(),
            least_answer: 0,
        }
    }

    /// `initialize` of a client without capabilities.
    pub(crate) fn initialize() -> Self {
        let params = json!({
            "protocolVersion": Era::Legacy.version(), "capabilities": {}, "clientInfo": client_info()
        });
        Self::new(Era::Legacy, "initialize", object(params))
    }

    /// A call of the child's echo tool.
    pub(crate) fn echo(era: Era, tool: &str, text: &str) -> Self {
        let params = json!({"name": tool, "arguments": {"text": text}});
        let mut request = Self::new(era, "tools/call", object(params));
        request.least_answer = text.len();
        request
    }

    /// A call that reports progress `n` times right before its result.
    pub(crate) fn burst(era: Era, tool: &str, n: u32) -> Self {
        let params =
            json!({"name": tool, "arguments": {"n": n}, "_meta": {"progressToken": "burst"}});
        Self::new(era, "tools/call", object(params))
    }

    /// One page of the tool list.
    pub(crate) fn list_tools(era: Era, cursor: Option<&str>) -> Self {
        let params = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
        Self::new(era, "tools/list", object(params))
    }

    /// Appends the message with this id.
    pub(crate) fn write(&self, id: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        let _ = write!(out, "{id}");
        out.extend_from_slice(&self.after_id);
    }

    /// How long the message with this id is.
    pub(super) fn length(&self, id: u64) -> usize {
        b"{\"jsonrpc\":\"2.0\",\"id\":".len()
            + id.checked_ilog10().unwrap_or(0) as usize
            + 1
            + self.after_id.len()
    }
}

/// What one measured call consists of.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// One request.
    Once(Request),
    /// The tool list, all its pages.
    List(Era),
}

/// Text of this many bytes with quotes, line breaks and a non-ASCII letter now and then, as real results have them.
pub(crate) fn payload(bytes: usize) -> String {
    const SAMPLE: &str = "The \"quick\" brown fox read 42 lines of log\nand caf\u{e9} menus; nothing was out of the usual. ";
    let mut text = SAMPLE.repeat(bytes / SAMPLE.len() + 1);
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.extend(std::iter::repeat_n('.', bytes - end));
    text
}

fn client_info() -> Value {
    json!({"name": "mcp-compose-bench", "version": env!("CARGO_PKG_VERSION")})
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_exactly_the_bytes_asked_for() {
        for bytes in [0, 1, 55, 56, 57, 100, 10_000] {
            assert_eq!(payload(bytes).len(), bytes);
        }
    }

    #[test]
    fn the_length_is_that_of_the_written_message() {
        let request = Request::echo(Era::Modern, "bench_echo", "hi");
        for id in [0, 9, 10, 12_345] {
            let mut out = Vec::new();
            request.write(id, &mut out);
            assert_eq!(out.len(), request.length(id));
            let message: Value = serde_json::from_slice(&out).expect("valid JSON");
            assert_eq!(message["id"], id);
        }
    }

    #[test]
    fn modern_requests_carry_their_headers_and_meta() {
        let request = Request::burst(Era::Modern, "burst", 2);
        assert!(
            request
                .headers
                .contains("mcp-method: tools/call\r\nmcp-name: burst\r\n")
        );
        let mut out = Vec::new();
        request.write(1, &mut out);
        let message: Value = serde_json::from_slice(&out).expect("valid JSON");
        let meta = &message["params"]["_meta"];
        assert_eq!(meta["progressToken"], "burst");
        assert_eq!(
            meta["io.modelcontextprotocol/protocolVersion"],
            "2026-07-28"
        );
    }
}
