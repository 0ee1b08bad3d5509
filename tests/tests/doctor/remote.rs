//! Children behind HTTP.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect};
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic};
use serde_json::{Value, json};

use super::bed::check;

/// A server that answers nothing but this.
pub(super) async fn answering<R: IntoResponse>(
    answer: impl Fn() -> R + Send + Sync + 'static,
) -> HttpChild {
    let child = HttpChild::start(HttpScript::default()).await;
    child.answer_with(move |_, _| Some(answer().into_response()));
    child
}

/// A server that wants a token.
pub(super) async fn locked() -> HttpChild {
    let challenge = r#"Bearer resource_metadata="https://example.com/.well-known/x""#;
    answering(move || {
        let headers = [(header::WWW_AUTHENTICATE, challenge)];
        (StatusCode::UNAUTHORIZED, headers)
    })
    .await
}

/// Where nothing listens.
pub(super) fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    format!("http://{address}/mcp")
}

pub(super) async fn website() -> HttpChild {
    answering(|| Html("<h1>Welcome</h1>")).await
}

fn at(child: &HttpChild) -> Value {
    json!({ "url": child.url })
}

#[tokio::test]
async fn a_server_that_wants_credentials() {
    check("401", 1, at(&locked().await)).await;
}

#[tokio::test]
async fn a_server_that_refuses_the_token() {
    let child = locked().await;
    let headers = json!({ "Authorization": "Bearer hunter2-hunter2" });
    check(
        "401_token",
        1,
        json!({ "url": child.url, "headers": headers }),
    )
    .await;
}

#[tokio::test]
async fn a_server_that_wants_a_scope() {
    let child = answering(|| {
        let challenge = r#"Bearer error="insufficient_scope", scope="orders:read""#;
        (
            StatusCode::FORBIDDEN,
            [(header::WWW_AUTHENTICATE, challenge)],
        )
    })
    .await;
    let headers = json!({ "Authorization": "Bearer hunter2-hunter2" });
    check("403", 1, json!({ "url": child.url, "headers": headers })).await;
}

#[tokio::test]
async fn a_port_at_which_nothing_listens() {
    check("closed_port", 1, json!({ "url": closed() })).await;
}

#[tokio::test]
async fn a_host_that_is_not_known() {
    check(
        "unknown_host",
        1,
        json!({ "url": "https://no-such-host.invalid/mcp" }),
    )
    .await;
}

#[tokio::test]
async fn a_website() {
    check("website", 1, at(&website().await)).await;
}

#[tokio::test]
async fn a_wrong_path() {
    let child = HttpChild::start(HttpScript::default()).await;
    check(
        "wrong_path",
        1,
        json!({ "url": child.url.replace("/mcp", "/") }),
    )
    .await;
}

#[tokio::test]
async fn an_endpoint_that_takes_no_post() {
    let child = answering(|| StatusCode::METHOD_NOT_ALLOWED).await;
    check("no_post", 1, at(&child)).await;
}

#[tokio::test]
async fn a_redirect_to_elsewhere() {
    let child = answering(|| Redirect::permanent("https://example.com/mcp?key=hunter2")).await;
    check("redirect", 1, at(&child)).await;
}

#[tokio::test]
async fn a_server_that_is_down() {
    let child = answering(|| StatusCode::BAD_GATEWAY).await;
    check("502", 1, at(&child)).await;
}

#[tokio::test]
async fn a_server_that_is_well() {
    let script = basic(json!({ "page": 2 })).to_string();
    let child = HttpChild::start(HttpScript {
        script: serde_json::from_str(&script).expect("a script"),
        authorization: None,
    })
    .await;
    check("well", 0, at(&child)).await;
}
