//! Reading an object key by key, noting every mistake with its place.

use std::path::Path;
use std::time::Duration;

use super::expand::expand;
use super::format::{Format, Places};
use super::value::Value;

/// What holds for the whole file.
pub(super) struct Context<'a> {
    pub(super) format: Format,
    pub(super) places: Places,
    /// Where relative paths start.
    pub(super) folder: &'a Path,
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    /// Where each is, in TOML, and what.
    pub(super) mistakes: Vec<(Place, String)>,
    /// Where what is wrong with a child is to cost that one only: those that it has cost.
    pub(super) unread: Option<Vec<Unread>>,
}

/// A child that could not be read.
#[derive(Debug)]
pub(crate) struct Unread {
    /// Its key in the file.
    pub(crate) key: String,
    /// All that is wrong with it: `place: what; what to do`.
    pub(crate) mistakes: Vec<String>,
}

/// Line and column, from 1.
type Place = Option<(usize, usize)>;

/// As a person reads them: from the top of the file on.
pub(super) fn in_order(mut mistakes: Vec<(Place, String)>) -> Vec<String> {
    mistakes.sort_by_key(|(at, _)| *at);
    mistakes.into_iter().map(|(_, message)| message).collect()
}

impl Context<'_> {
    fn mistake(&mut self, place: &str, message: &str) {
        let at = self.places.of(place);
        let place = if place.is_empty() { "the file" } else { place };
        let message = match at {
            Some((line, column)) => format!("{line}:{column}: {place}: {message}"),
            None => format!("{place}: {message}"),
        };
        self.mistakes.push((at, message));
    }
}

/// A key of ours, as JSON writes it.
pub(super) type Key = &'static str;

/// An object of the file; a key that was taken is gone.
pub(super) struct Reader<'a, 'b> {
    place: String,
    entries: Vec<(String, Value)>,
    context: &'a mut Context<'b>,
}

impl<'a, 'b> Reader<'a, 'b> {
    /// Opens the object at `place`; `None`, and a mistake, if it is not one.
    pub(super) fn open(place: &str, value: Value, context: &'a mut Context<'b>) -> Option<Self> {
        let Value::Object(entries) = value else {
            let (expected, got) = (context.format.object(), context.format.kind(&value));
            context.mistake(place, &format!("expected {expected}, got {got}"));
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

    /// The object under `key`, as the file writes it, of this one.
    pub(super) fn inner(&mut self, key: &str, value: Value) -> Option<Reader<'_, 'b>> {
        let place = self.place_of(key);
        Reader::open(&place, value, self.context)
    }

    pub(super) fn format(&self) -> Format {
        self.context.format
    }

    pub(super) fn folder(&self) -> &'b Path {
        self.context.folder
    }

    /// The keys that were not taken.
    pub(super) fn rest(&self) -> Vec<String> {
        self.entries.iter().map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn has(&self, key: Key) -> bool {
        let key = self.format().spelled(key);
        self.entries.iter().any(|(k, _)| *k == key)
    }

    pub(super) fn take(&mut self, key: Key) -> Option<Value> {
        let key = self.format().spelled(key);
        let at = self.entries.iter().position(|(k, _)| *k == key)?;
        Some(self.entries.remove(at).1)
    }

    /// How many mistakes there are so far.
    pub(super) fn mistakes(&self) -> usize {
        self.context.mistakes.len()
    }

    /// The mistakes behind the first `before` are those of child `key`: whether it is to be left out for them.
    pub(super) fn set_aside(&mut self, key: &str, before: usize) -> bool {
        let Some(unread) = &mut self.context.unread else {
            return false;
        };
        let mistakes = self.context.mistakes.split_off(before);
        let wrong = !mistakes.is_empty();
        if wrong {
            let key = key.to_owned();
            let mistakes = in_order(mistakes);
            unread.push(Unread { key, mistakes });
        }
        wrong
    }

    /// All members, in order; they are taken.
    pub(super) fn take_all(&mut self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.entries)
    }

    /// Notes a mistake at a key of ours.
    pub(super) fn mistake(&mut self, key: Key, message: impl AsRef<str>) {
        self.mistake_at(&self.format().spelled(key), message);
    }

    /// Notes a mistake at a key as the file writes it; an empty one stands for the object itself.
    pub(super) fn mistake_at(&mut self, key: &str, message: impl AsRef<str>) {
        let place = match key {
            "" => self.place.clone(),
            _ => self.place_of(key),
        };
        self.context.mistake(&place, message.as_ref());
    }

    /// A string, with its variables replaced.
    pub(super) fn text(&mut self, key: Key) -> Option<String> {
        let value = self.take(key)?;
        self.expanded(&self.format().spelled(key), value)
    }

    pub(super) fn flag(&mut self, key: Key) -> bool {
        match self.take(key) {
            None => false,
            Some(Value::Bool(value)) => value,
            Some(other) => {
                self.unexpected(&self.format().spelled(key), "true or false", &other);
                false
            }
        }
    }

    pub(super) fn seconds(&mut self, key: Key) -> Option<Duration> {
        let value = self.take(key)?;
        let Value::Number(seconds) = value else {
            self.unexpected(&self.format().spelled(key), "a number of seconds", &value);
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

    pub(super) fn count(&mut self, key: Key) -> Option<usize> {
        let value = self.take(key)?;
        match value {
            Value::Number(n) if n >= 0.0 && n.fract() == 0.0 && n <= f64::from(u32::MAX) => {
                Some(n as usize)
            }
            other => {
                self.unexpected(&self.format().spelled(key), "a whole number", &other);
                None
            }
        }
    }

    /// A list of strings, with their variables replaced.
    pub(super) fn texts(&mut self, key: Key) -> Option<Vec<String>> {
        let value = self.take(key)?;
        self.texts_of(&self.format().spelled(key), value)
    }

    /// As [`texts`](Self::texts), of what stood under a key as the file writes it.
    pub(super) fn texts_of(&mut self, key: &str, value: Value) -> Option<Vec<String>> {
        let Value::List(items) = value else {
            self.unexpected(key, "a list of strings", &value);
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
    pub(super) fn pairs(&mut self, key: Key) -> Vec<(String, String)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Some(mut pairs) = self.inner(&self.format().spelled(key), value) else {
            return Vec::new();
        };
        let entries = pairs.take_all().into_iter();
        entries
            .filter_map(|(key, value)| Some((pairs.expanded(&key, value)?, key)))
            .map(|(v, k)| (k, v))
            .collect()
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, key: Key, words: &[(&str, T)]) -> Option<T> {
        let value = self.take(key)?;
        let found = match &value {
            Value::Text(text) => words.iter().find(|(word, _)| word == text),
            _ => None,
        };
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.mistake(key, format!("expected one of {}", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    fn expanded(&mut self, key: &str, value: Value) -> Option<String> {
        let Value::Text(text) = value else {
            self.unexpected(key, "a string", &value);
            return None;
        };
        match expand(&text, self.context.variable) {
            Ok(text) => Some(text),
            Err(wrong) => {
                self.mistake_at(key, wrong);
                None
            }
        }
    }

    fn unexpected(&mut self, key: &str, expected: &str, got: &Value) {
        let got = self.format().kind(got);
        self.mistake_at(key, format!("expected {expected}, got {got}"));
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
                self.mistake_at(&key, "is given twice");
                self.entries.remove(at);
            } else {
                at += 1;
            }
        }
    }
}
