//! A network that misbehaves: a TCP proxy, in the words of toxiproxy.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::fault::Fault;

/// What happens to what the server sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Toxic {
    /// It comes this much later.
    Latency(Duration),
    /// So many bytes a second.
    Bandwidth(usize),
    /// The end of the connection comes this much later.
    SlowClose(Duration),
    /// Nothing gets through in either direction, and then the connection closes.
    Timeout(Duration),
    /// The connection is reset after so many bytes.
    ResetPeer(usize),
    /// It comes in pieces of at most so many bytes.
    Slicer(usize),
    /// The connection closes after so many bytes.
    LimitData(usize),
}

impl Toxic {
    /// A fault of the way, with numbers that follow from the seed.
    pub fn of(fault: Fault, seed: &mut fastrand::Rng) -> Option<Self> {
        let toxic = match fault {
            Fault::Latency => Self::Latency(Duration::from_millis(seed.u64(50..400))),
            Fault::Bandwidth => Self::Bandwidth(seed.usize(1_500..6_000)),
            Fault::SlowClose => Self::SlowClose(Duration::from_millis(seed.u64(100..900))),
            Fault::Blackhole => Self::Timeout(Duration::from_millis(seed.u64(500..4_000))),
            Fault::ResetPeer => Self::ResetPeer(seed.usize(0..120)),
            Fault::Slicer => Self::Slicer(seed.usize(1..4)),
            Fault::LimitData => Self::LimitData(seed.usize(0..120)),
            _ => return None,
        };
        Some(toxic)
    }
}

/// A proxy before a server; it ends when dropped.
#[derive(Debug)]
pub struct Net {
    /// Where it listens.
    pub address: SocketAddr,
    toxic: watch::Sender<Option<Toxic>>,
    task: JoinHandle<()>,
}

impl Net {
    /// Starts one on a free port.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (toxic, receiver) = watch::channel(None);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connect(client, server, receiver.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            address,
            toxic,
            task,
        }
    }

    /// What happens from now on, on connections that are there as well.
    pub fn set(&self, toxic: Option<Toxic>) {
        self.toxic.send_replace(toxic);
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(client: TcpStream, server: SocketAddr, toxic: watch::Receiver<Option<Toxic>>) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = tokio::spawn(up(from_client, to_server, toxic.clone()));
    // What the client sends ends with what it gets.
    let _ = down(from_server, to_client, &toxic).await;
    up.abort();
}

async fn up(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    toxic: watch::Receiver<Option<Toxic>>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        let now = *toxic.borrow();
        if !matches!(now, Some(Toxic::Timeout(_))) {
            to.write_all(&buffer[..read]).await?;
        }
    }
}

async fn down(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    toxic: &watch::Receiver<Option<Toxic>>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut passed = 0;
    let mut changes = toxic.clone();
    loop {
        let now = *toxic.borrow();
        // A connection on which nothing comes is closed all the same.
        if let Some(Toxic::Timeout(after)) = now {
            tokio::time::sleep(after).await;
            return Ok(());
        }
        let read = tokio::select! {
            read = from.read(&mut buffer) => read?,
            changed = changes.changed() => match changed {
                Ok(()) => {
                    passed = 0;
                    continue;
                }
                Err(_) => return Ok(()),
            },
        };
        let now = *toxic.borrow();
        let bytes = &buffer[..read];
        if read == 0 {
            if let Some(Toxic::SlowClose(after)) = now {
                tokio::time::sleep(after).await;
            }
            return to.shutdown().await;
        }
        match now {
            None | Some(Toxic::SlowClose(_) | Toxic::Timeout(_)) => to.write_all(bytes).await?,
            Some(Toxic::Latency(by)) => {
                tokio::time::sleep(by).await;
                to.write_all(bytes).await?;
            }
            Some(Toxic::Bandwidth(each_second)) => {
                for piece in bytes.chunks((each_second / 20).max(1)) {
                    to.write_all(piece).await?;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Some(Toxic::Slicer(most)) => {
                for piece in bytes.chunks(most) {
                    to.write_all(piece).await?;
                    tokio::time::sleep(Duration::from_micros(200)).await;
                }
            }
            Some(Toxic::ResetPeer(most) | Toxic::LimitData(most)) => {
                let left = most.saturating_sub(passed).min(read);
                to.write_all(&bytes[..left]).await?;
                passed += left;
                if passed >= most {
                    if matches!(now, Some(Toxic::ResetPeer(_))) {
                        to.as_ref().set_zero_linger()?;
                    }
                    return Ok(());
                }
            }
        }
    }
}
