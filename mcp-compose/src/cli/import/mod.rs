//! `import`: the servers in the settings of an MCP client, as a composition.

mod config;
mod namespaces;
mod read;
mod server;
mod source;
mod text;
mod variables;

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use self::server::Imported;
use super::settings::Syntax;
use super::{Failure, shown};

/// Arguments of `import`.
#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The settings file of an MCP client: JSON with `mcpServers`, `servers` or `context_servers`, or TOML with
    /// `mcp_servers`.
    file: PathBuf,
    /// What comes out.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Write it to this file, which must not be there yet.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also where that file is there.
    #[arg(long, requires = "output")]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// A `main.rs` with `compose!`.
    #[default]
    Rust,
    /// A file for `mcp-compose serve --config`.
    Config,
}

pub(super) fn run(args: &ImportArgs) -> Result<(), Failure> {
    import(args, &mut io::stdout(), &mut io::stderr())
}

fn import(args: &ImportArgs, out: &mut dyn Write, notes: &mut dyn Write) -> Result<(), Failure> {
    let path = args.file.display();
    let usage = |why: String| Failure::Usage(format!("{path}: {why}"));
    let text = crate::text_file::read(&args.file).map_err(|error| usage(error.to_string()))?;
    let syntax = Syntax::of(&args.file);
    let whole = syntax
        .value(&text)
        .map_err(|wrong| usage(wrong.to_string()))?;
    let imported = read::read(&whole).map_err(usage)?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let written = match args.format {
        Format::Rust => source::source(&imported, &name),
        Format::Config => config::config(&imported),
    };
    match &args.output {
        None => out.write_all(written.as_bytes())?,
        Some(file) => save(file, &written, args.force)?,
    }
    tell(&imported, notes)
}

fn save(file: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{} is there already; `--force` replaces it",
            file.display()
        )),
        _ => Failure::Failed(format!("{}: {error}", file.display())),
    };
    let mut out = options.open(file).map_err(failed)?;
    Ok(out.write_all(text.as_bytes())?)
}

/// What could not be taken over as it is, and which variables are needed; no value is shown.
fn tell(imported: &Imported, notes: &mut dyn Write) -> Result<(), Failure> {
    for note in &imported.notes {
        writeln!(notes, "note: {}", shown::block(note))?;
    }
    let variables = &imported.variables.0;
    let mut needed = variables.iter().peekable();
    if needed.peek().is_none() {
        return Ok(());
    }
    writeln!(
        notes,
        "these variables are needed where the program is started:"
    )?;
    for (name, variable) in needed {
        let places: Vec<_> = variable
            .places
            .iter()
            .filter(|place| !place.is_empty())
            .collect();
        let places: Vec<_> = places.iter().map(|place| place.as_str()).collect();
        let plain = if variable.was_plain() {
            " (its value is in the file as plain text, and was not copied)"
        } else {
            ""
        };
        writeln!(
            notes,
            "  {name}  {}{plain}",
            shown::block(&places.join(", "))
        )?;
    }
    writeln!(
        notes,
        "set them in your shell or your service, and let clients pass them on with `install CLIENT --env NAME`"
    )?;
    Ok(())
}
