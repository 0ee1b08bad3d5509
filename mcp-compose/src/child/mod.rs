//! Children.

/// A child over a transport.
#[derive(Debug)]
pub struct Remote(String);

/// A child process.
pub fn stdio(program: impl AsRef<str>) -> Remote {
    Remote(program.as_ref().to_owned())
}

/// A child at a URL.
pub fn http(url: impl AsRef<str>) -> Remote {
    Remote(url.as_ref().to_owned())
}

/// A child that is a session.
pub fn session(name: impl AsRef<str>) -> Remote {
    Remote(name.as_ref().to_owned())
}

impl Remote {
    pub(crate) fn command(self) -> String {
        self.0
    }

    /// An argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<str>) -> Self {
        self.0.push(' ');
        self.0.push_str(arg.as_ref());
        self
    }

    /// A variable.
    #[must_use]
    pub fn env(mut self, key: &str, value: impl AsRef<str>) -> Self {
        self.0 = format!("{key}={} {}", value.as_ref(), self.0);
        self
    }
}
