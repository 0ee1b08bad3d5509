//! Arguments in headers: what a client of ours sends, a server of ours takes, and nothing else.

use http::{HeaderMap, HeaderValue};

use super::{first_line, is_json};
use crate::wire::Object;
use crate::wire::param_headers::{ParamHeaders, decode_value, encode_value};

/// The first line is a tool's input schema, the second its arguments, the rest a header.
pub(super) fn headers(data: &[u8]) {
    let (schema, rest) = first_line(data);
    let (arguments, rest) = first_line(rest);
    if let Ok(value) = HeaderValue::from_bytes(rest) {
        let _ = decode_value(&value);
    }
    let text = String::from_utf8_lossy(rest);
    assert_eq!(decode_value(&encode_value(&text)).as_deref(), Some(&*text));

    let Ok(Some(rules)) = ParamHeaders::from_schema(&schema) else {
        return;
    };
    let sent: HeaderMap = rules.headers(&arguments).into_iter().collect();
    if !is_json(&arguments) || Object::parse(&arguments).is_err() {
        return;
    }
    rules
        .verify(&arguments, &sent)
        .expect("it says what the arguments say");
    for (name, value) in &sent {
        let decoded = decode_value(value).expect("we wrote it");
        let mut other = sent.clone();
        other.remove(name);
        rules
            .verify(&arguments, &other)
            .expect_err("one is missing");
        other.insert(name, encode_value(&format!("{decoded}x")));
        rules.verify(&arguments, &other).expect_err("one differs");
        let mut twice = sent.clone();
        twice.append(name, value.clone());
        rules
            .verify(&arguments, &twice)
            .expect_err("one stands twice");
    }
}
