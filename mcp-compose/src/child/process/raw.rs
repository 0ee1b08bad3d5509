//! What the compiler cannot check: what a process does between fork and exec, and files that tokio
//! waits for. The only place with `unsafe` code.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Has the process killed when we are: the system does that when the thread ends that started it.
/// And gives it the limit of open files that we had before we raised it: a program that uses
/// `select` must not get more than it counts on.
#[cfg(target_os = "linux")]
pub(super) fn bind_to_us(command: &mut Command) {
    use rustix::process::{
        Resource, Signal, getpid, getppid, set_parent_process_death_signal, setrlimit,
    };

    let us = getpid();
    let files = super::limits::original();
    let before_exec = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // We may have ended before that was said.
        if getppid() != Some(us) {
            return Err(rustix::io::Errno::SRCH.into());
        }
        if let Some(files) = files {
            setrlimit(Resource::Nofile, files)?;
        }
        Ok(())
    };
    // SAFETY: after a fork only what is safe in a signal handler may be done: these are bare system
    // calls, which neither allocate nor lock.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(before_exec);
    }
}

/// Gives it back the limit of open files that we had before we raised it.
#[cfg(not(target_os = "linux"))]
pub(super) fn bind_to_us(command: &mut Command) {
    use rustix::process::{Resource, setrlimit};

    let Some(files) = super::limits::original() else {
        return;
    };
    let before_exec = move || Ok(setrlimit(Resource::Nofile, files)?);
    // SAFETY: a bare system call, which neither allocates nor locks, is safe after a fork.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(before_exec);
    }
}

/// Takes the process out of our session: what a terminal tells us is not for it.
pub(super) fn bind_to_nobody(command: &mut Command) {
    // SAFETY: a bare system call, which neither allocates nor locks, is safe after a fork.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?));
    }
}

/// A file that is waited for until it can be read from.
#[cfg(target_os = "linux")]
pub(super) fn readable(
    file: std::os::fd::OwnedFd,
) -> std::io::Result<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>> {
    use tokio::io::{Interest, unix::AsyncFd};

    // SAFETY: an owned file is open, and the same one, as long as there is its owner.
    #[allow(unsafe_code)]
    unsafe {
        Ok(AsyncFd::register_with_interest(file, Interest::READABLE)?)
    }
}
