//! One entry is written, and nothing else of the file.

use std::collections::BTreeSet;

use mcp_compose_tests::aggregator::aggregator;
use serde_json::Value;

use crate::bed::{CLIENTS, Machine, fixture, out, text, told};

#[test]
fn what_was_installed_can_be_taken_out_again_to_the_byte() {
    for (client, name, place) in CLIENTS {
        let machine = Machine::new();
        let original = std::fs::read(fixture(name)).expect("the fixture");
        let file = machine.put(place, &original);
        let done = machine.set_up("install", &[client, "--yes"]);
        assert!(done.status.success(), "{client}: {}", told(&done));
        let installed = std::fs::read(&file).expect("there");
        assert_ne!(installed, original, "{client}");
        assert_eq!(
            std::fs::read(machine.path(&format!("{place}.bak"))).expect("a copy"),
            original
        );

        let again = machine.set_up("install", &[client, "--yes"]);
        assert_eq!(out(&again), format!("{client}: nothing to do\n"));
        assert_eq!(
            std::fs::read(&file).expect("there"),
            installed,
            "{client}: twice is once"
        );

        let undone = machine.set_up("uninstall", &[client, "--yes"]);
        assert!(undone.status.success(), "{client}: {}", told(&undone));
        assert_eq!(std::fs::read(&file).expect("there"), original, "{client}");
    }
}

#[test]
fn without_the_copy_the_rest_still_comes_back_to_the_byte() {
    for (client, name, place) in CLIENTS {
        let machine = Machine::new();
        let original = std::fs::read(fixture(name)).expect("the fixture");
        let file = machine.put(place, &original);
        assert!(
            machine
                .set_up("install", &[client, "--yes"])
                .status
                .success()
        );
        std::fs::remove_file(machine.path(&format!("{place}.bak"))).expect("removed");
        assert!(
            machine
                .set_up("uninstall", &[client, "--yes"])
                .status
                .success()
        );
        assert_eq!(std::fs::read(&file).expect("there"), original, "{client}");
    }
}

/// All lines are there as they were, in their order; a comma behind the last neighbour is all that may be new.
#[test]
fn every_other_line_stays() {
    for (client, name, place) in CLIENTS {
        if client == "windsurf" {
            // It is one line; the round trips show it.
            continue;
        }
        let machine = Machine::new();
        let original = std::fs::read(fixture(name)).expect("the fixture");
        let file = machine.put(place, &original);
        assert!(
            machine
                .set_up("install", &[client, "--yes"])
                .status
                .success()
        );
        let (original, installed) = (String::from_utf8(original).expect("text"), text(&file));
        let mut lines = installed.split_inclusive('\n');
        let mut changed = Vec::new();
        for line in original.split_inclusive('\n') {
            let found = lines.find(|new| {
                let with_comma = new.replacen("},", "}", 1);
                let with_comma = with_comma == line && *new != line;
                if with_comma {
                    changed.push(line);
                }
                *new == line || with_comma
            });
            assert!(found.is_some(), "{client}: {line:?} is not in\n{installed}");
        }
        assert!(changed.len() <= 1, "{client}: {changed:?}");
        assert_eq!(installed.contains("\r\n"), original.contains("\r\n"));
        assert_eq!(
            installed.matches('\n').count() == installed.matches("\r\n").count(),
            original.contains("\r\n")
        );
    }
}

#[test]
fn the_entry_starts_this_program_with_the_file() {
    let machine = Machine::new();
    let done = machine.set_up(
        "install",
        &[
            "claude-code",
            "cursor",
            "codex",
            "--yes",
            "--env",
            "DB_TOKEN",
        ],
    );
    assert!(done.status.success(), "{}", told(&done));
    let config = machine.path("compose.json").canonicalize().expect("there");
    let config = config.to_str().expect("text");
    let program = aggregator();
    let program = program.to_str().expect("text");
    let claude: Value = serde_json::from_str(&text(&machine.path(".claude.json"))).expect("JSON");
    let entry = &claude["mcpServers"]["factory"];
    assert_eq!(entry["type"], "stdio");
    assert_eq!(entry["command"], program);
    assert_eq!(
        entry["args"],
        serde_json::json!(["serve", "--config", config, "--stdio"])
    );
    assert_eq!(entry["env"], serde_json::json!({"DB_TOKEN": "${DB_TOKEN}"}));
    let cursor: Value =
        serde_json::from_str(&text(&machine.path(".cursor/mcp.json"))).expect("JSON");
    assert_eq!(
        cursor["mcpServers"]["factory"]["env"]["DB_TOKEN"],
        "${env:DB_TOKEN}"
    );
    let codex = text(&machine.path(".codex/config.toml"));
    assert!(
        codex.contains("env_vars = [\"DB_TOKEN\"]\n") && codex.contains("required = true\n"),
        "{codex}"
    );

    // There was no file before, so there is none afterwards.
    let undone = machine.set_up("uninstall", &["claude-code", "cursor", "codex", "--yes"]);
    assert!(undone.status.success(), "{}", told(&undone));
    for file in [".claude.json", ".cursor/mcp.json", ".codex/config.toml"] {
        assert!(!machine.path(file).exists(), "{file}");
    }
}

#[test]
fn printing_writes_nothing_and_hides_the_secrets_of_others() {
    for (client, name, place) in CLIENTS {
        let machine = Machine::new();
        let original = std::fs::read(fixture(name)).expect("the fixture");
        let file = machine.put(place, &original);
        let printed = machine.set_up("install", &[client, "--print"]);
        assert!(printed.status.success(), "{client}: {}", told(&printed));
        let diff = out(&printed);
        assert!(
            diff.contains("factory") && diff.contains("@@ "),
            "{client}: {diff}"
        );
        assert!(!diff.contains("planted"), "{client}: {diff}");
        assert_eq!(std::fs::read(&file).expect("there"), original, "{client}");
        assert!(!machine.path(&format!("{place}.bak")).exists());
    }
}

#[test]
fn nobody_to_agree_means_nothing_is_written() {
    let machine = Machine::new();
    let refused = machine.set_up("install", &["cursor"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        told(&refused).contains("`--yes` writes this"),
        "{}",
        told(&refused)
    );
    assert!(!machine.path(".cursor/mcp.json").exists());
}

#[test]
fn another_entry_of_that_name_is_shown_and_kept() {
    let machine = Machine::new();
    let theirs = "{\n  \"mcpServers\": {\n    \"factory\": {\n      \"command\": \"other\",\n      \"env\": { \"API_TOKEN\": \"planted\" }\n    }\n  }\n}\n";
    let file = machine.put(".cursor/mcp.json", theirs.as_bytes());
    let refused = machine.set_up("install", &["cursor", "vscode", "--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    let why = told(&refused);
    assert!(
        why.contains("`--force` replaces it") && why.contains("-      \"command\": \"other\""),
        "{why}"
    );
    assert!(
        why.contains("nothing was written") && !why.contains("planted"),
        "{why}"
    );
    assert_eq!(text(&file), theirs);
    assert!(
        !machine.path(".config/Code/User/mcp.json").exists(),
        "all or nothing"
    );

    let refused = machine.set_up("uninstall", &["cursor", "--yes"]);
    assert!(
        told(&refused).contains("is for another program"),
        "{}",
        told(&refused)
    );
    assert_eq!(text(&file), theirs);

    let forced = machine.set_up("install", &["cursor", "--yes", "--force"]);
    assert!(forced.status.success(), "{}", told(&forced));
    assert!(!text(&file).contains("other"));
    let undone = machine.set_up("uninstall", &["cursor", "--yes"]);
    assert!(undone.status.success(), "{}", told(&undone));
}

#[test]
fn what_clients_have_added_to_the_entry_is_no_difference() {
    let machine = Machine::new();
    assert!(
        machine
            .set_up("install", &["cursor", "--yes"])
            .status
            .success()
    );
    let file = machine.path(".cursor/mcp.json");
    let added = text(&file).replacen("\"command\"", "\"disabled\": true, \"command\"", 1);
    std::fs::write(&file, &added).expect("written");
    let again = machine.set_up("install", &["cursor", "--yes"]);
    assert_eq!(out(&again), "cursor: nothing to do\n");
    assert_eq!(text(&file), added);
}

#[test]
fn a_broken_file_is_told_with_its_place_and_left_alone() {
    let machine = Machine::new();
    let json = machine.put(
        ".cursor/mcp.json",
        b"{\n  \"mcpServers\": {\n    \"a\": {},,\n  }\n}\n",
    );
    let toml = machine.put(".codex/config.toml", b"model = \"x\"\n[mcp_servers\n");
    for (client, file, place) in [
        ("cursor", json, "line 3, column 13"),
        ("codex", toml, "line 2, column "),
    ] {
        let before = text(&file);
        let refused = machine.set_up("install", &[client, "--yes", "--force"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(told(&refused).contains(place), "{}", told(&refused));
        assert_eq!(text(&file), before);
        assert!(!file.with_extension("bak").exists());
    }
}

#[test]
fn without_a_client_those_on_the_machine_are_listed() {
    let machine = Machine::new();
    machine.put(".cursor/mcp.json", b"{}");
    machine.put(".codex/config.toml", b"x = = 1");
    let listed = machine.set_up("install", &[]);
    assert!(listed.status.success(), "{}", told(&listed));
    let shown = out(&listed);
    assert!(
        shown.contains("cursor          would be added\n"),
        "{shown}"
    );
    assert!(shown.contains("zed             not found\n"), "{shown}");
    assert!(shown.contains("line 1, column 5"), "{shown}");
    assert!(told(&listed).contains("nothing was written"));
    let listed = machine.set_up("install", &["--json"]);
    let rows: Vec<Value> = serde_json::from_slice(&listed.stdout).expect("JSON");
    let clients: BTreeSet<_> = rows
        .iter()
        .filter_map(|row| row["client"].as_str())
        .collect();
    assert_eq!(clients, CLIENTS.map(|(client, ..)| client).into());
    let found: Vec<_> = rows.iter().filter(|row| row["found"] == true).collect();
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn json_says_what_was_done() {
    let machine = Machine::new();
    let done = machine.set_up(
        "install",
        &[
            "zed",
            "--json",
            "--yes",
            "--http",
            "http://127.0.0.1:8808/mcp",
            "--name",
            "shop",
        ],
    );
    assert!(done.status.success(), "{}", told(&done));
    let rows: Vec<Value> = serde_json::from_slice(&done.stdout).expect("JSON");
    let row = &rows[0];
    assert_eq!(
        (&row["client"], &row["action"], &row["written"]),
        (&"zed".into(), &"add".into(), &true.into())
    );
    let zed: Value =
        serde_json::from_str(&text(&machine.path(".config/zed/settings.json"))).expect("JSON");
    assert_eq!(
        zed["context_servers"]["shop"]["url"],
        "http://127.0.0.1:8808/mcp"
    );
}

#[test]
fn a_profile_that_is_not_there_is_not_installed() {
    let machine = Machine::new();
    let known =
        r#"{"mcpServers": {"db": {"command": "db"}}, "profiles": {"reading": ["db_query"]}}"#;
    machine.put("compose.json", known.as_bytes());
    let refused = machine.set_up("install", &["cursor", "--yes", "--profile", "readin"]);
    assert_eq!(refused.status.code(), Some(2));
    let why = "there is no profile or child `readin`; did you mean `reading`?";
    assert!(told(&refused).contains(why), "{}", told(&refused));
    assert!(!machine.path(".cursor/mcp.json").exists());
    for profile in ["reading", "db"] {
        let done = machine.set_up(
            "install",
            &["cursor", "--yes", "--force", "--profile", profile],
        );
        assert!(done.status.success(), "{}", told(&done));
        assert!(text(&machine.path(".cursor/mcp.json")).contains(profile));
    }
}

/// No further copy of Cursor's file can be made; the other two clients are none the worse for it.
#[test]
fn a_file_that_cannot_be_written_keeps_nothing_from_the_others() {
    let machine = Machine::new();
    let file = machine.put(".cursor/mcp.json", b"{}");
    for number in 0..1000 {
        let end = match number {
            0 => String::new(),
            _ => format!(".{number}"),
        };
        machine.put(&format!(".cursor/mcp.json.bak{end}"), b"");
    }
    let done = machine.set_up("install", &["vscode", "cursor", "zed", "--yes"]);
    assert_eq!(done.status.code(), Some(1));
    let error = format!(
        "error: cursor: {} was not written: there are too many copies",
        file.display()
    );
    assert!(told(&done).contains(&error), "{}", told(&done));
    for (client, added) in [("vscode", true), ("cursor", false), ("zed", true)] {
        let line = format!("{client}: `factory` was added to ");
        assert_eq!(out(&done).contains(&line), added, "{}", out(&done));
    }
    assert_eq!(text(&file), "{}");
    assert!(text(&machine.path(".config/zed/settings.json")).contains("\"factory\""));

    let again = machine.set_up("install", &["vscode", "cursor", "--yes", "--json"]);
    let rows: Vec<Value> = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(rows[0]["error"], Value::Null);
    let error = rows[1]["error"].as_str().expect("an error");
    assert!(error.contains("too many copies") && rows[1]["written"] == false);
}

#[test]
fn a_value_is_written_only_when_that_is_asked_for_and_never_shown() {
    let machine = Machine::new();
    let install = [
        "install",
        "--config",
        "compose.json",
        "claude-desktop",
        "--yes",
        "--env",
        "PLAIN_NAME",
    ];
    let refused = machine.run(&install, &[("PLAIN_NAME", "planted value")]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("--env-values"),
        "{}",
        told(&refused)
    );
    let with_values = [&install[..], &["--env-values"]].concat();
    let done = machine.run(&with_values, &[("PLAIN_NAME", "planted value")]);
    assert!(done.status.success(), "{}", told(&done));
    assert!(
        !format!("{}{}", out(&done), told(&done)).contains("planted"),
        "{}",
        out(&done)
    );
    let file = machine.path(".config/Claude/claude_desktop_config.json");
    assert!(text(&file).contains("\"PLAIN_NAME\": \"planted value\""));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "it is for its owner only");
    }
}

#[test]
fn projects_and_other_files_are_found() {
    let machine = Machine::new();
    let done = machine.set_up("install", &["vscode", "--scope", "project", "--yes"]);
    assert!(done.status.success(), "{}", told(&done));
    assert!(text(&machine.path(".vscode/mcp.json")).contains("\"servers\""));
    let refused = machine.set_up("install", &["windsurf", "--scope", "project", "--yes"]);
    assert!(
        told(&refused).contains("Windsurf has no settings of a project"),
        "{}",
        told(&refused)
    );
    let done = machine.set_up("install", &["cursor", "--file", "elsewhere.json", "--yes"]);
    assert!(done.status.success(), "{}", told(&done));
    assert!(text(&machine.path("elsewhere.json")).contains("\"factory\""));
    let refused = machine.set_up(
        "install",
        &["cursor", "zed", "--file", "elsewhere.json", "--yes"],
    );
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
}
