//! Compositions that are among their own children.
//!
//! Each would list what the other lists of it, under one more prefix every time. So a composition asks such children as
//! are compositions themselves which ones their lists have come through, and leaves alone those that name it. Calls that
//! go round all the same are counted (`META_HOPS`), and programs that start themselves have a mark (`process/mark.rs`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::not_started::NotStarted;
use crate::random;
use crate::wire::peer::Cause;
use crate::wire::version::META_THROUGH;
use crate::wire::{Object, Raw};

/// Most compositions that are told, or believed to be told.
const MOST: usize = 64;
/// Bytes of the longest identity that is taken for one.
const LONGEST: usize = 64;

/// What tells a running composition from all others.
#[derive(Debug, Clone)]
pub(crate) struct Identity(Option<Arc<str>>);

impl Identity {
    pub(crate) fn new() -> Self {
        // Without random numbers circles are not found, and nothing else is missing.
        Self(random::id().map(Arc::from))
    }

    /// Why a child is left alone whose lists have come through these compositions.
    pub(super) fn refuses<'t>(
        &self,
        through: impl IntoIterator<Item = &'t String>,
    ) -> Option<NotStarted> {
        let own = self.0.as_deref()?;
        through.into_iter().any(|one| one == own).then(|| {
            closed_by(
                "it is this composition itself, or has it among its children",
                "take one of them out of the other",
            )
        })
    }

    /// A page of a list, with the compositions that it has come through: this one, and those of its children.
    pub(crate) fn told_in<'t>(
        &self,
        page: Raw,
        through: impl IntoIterator<Item = &'t String>,
    ) -> Raw {
        let Ok(mut result) = Object::parse(page.as_str()) else {
            return page;
        };
        let meta = result.get_borrowed("_meta");
        let mut meta = meta
            .and_then(|meta| Object::parse(meta).ok())
            .unwrap_or_default();
        let all: BTreeSet<&str> = through.into_iter().map(String::as_str).collect();
        let all = all.into_iter().take(MOST - 1);
        let all: Vec<_> = self.0.as_deref().into_iter().chain(all).collect();
        meta.set(META_THROUGH, Raw::of(&all).as_str().to_owned());
        result.set("_meta", meta.to_json());
        result.to_raw()
    }
}

/// Why a child is not started that would close a circle.
pub(super) fn closed_by(reason: &str, advice: &'static str) -> NotStarted {
    NotStarted {
        permanent: true,
        ..NotStarted::new(Cause::Cycle, reason).advise(advice)
    }
}

/// The compositions that a page of a list says it has come through.
pub(super) fn through(page: &Object<'_>) -> Vec<String> {
    let told = || {
        let meta = Object::parse(page.get("_meta")?).ok()?;
        serde_json::from_str::<Vec<String>>(meta.get(META_THROUGH)?).ok()
    };
    let mut told = told().unwrap_or_default();
    told.retain(|one| one.len() <= LONGEST);
    told.truncate(MOST);
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composition_knows_itself_in_what_others_tell() {
        let (own, other) = (Identity::new(), Identity::new());
        let page = Raw::from_static(r#"{"tools":[],"_meta":{"a":1}}"#);
        let page = other.told_in(page, []);
        assert!(page.as_str().contains(r#""a":1"#), "{}", page.as_str());
        let once = through(&Object::parse(page.as_str()).expect("an object"));
        assert!(own.refuses(&once).is_none());
        let why = other.refuses(&once).expect("it is the other itself");
        assert!(why.permanent && why.cause == Cause::Cycle);

        let page = own.told_in(Raw::from_static(r#"{"tools":[]}"#), &once);
        let twice = through(&Object::parse(page.as_str()).expect("an object"));
        assert_eq!(twice.len(), 2);
        assert!(own.refuses(&twice).is_some() && other.refuses(&twice).is_some());
    }

    #[test]
    fn what_is_told_is_bounded_and_of_another_kind_is_nothing() {
        let many: Vec<_> = (0..1000).map(|number| format!("{number:04}")).collect();
        let page = Identity::new().told_in(Raw::from_static("{}"), &many);
        assert_eq!(
            through(&Object::parse(page.as_str()).expect("an object")).len(),
            MOST
        );
        let long = "x".repeat(LONGEST + 1);
        for told in [
            "1".to_owned(),
            "[1]".to_owned(),
            "{}".to_owned(),
            format!("[\"{long}\"]"),
        ] {
            let page = format!(r#"{{"_meta":{{"{META_THROUGH}":{told}}}}}"#);
            assert!(through(&Object::parse(&page).expect("an object")).is_empty());
        }
    }
}
