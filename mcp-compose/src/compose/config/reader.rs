//! Reading an object key by key, noting every mistake with its place.

use std::path::Path;
use std::time::Duration;

use super::expand::expand;
use super::json::Json;

/// What holds for the whole file.
pub(super) struct Context<'a> {
    /// Where relative paths start.
    pub(super) folder: &'a Path,
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    pub(super) mistakes: Vec<String>,
}

/// An object of the file; a key that was taken is gone.
pub(super) struct Reader<'a, 'b> {
    place: String,
    entries: Vec<(String, Json)>,
    context: &'a mut Context<'b>,
}

impl<'a, 'b> Reader<'a, 'b> {
    /// Opens the object at `place`; `None`, and a mistake, if it is not one.
    pub(super) fn open(place: &str, json: Json, context: &'a mut Context<'b>) -> Option<Self> {
        let Json::Object(entries) = json else {
            let what = if place.is_empty() { "the file" } else { place };
            context
                .mistakes
                .push(format!("{what}: expected an object, got {}", json.kind()));
            return None;
        };
        let mut reader = Reader {
            place: place.to_owned(),
            entries,
            context,
        };
        reader.drop_repeated();
        Some(reader)
    }

    /// The object under `key` of this one.
    pub(super) fn inner(&mut self, key: &str, json: Json) -> Option<Reader<'_, 'b>> {
        let place = self.place_of(key);
        Reader::open(&place, json, self.context)
    }

    pub(super) fn folder(&self) -> &'b Path {
        self.context.folder
    }

    /// The keys that were not taken.
    pub(super) fn rest(&self) -> Vec<String> {
        self.entries.iter().map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(k, _)| k == key)
    }

    /// Whether a list is under `key`.
    pub(super) fn is_list(&self, key: &str) -> bool {
        let list = |(k, json): &(String, Json)| k == key && matches!(json, Json::List(_));
        self.entries.iter().any(list)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Json> {
        let at = self.entries.iter().position(|(k, _)| k == key)?;
        Some(self.entries.remove(at).1)
    }

    /// Notes a mistake; an empty `key` stands for the object itself.
    pub(super) fn mistake(&mut self, key: &str, message: impl AsRef<str>) {
        let place = match (key, self.place.as_str()) {
            ("", "") => "the file".to_owned(),
            ("", place) => place.to_owned(),
            _ => self.place_of(key),
        };
        self.context
            .mistakes
            .push(format!("{place}: {}", message.as_ref()));
    }

    /// A string, with its variables replaced.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let json = self.take(key)?;
        self.expanded(key, json)
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        match self.take(key) {
            None => false,
            Some(Json::Bool(value)) => value,
            Some(other) => {
                self.unexpected(key, "true or false", &other);
                false
            }
        }
    }

    pub(super) fn seconds(&mut self, key: &str) -> Option<Duration> {
        let json = self.take(key)?;
        let Json::Number(seconds) = json else {
            self.unexpected(key, "a number of seconds", &json);
            return None;
        };
        match Duration::try_from_secs_f64(seconds) {
            Ok(duration) if !duration.is_zero() => Some(duration),
            _ => {
                self.mistake(key, format!("{seconds} is not a number of seconds"));
                None
            }
        }
    }

    pub(super) fn count(&mut self, key: &str) -> Option<usize> {
        let json = self.take(key)?;
        match json {
            Json::Number(n) if n >= 0.0 && n.fract() == 0.0 && n <= f64::from(u32::MAX) => {
                Some(n as usize)
            }
            other => {
                self.unexpected(key, "a whole number", &other);
                None
            }
        }
    }

    /// A list of strings, with their variables replaced.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let json = self.take(key)?;
        let Json::List(items) = json else {
            self.unexpected(key, "a list of strings", &json);
            return None;
        };
        let items = items.into_iter().enumerate();
        Some(
            items
                .filter_map(|(at, item)| self.expanded(&format!("{key}[{at}]"), item))
                .collect(),
        )
    }

    /// An object of strings, with their variables replaced.
    pub(super) fn pairs(&mut self, key: &str) -> Vec<(String, String)> {
        let Some(json) = self.take(key) else {
            return Vec::new();
        };
        let Some(mut pairs) = self.inner(key, json) else {
            return Vec::new();
        };
        let entries = std::mem::take(&mut pairs.entries);
        let entries = entries.into_iter();
        entries
            .filter_map(|(key, json)| Some((pairs.expanded(&key, json)?, key)))
            .map(|(v, k)| (k, v))
            .collect()
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let json = self.take(key)?;
        let found = match &json {
            Json::Text(text) => words.iter().find(|(word, _)| word == text),
            _ => None,
        };
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.mistake(key, format!("expected one of {}", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    fn expanded(&mut self, key: &str, json: Json) -> Option<String> {
        let Json::Text(text) = json else {
            self.unexpected(key, "a string", &json);
            return None;
        };
        match expand(&text, self.context.variable) {
            Ok(text) => Some(text),
            Err(wrong) => {
                self.mistake(key, wrong);
                None
            }
        }
    }

    fn unexpected(&mut self, key: &str, expected: &str, got: &Json) {
        self.mistake(key, format!("expected {expected}, got {}", got.kind()));
    }

    fn place_of(&self, key: &str) -> String {
        let key = key.escape_debug();
        if self.place.is_empty() {
            key.to_string()
        } else {
            format!("{}.{key}", self.place)
        }
    }

    /// A key that is given twice is a mistake, as a reader of the file sees one of them only.
    fn drop_repeated(&mut self) {
        let mut at = 0;
        while at < self.entries.len() {
            let key = self.entries[at].0.clone();
            if self.entries[..at]
                .iter()
                .any(|(earlier, _)| *earlier == key)
            {
                self.mistake(&key, "is given twice");
                self.entries.remove(at);
            } else {
                at += 1;
            }
        }
    }
}
