//! The least that anything in the middle can do: copy the bytes of a TCP connection both ways.

use anyhow::Result;
use clap::Args;
use tokio::net::{TcpListener, TcpStream};

/// 64 KiB, so that a megabyte is not copied in tokio's default 8 KiB steps.
const BUFFER: usize = 64 * 1024;

/// Where the relay listens and what it stands in front of.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The address to relay to.
    #[arg(long, value_name = "ADDR")]
    to: String,
    /// Where to listen (port 0: any; the bound address is printed on stderr).
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    http: String,
}

/// Relays until killed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(&options.http).await?;
        eprintln!("tcp relay on http://{}/mcp", listener.local_addr()?);
        loop {
            let (near, _) = listener.accept().await?;
            let far = TcpStream::connect(&options.to).await?;
            tokio::spawn(copy(near, far));
        }
    })
}

async fn copy(mut near: TcpStream, mut far: TcpStream) -> std::io::Result<()> {
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    tokio::io::copy_bidirectional_with_sizes(&mut near, &mut far, BUFFER, BUFFER).await?;
    Ok(())
}
