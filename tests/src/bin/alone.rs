//! Runs the static binary where there is nothing but itself: in an empty root, with a child over HTTPS and one over
//! stdio, and prints what it takes. Argument: the binary. `cargo xtask static` runs this.

use std::path::Path;

use mcp_compose_tests::process::{Lines, Process, command};
use mcp_compose_tests::raw::{MODERN, Raw};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, says, text, tool};
use mcp_compose_tests::system::resident_kib;
use mcp_compose_tests::tls::TlsFront;
use serde_json::{Value, json};

/// Calls of each child before memory is looked at again.
const CALLS: usize = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let binary = std::env::args().nth(1).expect("the path of the binary");
    let root = tempfile::tempdir().expect("a temporary folder");
    std::fs::copy(&binary, root.path().join("mcp-compose")).expect("it can be copied");

    let script = json!({ "tools": [tool("hello")], "calls": { "hello": says("over TLS") } });
    let script: Script = serde_json::from_str(&basic(script).to_string()).expect("a script");
    let child = HttpChild::start(HttpScript {
        script,
        authorization: None,
    })
    .await;
    let front = TlsFront::start(&child.url).await;
    std::fs::copy(front.authority(), root.path().join("ca.pem")).expect("it can be copied");
    // Nothing looks names up here.
    let url = front.url.replace("localhost", "127.0.0.1");
    let far = json!({ "url": url, "ca": "ca.pem" });
    configuration(root.path(), "inner.json", &json!({ "far": far }));
    // The only program that there is can be a child as well.
    let near = json!({
        "command": "/mcp-compose",
        "args": ["serve", "--config", "/inner.json", "--stdio"],
    });
    let children = json!({ "far": far, "near": near, "unknown": { "url": url } });
    configuration(root.path(), "outer.json", &children);

    let (process, url) = start(root.path()).await;
    let _said = Said(process.stderr().clone());
    let client = Raw::url(&url, MODERN, json!({})).await;
    client.listed("far_hello").await;
    client.listed("near_far_hello").await;
    let idle = resident_kib(process.pid());
    for _ in 0..CALLS {
        for tool in ["far_hello", "near_far_hello"] {
            assert_eq!(text(&client.call(tool, json!({})).await), "over TLS");
        }
    }
    let after = resident_kib(process.pid());
    // The list that it brings was read, since there is no other, and that authority is not in it.
    let params = json!({ "name": "unknown_hello", "arguments": {} });
    let refused = client.try_request("tools/call", params).await;
    let refused = refused.expect_err("nobody vouches for it").to_string();
    assert!(
        refused.contains("authority that is not trusted here"),
        "{refused}"
    );
    assert!(process.stop().await.success(), "SIGTERM ends it with 0");

    let size = std::fs::metadata(&binary).expect("it is there").len();
    #[allow(clippy::print_stdout)] // What it is for.
    {
        println!(
            "in an empty root: serves, calls a child over HTTPS and one over stdio, ends on SIGTERM"
        );
        println!("size: {:.1} MiB", size as f64 / f64::from(1 << 20));
        println!("resident, idle: {:.1} MiB", idle as f64 / 1024.0);
        println!(
            "resident, after {} calls: {:.1} MiB",
            2 * CALLS,
            after as f64 / 1024.0
        );
    }
}

/// Shows what the binary said, should anything go wrong.
struct Said(Lines);

impl Drop for Said {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0.all().join("\n"));
        }
    }
}

fn configuration(root: &Path, name: &str, children: &Value) {
    let text = json!({ "mcpServers": children }).to_string();
    std::fs::write(root.join(name), text).expect("it can be written");
}

/// Serves in the root, where it has no environment and no `/proc`.
async fn start(root: &Path) -> (Process, String) {
    // Root needs no namespace, and may be allowed none, as in a container.
    let mut line = if nix::unistd::geteuid().is_root() {
        let mut line = command("chroot");
        line.arg(root);
        line
    } else {
        let mut line = command("unshare");
        line.arg("--map-root-user").arg("--root").arg(root);
        line
    };
    line.args(["/mcp-compose", "serve", "--config", "/outer.json"])
        .args(["--http", "127.0.0.1:0"]);
    for name in ["HOME", "TMPDIR", "LANG"] {
        line.env_remove(name);
    }
    let mut process = Process::start(&mut line);
    let stderr = process.stderr().clone();
    let line = tokio::select! {
        line = stderr.find(|line| line.contains("http://127.0.0.1:")) => line,
        status = process.ended() => panic!("it ended ({status}): {}", stderr.all().join("\n")),
    };
    let at = line.find("http://").expect("found just now");
    let url = line[at..].split_whitespace().next().unwrap_or_default();
    (process, url.to_owned())
}
