//! The clients: where each has its settings, and how it writes down a server.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::cli::settings::Syntax;

/// An MCP client that this program can be entered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Client {
    ClaudeDesktop,
    ClaudeCode,
    Cursor,
    #[value(name = "vscode", alias = "vs-code", alias = "code")]
    VsCode,
    Codex,
    #[value(alias = "gemini-cli")]
    Gemini,
    Windsurf,
    Zed,
}

/// For whom the entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum Scope {
    /// You, everywhere.
    #[default]
    User,
    /// Everyone who works in this folder.
    Project,
}

/// What clients find their settings by.
pub(in crate::cli) struct Machine<'a> {
    pub(in crate::cli) os: Os,
    pub(in crate::cli) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The current folder.
    pub(in crate::cli) folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Os {
    Linux,
    Mac,
    Windows,
}

/// How the client reaches this program.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) enum Reached {
    Started { program: String, args: Vec<String> },
    At(String),
}

/// A variable that this program is to get from the client.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct Passed {
    pub(in crate::cli) name: String,
    /// What it holds, to be written down in plain text; `None`: the client is to look it up.
    pub(in crate::cli) value: Option<String>,
}

impl Client {
    /// The name as it is given on the command line.
    pub(in crate::cli) fn id(self) -> &'static str {
        match self {
            Client::ClaudeDesktop => "claude-desktop",
            Client::ClaudeCode => "claude-code",
            Client::Cursor => "cursor",
            Client::VsCode => "vscode",
            Client::Codex => "codex",
            Client::Gemini => "gemini",
            Client::Windsurf => "windsurf",
            Client::Zed => "zed",
        }
    }

    pub(in crate::cli) fn title(self) -> &'static str {
        match self {
            Client::ClaudeDesktop => "Claude Desktop",
            Client::ClaudeCode => "Claude Code",
            Client::Cursor => "Cursor",
            Client::VsCode => "VS Code",
            Client::Codex => "Codex",
            Client::Gemini => "Gemini CLI",
            Client::Windsurf => "Windsurf",
            Client::Zed => "Zed",
        }
    }

    pub(in crate::cli) fn syntax(self) -> Syntax {
        match self {
            Client::Codex => Syntax::Toml,
            _ => Syntax::Json,
        }
    }

    /// The table of its servers.
    pub(in crate::cli) fn table(self) -> &'static str {
        match self {
            Client::VsCode => "servers",
            Client::Codex => "mcp_servers",
            Client::Zed => "context_servers",
            _ => "mcpServers",
        }
    }

    /// Its settings file.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(in crate::cli) fn file(
        self,
        machine: &Machine<'_>,
        scope: Scope,
    ) -> Result<PathBuf, String> {
        match scope {
            Scope::User => self.user_file(machine),
            Scope::Project => match self.project_file() {
                Some(file) => Ok(machine.folder.join(file)),
                None => Err(format!("{} has no settings of a project", self.title())),
            },
        }
    }

    fn project_file(self) -> Option<&'static str> {
        Some(match self {
            Client::ClaudeCode => ".mcp.json",
            Client::Cursor => ".cursor/mcp.json",
            Client::VsCode => ".vscode/mcp.json",
            Client::Codex => ".codex/config.toml",
            Client::Gemini => ".gemini/settings.json",
            Client::Zed => ".zed/settings.json",
            Client::ClaudeDesktop | Client::Windsurf => return None,
        })
    }

    fn user_file(self, machine: &Machine<'_>) -> Result<PathBuf, String> {
        let home = || machine.home();
        Ok(match self {
            Client::ClaudeDesktop => machine
                .programs()?
                .join("Claude/claude_desktop_config.json"),
            Client::ClaudeCode => match machine.path("CLAUDE_CONFIG_DIR") {
                Some(folder) => folder.join(".claude.json"),
                None => home()?.join(".claude.json"),
            },
            Client::Cursor => home()?.join(".cursor/mcp.json"),
            Client::VsCode => match machine.path("VSCODE_PORTABLE") {
                Some(folder) => folder.join("user-data/User/mcp.json"),
                None => machine.programs()?.join("Code/User/mcp.json"),
            },
            Client::Codex => match machine.path("CODEX_HOME") {
                Some(folder) => folder.join("config.toml"),
                None => home()?.join(".codex/config.toml"),
            },
            Client::Gemini => match machine.path("GEMINI_CLI_HOME") {
                Some(folder) => folder.join(".gemini/settings.json"),
                None => home()?.join(".gemini/settings.json"),
            },
            Client::Windsurf => home()?.join(".codeium/windsurf/mcp_config.json"),
            Client::Zed => match machine.os {
                Os::Windows => machine.programs()?.join("Zed/settings.json"),
                Os::Linux => machine.programs()?.join("zed/settings.json"),
                Os::Mac => home()?.join(".config/zed/settings.json"),
            },
        })
    }

    /// Whether the client seems to be there: its file is, or the folder that it keeps for itself.
    pub(in crate::cli) fn is_there(self, file: &Path) -> bool {
        // The file of Claude Code lies in the home folder itself, which says nothing.
        file.exists() || (self != Client::ClaudeCode && file.parent().is_some_and(Path::is_dir))
    }

    /// The entry in its dialect.
    ///
    /// # Errors
    /// What the client cannot do, and what can be done instead.
    pub(in crate::cli) fn entry(self, reached: &Reached, env: &[Passed]) -> Result<Value, String> {
        let mut entry = Map::new();
        let typed = matches!(self, Client::ClaudeCode | Client::VsCode);
        match reached {
            Reached::At(url) => {
                if !env.is_empty() {
                    return Err("`--env` is for a program that the client starts; a server at a URL has its own".to_owned());
                }
                // Claude Code takes an entry without a type for a program.
                if typed {
                    entry.insert("type".to_owned(), json!("http"));
                }
                let key = match self {
                    Client::ClaudeDesktop => {
                        return Err("Claude Desktop takes no URLs in its file; add it in its settings under Connectors, or leave `--http` out".to_owned());
                    }
                    Client::Gemini => "httpUrl",
                    Client::Windsurf => "serverUrl",
                    _ => "url",
                };
                entry.insert(key.to_owned(), json!(url));
            }
            Reached::Started { program, args } => {
                if typed {
                    entry.insert("type".to_owned(), json!("stdio"));
                }
                entry.insert("command".to_owned(), json!(program));
                entry.insert("args".to_owned(), json!(args));
                self.environment(env, &mut entry)?;
            }
        }
        if self == Client::Codex {
            // Else Codex gives up after a second, and goes on without the tools and without a word.
            entry.insert("startup_timeout_sec".to_owned(), json!(60));
            entry.insert("required".to_owned(), json!(true));
        }
        Ok(Value::Object(entry))
    }

    fn environment(self, env: &[Passed], entry: &mut Map<String, Value>) -> Result<(), String> {
        let mut pairs = Map::new();
        let mut names = Vec::new();
        for Passed { name, value } in env {
            let written = match (value, self) {
                (Some(value), _) => value.clone(),
                (None, Client::ClaudeCode | Client::Gemini) => format!("${{{name}}}"),
                (None, Client::Cursor | Client::VsCode | Client::Windsurf) => {
                    format!("${{env:{name}}}")
                }
                (None, Client::Codex) => {
                    names.push(json!(name));
                    continue;
                }
                (None, Client::ClaudeDesktop | Client::Zed) => {
                    return Err(format!(
                        "{} cannot refer to the variable `{name}`: start the client with it, or say `--env-values` to have its value written into the file as plain text",
                        self.title()
                    ));
                }
            };
            pairs.insert(name.clone(), json!(written));
        }
        if !names.is_empty() {
            entry.insert("env_vars".to_owned(), Value::Array(names));
        }
        if !pairs.is_empty() {
            entry.insert("env".to_owned(), Value::Object(pairs));
        }
        Ok(())
    }
}

impl Os {
    pub(in crate::cli) fn here() -> Self {
        if cfg!(windows) {
            Os::Windows
        } else if cfg!(target_os = "macos") {
            Os::Mac
        } else {
            Os::Linux
        }
    }
}

impl Machine<'_> {
    /// The path in a variable; an empty one counts as unset.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let value = (self.variable)(name).filter(|value| !value.is_empty())?;
        Some(self.folder.join(value))
    }

    fn home(&self) -> Result<PathBuf, String> {
        let name = match self.os {
            Os::Windows => "USERPROFILE",
            Os::Linux | Os::Mac => "HOME",
        };
        let missing = || format!("`{name}` is not set; name the settings file with `--file`");
        self.path(name).ok_or_else(missing)
    }

    /// Where programs with windows keep what is theirs.
    fn programs(&self) -> Result<PathBuf, String> {
        match self.os {
            Os::Windows => match self.path("APPDATA") {
                Some(folder) => Ok(folder),
                None => Ok(self.home()?.join("AppData/Roaming")),
            },
            Os::Mac => Ok(self.home()?.join("Library/Application Support")),
            Os::Linux => match self.path("XDG_CONFIG_HOME") {
                Some(folder) => Ok(folder),
                None => Ok(self.home()?.join(".config")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(
        client: Client,
        os: Os,
        scope: Scope,
        variables: &[(&str, &str)],
    ) -> Result<String, String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let folder = PathBuf::from("/project");
        let machine = Machine {
            os,
            variable: &variable,
            folder,
        };
        let file = client.file(&machine, scope)?;
        Ok(file.to_string_lossy().into_owned())
    }

    #[test]
    fn each_client_has_its_file_on_each_system() {
        let home = [("HOME", "/h")];
        let windows = [("USERPROFILE", "/u"), ("APPDATA", "/a")];
        for (client, linux, mac, win) in [
            (
                Client::ClaudeDesktop,
                "/h/.config/Claude/claude_desktop_config.json",
                "/h/Library/Application Support/Claude/claude_desktop_config.json",
                "/a/Claude/claude_desktop_config.json",
            ),
            (
                Client::ClaudeCode,
                "/h/.claude.json",
                "/h/.claude.json",
                "/u/.claude.json",
            ),
            (
                Client::Cursor,
                "/h/.cursor/mcp.json",
                "/h/.cursor/mcp.json",
                "/u/.cursor/mcp.json",
            ),
            (
                Client::VsCode,
                "/h/.config/Code/User/mcp.json",
                "/h/Library/Application Support/Code/User/mcp.json",
                "/a/Code/User/mcp.json",
            ),
            (
                Client::Codex,
                "/h/.codex/config.toml",
                "/h/.codex/config.toml",
                "/u/.codex/config.toml",
            ),
            (
                Client::Gemini,
                "/h/.gemini/settings.json",
                "/h/.gemini/settings.json",
                "/u/.gemini/settings.json",
            ),
            (
                Client::Windsurf,
                "/h/.codeium/windsurf/mcp_config.json",
                "/h/.codeium/windsurf/mcp_config.json",
                "/u/.codeium/windsurf/mcp_config.json",
            ),
            (
                Client::Zed,
                "/h/.config/zed/settings.json",
                "/h/.config/zed/settings.json",
                "/a/Zed/settings.json",
            ),
        ] {
            for (os, variables, expected) in [
                (Os::Linux, &home[..], linux),
                (Os::Mac, &home, mac),
                (Os::Windows, &windows, win),
            ] {
                assert_eq!(
                    file(client, os, Scope::User, variables).as_deref(),
                    Ok(expected),
                    "{client:?} {os:?}"
                );
            }
        }
    }

    #[test]
    fn variables_of_clients_move_their_files() {
        for (client, name, expected) in [
            (Client::ClaudeCode, "CLAUDE_CONFIG_DIR", "/x/.claude.json"),
            (
                Client::VsCode,
                "VSCODE_PORTABLE",
                "/x/user-data/User/mcp.json",
            ),
            (Client::Codex, "CODEX_HOME", "/x/config.toml"),
            (
                Client::Gemini,
                "GEMINI_CLI_HOME",
                "/x/.gemini/settings.json",
            ),
            (Client::Zed, "XDG_CONFIG_HOME", "/x/zed/settings.json"),
            (
                Client::ClaudeDesktop,
                "XDG_CONFIG_HOME",
                "/x/Claude/claude_desktop_config.json",
            ),
        ] {
            let variables = [("HOME", "/h"), (name, "/x")];
            assert_eq!(
                file(client, Os::Linux, Scope::User, &variables).as_deref(),
                Ok(expected)
            );
            let variables = [("HOME", "/h"), (name, "")];
            assert!(
                file(client, Os::Linux, Scope::User, &variables)
                    .is_ok_and(|file| file.starts_with("/h/"))
            );
        }
        let error = file(Client::Cursor, Os::Linux, Scope::User, &[]).expect_err("no home");
        assert!(error.contains("`HOME` is not set"), "{error}");
    }

    #[test]
    fn projects_have_files_where_the_client_knows_them() {
        assert_eq!(
            file(Client::ClaudeCode, Os::Mac, Scope::Project, &[]).as_deref(),
            Ok("/project/.mcp.json")
        );
        assert_eq!(
            file(Client::VsCode, Os::Mac, Scope::Project, &[]).as_deref(),
            Ok("/project/.vscode/mcp.json")
        );
        let error = file(Client::Windsurf, Os::Mac, Scope::Project, &[]).expect_err("none");
        assert_eq!(error, "Windsurf has no settings of a project");
    }

    #[test]
    fn entries_are_in_the_clients_dialect() {
        let started = Reached::Started {
            program: "/bin/factory".to_owned(),
            args: vec!["--stdio".to_owned()],
        };
        let at = Reached::At("http://127.0.0.1:8808/mcp".to_owned());
        let by_reference = [Passed {
            name: "TOKEN".to_owned(),
            value: None,
        }];
        let in_plain = [Passed {
            name: "TOKEN".to_owned(),
            value: Some("t0k".to_owned()),
        }];
        let program = |more: Value| {
            let mut entry = json!({"command": "/bin/factory", "args": ["--stdio"]});
            let entry_members = entry.as_object_mut().expect("an object");
            entry_members.extend(more.as_object().expect("an object").clone());
            entry
        };
        let plain = json!({"env": {"TOKEN": "t0k"}});
        let url = "http://127.0.0.1:8808/mcp";
        for (client, referred, remote) in [
            (Client::ClaudeDesktop, None, None),
            (
                Client::ClaudeCode,
                Some(json!({"type": "stdio", "env": {"TOKEN": "${TOKEN}"}})),
                Some(json!({"type": "http", "url": url})),
            ),
            (
                Client::Cursor,
                Some(json!({"env": {"TOKEN": "${env:TOKEN}"}})),
                Some(json!({"url": url})),
            ),
            (
                Client::VsCode,
                Some(json!({"type": "stdio", "env": {"TOKEN": "${env:TOKEN}"}})),
                Some(json!({"type": "http", "url": url})),
            ),
            (
                Client::Codex,
                Some(json!({"env_vars": ["TOKEN"], "startup_timeout_sec": 60, "required": true})),
                Some(json!({"url": url, "startup_timeout_sec": 60, "required": true})),
            ),
            (
                Client::Gemini,
                Some(json!({"env": {"TOKEN": "${TOKEN}"}})),
                Some(json!({"httpUrl": url})),
            ),
            (
                Client::Windsurf,
                Some(json!({"env": {"TOKEN": "${env:TOKEN}"}})),
                Some(json!({"serverUrl": url})),
            ),
            (Client::Zed, None, Some(json!({"url": url}))),
        ] {
            match (client.entry(&started, &by_reference), referred) {
                (got, Some(expected)) => assert_eq!(got, Ok(program(expected)), "{client:?}"),
                (got, None) => assert!(
                    got.expect_err("refused").contains("--env-values"),
                    "{client:?}"
                ),
            }
            match (client.entry(&at, &[]), remote) {
                (got, Some(expected)) => assert_eq!(got, Ok(expected), "{client:?}"),
                (got, None) => assert!(
                    got.expect_err("refused").contains("Connectors"),
                    "{client:?}"
                ),
            }
            let entry = client.entry(&started, &in_plain).expect("an entry");
            assert_eq!(entry["env"], plain["env"], "{client:?}");
            assert!(client == Client::ClaudeDesktop || client.entry(&at, &in_plain).is_err());
        }
    }
}
