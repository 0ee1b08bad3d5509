//! What is measured side by side: a label, a running process, and connections to it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::time::timeout;

use crate::client::{Era, HttpClient, Pipes, Request, Work, payload};
use crate::process::{self, Process};
use crate::stats::Round;

/// No round, however slow its target, takes this long.
const ROUND_DEADLINE: Duration = Duration::from_secs(120);

/// One of the ways to reach the child.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its row in the tables.
    pub(crate) label: &'static str,
    era: Era,
    echo_tool: String,
    burst_tool: String,
    reach: Reach,
}

#[derive(Debug)]
enum Reach {
    /// The child's own pipes.
    Pipes(Box<Pipes>),
    /// An HTTP front (or the HTTP child itself), and its process where its CPU time counts.
    Http {
        clients: Vec<HttpClient>,
        url: String,
        front: Option<u32>,
    },
}

impl Target {
    /// The stdio child itself.
    pub(crate) fn pipes(label: &'static str, pipes: Pipes) -> Self {
        Self {
            label,
            era: Era::Legacy,
            echo_tool: "echo".to_owned(),
            burst_tool: "burst".to_owned(),
            reach: Reach::Pipes(Box::new(pipes)),
        }
    }

    /// The HTTP child itself, whose own CPU time is not that of anything in between.
    pub(crate) async fn child(label: &'static str, process: &Process) -> Result<Self> {
        Self::http(label, &process.url, None, Era::Legacy).await
    }

    /// Something in front of a child.
    pub(crate) async fn front(label: &'static str, process: &Process, era: Era) -> Result<Self> {
        Self::http(label, &process.url, Some(process.pid()), era).await
    }

    /// Anything at a URL; waits until the child's tools are listed, for fronts that answer before their children do.
    pub(crate) async fn http(
        label: &'static str,
        url: &str,
        front: Option<u32>,
        era: Era,
    ) -> Result<Self> {
        let mut client = HttpClient::connect(url, era)
            .await
            .with_context(|| format!("connecting to {label}"))?;
        let (echo_tool, burst_tool) = find_tools(&mut client).await?;
        Ok(Self {
            label,
            era,
            echo_tool,
            burst_tool,
            reach: Reach::Http {
                clients: vec![client],
                url: url.to_owned(),
                front,
            },
        })
    }

    /// An echo of this many bytes through this target.
    pub(crate) fn echo(&self, bytes: usize) -> Work {
        Work::Once(Request::echo(self.era, &self.echo_tool, &payload(bytes)))
    }

    /// The tool list through this target.
    pub(crate) fn list(&self) -> Work {
        Work::List(self.era)
    }

    /// Keeps `in_flight` calls going for this long.
    pub(crate) async fn round(
        &mut self,
        work: &Work,
        in_flight: usize,
        length: Duration,
    ) -> Result<Round> {
        let (label, front) = (self.label, self.front_pid());
        self.connect(in_flight).await?;
        let before = front.and_then(process::cpu_time);
        let start = Instant::now();
        let running = self.calls(work, in_flight, start + length);
        let times = timeout(ROUND_DEADLINE, running)
            .await
            .with_context(|| format!("{label} stopped answering"))?
            .with_context(|| label.to_owned())?;
        let elapsed = start.elapsed();
        let cpu = before.zip(front.and_then(process::cpu_time));
        let cpu = cpu.map(|(before, after)| after.saturating_sub(before));
        Ok(Round::new(times, elapsed, cpu))
    }

    /// Calls once after another, without a clock.
    pub(crate) async fn repeat(&mut self, work: &Work, calls: usize) -> Result<()> {
        let Reach::Http { clients, .. } = &mut self.reach else {
            bail!("only fronts are counted");
        };
        for _ in 0..calls {
            clients[0].perform(work).await.context(self.label)?;
        }
        Ok(())
    }

    /// Sends one call that reports progress; `Err` says how the burst was not whole or not in order.
    pub(crate) async fn burst(&mut self, n: u32) -> Result<()> {
        let Reach::Http { clients, .. } = &mut self.reach else {
            bail!("only fronts relay bursts");
        };
        let client = &mut clients[0];
        let request = Request::burst(self.era, &self.burst_tool, n);
        client.send(&request).await?;
        let messages = client.messages()?;
        let mut progress = Vec::new();
        let mut answered = false;
        for message in &messages {
            if message["method"] == "notifications/progress" {
                if answered {
                    bail!("progress after the result");
                }
                if message["params"]["progressToken"] != "burst" {
                    bail!("progress with a token that is not the client's");
                }
                progress.push(message["params"]["progress"].as_f64().unwrap_or(-1.0));
            }
            answered |= message.get("result").is_some();
        }
        if !answered {
            bail!("no result");
        }
        if progress != (1..=n).map(f64::from).collect::<Vec<_>>() {
            bail!("{} of {n} arrived, or out of order", progress.len());
        }
        Ok(())
    }

    fn front_pid(&self) -> Option<u32> {
        match &self.reach {
            Reach::Http { front, .. } => *front,
            Reach::Pipes(_) => None,
        }
    }

    /// Opens the connections that are missing for that many, each with a handshake, before the clock runs.
    pub(crate) async fn connect(&mut self, in_flight: usize) -> Result<()> {
        if let Reach::Http { clients, url, .. } = &mut self.reach {
            while clients.len() < in_flight {
                let client = HttpClient::connect(url, self.era).await;
                clients.push(client.context(self.label)?);
            }
        }
        Ok(())
    }

    async fn calls(
        &mut self,
        work: &Work,
        in_flight: usize,
        deadline: Instant,
    ) -> Result<Vec<u64>> {
        let clients = match &mut self.reach {
            Reach::Pipes(pipes) => return pipes.round(work, in_flight, deadline).await,
            Reach::Http { clients, .. } => clients,
        };
        let idle = clients.split_off(in_flight);
        let running: Vec<_> = clients
            .drain(..)
            .map(|client| tokio::spawn(call_until(client, work.clone(), deadline)))
            .collect();
        let mut times = Vec::new();
        for task in running {
            let (client, of_client) = task.await??;
            clients.push(client);
            times.extend(of_client);
        }
        clients.extend(idle);
        Ok(times)
    }
}

async fn call_until(
    mut client: HttpClient,
    work: Work,
    deadline: Instant,
) -> Result<(HttpClient, Vec<u64>)> {
    let mut times = Vec::new();
    let mut now = Instant::now();
    loop {
        client.perform(&work).await?;
        let done = Instant::now();
        times.push(u64::try_from((done - now).as_nanos()).unwrap_or(u64::MAX));
        now = done;
        if now >= deadline {
            return Ok((client, times));
        }
    }
}

async fn find_tools(client: &mut HttpClient) -> Result<(String, String)> {
    const PATIENCE: Duration = Duration::from_secs(60);
    const PAUSE: Duration = Duration::from_millis(10);
    let start = Instant::now();
    loop {
        let names = client.tool_names().await?;
        let find = |suffix| names.iter().find(|name| name.ends_with(suffix)).cloned();
        if let (Some(echo), Some(burst)) = (find("echo"), find("burst")) {
            return Ok((echo, burst));
        }
        if start.elapsed() > PATIENCE {
            bail!("`echo` is not among the {} listed tools", names.len());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
