//! A connection of one's own as a child: JSON-RPC over TCP, a message a line. Here it leads to a server that is written
//! by hand; without macros for the composition.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin connection -- call counter_next
//! ```

use std::error::Error;
use std::io;
use std::process::ExitCode;

use mcp_compose::Composition;
use mcp_compose::child::{Transport, session};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    tokio::spawn(async move { count(Tcp::over(listener.accept().await?.0)).await });

    let counter = session(Tcp::over(stream));
    let composition = Composition::builder().name("connection");
    Ok(composition.child("counter", counter).build().run().await)
}

struct Tcp(Lines<BufReader<OwnedReadHalf>>, OwnedWriteHalf);

impl Tcp {
    fn over(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Tcp(BufReader::new(reader).lines(), writer)
    }
}

impl Transport for Tcp {
    async fn send(&mut self, message: String) -> io::Result<()> {
        self.1.write_all(format!("{message}\n").as_bytes()).await
    }

    async fn receive(&mut self) -> io::Result<Option<String>> {
        // Keeps what it has read of a line when it is dropped.
        self.0.next_line().await
    }
}

/// The least that an MCP server can be.
async fn count(mut client: Tcp) -> io::Result<()> {
    let mut count = 0;
    while let Some(line) = client.receive().await? {
        let request: Value = serde_json::from_str(&line)?;
        let result = match request["method"].as_str() {
            Some("initialize") => json!({
                "protocolVersion": "2025-11-25",
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "counter", "version": "1.0.0" },
            }),
            Some("tools/list") => json!({
                "tools": [{ "name": "next", "inputSchema": { "type": "object" } }],
            }),
            Some("tools/call") => {
                count += 1;
                json!({ "content": [{ "type": "text", "text": count.to_string() }] })
            }
            _ => Value::Null,
        };
        let answer = match (&request["id"], result) {
            (Value::Null, _) => continue,
            (id, Value::Null) => json!({ "id": id, "error": { "code": -32601, "message": "?" } }),
            (id, result) => json!({ "id": id, "result": result }),
        };
        let answer = format!(r#"{{"jsonrpc":"2.0",{}"#, &answer.to_string()[1..]);
        client.send(answer).await?;
    }
    Ok(())
}
