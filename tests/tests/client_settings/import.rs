//! What comes out of the settings of each client is a program, and no secret.

use std::path::PathBuf;

use mcp_compose::Composition;
use mcp_compose_tests::peers::workspace;

use crate::bed::{CLIENTS, Machine, fixture, out, text, told};

/// Written anew with `IMPORTS=overwrite`; then read the difference.
fn compare(name: &str, found: &str) {
    let file: PathBuf = workspace().join("tests/fixtures/import").join(name);
    if std::env::var_os("IMPORTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&file, found).expect("written");
    }
    assert_eq!(found, text(&file), "{}", file.display());
}

/// `imported.rs` compiles these very files, so what comes out compiles.
#[test]
fn each_dialect_becomes_the_source_that_is_compiled_here() {
    for (client, name, _) in CLIENTS {
        let machine = Machine::new();
        let file = fixture(name);
        let done = machine.run(&["import", file.to_str().expect("text")], &[]);
        assert!(done.status.success(), "{client}: {}", told(&done));
        let module = client.replace('-', "_");
        compare(&format!("{module}.rs"), &out(&done));
        compare(&format!("{module}.txt"), &told(&done));
    }
}

#[test]
fn each_dialect_becomes_a_configuration_file_that_is_read() {
    for (client, name, _) in CLIENTS {
        let machine = Machine::new();
        let file = fixture(name);
        let done = machine.run(
            &["import", file.to_str().expect("text"), "--format", "config"],
            &[],
        );
        assert!(done.status.success(), "{client}: {}", told(&done));
        // With a value for each variable; those of this process are none of its business.
        let mut config = out(&done);
        while let Some(at) = config.find("${") {
            let end = at + config[at..].find('}').expect("its end");
            config.replace_range(at..=end, "https://example.com/");
        }
        let file = machine.put("imported.json", config.as_bytes());
        let composition = Composition::from_file(&file).expect(client);
        let errors: Vec<_> = composition
            .check()
            .into_iter()
            .filter(|problem| problem.is_error())
            .collect();
        assert!(errors.is_empty(), "{client}: {errors:?}");
    }
}

#[test]
fn no_secret_comes_out() {
    for (client, name, _) in CLIENTS {
        for format in ["rust", "config"] {
            let machine = Machine::new();
            let file = fixture(name);
            let done = machine.run(
                &["import", file.to_str().expect("text"), "--format", format],
                &[],
            );
            let all = format!("{}{}", out(&done), told(&done));
            assert!(!all.contains("planted"), "{client}: {all}");
        }
    }
}

#[test]
fn a_file_is_written_once() {
    let machine = Machine::new();
    let from = fixture("zed.json");
    let from = from.to_str().expect("text");
    let done = machine.run(&["import", from, "-o", "main.rs"], &[]);
    assert!(
        done.status.success() && done.stdout.is_empty(),
        "{}",
        told(&done)
    );
    let written = text(&machine.path("main.rs"));
    assert!(written.contains("compose! {"), "{written}");
    let refused = machine.run(&["import", from, "-o", "main.rs"], &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        told(&refused).contains("is there already"),
        "{}",
        told(&refused)
    );
    let forced = machine.run(&["import", from, "-o", "main.rs", "--force"], &[]);
    assert!(forced.status.success(), "{}", told(&forced));
}

#[test]
fn what_is_no_settings_file_is_told() {
    let machine = Machine::new();
    machine.put("a.json", b"{\"a\": }");
    machine.put("b.json", b"{\"servers\": 1, \"theme\": \"x\"}");
    for (file, why) in [
        ("a.json", "a.json: line 1, column "),
        ("b.json", "has no `mcpServers`"),
        ("c.json", "c.json: "),
    ] {
        let refused = machine.run(&["import", file], &[]);
        assert_eq!(refused.status.code(), Some(2), "{file}");
        assert!(told(&refused).contains(why), "{}", told(&refused));
    }
}
