//! A stdio child that does what the script in its first argument says.

use mcp_compose_tests::script::Script;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let script = std::env::args().nth(1).unwrap_or_else(|| "{}".to_owned());
    let script: Script =
        serde_json::from_str(&script).unwrap_or_else(|problem| panic!("the script: {problem}"));
    mcp_compose_tests::scripted::run_stdio(script).await;
}
