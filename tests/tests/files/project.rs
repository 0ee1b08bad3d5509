//! What `mcp-compose new` makes. `fixtures/new` has the same program compiled, linted and tested with everything else;
//! here it is seen that a project is just that, and that cargo takes it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use mcp_compose_tests::aggregator::aggregator;
use mcp_compose_tests::peers::workspace;

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(aggregator())
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

fn said(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(all).expect("text")
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.as_ref().display()))
}

/// The part of a manifest below a header.
fn section<'a>(manifest: &'a str, header: &str) -> &'a str {
    let (_, after) = manifest.split_once(header).expect("the section");
    after.split("\n[").next().unwrap_or_default().trim()
}

#[test]
fn a_rust_project_is_what_the_fixture_has_been_tested_as() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = run(folder.path(), &["new", "My Tools"]);
    assert_eq!(
        said(&made),
        "made My Tools: Cargo.toml, src/main.rs, README.md, .gitignore\nnext:\n  cd \"My Tools\"\n  cargo run -- list\n"
    );
    let project = folder.path().join("My Tools");
    let fixture = workspace().join("tests/fixtures/new");
    let main = workspace().join("mcp-compose/src/cli/new/rust/main.rs");
    assert_eq!(read(project.join("src/main.rs")), read(main));
    assert!(read(project.join("README.md")).starts_with("# my-tools\n"));

    let manifest = read(project.join("Cargo.toml"));
    let version = format!("mcp-compose = \"{}\"", env!("CARGO_PKG_VERSION"));
    let dependencies = section(&manifest, "[dependencies]\n");
    let tested = read(fixture.join("Cargo.toml"));
    let tested =
        section(&tested, "[dependencies]\n").replace("mcp-compose.workspace = true", &version);
    assert_eq!(dependencies, tested);

    // Cargo takes it, and finds all that it needs; this crate here, since the released one may be another.
    let lock = workspace().join("Cargo.lock");
    std::fs::copy(lock, project.join("Cargo.lock")).expect("copied");
    let here = workspace().join("mcp-compose");
    let patch = format!("patch.crates-io.mcp-compose.path={here:?}");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--offline", "--depth", "1", "--config", &patch]);
    let output = cargo.current_dir(&project).output().expect("cargo starts");
    assert!(output.status.success(), "{}", said(&output));
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(tree.starts_with("my-tools v0.1.0"), "{tree}");
    for dependency in ["mcp-compose v", "tokio v1."] {
        assert!(tree.contains(dependency), "{tree}");
    }
}

#[test]
fn a_project_without_rust_is_a_file_that_can_be_added_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = run(folder.path(), &["new", "tools", "--file"]);
    assert!(made.status.success(), "{}", said(&made));
    let project = folder.path().join("tools");
    let listed = run(&project, &["list", "--json"]);
    assert!(listed.status.success(), "{}", said(&listed));
    let before = read(project.join("compose.toml"));
    let added = run(&project, &["add", "web", "https://mcp.example.com/mcp"]);
    assert_eq!(said(&added), "compose.toml: added `web`\n");
    let after = read(project.join("compose.toml"));
    assert_eq!(
        after,
        format!("{before}\n[children.web]\nurl = \"https://mcp.example.com/mcp\"\n")
    );
}

#[test]
fn what_is_there_stays_and_what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("mine.txt"), "mine").expect("written");
    let here = run(folder.path(), &["new", ".", "--name", "tools"]);
    assert_eq!(here.status.code(), Some(1));
    assert_eq!(said(&here), "error: .: it is not empty\n");
    let named = run(folder.path(), &["new", "fn"]);
    assert_eq!(named.status.code(), Some(2));
    assert!(
        said(&named).contains("`fn` cannot be the name of a package"),
        "{}",
        said(&named)
    );
    let none = run(folder.path(), &["list"]);
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(
        said(&none),
        "error: there is no compose.toml, mcp.json or .mcp.json here: name another file with `--config FILE`, or start one with `mcp-compose add NAME -- COMMAND`\n"
    );
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
}

#[test]
fn the_first_of_the_known_files_is_taken() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let taken = || said(&run(folder.path(), &["list"]));
    for (file, text) in [
        (".mcp.json", r#"{"mcpServers": {}}"#),
        ("mcp.json", r#"{"mcpServers": {}}"#),
        ("compose.toml", "[children]\n"),
    ] {
        std::fs::write(folder.path().join(file), text).expect("written");
        let taken = taken();
        assert!(
            taken.contains(&format!("mcp-compose: taking {file}\n")),
            "{taken}"
        );
    }
}
