//! Hot reload: a child is restarted when files of it change, and children are added, replaced and removed when the
//! composition's own file does. Connections stay.

mod files;
mod pattern;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

pub(super) use self::files::Changes;
use self::files::{Files, Whose};
use self::pattern::Pattern;
use super::{Gateway, Next};
use crate::child::supervisor::{Child, Phase};
use crate::compose::{ChildSource, Composition, ConfigFile, read_file};
use crate::wire::peer::lock;

/// Changes within this time are one: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(250);
/// So long changes may go on before they are seen to all the same.
const MOST: Duration = Duration::from_secs(2);

/// The composition's own file, as it was last taken over.
struct Taken {
    file: ConfigFile,
    /// The children that came of it, in its order.
    ids: Vec<u64>,
    /// What was last said of it, so that it is said once.
    said: Option<String>,
    /// As it was when it was last read.
    seen: Option<Seen>,
}

/// Which file it is and when it was written: whatever else changes in its folder leaves that alone.
type Seen = (PathBuf, SystemTime, u64);

fn seen(path: &Path) -> Option<Seen> {
    let path = path.canonicalize().ok()?;
    let about = path.metadata().ok()?;
    Some((path, about.modified().ok()?, about.len()))
}

/// Sees to changes until the gateway stops, which owns this.
pub(super) async fn run(
    gateway: Weak<Gateway>,
    changes: Arc<Changes>,
    file: Option<ConfigFile>,
    stopping: CancellationToken,
) {
    tokio::select! {
        () = stopping.cancelled() => {}
        () = attend(&gateway, &changes, file) => {}
    }
}

async fn attend(gateway: &Weak<Gateway>, changes: &Arc<Changes>, file: Option<ConfigFile>) {
    let mut files = match Files::new(Arc::clone(changes)) {
        Ok(files) => files,
        Err(error) => return tracing::warn!("files cannot be watched: {error}"),
    };
    let mut taken = file.map(|file| Taken {
        file,
        ids: ids(gateway),
        said: None,
        seen: None,
    });
    if taken.is_some() {
        // It may have changed between being read and being watched.
        changes.add(Whose::Composition);
    }
    let mut reported = HashSet::new();
    loop {
        let watched = watched(gateway, taken.as_ref());
        let set = tokio::task::spawn_blocking(move || {
            let (interests, mut failed) = patterns(watched);
            failed.extend(files.watch(interests));
            (files, failed)
        });
        let Ok((same, failed)) = set.await else {
            return;
        };
        files = same;
        for (path, why) in failed {
            if reported.insert(path.clone()) {
                tracing::warn!("{} cannot be watched: {why}", path.display());
            }
        }
        quiet(changes).await;
        let concerned = changes.take();
        if concerned.contains(&Whose::Composition)
            && let Some(taken) = &mut taken
        {
            take_over(gateway, taken).await;
        }
        for whose in concerned {
            if let Whose::Child(id) = whose {
                restart(gateway, changes, id);
            }
        }
    }
}

/// Waits for a change, and until no more come.
async fn quiet(changes: &Changes) {
    changes.wait().await;
    let began = Instant::now();
    while began.elapsed() < MOST && timeout(QUIET, changes.wait()).await.is_ok() {}
}

fn ids(gateway: &Weak<Gateway>) -> Vec<u64> {
    let children = gateway.upgrade().map(|gateway| gateway.children());
    let children = children.unwrap_or_default();
    children.iter().map(|child| child.id).collect()
}

/// A path with stars, of whom, and where it starts; `None`: all of a folder.
type Watched = (Whose, PathBuf, Option<String>);

/// What cannot be watched, and why.
type Failed = Vec<(PathBuf, String)>;

/// All that is to be watched now.
fn watched(gateway: &Weak<Gateway>, taken: Option<&Taken>) -> Vec<Watched> {
    let mut all = Vec::new();
    if let Some(taken) = taken {
        // All of its folder: a file that is replaced by a link's new target has no change of its own.
        let path = &taken.file.path;
        let real = path.canonicalize().unwrap_or_default();
        let folders = [path, &real].map(|path| folder_of(path));
        for folder in folders.into_iter().flatten() {
            all.push((Whose::Composition, folder, None));
        }
    }
    let children = gateway.upgrade().map(|gateway| gateway.children());
    for child in children.unwrap_or_default().iter() {
        if let ChildSource::Stdio(process) = &child.spec.source {
            let folder = process.cwd.as_deref().unwrap_or(Path::new("."));
            let files = process.watch.iter();
            all.extend(files.map(|file| {
                (
                    Whose::Child(child.id),
                    folder.to_owned(),
                    Some(file.clone()),
                )
            }));
        }
    }
    all
}

fn folder_of(path: &Path) -> Option<PathBuf> {
    path.parent().map(|folder| match folder.as_os_str() {
        none if none.is_empty() => PathBuf::from("."),
        _ => folder.to_owned(),
    })
}

/// What they mean on this disk, and those that mean nothing.
fn patterns(watched: Vec<Watched>) -> (Vec<(Whose, Pattern)>, Failed) {
    let (mut interests, mut failed) = (Vec::new(), Failed::new());
    for (whose, folder, file) in watched {
        let pattern = match &file {
            Some(file) => Pattern::new(&folder, file),
            None => Pattern::all_in(&folder),
        };
        match pattern {
            Ok(pattern) => interests.push((whose, pattern)),
            Err(error) => failed.push((folder.join(file.unwrap_or_default()), error.to_string())),
        }
    }
    (interests, failed)
}

fn restart(gateway: &Weak<Gateway>, changes: &Changes, id: u64) {
    let Some(child) = gateway.upgrade().and_then(|gateway| gateway.child(id)) else {
        return;
    };
    if matches!(child.phase(), Phase::Starting) {
        // It may have read the file before it changed. It is asked again when this has been quiet for a while; a start
        // has a bound.
        return changes.add(Whose::Child(id));
    }
    tracing::info!(child = %child.label, "a file of it changed: it is restarted");
    child.restart();
}

/// Reads the composition's file again. One that is wrong changes nothing.
async fn take_over(gateway: &Weak<Gateway>, taken: &mut Taken) {
    let (path, before) = (taken.file.path.clone(), taken.seen.take());
    let read = tokio::task::spawn_blocking(move || {
        let now = seen(&path);
        let same = now.is_some() && now == before;
        (now, (!same).then(|| sound(&path)))
    });
    let Ok((now, read)) = read.await else {
        return;
    };
    taken.seen = now;
    let Some(read) = read else {
        return;
    };
    let Some(gateway) = gateway.upgrade() else {
        return;
    };
    match read {
        Ok((composition, file)) => {
            taken.said = None;
            exchange(&gateway, taken, composition, file);
        }
        Err(wrong) => {
            let wrong = format!("{wrong}\nwhat was declared before goes on");
            if taken.said.as_ref() != Some(&wrong) {
                tracing::error!("{wrong}");
            }
            taken.said = Some(wrong);
        }
    }
}

/// A composition that could start.
fn sound(path: &Path) -> Result<(Composition, ConfigFile), String> {
    let mut composition = read_file(path).map_err(|error| error.to_string())?;
    composition
        .ready()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let file = composition.file.take();
    let file = file.ok_or_else(|| format!("{} was not read", path.display()))?;
    Ok((composition, file))
}

/// Starts what is new, ends what is gone, and leaves alone what is declared as before.
fn exchange(gateway: &Gateway, taken: &mut Taken, composition: Composition, file: ConfigFile) {
    if !file.has_settings_of(&taken.file) {
        tracing::warn!(
            "{}: of what changed, only children are taken over; the rest is at the next start",
            file.path.display()
        );
    }
    let kept = file.kept_from(&taken.file);
    let kept = kept.iter().map(|at| taken.ids.get((*at)?).copied());
    let specs = composition.children.into_iter();
    let mut next: Vec<_> = kept
        .zip(specs)
        .map(|(id, spec)| match id {
            Some(id) => Next::Kept(id),
            None => Next::New(Box::new(spec)),
        })
        .collect();
    let of_file = next.len();
    let _changing = lock(&gateway.changing);
    let before = gateway.children();
    // The program's own, if it has added any.
    let others = before.iter().filter(|child| !taken.ids.contains(&child.id));
    next.extend(others.map(|child| Next::Kept(child.id)));
    let is_as_before = next.len() == before.len()
        && next
            .iter()
            .zip(before.iter())
            .all(|(next, child)| matches!(next, Next::Kept(id) if *id == child.id));
    if !is_as_before {
        gateway.set_children(next);
        let after = gateway.children();
        tell(&file.path, &before, &after);
        taken.ids = after.iter().take(of_file).map(|child| child.id).collect();
    }
    taken.file = file;
}

/// Says what became of the children.
fn tell(path: &Path, before: &[Arc<Child>], after: &[Arc<Child>]) {
    let names = |of: &[Arc<Child>], others: &[Arc<Child>]| -> Vec<String> {
        let gone = of
            .iter()
            .filter(|child| !others.iter().any(|other| other.id == child.id));
        gone.map(|child| child.label.clone()).collect()
    };
    let (removed, added) = (names(before, after), names(after, before));
    tracing::info!(
        "{} changed: started {added:?}, ended {removed:?}, left {} alone",
        path.display(),
        after.len() - added.len()
    );
}
