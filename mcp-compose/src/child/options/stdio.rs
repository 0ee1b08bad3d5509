//! A child that is a process of ours, spoken to over its stdin and stdout.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::common_options;
use crate::compose::{ChildOptions, ChildSource, DeclaredChild, IntoChild, Secret};

/// A process to start, made by [`stdio`].
#[derive(Debug, Clone)]
#[must_use = "a child does nothing until it is part of a composition"]
pub struct Stdio {
    spec: StdioSpec,
    pub(super) options: ChildOptions,
}

/// What is needed to start a process.
#[derive(Debug, Clone)]
pub(crate) struct StdioSpec {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    /// Set in this order, on top of the minimal environment or of ours.
    pub(crate) env: Vec<(OsString, Secret)>,
    pub(crate) environment: Environment,
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) stderr: Stderr,
    /// How long it may take to end by itself.
    pub(crate) grace: Duration,
    /// Files whose changes restart it, below `cwd`.
    pub(crate) watch: Vec<String>,
}

/// What a process gets of our environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    /// What programs need to find their way.
    Minimal,
    Whole,
    Nothing,
}

/// Where a process writes what it has to say besides messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Stderr {
    /// To our log, at the level `debug`; the last lines also stand in reports of its failures.
    #[default]
    Log,
    /// To our own stderr, as it is.
    Inherit,
    /// Nowhere.
    Null,
    /// To the end of this file, which is made where it is missing.
    File(PathBuf),
}

/// How long a process may take to end by itself, unless it is told otherwise.
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(2);

/// A child process that speaks MCP over its stdin and stdout.
///
/// `program` is one program name, not a shell line; it is looked up in `PATH`. In `compose!`
/// further arguments may follow it: `stdio("npx", "-y", "some-server")`.
///
/// ```
/// use mcp_compose::child::stdio;
///
/// let database = stdio("tsx").arg("db.ts").env("DB_URL", "postgres://localhost/app");
/// ```
pub fn stdio(program: impl Into<OsString>) -> Stdio {
    Stdio {
        spec: StdioSpec {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            environment: Environment::Minimal,
            cwd: None,
            stderr: Stderr::Log,
            grace: DEFAULT_GRACE,
            watch: Vec::new(),
        },
        options: ChildOptions::default(),
    }
}

impl Stdio {
    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.spec.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.spec.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the child's environment. The value is never printed.
    ///
    /// A child gets a minimal environment (`PATH`, `HOME`, the locale and the like) and what is
    /// declared here. On Unix it also gets `MCP_COMPOSE_CHILD`, which it hands on to the programs that
    /// it starts: with the child end all processes that have it, wherever they have gone. A program
    /// that is to go on is started without it, and in a session of its own.
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.spec.env.push((key.into(), Secret::new(value)));
        self
    }

    /// Sets several variables of the child's environment.
    pub fn envs<I, K, V>(mut self, variables: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        self.spec
            .env
            .extend(variables.map(|(key, value)| (key.into(), Secret::new(value))));
        self
    }

    /// Passes the whole environment of this process to the child, secrets included.
    /// Default: the minimal one.
    ///
    /// ```
    /// # use mcp_compose::child::*;
    /// stdio("server").inherit_env();
    /// ```
    pub fn inherit_env(mut self) -> Self {
        self.spec.environment = Environment::Whole;
        self
    }

    /// Passes nothing of the environment of this process, not even `PATH`: the child gets what
    /// [`env`](Self::env) sets, before or after this, and the `MCP_COMPOSE_CHILD` that is told there.
    /// Give the program as a path then. Default: the
    /// minimal environment.
    ///
    /// ```
    /// # use mcp_compose::child::*;
    /// stdio("/opt/server/bin/server").clear_env().env("LANG", "C");
    /// ```
    pub fn clear_env(mut self) -> Self {
        self.spec.environment = Environment::Nothing;
        self
    }

    /// The folder that the child is started in. Default: that of this process.
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spec.cwd = Some(folder.into());
        self
    }

    /// Where the child's stderr goes. Default: to our log.
    ///
    /// ```
    /// # use mcp_compose::child::*;
    /// stdio("server").stderr(Stderr::File("server.log".into()));
    /// ```
    pub fn stderr(mut self, to: Stderr) -> Self {
        self.spec.stderr = to;
        self
    }

    /// How long the child may take to end by itself once its stdin is closed; after that it is told
    /// to (SIGTERM), and three seconds later it is killed. Default: 2 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mcp_compose::child::*;
    /// stdio("server").grace(Duration::from_secs(20));
    /// ```
    pub fn grace(mut self, limit: Duration) -> Self {
        self.spec.grace = limit;
        self
    }

    /// Restarts the child, and no other, when one of these files changes: for servers that are being
    /// written. Default: none.
    ///
    /// Paths start at the child's [folder](Self::cwd). `*` stands for any characters of a name,
    /// `**` for any folders. Changes within a quarter of a second are one. Calls in flight fail; later
    /// ones wait for the new process, and clients are told of lists only that differ. `--no-watch`
    /// of the command line turns it off.
    ///
    /// ```
    /// # use mcp_compose::child::*;
    /// stdio("tsx").arg("src/db.ts").watch(["src/**/*.ts", "package.json"]);
    /// ```
    pub fn watch<I>(mut self, files: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.spec.watch.extend(files.into_iter().map(Into::into));
        self
    }
}

common_options!(Stdio);

#[diagnostic::do_not_recommend]
impl IntoChild for Stdio {
    fn into_child(self) -> DeclaredChild {
        let mut child = DeclaredChild::new(self.options);
        let program = self.spec.program.to_string_lossy();
        if program.is_empty() {
            child.refuse("the program's name is empty");
        } else if self.spec.args.is_empty() && looks_like_a_shell_line(&program) {
            child.warn(format!(
                "`{program}` is taken as one program name, not as a shell line: pass each argument by itself"
            ));
        }
        child.with_source(ChildSource::Stdio(self.spec))
    }
}

/// A bare name with a space in it; a path may well have one.
fn looks_like_a_shell_line(program: &str) -> bool {
    let name = program.split_whitespace().next().unwrap_or_default();
    program.contains(char::is_whitespace) && !name.contains(['/', '\\'])
}
