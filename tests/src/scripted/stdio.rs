//! A scripted child on its standard input and output.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use super::Child;
use crate::script::Script;

/// Serves until standard input ends.
pub async fn run(script: Script) {
    let mut stdout = tokio::io::stdout();
    for line in &script.noise {
        let _ = stdout.write_all(format!("{line}\n").as_bytes()).await;
    }
    let _ = stdout.flush().await;
    if let Some(code) = script.exit {
        std::process::exit(code);
    }
    let child = Child::new(script);
    let (out, mut messages) = mpsc::unbounded_channel::<String>();
    child.push_to(out.clone());
    tokio::spawn(async move {
        while let Some(message) = messages.recv().await {
            // Whoever reads may be gone; then standard input ends as well.
            let _ = stdout.write_all(message.as_bytes()).await;
            let _ = stdout.write_all(b"\n").await;
            let _ = stdout.flush().await;
        }
    });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let line = tokio::select! {
            biased;
            () = child.deaf().cancelled() => std::future::pending().await,
            line = lines.next_line() => line,
        };
        let Ok(Some(line)) = line else { break };
        let (child, out) = (child.clone(), out.clone());
        tokio::spawn(async move { child.handle(&line, &out).await });
    }
}
