//! A composition as the source of a program.

use super::server::{Imported, Kind, Server};
use super::text::{Part, Text};
use crate::cli::keywords::is_keyword;

/// No line of a child is to be longer, in characters.
const WIDTH: usize = 100;

/// A whole `main.rs`; `from` is the name of the file that it comes from.
pub(super) fn source(imported: &Imported, from: &str) -> String {
    let on = imported
        .servers
        .iter()
        .filter(|server| server.off.is_none());
    let used = Used::of(on);
    let mut out = format!("//! Made from `{}` by `import`.\n\n", from.escape_debug());
    out.push_str("use std::process::ExitCode;\n");
    if used.durations {
        out.push_str("use std::time::Duration;\n");
    }
    let types = if used.env || used.env_or {
        "{Composition, compose}"
    } else {
        "compose"
    };
    out.push_str(&format!(
        "\nuse mcp_compose::{types};\n\n#[tokio::main]\nasync fn main() -> ExitCode {{\n"
    ));
    if !used.env && !used.env_or {
        out.push_str(&format!(
            "    compose! {{\n{}    }}\n    .run()\n    .await\n}}\n",
            entries(imported)
        ));
        return out;
    }
    if used.env {
        out.push_str(
            "    match composition() {
        Ok(composition) => composition.run().await,
        Err(wrong) => {
            eprintln!(\"error: {wrong}\");
            ExitCode::from(2)
        }
    }
}

fn composition() -> Result<Composition, String> {
",
        );
        out.push_str(&format!(
            "    Ok(compose! {{\n{}    }})\n}}\n",
            entries(imported)
        ));
        out.push_str(
            "
/// A variable of the environment.
fn env(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!(\"the environment variable `{name}` is not set\"))
}
",
        );
    } else {
        out.push_str("    composition().run().await\n}\n\nfn composition() -> Composition {\n");
        out.push_str(&format!(
            "    compose! {{\n{}    }}\n}}\n",
            entries(imported)
        ));
    }
    if used.env_or {
        out.push_str(
            "
/// A variable of the environment, or what stands for it when it is unset or empty.
fn env_or(name: &str, default: &str) -> String {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.unwrap_or_else(|| default.to_owned())
}
",
        );
    }
    out
}

/// What the program needs besides the composition.
#[derive(Default)]
struct Used {
    env: bool,
    env_or: bool,
    durations: bool,
}

impl Used {
    fn of<'a>(servers: impl Iterator<Item = &'a Server>) -> Self {
        let mut used = Used::default();
        for server in servers {
            used.durations |= server.limits.call.or(server.limits.start).is_some();
            for text in server.texts() {
                for part in &text.0 {
                    if let Part::Variable { default, .. } = part {
                        used.env |= default.is_none();
                        used.env_or |= default.is_some();
                    }
                }
            }
        }
        used
    }
}

impl Server {
    fn texts(&self) -> Vec<&Text> {
        match &self.kind {
            Kind::Stdio {
                program,
                args,
                env,
                cwd,
            } => {
                let env = env.iter().map(|(_, value)| value);
                let all = std::iter::once(program).chain(args).chain(env);
                all.chain(cwd).collect()
            }
            Kind::Http { url, headers } => {
                let headers = headers.iter().map(|(_, value)| value);
                std::iter::once(url).chain(headers).collect()
            }
        }
    }
}

fn entries(imported: &Imported) -> String {
    let mut out = String::new();
    if let Some(separator) = imported.separator {
        out.push_str(&format!("        separator = {separator:?},\n"));
    }
    for server in &imported.servers {
        let entry = entry(server);
        match &server.off {
            None => {
                for line in entry.lines() {
                    out.push_str(&format!("        {line}\n"));
                }
            }
            Some(why) => {
                out.push_str(&format!("        // {}: {why}\n", server.namespace));
                for line in entry.lines() {
                    out.push_str(&format!("        // {line}\n"));
                }
            }
        }
    }
    out
}

/// `namespace: child,` without indentation.
fn entry(server: &Server) -> String {
    let key = if is_field(&server.namespace) {
        server.namespace.clone()
    } else {
        format!("{:?}", server.namespace)
    };
    let (root, args) = root(server);
    let methods = methods(server);
    let line = format!("{key}: {root}({}){},", args.join(", "), methods.concat());
    if line.chars().count() <= WIDTH - 8 {
        return line;
    }
    let call = format!("{key}: {root}({})", args.join(", "));
    let mut out = if call.chars().count() <= WIDTH - 9 {
        call
    } else {
        let args: String = args.iter().map(|arg| format!("    {arg},\n")).collect();
        format!("{key}: {root}(\n{args})")
    };
    // As rustfmt has it: methods of a call that ends on a line of its own stand below that.
    let indent = if out.ends_with("\n)") { "" } else { "    " };
    for method in methods {
        out.push_str(&format!("\n{indent}{method}"));
    }
    out.push(',');
    out
}

fn root(server: &Server) -> (&'static str, Vec<String>) {
    match &server.kind {
        Kind::Stdio { program, args, .. } => (
            "stdio",
            std::iter::once(program).chain(args).map(rust).collect(),
        ),
        Kind::Http { url, .. } => ("http", vec![rust(url)]),
    }
}

fn methods(server: &Server) -> Vec<String> {
    let mut out = Vec::new();
    match &server.kind {
        Kind::Stdio { env, cwd, .. } => {
            for (name, value) in env {
                out.push(format!(".env({name:?}, {})", rust(value)));
            }
            out.extend(cwd.iter().map(|cwd| format!(".cwd({})", rust(cwd))));
        }
        Kind::Http { headers, .. } => {
            for (name, value) in headers {
                let token = value.strip_prefix("Bearer ");
                match token.filter(|_| name.eq_ignore_ascii_case("authorization")) {
                    Some(token) => out.push(format!(".bearer({})", rust(&token))),
                    None => out.push(format!(".header({name:?}, {})", rust(value))),
                }
            }
        }
    }
    let limits = [
        ("init_timeout", server.limits.start),
        ("timeout", server.limits.call),
    ];
    for (method, seconds) in limits {
        out.extend(seconds.map(|seconds| format!(".{method}({})", duration(seconds))));
    }
    for (method, names) in [("tools", &server.tools), ("hide", &server.hide)] {
        if !names.is_empty() {
            out.push(format!(".{method}({names:?})"));
        }
    }
    out
}

fn duration(seconds: f64) -> String {
    if seconds.fract() == 0.0 {
        format!("Duration::from_secs({seconds})")
    } else {
        format!("Duration::from_secs_f64({seconds:?})")
    }
}

/// An expression for the text.
fn rust(text: &Text) -> String {
    if let Some(plain) = text.as_plain() {
        return format!("{plain:?}");
    }
    let variable = |name: &str, default: &Option<String>| match default {
        None => format!("env({name:?})?"),
        Some(default) => format!("env_or({name:?}, {default:?})"),
    };
    if let [Part::Variable { name, default }] = text.0.as_slice() {
        return variable(name, default);
    }
    let (mut format, mut values) = (String::new(), String::new());
    for part in &text.0 {
        match part {
            Part::Plain(plain) => format.push_str(&plain.replace('{', "{{").replace('}', "}}")),
            Part::Variable { name, default } => {
                format.push_str("{}");
                values.push_str(&format!(", {}", variable(name, default)));
            }
        }
    }
    format!("format!({format:?}{values})")
}

/// Whether the namespace can stand without quotes; keywords are better read with them.
fn is_field(namespace: &str) -> bool {
    !namespace.contains('-') && !is_keyword(namespace)
}
