//! The thread that starts processes.
//!
//! Linux kills a child with its parent where that is asked for, but by parent it means the thread
//! that started it. So there is one for all, which never ends. A start that takes long (a program on
//! a slow disk) holds up other starts, and no call.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use rustix::process::Pid;
use tokio::sync::oneshot;

use super::guardian::Guardian;
use super::mark::Mark;
use super::unix::Tree;
use crate::wire::peer::lock;

/// What the thread is to do. As many wait as there are starts under way.
enum Job {
    Start {
        command: Box<Command>,
        mark: Mark,
        started: oneshot::Sender<io::Result<Tree>>,
    },
    /// A group of ours has ended.
    Over(Pid),
}

static SPAWNER: Mutex<Option<Sender<Job>>> = Mutex::new(None);

/// Starts a process. When this is dropped before the process is there, it ends at once.
pub(super) async fn start(command: Command, mark: Mark) -> io::Result<Tree> {
    let (started, tree) = oneshot::channel();
    send(Job::Start {
        command: Box::new(command),
        mark,
        started,
    })?;
    tree.await
        .unwrap_or_else(|_| Err(io::Error::other("its start failed in a strange way")))
}

/// Says that nothing is left of the group, whose number may now be another's.
pub(super) fn over(group: Pid) {
    // Without the thread nobody watches the group.
    let _ = send(Job::Over(group));
}

fn send(job: Job) -> io::Result<()> {
    let mut spawner = lock(&SPAWNER);
    let jobs = match &*spawner {
        Some(jobs) => jobs,
        None => {
            let (jobs, receiver) = channel();
            std::thread::Builder::new()
                .name("mcp-compose-spawner".to_owned())
                .spawn(move || run(&receiver))?;
            spawner.insert(jobs)
        }
    };
    jobs.send(job)
        .map_err(|_| io::Error::other("the thread that starts processes has ended"))
}

fn run(jobs: &Receiver<Job>) {
    let mut guardian = Guardian::default();
    // The sender is never dropped.
    while let Ok(job) = jobs.recv() {
        // The end of this thread is the end of all children.
        let done = catch_unwind(AssertUnwindSafe(|| work(job, &mut guardian)));
        if done.is_err() {
            tracing::error!("the thread that starts processes has gone on after a panic");
        }
    }
}

fn work(job: Job, guardian: &mut Guardian) {
    let (mut command, mark, started) = match job {
        Job::Over(group) => return guardian.forget(group),
        Job::Start {
            command,
            mark,
            started,
        } => (command, mark, started),
    };
    if started.is_closed() {
        return;
    }
    guardian.stand();
    let tree = command.spawn().map(|child| Tree::new(child, mark));
    if let Ok(tree) = &tree {
        guardian.watch(tree.leader());
    }
    // Where nobody waits any more the tree is dropped, which ends it.
    let _ = started.send(tree);
}
