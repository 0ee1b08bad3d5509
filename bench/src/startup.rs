//! `start`: how long a composition of slow children takes until all is listed, beside the slowest child alone.

use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinSet;

use crate::aggregator;
use crate::client::{Era, HttpClient, Request};
use crate::process::Process;
use crate::stage::{Behind, ChildShape, Front, Stage, command};
use crate::stats::median;

/// The whole may take this many times as long as its slowest child.
const MAX_RATIO: f64 = 1.25;
/// Generated tools of a child, and what it has beside them: `echo` and `burst`.
const GENERATED: usize = 4;
const TOOLS_EACH: usize = GENERATED + 2;
const DEADLINE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(2);

/// What is started.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    aggregator: aggregator::Choice,
    /// Children of the composition.
    #[arg(long, default_value_t = 8, value_name = "N")]
    children: usize,
    /// How long each of them takes to start.
    #[arg(long, default_value_t = 1000, value_name = "MS")]
    delay: u64,
    /// How often everything is started, taking turns.
    #[arg(long, default_value_t = 5, value_name = "N")]
    starts: usize,
    /// Fail when the whole takes too long.
    #[arg(long)]
    gate: bool,
}

/// Starts everything in turns, prints a table, and fails with `--gate` when a front takes too long.
pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let stage = Stage::new(Some(options.aggregator.resolve()?))?;
    let shape = ChildShape {
        tools: GENERATED,
        start_delay: options.delay,
    };
    let (mut alone, mut fronts) = (Vec::new(), [Vec::new(), Vec::new()]);
    for _ in 0..options.starts.max(1) {
        alone.push(within(slowest_alone(&stage, shape, options.children)).await?);
        for (front, times) in Front::BOTH.into_iter().zip(&mut fronts) {
            times.push(within(composed(&stage, shape, options.children, front)).await?);
        }
    }
    let alone = median(alone);
    println!(
        "| from the start to the full list, {} children of {} ms | ms | of the slowest child | allowed |",
        options.children, options.delay
    );
    println!("| --- | ---: | ---: | ---: |");
    println!("| the slowest child, without anything in between | {alone:.0} | 1.00x | |");
    let mut good = true;
    for (front, times) in Front::BOTH.into_iter().zip(fronts) {
        let time = median(times);
        let ratio = time / alone;
        good &= ratio <= MAX_RATIO;
        println!(
            "| mcp-compose, {} | {time:.0} | {ratio:.2}x | {MAX_RATIO:.2}x |",
            front.label()
        );
    }
    Ok(match good || !options.gate {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Milliseconds until the last one of the children, started at once, has listed its tools.
async fn slowest_alone(stage: &Stage, shape: ChildShape, children: usize) -> Result<f64> {
    let begin = Instant::now();
    let mut starting = JoinSet::new();
    for _ in 0..children {
        let command = stage.child(shape);
        starting.spawn(async move { Pipe::start(command).await?.tools().await });
    }
    while let Some(listed) = starting.join_next().await {
        expect(listed??, TOOLS_EACH)?;
    }
    Ok(milliseconds(begin))
}

/// Milliseconds until a composition of them lists all that they have.
async fn composed(stage: &Stage, shape: ChildShape, children: usize, front: Front) -> Result<f64> {
    let servers: Vec<_> = (0..children)
        .map(|number| (format!("child{number}"), Behind::Stdio(shape)))
        .collect();
    let line = stage.aggregator_on(&servers, front)?;
    let wanted = children * TOOLS_EACH;
    let begin = Instant::now();
    match front {
        Front::Http => {
            let process = Process::start(command(&line)).await?;
            let mut client = HttpClient::connect(&process.url, Era::Legacy).await?;
            while client.tool_names().await?.len() < wanted {
                tokio::time::sleep(PAUSE).await;
            }
            let time = milliseconds(begin);
            process.end().await?;
            Ok(time)
        }
        Front::Stdio => {
            let mut client = Pipe::start(command(&line)).await?;
            while client.tools().await? < wanted {
                tokio::time::sleep(PAUSE).await;
            }
            let time = milliseconds(begin);
            client.end().await?;
            Ok(time)
        }
    }
}

async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(DEADLINE, work)
        .await
        .with_context(|| format!("not all was listed within {} s", DEADLINE.as_secs()))?
}

fn milliseconds(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}

fn expect(listed: usize, wanted: usize) -> Result<()> {
    if listed != wanted {
        bail!("{listed} tools were listed, and there are {wanted}");
    }
    Ok(())
}

/// A server on pipes that is asked one thing after the other.
struct Pipe {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    next_id: u64,
}

impl Pipe {
    /// Starts it and introduces itself.
    async fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("it has no stdout")?;
        let mut pipe = Self {
            stdin: child.stdin.take().context("it has no stdin")?,
            lines: BufReader::new(stdout).lines(),
            child,
            next_id: 1,
        };
        pipe.ask(&Request::initialize()).await?;
        let initialized = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        pipe.send(initialized.to_vec()).await?;
        Ok(pipe)
    }

    /// How many tools it lists, on all pages.
    async fn tools(&mut self) -> Result<usize> {
        let mut count = 0;
        let mut request = Request::list_tools(Era::Legacy, None);
        loop {
            let result = self.ask(&request).await?;
            count += result["tools"].as_array().map_or(0, Vec::len);
            match result["nextCursor"].as_str() {
                Some(cursor) => request = Request::list_tools(Era::Legacy, Some(cursor)),
                None => return Ok(count),
            }
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Value> {
        let id = self.next_id;
        self.next_id += 1;
        let mut message = Vec::new();
        request.write(id, &mut message);
        self.send(message).await?;
        loop {
            let line = self.lines.next_line().await?;
            let line = line.context("it closed its output")?;
            let mut answer: Value = serde_json::from_str(&line)?;
            if answer["id"] != id {
                continue;
            }
            if answer["error"].is_object() {
                bail!("it answered {}", answer["error"]);
            }
            return Ok(answer["result"].take());
        }
    }

    async fn send(&mut self, mut message: Vec<u8>) -> Result<()> {
        message.push(b'\n');
        self.stdin.write_all(&message).await?;
        Ok(())
    }

    /// Closes its input and waits for its end.
    async fn end(mut self) -> Result<()> {
        drop(self.stdin);
        self.child.wait().await?;
        Ok(())
    }
}
