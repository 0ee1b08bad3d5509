//! What the answers of HTTP mean for a call.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use url::Url;

use super::breaker::Refused;
use super::throttle::retry_after;
use crate::wire::peer::{Cause, Delivered, Failure, Lost};

pub(super) use super::broken::{cause, lost, of_error};

/// The longest text of a server's that stands in a message of ours.
const MAX_QUOTED: usize = 200;

/// A status that is no success, where the body says nothing more. `target` is what the request was sent to, and
/// `credentials` whether there were any with it.
pub(super) fn of_status(
    status: StatusCode,
    headers: &HeaderMap,
    target: &Url,
    credentials: bool,
) -> Failure {
    let (cause, text, advice) = match status.as_u16() {
        300..=399 => (
            Cause::Protocol,
            redirected(status, headers, target),
            "use the final URL".into(),
        ),
        401 => {
            let (text, advice) = unauthorized(status, headers, credentials);
            (Cause::Auth, text, advice)
        }
        403 => (
            Cause::Auth,
            forbidden(status, headers),
            "use credentials that may do this".into(),
        ),
        404 | 410 => (
            Cause::Protocol,
            format!("the server has nothing at this URL (HTTP {status})"),
            "check the path of the URL: that of an MCP endpoint mostly ends in `/mcp`".into(),
        ),
        405 => (
            Cause::Protocol,
            format!("the server takes no POST at this URL (HTTP {status})"),
            "use the URL of the MCP endpoint; one of the older kind (HTTP+SSE) is not spoken"
                .into(),
        ),
        429 => (
            Cause::Overloaded,
            format!("the server wants fewer requests (HTTP {status})"),
            Cow::Borrowed(""),
        ),
        500.. => (
            Cause::Unavailable,
            format!("the server answered HTTP {status}"),
            "".into(),
        ),
        _ => (
            Cause::Protocol,
            format!("the server answered HTTP {status}"),
            "".into(),
        ),
    };
    let refused = !status.is_server_error() && status != StatusCode::REQUEST_TIMEOUT;
    let delivered = if refused {
        Delivered::No
    } else {
        Delivered::Maybe
    };
    Lost {
        retry_after: retry_after(headers, SystemTime::now()),
        advice: Some(advice).filter(|advice| !advice.is_empty()),
        ..Lost::new(cause, delivered, text)
    }
    .into()
}

/// Credentials for the request could not be had; nothing was sent.
pub(super) fn no_credentials() -> Failure {
    let reason = "no credentials could be obtained for this request";
    Lost::new(Cause::Auth, Delivered::No, reason)
        .advise("see what the log says of their provider")
        .into()
}

/// The server has asked for a pause that is longer than the call can wait; nothing was sent.
pub(super) fn unwelcome(after: Duration) -> Failure {
    let reason = format!(
        "the server wants fewer requests (HTTP 429), and none for another {:.0} s",
        after.as_secs_f32().ceil()
    );
    Lost {
        retry_after: Some(after),
        ..Lost::new(Cause::Overloaded, Delivered::No, reason)
    }
    .into()
}

/// The server has failed too often; nothing was sent.
pub(super) fn left_alone(refused: &Refused) -> Failure {
    let Refused {
        failures,
        why,
        after,
    } = refused;
    let reason = format!(
        "its last {failures} calls failed ({why}), so that none is sent for another {:.0} s",
        after.as_secs_f32().ceil()
    );
    Lost {
        retry_after: Some(*after),
        ..Lost::new(Cause::Unavailable, Delivered::No, reason)
    }
    .into()
}

/// Something answers at the URL that does not speak MCP: `what` it sent.
pub(super) fn no_endpoint(what: &str) -> Failure {
    let reason = format!("the server answered with {what}, not JSON or events");
    Lost::new(Cause::Protocol, Delivered::Maybe, reason)
        .advise("check that the URL is that of an MCP endpoint, which mostly ends in `/mcp`")
        .into()
}

/// The answer is not one: `what` the server sent instead.
pub(super) fn not_an_answer(what: &str) -> Failure {
    let reason = format!("the server answered with {what}");
    Lost::new(Cause::Protocol, Delivered::Maybe, reason).into()
}

/// The answer has more than `max` bytes.
pub(super) fn too_large(max: usize) -> Failure {
    let reason = format!("the answer is larger than the {max} bytes that are allowed");
    Lost::new(Cause::TooLarge, Delivered::Maybe, reason).into()
}

/// Of where it leads only the origin is told: paths and queries may hold keys.
fn redirected(status: StatusCode, headers: &HeaderMap, target: &Url) -> String {
    let location = headers
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| target.join(location).ok());
    let follows = matches!(status.as_u16(), 307 | 308);
    let text = match location {
        None => return format!("the server redirects without saying where (HTTP {status})"),
        Some(url) if url.origin() != target.origin() => {
            let origin: String = url.origin().ascii_serialization();
            let origin: String = origin.chars().take(MAX_QUOTED).collect();
            format!("to {origin}, where our credentials do not go")
        }
        Some(_) if follows => "more often than is followed".to_owned(),
        Some(_) => "in a way that changes the request".to_owned(),
    };
    format!("the server redirects {text} (HTTP {status})")
}

/// What is said of a 401, and what to do.
fn unauthorized(
    status: StatusCode,
    headers: &HeaderMap,
    credentials: bool,
) -> (String, Cow<'static, str>) {
    let scheme = headers
        .get(header::WWW_AUTHENTICATE)
        .and_then(|challenge| challenge.to_str().ok())
        .and_then(|challenge| challenge.split_ascii_whitespace().next())
        .filter(|scheme| scheme.len() <= 32 && scheme.chars().all(is_token));
    if credentials {
        let text = format!("the server refuses our credentials (HTTP {status})");
        return (text, "check those that are set for it".into());
    }
    let text = format!("the server wants credentials, and none are set for it (HTTP {status})");
    let advice = match scheme {
        Some(scheme) => format!("set its `Authorization` header: it asks for `{scheme}`").into(),
        None => "set its `Authorization` header".into(),
    };
    (text, advice)
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn forbidden(status: StatusCode, headers: &HeaderMap) -> String {
    match missing_scope(headers) {
        Some(Some(scope)) => format!(
            "our credentials lack the scope `{scope}`, which the server wants for this (HTTP {status})"
        ),
        Some(None) => format!(
            "our credentials lack a scope, which the server wants for this and does not name (HTTP {status})"
        ),
        None => format!("the server refuses this to our credentials (HTTP {status})"),
    }
}

/// The scope of an `insufficient_scope` challenge, if it is one and as far as it can be shown.
fn missing_scope(headers: &HeaderMap) -> Option<Option<String>> {
    headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find(|challenge| param(challenge, "error") == Some("insufficient_scope"))
        .map(|challenge| {
            let scope = param(challenge, "scope")?;
            let shown =
                |c: &char| c.is_ascii_graphic() && !matches!(c, '`' | '"' | '\\') || *c == ' ';
            let scope: String = scope.chars().filter(shown).take(MAX_QUOTED).collect();
            (!scope.is_empty()).then_some(scope)
        })
}

/// A parameter of a challenge, without its quotes.
fn param<'c>(challenge: &'c str, name: &str) -> Option<&'c str> {
    let mut rest = challenge;
    loop {
        // Behind a name, either a value or the next word of a scheme.
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find(['=', ' ', '\t', ','])?;
        let (word, behind) = rest.split_at(end);
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            rest = behind;
            continue;
        };
        let value = value.trim_start();
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find([' ', '\t', ',']).unwrap_or(value.len())),
        };
        if word.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn b02_the_scope_that_is_missing_is_read_from_the_challenge() {
        let long = format!(
            r#"Bearer error=insufficient_scope, scope="{}""#,
            "x".repeat(5000)
        );
        for (challenge, scope) in [
            (
                r#"Bearer error="insufficient_scope", scope="a:write""#,
                Some(Some("a:write")),
            ),
            (
                r#"bearer scope = "a b" ,ERROR=insufficient_scope"#,
                Some(Some("a b")),
            ),
            (
                r#"Basic realm="x, error=\"y", Bearer error=insufficient_scope,scope=a"#,
                Some(Some("a")),
            ),
            (r#"Bearer error="insufficient_scope""#, Some(None)),
            (
                r#"Bearer error="insufficient_scope", scope="``""#,
                Some(None),
            ),
            (&long, Some(Some(&"x".repeat(MAX_QUOTED)[..]))),
            (r#"Bearer error="invalid_token", scope="a""#, None),
            (r#"Bearer realm="error=insufficient_scope""#, None),
            (r#"Bearer error="insufficient_scope"#, None),
            ("Bearer", None),
            ("=,=,\"", None),
            ("", None),
        ] {
            let value = HeaderValue::from_str(challenge).unwrap();
            let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]);
            let read = missing_scope(&headers);
            let read = read.as_ref().map(Option::as_deref);
            assert_eq!(read, scope, "{challenge}");
        }
    }

    #[test]
    fn b11_only_the_origin_of_a_redirect_is_told() {
        let target = Url::parse("https://a.example/mcp").unwrap();
        for (code, location, told) in [
            (
                307,
                "https://b.example/x?key=hunter2",
                "to https://b.example,",
            ),
            (308, "http://a.example/mcp", "to http://a.example,"),
            (
                302,
                "//user:hunter2@b.example:8443/",
                "to https://b.example:8443,",
            ),
            (302, "/mcp/?key=hunter2", "changes the request"),
            (307, "/mcp", "more often"),
            (307, "file:///hunter2", "to null,"),
            (303, "https://", "without saying where"),
        ] {
            let value = HeaderValue::from_str(location).unwrap();
            let headers = HeaderMap::from_iter([(header::LOCATION, value)]);
            let status = StatusCode::from_u16(code).unwrap();
            let failure = of_status(status, &headers, &target, true);
            let Failure::Lost(lost) = failure else {
                panic!()
            };
            assert!(lost.reason.contains(told), "{location}: {}", lost.reason);
            assert!(!lost.reason.contains("hunter2"), "{}", lost.reason);
            assert_eq!(lost.delivered, Delivered::No);
        }
    }

    #[test]
    fn b01_what_a_server_wants_to_know_us_by_is_said() {
        let target = Url::parse("https://a.example/mcp").unwrap();
        for (challenge, credentials, told) in [
            (
                "Bearer resource_metadata=\"https://a.example/x\"",
                false,
                "the server wants credentials, and none are set for it (HTTP 401 Unauthorized); \
                 set its `Authorization` header: it asks for `Bearer`",
            ),
            (
                "<script>",
                false,
                "the server wants credentials, and none are set for it (HTTP 401 Unauthorized); \
                 set its `Authorization` header",
            ),
            (
                "Bearer",
                true,
                "the server refuses our credentials (HTTP 401 Unauthorized); \
                 check those that are set for it",
            ),
        ] {
            let value = HeaderValue::from_str(challenge).unwrap();
            let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]);
            let failure = of_status(StatusCode::UNAUTHORIZED, &headers, &target, credentials);
            let Failure::Lost(lost) = failure else {
                panic!()
            };
            assert_eq!(lost.to_string(), told);
            assert_eq!(lost.cause, Cause::Auth);
        }
    }
}
