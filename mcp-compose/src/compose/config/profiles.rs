//! Profiles of a configuration file: a list of patterns each, or an object.

use super::super::{CompositionBuilder, Profile};
use super::reader::Reader;
use super::value::Value;
use crate::nearest::nearest;

/// What a profile says.
pub(super) const KEYS: &[&str] = &["children", "include", "exclude"];

/// Reads the `profiles` of the file.
pub(super) fn read(
    file: &mut Reader<'_, '_>,
    mut builder: CompositionBuilder,
) -> CompositionBuilder {
    let Some(profiles) = file.take("profiles") else {
        return builder;
    };
    let Some(mut profiles) = file.inner("profiles", profiles) else {
        return builder;
    };
    for (name, value) in profiles.take_all() {
        let read = match value {
            Value::List(_) => profiles.texts_of(&name, value).map(Profile::from),
            _ => profiles.inner(&name, value).map(profile_of),
        };
        if let Some(profile) = read {
            builder = builder.profile(name, profile);
        }
    }
    builder
}

fn profile_of(mut object: Reader<'_, '_>) -> Profile {
    let mut profile = Profile::new();
    if let Some(namespaces) = object.texts("children") {
        profile = profile.children(namespaces);
    }
    if let Some(patterns) = object.texts("include") {
        profile = profile.include(patterns);
    }
    if let Some(patterns) = object.texts("exclude") {
        profile = profile.exclude(patterns);
    }
    for key in object.rest() {
        let message = match nearest(&key, KEYS.iter().copied()) {
            Some(meant) => format!("unknown key; did you mean `{meant}`?"),
            None => format!("unknown key; known are {}", KEYS.join(", ")),
        };
        object.mistake_at(&key, message);
    }
    profile
}
