//! What systemd is told of a service with `Type=notify`, over the socket that it names.

/// Clients are served from now on.
pub(super) const READY: &str = "READY=1";
/// The process was told to stop, and lets calls end.
pub(super) const STOPPING: &str = "STOPPING=1";

/// Sends the state. Without a service manager that wants it nothing happens, and one that does not listen is no reason to fail.
#[cfg(unix)]
pub(super) fn tell(state: &str) {
    use std::os::unix::net::UnixDatagram;

    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let sent = UnixDatagram::unbound().and_then(|socket| {
        // Its buffer may be full; nothing here waits for it.
        socket.set_nonblocking(true)?;
        socket.send_to_addr(state.as_bytes(), &address(&name)?)
    });
    if let Err(error) = sent {
        tracing::warn!("the service manager could not be told {state}: {error}");
    }
}

#[cfg(not(unix))]
pub(super) fn tell(_state: &str) {}

/// A path, or with `@` a name that is in no folder, which Linux has.
#[cfg(unix)]
fn address(name: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::SocketAddr> {
    use std::os::unix::net::SocketAddr;

    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;

        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}
