//! Files that are watched, and who is concerned when they change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::pattern::Pattern;
use crate::wire::peer::lock;

/// Whose files changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// The composition's.
    Composition,
    /// Those of the child with this id.
    Child(u64),
}

/// Whose files have changed and are not yet seen to. It holds no more than one entry for each of them, however many
/// changes there are.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    interests: Mutex<Vec<(Whose, Pattern)>>,
    whose: Mutex<BTreeSet<Whose>>,
    told: Notify,
}

impl Changes {
    /// Has [`wait`](Self::wait) return; other children are there than before, say.
    pub(crate) fn tell(&self) {
        self.told.notify_one();
    }

    pub(super) fn add(&self, whose: Whose) {
        lock(&self.whose).insert(whose);
        self.tell();
    }

    /// Waits until something was told of since the last time.
    pub(super) async fn wait(&self) {
        self.told.notified().await;
    }

    pub(super) fn take(&self) -> BTreeSet<Whose> {
        std::mem::take(&mut lock(&self.whose))
    }

    /// On the watcher's own thread.
    fn hear(&self, event: &notify::Result<Event>) {
        let interests = lock(&self.interests);
        // What the system could not tell in full may have been anything.
        let anything = match event {
            Ok(event) => event.need_rescan(),
            Err(_) => true,
        };
        let paths: &[PathBuf] = match event {
            Ok(event) if !matches!(event.kind, EventKind::Access(_)) => &event.paths,
            _ => &[],
        };
        let concerned = |pattern: &Pattern| paths.iter().any(|path| pattern.matches(path));
        for (whose, pattern) in interests.iter() {
            if anything || concerned(pattern) {
                self.add(*whose);
            }
        }
    }
}

/// The one watcher of a composition.
pub(super) struct Files {
    watcher: RecommendedWatcher,
    changes: Arc<Changes>,
    folders: BTreeMap<PathBuf, RecursiveMode>,
}

impl Files {
    pub(super) fn new(changes: Arc<Changes>) -> notify::Result<Self> {
        let heard = Arc::clone(&changes);
        Ok(Self {
            watcher: notify::recommended_watcher(move |event| heard.hear(&event))?,
            changes,
            folders: BTreeMap::new(),
        })
    }

    /// Watches these, and nothing else. It looks at the disk, so it is not for the relay's thread. Returns what cannot
    /// be watched.
    pub(super) fn watch(&mut self, interests: Vec<(Whose, Pattern)>) -> Vec<(PathBuf, String)> {
        let mut folders = BTreeMap::new();
        for (_, pattern) in &interests {
            let mode = folders
                .entry(pattern.folder.clone())
                .or_insert(RecursiveMode::NonRecursive);
            if pattern.is_deep() {
                *mode = RecursiveMode::Recursive;
            }
        }
        *lock(&self.changes.interests) = interests;
        for (folder, mode) in &self.folders {
            if folders.get(folder) != Some(mode) {
                // It may be gone.
                let _ = self.watcher.unwatch(folder);
            }
        }
        let mut failed = Vec::new();
        for (folder, mode) in &folders {
            if self.folders.get(folder) != Some(mode)
                && let Err(error) = self.watcher.watch(folder, *mode)
            {
                failed.push((folder.clone(), error.to_string()));
            }
        }
        self.folders = folders;
        failed
    }
}
