//! The roots that a child is given when it asks for them.

use std::path::{Path, PathBuf};

use url::Url;

/// What a child learns when it asks for roots.
///
/// A list of folders is one: `["/srv/data"].into()`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Roots {
    /// Those of the client that caused the question.
    #[default]
    Relay,
    /// The child is told that there are none to ask for.
    Deny,
    /// These, whoever the client is.
    List(Vec<ListedRoot>),
}

/// A root that a child is given by its declaration.
///
/// ```
/// use mcp_compose::child::ListedRoot;
///
/// # if cfg!(unix) {
/// let data = ListedRoot::new("/srv/my data").named("Data");
/// assert_eq!(data.uri, "file:///srv/my%20data");
/// assert_eq!(data, ListedRoot::new("file:///srv/my data").named("Data"));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRoot {
    /// A `file://` URI.
    pub uri: String,
    /// What people call it.
    pub name: Option<String>,
}

impl ListedRoot {
    /// A folder or file, by its absolute path or its `file://` URI. One that is neither is kept, and
    /// [`Composition::check`](crate::Composition::check) tells what is wrong with it.
    pub fn new(place: impl Into<PathBuf>) -> Self {
        let place = place.into();
        let uri = match place.to_str() {
            Some(text) if is_uri(text) => Url::parse(text).ok(),
            // Parsed once more, for it takes `..` away.
            _ => Url::from_file_path(&place)
                .ok()
                .and_then(|url| Url::parse(url.as_str()).ok()),
        };
        ListedRoot {
            uri: uri.map_or_else(|| place.to_string_lossy().into_owned(), String::from),
            name: None,
        }
    }

    /// Sets what people call it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What is wrong with the URI.
    pub(crate) fn mistake(&self) -> Option<String> {
        let shown = self.uri.escape_debug();
        if !is_uri(&self.uri) {
            return Some(format!(
                "`{shown}` is neither an absolute path nor a `file://` URI"
            ));
        }
        let wrong = |why: &str| Some(format!("`{shown}` {why}"));
        match Url::parse(&self.uri) {
            Err(error) => wrong(&format!("is not a URI: {error}")),
            Ok(url) if url.scheme() != "file" => wrong("is not a `file://` URI"),
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                wrong("has a query or a fragment; write `?` as `%3F` and `#` as `%23`")
            }
            Ok(url) if url.to_file_path().is_err() => {
                wrong("names another machine; a path stands after three slashes, `file:///path`")
            }
            Ok(url) if url.as_str() != self.uri => wrong(&format!("is written `{url}`")),
            Ok(_) => None,
        }
    }
}

/// A path can hold a colon, but not well start like this.
fn is_uri(text: &str) -> bool {
    text.contains("://") || text.starts_with("file:")
}

impl From<&str> for ListedRoot {
    fn from(place: &str) -> Self {
        ListedRoot::new(place)
    }
}

impl From<String> for ListedRoot {
    fn from(place: String) -> Self {
        ListedRoot::new(place)
    }
}

impl From<&Path> for ListedRoot {
    fn from(place: &Path) -> Self {
        ListedRoot::new(place)
    }
}

impl From<PathBuf> for ListedRoot {
    fn from(place: PathBuf) -> Self {
        ListedRoot::new(place)
    }
}

impl<R: Into<ListedRoot>> From<Vec<R>> for Roots {
    fn from(roots: Vec<R>) -> Self {
        Roots::List(roots.into_iter().map(Into::into).collect())
    }
}

impl<R: Into<ListedRoot>, const N: usize> From<[R; N]> for Roots {
    fn from(roots: [R; N]) -> Self {
        Roots::List(roots.into_iter().map(Into::into).collect())
    }
}

/// `place` as a configuration file in `folder` means it.
pub(super) fn located(place: &str, folder: &Path) -> ListedRoot {
    if is_uri(place) {
        ListedRoot::new(place)
    } else {
        ListedRoot::new(folder.join(place))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn uri(place: &str) -> String {
        let root = ListedRoot::new(place);
        assert_eq!(root.mistake(), None, "{place}");
        root.uri
    }

    #[test]
    fn paths_and_uris_mean_the_same() {
        for place in [
            "/a b/ü",
            "file:///a b/ü",
            "file:/a%20b/%C3%BC",
            "/a b/x/../ü",
            "file://localhost/a b/ü",
            "file:///a%20b/x/%2e%2e/ü",
        ] {
            assert_eq!(uri(place), "file:///a%20b/%C3%BC", "{place}");
        }
        assert_eq!(uri("/what?/#1"), "file:///what%3F/%231");
        assert_eq!(uri("/"), "file:///");
        let folder = Path::new("/project");
        assert_eq!(located("data", folder).uri, "file:///project/data");
        assert_eq!(located("/data", folder).uri, "file:///data");
        assert_eq!(located("file:///data", folder).uri, "file:///data");
    }

    #[test]
    fn what_is_no_root_is_told() {
        for (place, why) in [
            (
                "data",
                "`data` is neither an absolute path nor a `file://` URI",
            ),
            ("", "`` is neither an absolute path nor a `file://` URI"),
            (
                "https://example.com/x",
                "`https://example.com/x` is not a `file://` URI",
            ),
            (
                "file://home/x",
                "`file://home/x` names another machine; a path stands after three slashes, `file:///path`",
            ),
            (
                "file:///x?y",
                "`file:///x?y` has a query or a fragment; write `?` as `%3F` and `#` as `%23`",
            ),
        ] {
            assert_eq!(ListedRoot::new(place).mistake().as_deref(), Some(why));
        }
        let by_hand = ListedRoot {
            uri: "file:///a/../b".into(),
            name: None,
        };
        assert_eq!(
            by_hand.mistake().as_deref(),
            Some("`file:///a/../b` is written `file:///b`")
        );
    }
}
