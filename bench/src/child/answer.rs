//! What the child answers: one message in, zero or more newline-ended messages out.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::catalog;

const INVALID_PARAMS: (i32, &str) = (-32602, "invalid params");
const METHOD_NOT_FOUND: (i32, &str) = (-32601, "method not found");
const PARSE_ERROR: (i32, &str) = (-32700, "parse error");

/// More notifications than any measurement asks for; a bound, because the number comes from outside.
const MAX_BURST: u32 = 10_000;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CallParams<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Echo<'a> {
    #[serde(borrow)]
    text: &'a RawValue,
}

#[derive(Deserialize)]
struct Burst {
    n: u32,
}

/// Answers messages; holds the prepared list.
pub(super) struct Answerer {
    tools_result: Vec<u8>,
}

impl Answerer {
    pub(super) fn new(generated_tools: usize) -> Self {
        Self {
            tools_result: catalog::tools_result(generated_tools),
        }
    }

    /// Appends the answer to `out`, one message a line, and returns how many messages that is.
    pub(super) fn answer(&self, message: &[u8], out: &mut Vec<u8>) -> usize {
        let Ok(message) = serde_json::from_slice::<Message<'_>>(message) else {
            error(out, "null", PARSE_ERROR);
            return 1;
        };
        let (Some(id), Some(method)) = (message.id, message.method) else {
            return 0;
        };
        let id = id.get();
        match &*method {
            "tools/call" => return call(out, id, message.params),
            "tools/list" => result(out, id, &self.tools_result),
            "ping" => result(out, id, b"{}"),
            "initialize" => result(
                out,
                id,
                br#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"bench-child","version":"1"}}"#,
            ),
            _ => error(out, id, METHOD_NOT_FOUND),
        }
        1
    }
}

fn call(out: &mut Vec<u8>, id: &str, params: Option<&RawValue>) -> usize {
    let Some(call) = params.and_then(|p| serde_json::from_str::<CallParams<'_>>(p.get()).ok())
    else {
        error(out, id, INVALID_PARAMS);
        return 1;
    };
    let arguments = call.arguments.map_or("{}", RawValue::get);
    match &*call.name {
        "echo" => match serde_json::from_str::<Echo<'_>>(arguments) {
            Ok(echo) if echo.text.get().starts_with('"') => text_result(out, id, echo.text.get()),
            _ => error(out, id, INVALID_PARAMS),
        },
        "burst" => match serde_json::from_str::<Burst>(arguments) {
            Ok(Burst { n }) if n <= MAX_BURST => {
                let token = call.meta.and_then(|meta| meta.progress_token);
                let sent = token.map_or(0, |token| progress(out, token.get(), n));
                text_result(out, id, &format!("\"{n}\""));
                return sent + 1;
            }
            _ => error(out, id, INVALID_PARAMS),
        },
        _ => error(out, id, INVALID_PARAMS),
    }
    1
}

fn progress(out: &mut Vec<u8>, token: &str, n: u32) -> usize {
    for step in 1..=n {
        let notification = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{step},"total":{n}}}}}"#
        );
        out.extend_from_slice(notification.as_bytes());
        out.push(b'\n');
    }
    n as usize
}

fn text_result(out: &mut Vec<u8>, id: &str, text: &str) {
    begin(
        out,
        id,
        b"\"result\":{\"content\":[{\"type\":\"text\",\"text\":",
    );
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"}]}}\n");
}

fn result(out: &mut Vec<u8>, id: &str, result: &[u8]) {
    begin(out, id, b"\"result\":");
    out.extend_from_slice(result);
    out.extend_from_slice(b"}\n");
}

fn error(out: &mut Vec<u8>, id: &str, (code, message): (i32, &str)) {
    begin(out, id, b"\"error\":");
    out.extend_from_slice(format!(r#"{{"code":{code},"message":"{message}"}}}}"#).as_bytes());
    out.push(b'\n');
}

fn begin(out: &mut Vec<u8>, id: &str, key: &[u8]) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(id.as_bytes());
    out.push(b',');
    out.extend_from_slice(key);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answers(message: &Value) -> Vec<Value> {
        let mut out = Vec::new();
        let count = Answerer::new(1).answer(message.to_string().as_bytes(), &mut out);
        let lines: Vec<Value> = serde_json::Deserializer::from_slice(&out)
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("valid JSON");
        assert_eq!(lines.len(), count);
        lines
    }

    #[test]
    fn echo_returns_the_text_as_it_came() {
        let text = "a \"quoted\"\nline, and \u{e9}";
        let got = answers(
            &json!({"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"echo","arguments":{"text":text}}}),
        );
        assert_eq!(got[0]["id"], "x");
        assert_eq!(got[0]["result"]["content"][0]["text"], text);
    }

    #[test]
    fn burst_reports_progress_before_its_result_and_only_with_a_token() {
        let mut call = json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"burst","arguments":{"n":3},"_meta":{"progressToken":"t"}}});
        let got = answers(&call);
        let steps: Vec<_> = got[..3]
            .iter()
            .map(|m| m["params"]["progress"].clone())
            .collect();
        assert_eq!(steps, [1, 2, 3]);
        assert_eq!(got[3]["id"], 1);
        call["params"]["_meta"] = json!({});
        assert_eq!(answers(&call).len(), 1);
    }

    #[test]
    fn discover_is_unknown_and_notifications_get_nothing() {
        let got = answers(&json!({"jsonrpc":"2.0","id":1,"method":"server/discover"}));
        assert_eq!(got[0]["error"]["code"], -32601);
        assert!(answers(&json!({"jsonrpc":"2.0","method":"notifications/initialized"})).is_empty());
    }
}
