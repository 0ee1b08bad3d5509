//! Configuration files: one that is wrong is refused with its mistakes, one that is right can be checked.

use crate::compose::parse_config;

/// A file, of either format. Of the environment it sees `TOKEN` only.
pub(super) fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for name in ["mcp.json", "compose.toml"] {
        read(&text, name);
    }
}

fn read(text: &str, name: &str) {
    let variable = |name: &str| (name == "TOKEN").then(|| "canary-4711".to_owned());
    match parse_config(text, name, &variable) {
        Ok(composition) => {
            let told = format!("{composition:?}");
            // Each child, option and text once, with the names of the fields.
            assert!(
                told.len() <= 4096 + 4096 * text.len(),
                "{} bytes",
                told.len()
            );
            for problem in composition.check() {
                let _ = problem.to_string();
            }
        }
        Err(wrong) => {
            let told = wrong.to_string();
            assert!(!told.is_empty());
            assert!(
                told.chars().all(|c| c == '\n' || !c.is_control()),
                "{told:?}"
            );
        }
    }
}
