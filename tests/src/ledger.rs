//! What everyone in a run writes down: one event a line, in the order in which it happened.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a ledger, as far as it is written.
///
/// # Panics
/// When a line of it is no event.
pub fn read<E: DeserializeOwned>(path: &Path) -> Vec<E> {
    read_from(path, &mut 0)
}

/// Reads on where the last reading ended, as far as there are whole lines.
///
/// # Panics
/// When a line of it is no event.
pub fn read_from<E: DeserializeOwned>(path: &Path, offset: &mut usize) -> Vec<E> {
    let mut text = String::new();
    let Ok(mut file) = fs::File::open(path) else {
        return Vec::new();
    };
    // What cannot be read yet is read the next time.
    if file.seek(SeekFrom::Start(*offset as u64)).is_err()
        || file.read_to_string(&mut text).is_err()
    {
        return Vec::new();
    }
    let Some((whole, _)) = text.rsplit_once('\n') else {
        return Vec::new();
    };
    *offset += whole.len() + 1;
    whole
        .lines()
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|problem| panic!("{problem}: {line}"))
        })
        .collect()
}

/// Adds an event, beside whoever else writes.
///
/// # Panics
/// When the file cannot be written.
pub fn append<E: Serialize>(path: &Path, event: &E) {
    let line = serde_json::to_string(event).expect("an event is JSON");
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    // One write for each line: the lines of many writers do not mix.
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
        .unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
}
