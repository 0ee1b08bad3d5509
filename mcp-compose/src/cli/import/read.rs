//! The dialects of clients, read as one.

use serde_json::{Map, Value};

use super::namespaces;
use super::server::{Imported, Kind, Limits, Server};
use super::text::{Text, text, variable_name};
use super::variables::Variables;

/// Where servers stand in the files of clients.
const TABLES: &[&[&str]] = &[
    &["mcpServers"],
    &["servers"],
    &["mcp_servers"],
    &["context_servers"],
    &["mcp", "servers"],
    &["mcp"],
];

/// What clients keep for themselves.
const OF_CLIENTS: &[&str] = &[
    "alwaysAllow",
    "alwaysLoad",
    "autoApprove",
    "description",
    "dev",
    "gallery",
    "icon",
    "oauth",
    "required",
    "source",
    "supports_parallel_tool_calls",
    "trust",
];

/// # Errors
/// Why there is nothing to import.
pub(super) fn read(whole: &Value) -> Result<Imported, String> {
    let found = TABLES.iter().find_map(|path| {
        let table = path.iter().try_fold(whole, |at, key| at.get(key))?;
        Some((path.join("."), table.as_object()?))
    });
    let Some((place, table)) = found else {
        return Err(
            "has no `mcpServers`, `servers`, `mcp_servers` or `context_servers`".to_owned(),
        );
    };
    let mut imported = Imported::default();
    for other in TABLES.iter().filter(|path| path.len() == 1) {
        let others = whole.get(other[0]).and_then(Value::as_object);
        if other[0] != place && place.split('.').next() != Some(other[0]) && others.is_some() {
            let note = format!("{}: is left out, as there is `{place}`", other[0]);
            imported.notes.push(note);
        }
    }
    refer_all(&Value::Object(table.clone()), &mut imported.variables);
    for (key, entry) in table {
        let place = format!("{place}.{key}");
        let Some(entry) = entry.as_object() else {
            imported
                .notes
                .push(format!("{place}: is no object; left out"));
            continue;
        };
        let Some(namespace) = namespaces::normalised(key, &used(&imported)) else {
            let note = format!("{place}: no namespace can be made of this name; left out");
            imported.notes.push(note);
            continue;
        };
        if namespace != *key {
            imported
                .notes
                .push(format!("{place}: is `{namespace}` now"));
        }
        let mut reader = Reader {
            entry: entry.clone(),
            place,
            namespace,
            imported: &mut imported,
        };
        if let Some(server) = reader.server() {
            imported.servers.push(server);
        }
    }
    if whole
        .get("projects")
        .is_some_and(|projects| projects.to_string().contains("mcpServers"))
    {
        imported
            .notes
            .push("projects: have servers of their own, which are left out".to_owned());
    }
    let variables = &mut imported.variables.0;
    variables.retain(|_, variable| variable.places.iter().any(|place| !place.is_empty()));
    settle(&mut imported);
    inputs(whole, &mut imported);
    Ok(imported)
}

fn used(imported: &Imported) -> Vec<&str> {
    let servers = imported.servers.iter();
    servers.map(|server| server.namespace.as_str()).collect()
}

/// The separator with which no two namespaces are ambiguous, or else other namespaces.
fn settle(imported: &mut Imported) {
    let names = used(imported);
    if !namespaces::ambiguous(&names, "_") {
        return;
    }
    if !namespaces::ambiguous(&names, "__") {
        imported.separator = Some("__");
        return;
    }
    for server in &mut imported.servers {
        let namespace = server.namespace.replace('_', "-");
        if namespace != server.namespace {
            let note = format!("{}: is `{namespace}` now", server.namespace);
            imported.notes.push(note);
        }
        server.namespace = namespace;
    }
}

/// All variables that are referred to anywhere, so that no secret takes one's name.
fn refer_all(value: &Value, variables: &mut Variables) {
    match value {
        Value::String(raw) => variables.refer(&text(raw, true, &mut |_| {}), ""),
        Value::Array(items) => items.iter().for_each(|item| refer_all(item, variables)),
        Value::Object(members) => members.values().for_each(|item| refer_all(item, variables)),
        _ => {}
    }
}

/// What VS Code asks for, under the names that it has now.
fn inputs(whole: &Value, imported: &mut Imported) {
    let inputs = whole.get("inputs").and_then(Value::as_array);
    for input in inputs.into_iter().flatten() {
        let text = |key: &str| input.get(key).and_then(Value::as_str);
        let Some(id) = text("id") else { continue };
        let name = variable_name(id);
        let about = text("description").unwrap_or("no description");
        imported.notes.push(format!(
            "inputs.{id}: is the variable `{name}` now ({about})"
        ));
    }
}

/// One entry; what was taken is gone.
struct Reader<'a> {
    entry: Map<String, Value>,
    place: String,
    namespace: String,
    imported: &'a mut Imported,
}

impl Reader<'_> {
    fn server(&mut self) -> Option<Server> {
        let mut off = self.switched_off();
        let kind = self.text("type").or_else(|| self.text("transport"));
        let url = ["httpUrl", "serverUrl", "url"]
            .iter()
            .find_map(|key| self.text(key));
        let kind = match (self.command(), url) {
            (Some((program, args)), url) => {
                if url.is_some() {
                    self.note("url", "is left out: there is a `command`");
                }
                self.process(&program, &args)
            }
            (None, Some(url)) => {
                if kind.as_deref() == Some("sse") || url.trim_end_matches('/').ends_with("/sse") {
                    let why = "speaks HTTP+SSE of 2024, which is not supported: find the server's streamable HTTP URL";
                    self.note("url", why);
                    off.get_or_insert_with(|| why.to_owned());
                }
                self.remote(&url)
            }
            (None, None) => {
                self.note("", "has neither a `command` nor a URL; left out");
                return None;
            }
        };
        let limits = self.limits();
        let tools = self.first_names(&["includeTools", "enabledTools", "enabled_tools", "tools"]);
        let hide = self.first_names(&["excludeTools", "disabledTools", "disabled_tools", "hide"]);
        self.told_rest();
        Some(Server {
            namespace: self.namespace.clone(),
            kind,
            limits,
            tools: if tools == ["*"] { Vec::new() } else { tools },
            hide,
            off,
        })
    }

    fn switched_off(&mut self) -> Option<String> {
        let mut flag = |key: &str, on: bool| match self.entry.shift_remove(key) {
            None => on,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.note(
                    key,
                    "is neither `true` nor `false`: the server is taken for disabled",
                );
                key == "disabled"
            }
        };
        let (disabled, enabled) = (flag("disabled", false), flag("enabled", true));
        (disabled || !enabled).then(|| "disabled in the file".to_owned())
    }

    /// The program and its arguments; of Zed also those of an older form, of others a list.
    fn command(&mut self) -> Option<(String, Vec<Value>)> {
        let args = |reader: &mut Self, value: Option<Value>| match value {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                reader.note("args", "is no list; left out");
                Vec::new()
            }
        };
        match self.entry.shift_remove("command")? {
            Value::String(program) => {
                let given = self.entry.shift_remove("args");
                Some((program, args(self, given)))
            }
            Value::Array(mut items) if items.first().is_some_and(Value::is_string) => {
                let program = items.remove(0).as_str()?.to_owned();
                Some((program, items))
            }
            Value::Object(mut command) => {
                let program = command.get("path")?.as_str()?.to_owned();
                if let Some(env) = command.shift_remove("env") {
                    self.entry.entry("env").or_insert(env);
                }
                Some((program, args(self, command.shift_remove("args"))))
            }
            _ => None,
        }
    }

    fn process(&mut self, program: &str, args: &[Value]) -> Kind {
        let program = self.read("command", program, false);
        if program.as_plain().is_some_and(is_relative_path) {
            self.note(
                "command",
                "is a relative path: it starts at the folder that the program is run in",
            );
        }
        let mut found = Vec::new();
        let mut before = None;
        for (at, arg) in args.iter().enumerate() {
            let Some(raw) = arg.as_str() else {
                self.note(&format!("args[{at}]"), "is no string; left out");
                continue;
            };
            let place = self.place_of(&format!("args[{at}]"));
            let read = self.read(&format!("args[{at}]"), raw, false);
            let variables = &mut self.imported.variables;
            found.push(variables.argument(&read, before, &self.namespace, &place));
            before = Some(raw);
        }
        let mut env: Vec<_> = self
            .pairs("env", true)
            .into_iter()
            .map(|(key, value)| {
                let place = self.place_of(&format!("env.{key}"));
                let wanted = variable_name(&key);
                let variables = &mut self.imported.variables;
                let value = variables.hidden(&value, &key, &wanted, &self.namespace, &place);
                (key, value)
            })
            .collect();
        for name in self.forwarded() {
            let value = Text::variable(&name);
            let place = self.place_of("env_vars");
            self.imported.variables.refer(&value, &place);
            env.push((name, value));
        }
        if self.entry.shift_remove("envFile").is_some() {
            self.note("envFile", "is not read: set its variables where the program is started, and pass them with `env`");
        }
        let cwd = self.text("cwd").map(|cwd| self.read("cwd", &cwd, false));
        let from_here =
            |cwd: &str| !cwd.starts_with(['/', '~', '\\']) && cwd.get(1..2) != Some(":");
        if cwd.as_ref().and_then(Text::as_plain).is_some_and(from_here) {
            self.note(
                "cwd",
                "is a relative path: it starts at the folder that the program is run in",
            );
        }
        Kind::Stdio {
            program,
            args: found,
            env,
            cwd,
        }
    }

    fn remote(&mut self, url: &str) -> Kind {
        let place = self.place_of("url");
        let read = self.read("url", url, false);
        let wanted = format!("{}_URL", variable_name(&self.namespace));
        let variables = &mut self.imported.variables;
        let url = variables.hidden(&read, "url", &wanted, &self.namespace, &place);
        let mut headers = Vec::new();
        for table in ["headers", "http_headers"] {
            for (name, value) in self.pairs(table, true) {
                let place = self.place_of(&format!("{table}.{name}"));
                let called = if name.eq_ignore_ascii_case("authorization") {
                    "TOKEN".to_owned()
                } else {
                    variable_name(&name)
                };
                let wanted = format!("{}_{called}", variable_name(&self.namespace));
                let variables = &mut self.imported.variables;
                let value = variables.hidden(&value, &name, &wanted, &self.namespace, &place);
                headers.push((name, value));
            }
        }
        if let Some(Value::Object(named)) = self.entry.shift_remove("env_http_headers") {
            for (name, variable) in named {
                if let Some(variable) = variable.as_str() {
                    self.header_of(&mut headers, name, "", variable, "env_http_headers");
                }
            }
        }
        if let Some(variable) = self.text("bearer_token_env_var") {
            let name = "Authorization".to_owned();
            self.header_of(
                &mut headers,
                name,
                "Bearer ",
                &variable,
                "bearer_token_env_var",
            );
        }
        if let Some(Value::String(token)) = self.entry.shift_remove("bearerToken") {
            let place = self.place_of("bearerToken");
            let wanted = format!("{}_TOKEN", variable_name(&self.namespace));
            let token = self.read("bearerToken", &token, true);
            let variables = &mut self.imported.variables;
            let hidden = variables.hidden(&token, "token", &wanted, &self.namespace, &place);
            let mut value = Text::plain("Bearer ");
            hidden.0.into_iter().for_each(|part| value.push(part));
            headers.push(("Authorization".to_owned(), value));
        }
        for key in ["headersHelper", "auth"] {
            if self.entry.shift_remove(key).is_some() {
                self.note(
                    key,
                    "has no counterpart; see `.auth(..)` for credentials that change",
                );
            }
        }
        Kind::Http { url, headers }
    }

    fn header_of(
        &mut self,
        headers: &mut Vec<(String, Text)>,
        name: String,
        before: &str,
        variable: &str,
        key: &str,
    ) {
        let mut value = Text::default();
        value.push_plain(before);
        Text::variable(variable)
            .0
            .into_iter()
            .for_each(|part| value.push(part));
        let place = self.place_of(key);
        self.imported.variables.refer(&value, &place);
        headers.push((name, value));
    }

    fn limits(&mut self) -> Limits {
        let mut seconds = |key: &str| {
            let given = self.entry.shift_remove(key)?.as_f64();
            if given.is_none() {
                self.note(key, "is no number; left out");
            }
            given
        };
        let tool = seconds("tool_timeout_sec");
        let start =
            seconds("startup_timeout_sec").or(seconds("startup_timeout_ms").map(|ms| ms / 1000.0));
        let timeout = seconds("timeout");
        // Clients do not agree on the unit; nobody waits for a call for so many seconds, or so few milliseconds.
        let timeout = timeout.map(|given| {
            let seconds = if given >= 1000.0 {
                given / 1000.0
            } else {
                given
            };
            self.note("timeout", &format!("{given} is taken as {seconds} seconds"));
            seconds
        });
        let usable = |seconds: &f64| seconds.is_finite() && *seconds > 0.0 && *seconds < 1e9;
        Limits {
            call: tool.or(timeout).filter(usable),
            start: start.filter(usable),
        }
    }

    /// Variables that the client passes on under their own names.
    fn forwarded(&mut self) -> Vec<String> {
        let items = match self.entry.shift_remove("env_vars") {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.note("env_vars", "is no list; left out");
                return Vec::new();
            }
        };
        let names = items.iter().filter_map(|item| match item {
            Value::String(name) => Some(name.clone()),
            other => Some(other.get("name")?.as_str()?.to_owned()),
        });
        names.collect()
    }

    fn first_names(&mut self, keys: &[&str]) -> Vec<String> {
        let mut names = Vec::new();
        for key in keys {
            let Some(value) = self.entry.shift_remove(*key) else {
                continue;
            };
            if !value.is_array() {
                self.note(key, "is no list; left out");
            }
            let items = value.as_array().into_iter().flatten();
            names.extend(items.filter_map(|item| item.as_str().map(str::to_owned)));
        }
        names
    }

    fn told_rest(&mut self) {
        let left = std::mem::take(&mut self.entry);
        for (key, _) in left {
            if !OF_CLIENTS.contains(&key.as_str()) {
                // Its value may be a secret.
                self.note(&key, "is not known, and left out");
            }
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.entry.shift_remove(key)? {
            Value::String(text) => Some(text),
            _ => {
                self.note(key, "is no string; left out");
                None
            }
        }
    }

    fn pairs(&mut self, key: &str, bare: bool) -> Vec<(String, Text)> {
        let pairs = match self.entry.shift_remove(key) {
            None => return Vec::new(),
            Some(Value::Object(pairs)) => pairs,
            Some(_) => {
                self.note(key, "is no object; left out");
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for (name, value) in pairs {
            let raw = match value {
                Value::String(raw) => raw,
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                _ => {
                    self.note(&format!("{key}.{name}"), "is no string; left out");
                    continue;
                }
            };
            let value = self.read(&format!("{key}.{name}"), &raw, bare);
            found.push((name, value));
        }
        found
    }

    fn read(&mut self, key: &str, raw: &str, bare: bool) -> Text {
        let place = self.place_of(key);
        let notes = &mut self.imported.notes;
        let text = text(raw, bare, &mut |inside| {
            notes.push(format!(
                "{place}: `${{{}}}` is kept as it is: it is no variable",
                inside.escape_debug()
            ));
        });
        self.imported.variables.refer(&text, &place);
        text
    }

    fn note(&mut self, key: &str, what: &str) {
        let place = if key.is_empty() {
            self.place.clone()
        } else {
            format!("{}.{key}", self.place)
        };
        self.imported.notes.push(format!("{place}: {what}"));
    }

    fn place_of(&self, key: &str) -> String {
        format!("{}.{key}", self.namespace)
    }
}

fn is_relative_path(program: &str) -> bool {
    program.contains(['/', '\\'])
        && !program.starts_with(['/', '~', '\\'])
        && program.get(1..2) != Some(":")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::config::config;
    use super::*;

    fn imported(server: &Value) -> (String, Vec<String>) {
        let whole = json!({ "mcpServers": { "a": server } });
        let imported = read(&whole).expect("there is one");
        (config(&imported), imported.notes)
    }

    #[test]
    fn a_secret_with_what_looks_like_a_variable_in_it_is_a_secret_all_the_same() {
        for server in [
            json!({ "command": "x", "env": { "DB_PASSWORD": "hunter2$SECRET9x" } }),
            json!({ "command": "x", "args": ["--api-key=hunter2${Z}"] }),
            json!({ "command": "x", "args": ["--password", "hunter2${Z}"] }),
            json!({ "url": "https://x.example", "headers": { "X-Api-Key": "hunter2$WORD1" } }),
        ] {
            let (text, _) = imported(&server);
            assert!(text.contains("${") && !text.contains("hunter2"), "{text}");
            for part in ["SECRET9", "WORD1", "${Z}"] {
                assert!(!text.contains(part), "{text}");
            }
        }
        let (text, _) = imported(&json!({
            "url": "https://x.example",
            "headers": { "Authorization": "Bearer ${TOKEN}" },
        }));
        assert!(text.contains("Bearer ${TOKEN}"), "{text}");
    }

    #[test]
    fn what_is_of_a_wrong_kind_is_told_and_a_server_that_may_be_off_is_off() {
        let (text, notes) = imported(&json!({
            "command": "x", "args": "--flag", "env": ["A=b"], "excludeTools": "delete_all", "disabled": "true",
            "timeout": "30",
        }));
        assert!(text.contains("\"disabled\": true"), "{text}");
        for key in ["args", "env", "excludeTools", "disabled", "timeout"] {
            let place = format!("mcpServers.a.{key}: is ");
            assert!(
                notes.iter().any(|note| note.starts_with(&place)),
                "{key}: {notes:?}"
            );
        }
        let two = json!({ "mcpServers": { "a": { "command": "x" } }, "servers": { "b": { "command": "y" } } });
        let notes = read(&two).expect("there is one").notes;
        assert_eq!(notes, ["servers: is left out, as there is `mcpServers`"]);
    }

    #[test]
    fn an_argument_of_many_colons_is_only_an_argument() {
        let long = "a:".repeat(200_000);
        let (text, _) = imported(&json!({ "command": "x", "args": [long] }));
        assert!(text.contains(&long));
    }
}
