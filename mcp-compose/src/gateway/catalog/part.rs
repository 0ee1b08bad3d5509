//! What a catalog is of: the whole composition, a profile, or one child by itself.

use std::collections::HashSet;
use std::sync::Arc;

use crate::child::supervisor::Child;
use crate::compose::{ChildSpec, Namespace, Profile, Reach, Settings};

/// What a catalog is of.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Everything.
    Whole,
    /// What a profile selects, under the names of the whole.
    Profile(Arc<Profile>),
    /// One child, under its own names and URIs.
    Alone,
}

impl Part {
    /// The namespace that the names and URIs of a child have here.
    pub(crate) fn namespace<'c>(&self, child: &'c Child) -> Option<&'c Namespace> {
        match self {
            Self::Alone => None,
            Self::Whole | Self::Profile(_) => child.spec.namespace.as_ref(),
        }
    }

    /// Whether what a child exposes in the whole under this name or URI is in it; `interfaces` are
    /// those of tools that are.
    pub(super) fn takes(&self, child: &Child, exposed: &str, interfaces: &HashSet<String>) -> bool {
        match self {
            Self::Whole | Self::Alone => true,
            Self::Profile(profile) => {
                let namespace = child.spec.namespace.as_ref().map(Namespace::as_str);
                profile.takes(namespace, exposed)
                    || (interfaces.contains(exposed) && !profile.refuses(exposed))
            }
        }
    }

    /// Whether an instance of a template that is in it is in it too.
    pub(super) fn refuses(&self, exposed: &str) -> bool {
        match self {
            Self::Whole | Self::Alone => false,
            Self::Profile(profile) => profile.refuses(exposed),
        }
    }

    /// What of a child can be in it.
    pub(crate) fn reach(&self, child: &ChildSpec, settings: &Settings) -> Reach {
        match self {
            Self::Whole | Self::Alone => Reach::ALL,
            Self::Profile(profile) => profile.reach(child, settings),
        }
    }
}
