//! `install` and `uninstall`: this program as one entry in the settings of MCP clients.

mod args;
mod client;
mod diff;
mod plan;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Value, json};

pub(super) use self::args::{InstallArgs, UninstallArgs};
use self::args::{Place, name_of};
pub(super) use self::client::Reached;
use self::client::{Client, Machine, Os, Passed};
use self::plan::{Change, Plan, Refused};
use super::Failure;
use super::terminal::{Console, Terminal};
use crate::cli::settings;

/// What is installed.
#[derive(Debug)]
pub(super) struct Subject {
    /// The composition's name.
    pub(super) name: String,
    /// What a client is to start, after the program itself.
    pub(super) args: Vec<String>,
}

/// What the outcome is written to, and who is asked.
struct Talk<'a, T> {
    out: &'a mut dyn Write,
    notes: &'a mut dyn Write,
    /// `None`: nobody is there.
    terminal: Option<T>,
}

impl<'a> Talk<'a, Console> {
    fn of_process(out: &'a mut dyn Write, notes: &'a mut dyn Write) -> Self {
        let terminal = Console::of_process();
        Self {
            out,
            notes,
            terminal,
        }
    }
}

pub(super) async fn run(args: &InstallArgs, subject: &Subject) -> Result<(), Failure> {
    install(
        subject,
        args,
        Talk::of_process(&mut io::stdout(), &mut io::stderr()),
    )
    .await
}

pub(super) async fn undo(args: &UninstallArgs, subject: &Subject) -> Result<(), Failure> {
    uninstall(
        subject,
        args,
        Talk::of_process(&mut io::stdout(), &mut io::stderr()),
    )
    .await
}

async fn install(
    subject: &Subject,
    args: &InstallArgs,
    mut talk: Talk<'_, impl Terminal>,
) -> Result<(), Failure> {
    let place = &args.place;
    let reached = match &args.http {
        Some(url) => Reached::At(url.clone()),
        None => started(subject)?,
    };
    let env = passed(args)?;
    let secrets: Vec<_> = env.iter().filter_map(|env| env.value.as_deref()).collect();
    let name = place.name.clone().unwrap_or_else(|| name_of(&subject.name));
    let plan = |client: Client, file: &Path| {
        let entry = client.entry(&reached, &env)?;
        plan::install(client, file, &name, &entry, &secrets, place.force)
    };
    if place.clients.is_empty() {
        return overview(place, &plan, "install", &mut talk);
    }
    if let Reached::Started { program, .. } = &reached
        && is_build_folder(program)
    {
        writeln!(
            talk.notes,
            "note: {program} lies in a build folder; copy it to a lasting place first, with `cargo install` for example"
        )?;
    }
    carry_out(place, &name, &plan, !secrets.is_empty(), talk).await
}

async fn uninstall(
    subject: &Subject,
    args: &UninstallArgs,
    mut talk: Talk<'_, impl Terminal>,
) -> Result<(), Failure> {
    let place = &args.place;
    let reached = started(subject)?;
    let name = place.name.clone().unwrap_or_else(|| name_of(&subject.name));
    let plan =
        |client: Client, file: &Path| plan::uninstall(client, file, &name, &reached, place.force);
    if place.clients.is_empty() {
        return overview(place, &plan, "uninstall", &mut talk);
    }
    carry_out(place, &name, &plan, false, talk).await
}

type Planned<'a> = dyn Fn(Client, &Path) -> Result<Change, Refused> + 'a;

/// Each client on this machine, and what would become of its file.
fn overview<T>(
    place: &Place,
    plan: &Planned<'_>,
    verb: &str,
    talk: &mut Talk<'_, T>,
) -> Result<(), Failure> {
    if place.file.is_some() {
        return Err(Failure::Usage(
            "`--file` needs the client whose dialect the file is in".to_owned(),
        ));
    }
    let mut rows = Vec::new();
    for &client in Client::value_variants() {
        let (file, found, state) = match file_of(client, place) {
            Err(why) => (None, false, why),
            Ok(file) if !client.is_there(&file) => (Some(file), false, "not found".to_owned()),
            Ok(file) => {
                let state = match plan(client, &file) {
                    Ok(Change::Nothing) if verb == "install" => "is installed".to_owned(),
                    Ok(Change::Nothing) => "has no such entry".to_owned(),
                    Ok(Change::Add(_)) => "would be added".to_owned(),
                    Ok(Change::Replace(_)) => "would be replaced".to_owned(),
                    Ok(Change::Remove(_)) => "would be removed".to_owned(),
                    Err(refused) => refused.why,
                };
                (Some(file), true, state)
            }
        };
        rows.push((client, file, found, state));
    }
    if place.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(client, file, found, state)| {
                json!({ "client": client.id(), "title": client.title(), "file": file, "found": found, "state": state })
            })
            .collect();
        writeln!(talk.out, "{}", Value::Array(rows))?;
        return Ok(());
    }
    for (client, file, _, state) in &rows {
        let file = file.as_ref().map(|file| file.display().to_string());
        let file = file.unwrap_or_default();
        writeln!(talk.out, "{:<15} {state}", client.id())?;
        if !state.contains(&file) {
            writeln!(talk.out, "{:<15} {file}", "")?;
        }
    }
    writeln!(
        talk.notes,
        "nothing was written: name the clients, as in `{verb} cursor`"
    )?;
    Ok(())
}

/// Makes all plans, and writes if every one of them can be carried out and is wanted.
async fn carry_out(
    place: &Place,
    name: &str,
    plan: &Planned<'_>,
    private: bool,
    mut talk: Talk<'_, impl Terminal>,
) -> Result<(), Failure> {
    if place.file.is_some() && place.clients.len() > 1 {
        return Err(Failure::Usage("`--file` is for one client".to_owned()));
    }
    let plans = plans(place, plan)?;
    let refused: Vec<_> = plans
        .iter()
        .filter_map(|plan| {
            let refused = plan.outcome.as_ref().err()?;
            let diff = refused.diff.as_deref().unwrap_or_default();
            Some(format!("{}: {}\n{diff}", plan.client.id(), refused.why))
        })
        .collect();
    if !refused.is_empty() {
        let nothing = if plans.len() > 1 {
            "\nnothing was written"
        } else {
            ""
        };
        return Err(Failure::Failed(format!(
            "{}{nothing}",
            refused.join("").trim_end()
        )));
    }
    if !place.json {
        for plan in &plans {
            let change = plan.outcome.as_ref().ok();
            match change.and_then(Change::written) {
                Some(written) => write!(talk.out, "{}", written.diff)?,
                None => writeln!(talk.out, "{}: nothing to do", plan.client.id())?,
            }
        }
    }
    let changes = plans
        .iter()
        .filter_map(|plan| plan.outcome.as_ref().ok()?.written())
        .count();
    let write = changes > 0 && !place.print && agreed(place, changes, &mut talk).await?;
    let mut report = Vec::new();
    let mut failed = Vec::new();
    for plan in &plans {
        let Ok(change) = &plan.outcome else { continue };
        let done = match change.written() {
            Some(written) if write => perform(&plan.file, written, private).map(Some),
            _ => Ok(None),
        };
        // The files are apart: that one cannot be written keeps nothing from the others.
        let error = done.as_ref().err().map(|error| {
            let file = plan.file.display();
            format!("{}: {file} was not written: {error}", plan.client.id())
        });
        let written = matches!(done, Ok(Some(_)));
        let backup = done.ok().flatten().flatten();
        if written && !place.json {
            told(plan, name, backup.as_deref(), talk.out)?;
        }
        report.push(json!({
            "client": plan.client.id(),
            "file": plan.file,
            "name": name,
            "action": change.action(),
            "diff": change.written().map(|written| &written.diff),
            "written": written,
            "backup": backup,
            "error": error,
        }));
        failed.extend(error);
    }
    if place.json {
        writeln!(talk.out, "{}", Value::Array(report))?;
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::Failed(failed.join("\n"))),
    }
}

fn plans(place: &Place, plan: &Planned<'_>) -> Result<Vec<Plan>, Failure> {
    let mut plans: Vec<Plan> = Vec::new();
    for &client in &place.clients {
        if plans.iter().any(|plan| plan.client == client) {
            continue;
        }
        let file = file_of(client, place).map_err(Failure::Usage)?;
        let outcome = plan(client, &file);
        plans.push(Plan {
            client,
            file,
            outcome,
        });
    }
    Ok(plans)
}

/// Whether the changes are to be written.
async fn agreed(
    place: &Place,
    changes: usize,
    talk: &mut Talk<'_, impl Terminal>,
) -> Result<bool, Failure> {
    if place.yes {
        return Ok(true);
    }
    let Some(terminal) = talk.terminal.as_mut().filter(|_| !place.json) else {
        return Err(Failure::Usage(
            "nobody is here to agree: `--yes` writes this, `--print` only shows it".to_owned(),
        ));
    };
    let what = if changes == 1 { "it" } else { "them all" };
    terminal.show(&format!("Write {what}? [y/N] "));
    let answer = terminal.line().await.unwrap_or_default();
    let agreed = matches!(answer.trim(), "y" | "Y" | "yes");
    if !agreed {
        terminal.show("nothing was written\n");
    }
    Ok(agreed)
}

fn perform(
    file: &Path,
    written: &plan::Written,
    private: bool,
) -> std::io::Result<Option<PathBuf>> {
    match &written.after {
        Some(after) => settings::write(file, written.before.as_deref(), after, private),
        None => {
            // It says what this program writes into a new file, and nothing else.
            if settings::read(file)? != written.before {
                return Err(io::Error::other(settings::CHANGED));
            }
            std::fs::remove_file(file)?;
            Ok(None)
        }
    }
}

fn told(
    plan: &Plan,
    name: &str,
    backup: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let (id, file) = (plan.client.id(), plan.file.display());
    let done = match &plan.outcome {
        Ok(Change::Add(_)) => "added to",
        Ok(Change::Replace(_)) => "replaced in",
        Ok(Change::Remove(_)) => "removed from",
        Ok(Change::Nothing) | Err(_) => return Ok(()),
    };
    writeln!(out, "{id}: `{name}` was {done} {file}")?;
    if let Some(backup) = backup {
        writeln!(
            out,
            "{id}: what was there before is in {}",
            backup.display()
        )?;
    }
    writeln!(
        out,
        "{id}: restart {} if it does not notice",
        plan.client.title()
    )?;
    Ok(())
}

fn file_of(client: Client, place: &Place) -> Result<PathBuf, String> {
    if let Some(file) = &place.file {
        return Ok(file.clone());
    }
    let folder = std::env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
    let variable = |name: &str| std::env::var_os(name);
    let machine = Machine {
        os: Os::here(),
        variable: &variable,
        folder,
    };
    client.file(&machine, place.scope)
}

fn passed(args: &InstallArgs) -> Result<Vec<Passed>, Failure> {
    let env = args.env.iter().map(|name| {
        let value = match args.env_values {
            true => Some(std::env::var(name).map_err(|_| {
                Failure::Usage(format!(
                    "`{name}` is not set here, so its value cannot be written"
                ))
            })?),
            false => None,
        };
        Ok(Passed {
            name: name.clone(),
            value,
        })
    });
    env.collect()
}

fn started(subject: &Subject) -> Result<Reached, Failure> {
    let program = program()?.into_os_string().into_string();
    let program = program.map_err(|program: OsString| {
        Failure::Failed(format!(
            "the path of this program is not text, so clients cannot have it: {}",
            program.display()
        ))
    })?;
    Ok(Reached::Started {
        program,
        args: subject.args.clone(),
    })
}

/// The path of this program as it was called: a link that a package manager keeps outlives what it leads to.
fn program() -> Result<PathBuf, Failure> {
    let this = std::env::current_exe()?;
    let Some(called) = std::env::args_os().next().map(PathBuf::from) else {
        return Ok(this);
    };
    let bare = called.components().count() == 1 && called.file_name().is_some();
    let named = match bare.then(|| std::env::var_os("PATH")).flatten() {
        Some(path) => std::env::split_paths(&path)
            .map(|folder| folder.join(&called))
            .find(|file| file.is_file()),
        None => std::path::absolute(&called).ok(),
    };
    let same = |file: &PathBuf| file.canonicalize().ok() == this.canonicalize().ok();
    let named = named.filter(|file| file.is_absolute()).filter(same);
    Ok(named.unwrap_or(this))
}

fn is_build_folder(program: &str) -> bool {
    let mut folders = Path::new(program).iter().rev().skip(1);
    let profile = folders
        .next()
        .is_some_and(|name| name == "debug" || name == "release");
    profile && folders.any(|name| name == "target")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::terminal::Script;

    fn place(file: &Path) -> Place {
        Place {
            clients: vec![Client::Cursor],
            name: None,
            scope: Default::default(),
            file: Some(file.to_owned()),
            print: false,
            yes: false,
            force: false,
            json: false,
        }
    }

    /// What a composition's own binary does, with a person who types `answer`.
    async fn answered(file: &Path, verb: &str, answer: &str) -> (String, String) {
        let subject = Subject {
            name: "My Factory".to_owned(),
            args: vec!["--stdio".to_owned()],
        };
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let mut script = Script::of(&[answer]);
        let talk = Talk {
            out: &mut out,
            notes: &mut notes,
            terminal: Some(&mut script),
        };
        let place = place(file);
        let done = if verb == "install" {
            let args = InstallArgs {
                place,
                http: None,
                env: Vec::new(),
                env_values: false,
            };
            install(&subject, &args, talk).await
        } else {
            uninstall(&subject, &UninstallArgs { place }, talk).await
        };
        done.expect("done");
        (String::from_utf8(out).expect("text"), script.shown)
    }

    #[tokio::test]
    async fn a_person_sees_the_difference_and_decides() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("mcp.json");
        for no in ["", "n", "what?"] {
            let (out, asked) = answered(&file, "install", no).await;
            assert!(out.contains("+    \"My-Factory\": {\n"), "{out}");
            assert_eq!(
                asked,
                format!("Write it? [y/N] {no}\nnothing was written\n")
            );
            assert!(!file.exists());
        }
        let (out, _) = answered(&file, "install", "y").await;
        assert!(out.contains("`My-Factory` was added to "), "{out}");
        let written = std::fs::read_to_string(&file).expect("written");
        assert!(written.contains("\"args\": [\"--stdio\"]"), "{written}");
        let (out, asked) = answered(&file, "install", "y").await;
        assert_eq!(
            (out.as_str(), asked.as_str()),
            ("cursor: nothing to do\n", "")
        );
        let (out, _) = answered(&file, "uninstall", "yes").await;
        assert!(out.contains("was removed from"), "{out}");
        assert!(!file.exists(), "there was none before");
    }

    #[test]
    fn build_folders_are_noticed() {
        assert!(is_build_folder("/home/ada/shop/target/debug/shop"));
        assert!(is_build_folder(
            "/home/ada/shop/target/x86_64-unknown-linux-musl/release/shop"
        ));
        assert!(!is_build_folder("/usr/local/bin/shop"));
        assert!(!is_build_folder("/opt/release/shop"));
    }
}
