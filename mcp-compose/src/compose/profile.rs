//! Profiles: parts of a composition that are served under names of their own.

use super::{ChildSpec, Glob, Settings};

/// Characters of a name's head that shortening never takes: `max_name` is 24 at least, a hash is 9.
const KEPT_HEAD: usize = 15;

/// A part of a composition, to be served under a name of its own: whole children, and what patterns
/// select among the exposed names and URIs.
///
/// Whatever [`children`](Self::children) or [`include`](Self::include) name is in it, unless
/// [`exclude`](Self::exclude) names it as well; where neither says anything, all is. A list of
/// patterns is a profile too, of what they include.
///
/// For clients of a profile nothing else exists: lists, calls, reads, completions, subscriptions and
/// notices are about what is in it. Names are those of the whole.
///
/// ```
/// use mcp_compose::{Composition, Profile, child::stdio};
///
/// let composition = Composition::builder()
///     .child("docs", stdio("docs-server"))
///     .child("db", stdio("db-server"))
///     .profile("reading", ["docs_*", "docs://*", "db_query"])
///     .profile("docs-only", Profile::new().children(["docs"]).exclude(["*_delete"]))
///     .build();
/// assert!(composition.check().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Profile {
    pub(super) children: Vec<String>,
    include: Vec<Glob>,
    exclude: Vec<Glob>,
    /// Something was named, even if it was nothing.
    selects: bool,
}

/// What of a child can be in a profile, as far as its namespace tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Tools and prompts.
    pub(crate) names: bool,
    /// Resources and templates.
    pub(crate) uris: bool,
}

impl Reach {
    pub(crate) const ALL: Self = Self {
        names: true,
        uris: true,
    };

    pub(crate) fn is_empty(self) -> bool {
        !self.names && !self.uris
    }
}

impl Profile {
    /// A profile of everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in all that these children expose, by namespace.
    #[must_use]
    pub fn children<I>(mut self, namespaces: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.selects = true;
        self.children.extend(namespaces.into_iter().map(Into::into));
        self
    }

    /// Takes in what has one of these exposed names or URIs; `*` stands for any characters. The user
    /// interface (`ui://`) of a tool comes with the tool.
    #[must_use]
    pub fn include<I>(mut self, patterns: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.selects = true;
        self.include.extend(patterns.into_iter().map(Glob::new));
        self
    }

    /// Leaves out what has one of these exposed names or URIs, whatever else takes it in; `*` stands
    /// for any characters.
    #[must_use]
    pub fn exclude<I>(mut self, patterns: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.exclude.extend(patterns.into_iter().map(Glob::new));
        self
    }

    /// Whether what the child of this namespace exposes under `exposed` is in it.
    pub(crate) fn takes(&self, namespace: Option<&str>, exposed: &str) -> bool {
        let named = !self.selects
            || namespace.is_some_and(|own| self.has_child(own))
            || self.include.iter().any(|glob| glob.matches(exposed));
        named && !self.refuses(exposed)
    }

    /// Whether it is left out, whatever else takes it in.
    pub(crate) fn refuses(&self, exposed: &str) -> bool {
        self.exclude.iter().any(|glob| glob.matches(exposed))
    }

    /// What of a child can be in it. What is certainly not need not be started for it.
    pub(crate) fn reach(&self, child: &ChildSpec, settings: &Settings) -> Reach {
        let namespace = child.namespace.as_ref();
        if !self.selects || namespace.is_some_and(|own| self.has_child(own.as_str())) {
            return Reach::ALL;
        }
        let head = child.prefix().map(|own| {
            let head = format!("{own}{}", settings.separator);
            head.chars().take(KEPT_HEAD).collect::<String>()
        });
        let roots = namespace.map(|own| {
            let scheme = own.scheme();
            [
                format!("{scheme}://"),
                format!("ui://{scheme}/"),
                format!("skill://{scheme}/"),
            ]
        });
        let reaches = |heads: Option<&[String]>| {
            self.include.iter().any(|glob| match heads {
                Some(heads) => heads.iter().any(|head| glob.may_begin_with(head)),
                None => true,
            })
        };
        Reach {
            names: reaches(head.as_ref().map(std::slice::from_ref)),
            uris: reaches(roots.as_ref().map(<[String; 3]>::as_slice)),
        }
    }

    fn has_child(&self, namespace: &str) -> bool {
        self.children.iter().any(|child| child == namespace)
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Profile {
    fn from(patterns: [T; N]) -> Self {
        Self::new().include(patterns)
    }
}

impl<T: Into<String>> From<Vec<T>> for Profile {
    fn from(patterns: Vec<T>) -> Self {
        Self::new().include(patterns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::stdio;
    use crate::compose::{Composition, Namespace};

    #[test]
    fn what_is_excluded_is_out_whatever_takes_it_in() {
        let profile = Profile::new()
            .children(["docs"])
            .include(["db_query"])
            .exclude(["*_delete"]);
        assert!(profile.takes(Some("docs"), "docs_search"));
        assert!(profile.takes(Some("docs"), "docs://page/1"));
        assert!(!profile.takes(Some("docs"), "docs_delete"));
        assert!(profile.takes(Some("db"), "db_query"));
        assert!(!profile.takes(Some("db"), "db_query_all"));
        assert!(!profile.takes(None, "own"));
        let all = Profile::new().exclude(["db_*"]);
        assert!(all.takes(None, "own") && !all.takes(Some("db"), "db_query"));
        let none = Profile::from([""; 0]);
        assert!(!none.takes(None, "own"), "a profile of nothing");
    }

    #[test]
    fn children_out_of_reach_are_known_by_their_namespaces() {
        let declared = Composition::builder()
            .child("docs", stdio("a"))
            .child("db", stdio("b"))
            .local(stdio("c"))
            .child("free", stdio("d").prefix(crate::child::Prefix::Never))
            .build();
        let reach = |profile: Profile| {
            let of = |child| profile.reach(child, &declared.settings);
            let letters = declared.children.iter().map(of).map(|reach| match reach {
                Reach {
                    names: true,
                    uris: true,
                } => 'a',
                Reach {
                    names: true,
                    uris: false,
                } => 'n',
                Reach {
                    names: false,
                    uris: true,
                } => 'u',
                Reach {
                    names: false,
                    uris: false,
                } => '-',
            });
            letters.collect::<String>()
        };
        assert_eq!(reach(Profile::new().exclude(["*"])), "aaaa");
        assert_eq!(reach(Profile::new().children(["db"])), "-a--");
        assert_eq!(reach(Profile::from(["docs_*"])), "n-an");
        assert_eq!(reach(Profile::from(["docs://*", "ui://db/*"])), "uuan");
        assert_eq!(reach(Profile::from(["d*"])), "aaan");
        assert_eq!(reach(Profile::from(["*query"])), "aaaa");
        assert_eq!(reach(Profile::from([""; 0])), "----");
        assert!(Namespace::parse("docs").is_ok());
    }
}
