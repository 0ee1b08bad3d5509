//! Declaring a composition, piece by piece.

use std::sync::Arc;

use super::{
    ChildSpec, Composition, DeclaredChild, IntoChild, Namespace, Problem, Profile, Settings,
};
use crate::IntoChildren;

/// Collects the settings and children of a [`Composition`].
///
/// Nothing here fails: what is wrong is kept, told by [`Composition::check`], and refused at the
/// start, all at once.
#[derive(Debug, Default)]
#[must_use = "call `build` to get the composition"]
pub struct CompositionBuilder {
    settings: Settings,
    children: Vec<ChildSpec>,
    problems: Vec<Problem>,
}

impl CompositionBuilder {
    /// The server's name, as clients see it. Default: `mcp-compose`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// The server's version, as clients see it. Default: the version of this crate.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = Some(version.into());
        self
    }

    /// The program that declares the composition: its name and version are taken where none are
    /// set. `compose!` calls this with those of the package that it stands in.
    pub fn package(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.settings.package = (name.into(), version.into());
        self
    }

    /// The server's name for people. Default: none.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.settings.title = Some(title.into());
        self
    }

    /// What a model is told about the whole. Default: none.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.settings.instructions = Some(instructions.into());
        self
    }

    /// What stands between a namespace and a name. Default: `_`.
    pub fn separator(mut self, separator: impl Into<String>) -> Self {
        self.settings.separator = separator.into();
        self
    }

    /// The longest name, in characters, that is exposed; longer ones are shortened with a hash.
    /// Default: 64, which is what common clients take.
    pub fn max_name(mut self, characters: usize) -> Self {
        self.settings.max_name = characters;
        self
    }

    /// Refuses to start when a name collides or is too long, rather than to change it.
    pub fn strict(mut self) -> Self {
        self.settings.strict = true;
        self
    }

    /// Serves a part of the composition under a name of its own as well: over HTTP at `/mcp/{name}`,
    /// elsewhere where the profile is asked for ([`Composition::only`], `--profile`).
    ///
    /// A name is `[a-z][a-z0-9_-]*`, at most 32 characters, and no child's namespace. A list of
    /// patterns over exposed names and URIs is a profile, and so is a [`Profile`].
    ///
    /// ```
    /// use mcp_compose::{Composition, child::stdio};
    ///
    /// let composition = Composition::builder()
    ///     .child("docs", stdio("docs-server"))
    ///     .child("db", stdio("db-server"))
    ///     .profile("reading", ["docs_*", "db_query"])
    ///     .build();
    /// ```
    pub fn profile(mut self, name: impl AsRef<str>, profile: impl Into<Profile>) -> Self {
        let text = name.as_ref();
        match Namespace::parse(text) {
            Ok(name) => self
                .settings
                .profiles
                .push((name, Arc::new(profile.into()))),
            Err(wrong) => {
                let place = format!("profile {}", text.escape_debug());
                self.problems.push(Problem::error(place, wrong));
            }
        }
        self
    }

    /// Serves each child by itself as well, over HTTP at `/mcp/{namespace}`: under its own names and
    /// URIs, with its own instructions. Default: only the whole and the profiles are served.
    pub fn child_endpoints(mut self) -> Self {
        self.settings.child_endpoints = true;
        self
    }

    /// Adds a child; what it offers is exposed under `namespace`.
    ///
    /// A namespace is `[a-z][a-z0-9_-]*`, at most 32 characters.
    pub fn child(mut self, namespace: impl AsRef<str>, child: impl IntoChild) -> Self {
        match Namespace::parse(namespace.as_ref()) {
            Ok(namespace) => self.add(Some(namespace), child.into_child()),
            Err(wrong) => {
                self.problems.push(Problem::error(
                    namespace.as_ref().escape_debug().to_string(),
                    wrong,
                ));
            }
        }
        self
    }

    /// Adds a child whose names are exposed as they are, such as this server's own tools.
    pub fn local(mut self, child: impl IntoChild) -> Self {
        self.add(None, child.into_child());
        self
    }

    /// Adds every child of another composition; its settings are not taken over.
    pub fn spread(mut self, other: impl IntoChildren) -> Self {
        let other = other.into_children();
        self.children.extend(other.children);
        self.problems.extend(other.problems);
        self
    }

    /// The composition.
    pub fn build(self) -> Composition {
        Composition {
            settings: self.settings,
            children: self.children,
            problems: self.problems,
            file: None,
            showing: None,
        }
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn add(&mut self, namespace: Option<Namespace>, child: DeclaredChild) {
        let place = namespace.as_ref().map_or("_", Namespace::as_str).to_owned();
        for wrong in child.errors {
            self.problems.push(Problem::error(&place, wrong));
        }
        for wrong in child.warnings {
            self.problems.push(Problem::warning(&place, wrong));
        }
        if let Some(source) = child.source {
            self.children.push(ChildSpec {
                namespace,
                source,
                options: child.options,
                mount: Arc::default(),
            });
        }
    }
}
