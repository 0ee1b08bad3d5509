//! What clients connect to: the whole, a profile, or one child by itself. Each has a catalog of its
//! own, and all are replaced together.

use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, Guard};

use super::catalog::{Catalog, Part};
use crate::child::listing::Kind;
use crate::child::supervisor::Child;
use crate::compose::{ChildSpec, Namespace, Problem, Settings};
use crate::wire::peer::lock;

/// A part of the composition, as its clients see it.
#[derive(Debug)]
pub(crate) struct View {
    catalog: ArcSwap<Catalog>,
}

impl View {
    fn new(catalog: Catalog) -> Arc<Self> {
        Arc::new(Self {
            catalog: ArcSwap::from_pointee(catalog),
        })
    }

    /// What is exposed now.
    pub(crate) fn catalog(&self) -> Guard<Arc<Catalog>> {
        self.catalog.load()
    }

    /// Whether anything of a child can be seen in it.
    pub(crate) fn shows(&self, child: &Child) -> bool {
        let catalog = self.catalog();
        catalog.children().iter().any(|known| known.id == child.id)
    }

    /// Whether anything of a child that is still to be started can come to be seen in it.
    pub(super) fn may_show(&self, child: &ChildSpec, settings: &Settings) -> bool {
        let catalog = self.catalog();
        match catalog.part() {
            // The one that `settings` name.
            Part::Alone => {
                let own = child.namespace.as_ref().map(Namespace::as_str);
                own.is_some() && own == settings.only.as_deref()
            }
            part => !part.reach(child, settings).is_empty(),
        }
    }

    /// Puts another catalog in place; gives the lists that differ.
    fn replace(&self, next: Catalog) -> Vec<Kind> {
        let kinds = next.changed_since(&self.catalog());
        self.catalog.store(Arc::new(next));
        kinds
    }
}

/// All views.
#[derive(Debug)]
pub(super) struct Views {
    whole: Arc<View>,
    profiles: Vec<(Namespace, Arc<View>)>,
    /// Children by themselves, from when somebody asks for them. One stays while its child is gone:
    /// another may come under the same name.
    alone: Mutex<Vec<(Namespace, Arc<View>)>>,
    /// What clients get that name none.
    default: Arc<View>,
}

/// What became of the views with a new state of the children.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Views of which lists differ.
    pub(super) views: Vec<(Arc<View>, Vec<Kind>)>,
    /// What is wrong now, and was not before.
    pub(super) problems: Vec<Problem>,
}

impl Views {
    /// Views of a composition without children.
    pub(super) fn new(settings: &Settings) -> Self {
        let built = Catalog::build(settings, &[], None);
        let whole = View::new(built.whole);
        let names = settings.profiles.iter().map(|(name, _)| name.clone());
        let profiles: Vec<_> = names
            .zip(built.profiles.into_iter().map(View::new))
            .collect();
        let mut alone = Vec::new();
        let default = match &settings.only {
            None => Arc::clone(&whole),
            Some(only) => match profiles.iter().find(|(name, _)| name.as_str() == only) {
                Some((_, view)) => Arc::clone(view),
                None => {
                    let view = View::new(Catalog::alone(settings, None, None));
                    // What is no namespace is refused before anything is started.
                    if let Ok(name) = Namespace::parse(only) {
                        alone.push((name, Arc::clone(&view)));
                    }
                    view
                }
            },
        };
        Self {
            whole,
            profiles,
            alone: Mutex::new(alone),
            default,
        }
    }

    pub(super) fn whole(&self) -> &Arc<View> {
        &self.whole
    }

    /// What clients get that name none.
    pub(super) fn default(&self) -> &Arc<View> {
        &self.default
    }

    /// The view of this name, where one can be named.
    pub(super) fn named(
        &self,
        name: &str,
        settings: &Settings,
        children: &ArcSwap<Vec<Arc<Child>>>,
    ) -> Option<Arc<View>> {
        if settings.only.is_some() {
            return None;
        }
        if let Some((_, view)) = self.profiles.iter().find(|(own, _)| own.as_str() == name) {
            return Some(Arc::clone(view));
        }
        if !settings.child_endpoints {
            return None;
        }
        let mut alone = lock(&self.alone);
        // Under the lock: what changes from here on is followed by a `rebuild`, which finds the view.
        let children = children.load();
        let child = child_of(name, &children)?;
        if let Some((_, view)) = alone.iter().find(|(own, _)| own.as_str() == name) {
            return Some(Arc::clone(view));
        }
        let catalog = Catalog::alone(settings, Some(child), Some(&self.whole.catalog()));
        let view = View::new(catalog);
        alone.push((child.spec.namespace.clone()?, Arc::clone(&view)));
        Some(view)
    }

    /// Puts all catalogs together anew. Only one caller at a time.
    pub(super) fn rebuild(&self, settings: &Settings, children: &[Arc<Child>]) -> Changes {
        let former = self.whole.catalog.load_full();
        let built = Catalog::build(settings, children, Some(&former));
        let known = |problem: &&Problem| {
            former.problems.contains(problem) || former.collisions.contains(problem)
        };
        let problems = built.whole.problems.iter().chain(&built.whole.collisions);
        let mut changes = Changes {
            problems: problems.filter(|it| !known(it)).cloned().collect(),
            views: Vec::new(),
        };
        let mut replace = |view: &Arc<View>, next: Catalog| {
            let kinds = view.replace(next);
            if !kinds.is_empty() {
                changes.views.push((Arc::clone(view), kinds));
            }
        };
        for (name, view) in lock(&self.alone).iter() {
            let child = child_of(name.as_str(), children);
            replace(view, Catalog::alone(settings, child, Some(&former)));
        }
        for ((_, view), next) in self.profiles.iter().zip(built.profiles) {
            replace(view, next);
        }
        replace(&self.whole, built.whole);
        changes
    }
}

fn child_of<'c>(name: &str, children: &'c [Arc<Child>]) -> Option<&'c Arc<Child>> {
    let named = |child: &&Arc<Child>| {
        let namespace = child.spec.namespace.as_ref();
        namespace.is_some_and(|own| own.as_str() == name)
    };
    children.iter().find(named)
}

impl Part {
    /// Whether it is one child by itself.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self, Self::Alone)
    }
}
