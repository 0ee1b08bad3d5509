//! What rustc says about mistakes in our macros: each `.stderr` is a contract. (What compiles stands in `pass/` and `hygiene/`:
//! one case here that passes would have all dependencies built rather than checked.)

use std::{fs, path::PathBuf};

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/server/*.rs");
    cases.compile_fail("tests/ui/compose/*.rs");
}

/// The fixtures of one folder: name, source, what rustc says.
fn fixtures(folder: &str) -> Vec<(String, String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/ui")
        .join(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder is read").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let read =
                |path: PathBuf| fs::read_to_string(path).expect("each fixture has both files");
            let name = path
                .file_stem()
                .map(|name| name.to_string_lossy().into_owned());
            found.push((
                name.unwrap_or_default(),
                read(path.clone()),
                read(path.with_extension("stderr")),
            ));
        }
    }
    assert!(found.len() > 5, "{found:?}");
    found
}

fn lines_that_start<'t>(text: &'t str, starts: &[&str]) -> Vec<&'t str> {
    let starts = |line: &&str| starts.iter().any(|start| line.starts_with(start));
    text.lines().filter(starts).collect()
}

/// One mistake is one error, and nothing besides it. Where a mistake is in two places, or rustc reports it for two reasons, a
/// line `// errors: 2` in the fixture says so.
#[test]
fn one_mistake_is_one_error() {
    for (name, source, told) in fixtures("server") {
        let told = lines_that_start(&told, &["error:", "error[", "warning:", "warning["]);
        let declared = source
            .lines()
            .find_map(|line| line.strip_prefix("// errors: "));
        let declared = declared.map_or(1, |count| count.parse().expect("a number"));
        assert_eq!(told.len(), declared, "{name}: {told:#?}");
        assert!(
            source.starts_with("// "),
            "{name} does not say why the mistake is likely"
        );
    }
}

/// People read these messages: they name what people write, and nothing that only an expansion names.
#[test]
fn no_message_names_what_is_internal() {
    const INTERNAL: [&str; 8] = [
        "mcp_compose::__private",
        "__mcp",
        "__Mcp",
        "Probe",
        "Way`",
        "::server::",
        "halves",
        "Halves",
    ];
    for folder in ["server", "compose"] {
        for (name, _, told) in fixtures(folder) {
            for internal in INTERNAL {
                let lines: Vec<&str> = told
                    .lines()
                    .filter(|line| line.contains(internal))
                    .collect();
                assert!(lines.is_empty(), "{folder}/{name}: {lines:#?}");
            }
        }
    }
}
