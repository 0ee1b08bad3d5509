//! The same for programs that use the library, whose log hears all of it.

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use mcp_compose::Composition;
use mcp_compose::child::{CallerInfo, HeaderMap, http, stdio};
use mcp_compose::test::{self, Protocol};
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic};
use serde_json::json;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt;

use super::assert_belongs;
use super::sinks::{Sinks, canary};

#[tokio::test]
async fn p13_neither_what_the_library_logs_nor_debug_shows_secrets() {
    for protocol in [Protocol::V2025_11_25, Protocol::V2026_07_28] {
        let log = Log::default();
        let writer = log.clone();
        let _heard = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .set_default();
        let script = basic(json!({})).to_string();
        let web = HttpChild::start(HttpScript {
            script: serde_json::from_str(&script).expect("a script"),
            authorization: Some(format!("Bearer {}", canary("static-token"))),
        })
        .await;
        let mut sinks = Sinks::default();
        let composition = composition(&web.url, &script, &mut sinks);
        let client = test::client(composition).protocol(protocol).await;
        let arguments = json!({ "secret": canary("argument") });
        for tool in ["web_echo", "pipe_echo"] {
            let said = client.call(tool, arguments.clone()).await;
            assert!(said.text().contains(&canary("argument")), "{said:?}");
        }
        for tool in ["gone_echo", "web_echo"] {
            web.fail_with(503);
            let lost = json!({ "secret": canary("failing-argument") });
            let said = client.call(tool, lost).await;
            assert!(said.is_error(), "{said:?}");
            sinks.add("errors", &format!("{said:?}"));
        }
        drop(client);
        assert!(log.text().contains("TRACE"), "{}", log.text());
        sinks.add("log", &log.text());
        assert_belongs(&sinks, "library");
    }
}

/// Has secrets in all of its options; what they and it show is kept.
fn composition(url: &str, script: &str, sinks: &mut Sinks) -> Composition {
    let token = async |_: CallerInfo| {
        let mut headers = HeaderMap::new();
        let token = format!("Bearer {}", canary("static-token"));
        headers.insert("authorization", token.parse().expect("a header's value"));
        Ok::<_, Infallible>(headers)
    };
    let web = http(url)
        .header("x-static", canary("static-header"))
        .auth(token);
    let (user, password, query) = (
        canary("url-user"),
        canary("url-password"),
        canary("url-query"),
    );
    let gone = http(format!(
        "http://{user}:{password}@127.0.0.1:9/mcp?key={query}#{query}"
    ))
    .optional();
    let locked = http(url).bearer(canary("refused-token")).optional();
    let pipe = stdio(binary("scripted_child"))
        .arg(script)
        .env("A", canary("env"));
    sinks.add("debug", &format!("{web:?} {gone:#?} {locked:?} {pipe:#?}"));
    let builder = Composition::builder()
        .child("web", web)
        .child("gone", gone)
        .child("locked", locked)
        .child("pipe", pipe);
    sinks.add("debug", &format!("{builder:#?}"));
    let composition = builder.build();
    sinks.add(
        "debug",
        &format!("{composition:?} {:?}", composition.check()),
    );
    composition
}

/// What was logged.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
