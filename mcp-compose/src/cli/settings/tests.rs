use serde_json::{Value, json};

use super::{Spot, Syntax, backups, read, write};

const MCP: Spot<'_> = Spot {
    table: "mcpServers",
    name: "factory",
};
const CODEX: Spot<'_> = Spot {
    table: "mcp_servers",
    name: "factory",
};

fn entry() -> Value {
    json!({"command": "/bin/factory", "args": ["--stdio"], "env": {"A": "b"}})
}

fn small() -> Value {
    json!({"url": "x"})
}

/// What an entry makes of a JSON text; and without it again, the text is `back`.
fn json_case(text: &str, expected: &str, back: &str) {
    let with = Syntax::Json.with(text, MCP, &small()).expect(text);
    assert_eq!(with, expected, "with, of {text:?}");
    assert_eq!(
        Syntax::Json.entry(&with, MCP),
        Ok(Some(small())),
        "{text:?}"
    );
    let without = Syntax::Json.without(&with, MCP).expect(text);
    assert_eq!(without.as_deref(), Some(back), "without, of {text:?}");
}

#[test]
fn an_entry_is_written_as_its_neighbours_are() {
    for (text, expected) in [
        // The last one has no comma.
        (
            "{\n  \"mcpServers\": {\n    \"a\": {}\n  },\n  \"z\": 1\n}\n",
            "{\n  \"mcpServers\": {\n    \"a\": {},\n    \"factory\": {\n      \"url\": \"x\"\n    }\n  },\n  \"z\": 1\n}\n",
        ),
        // It has one, and tabs.
        (
            "{\n\t\"mcpServers\": {\n\t\t\"a\": {},\n\t},\n}",
            "{\n\t\"mcpServers\": {\n\t\t\"a\": {},\n\t\t\"factory\": {\n\t\t\t\"url\": \"x\"\n\t\t},\n\t},\n}",
        ),
        // Comments after the last one, with four spaces and CRLF.
        (
            "{\r\n    \"mcpServers\": {\r\n        \"a\": {} // the first\r\n        // \"b\": {}\r\n    }\r\n}\r\n",
            "{\r\n    \"mcpServers\": {\r\n        \"a\": {}, // the first\r\n        // \"b\": {}\r\n        \"factory\": {\r\n            \"url\": \"x\"\r\n        }\r\n    }\r\n}\r\n",
        ),
        // No servers yet.
        (
            "{\n  \"mcpServers\": {}\n}",
            "{\n  \"mcpServers\": {\n    \"factory\": {\n      \"url\": \"x\"\n    }\n  }\n}",
        ),
        // All on one line.
        (
            "{\"mcpServers\":{\"a\":{}}}",
            "{\"mcpServers\":{\"a\":{}, \"factory\": {\"url\": \"x\"}}}",
        ),
        (
            "{\"mcpServers\":{\"a\":{},}}",
            "{\"mcpServers\":{\"a\":{}, \"factory\": {\"url\": \"x\"},}}",
        ),
        // A comment before the first line, and a mark.
        (
            "\u{feff}// settings\n{\n  \"mcpServers\": {\n    /* a */ \"a\": {}\n  }\n}",
            "\u{feff}// settings\n{\n  \"mcpServers\": {\n    /* a */ \"a\": {}, \"factory\": {\"url\": \"x\"}\n  }\n}",
        ),
    ] {
        json_case(text, expected, text);
    }
}

#[test]
fn what_held_nothing_else_is_left_empty() {
    let fresh = "{\n  \"mcpServers\": {\n    \"factory\": {\n      \"url\": \"x\"\n    }\n  }\n}\n";
    let empty = "{\n  \"mcpServers\": {}\n}\n";
    json_case("", fresh, empty);
    json_case(" \n", fresh, empty);
    json_case("{}\n", fresh, empty);
    json_case("{\n}\n", fresh, empty);
    json_case(
        "// mine\n",
        &format!("// mine\n{fresh}"),
        &format!("// mine\n{empty}"),
    );
    json_case(
        "{\n  \"theme\": \"dark\" // nice\n}\n",
        "{\n  \"theme\": \"dark\", // nice\n  \"mcpServers\": {\n    \"factory\": {\n      \"url\": \"x\"\n    }\n  }\n}\n",
        "{\n  \"theme\": \"dark\", // nice\n  \"mcpServers\": {}\n}\n",
    );
    json_case(
        "{\n  \"mcpServers\": {\n    // none yet\n  }\n}\n",
        "{\n  \"mcpServers\": {\n    // none yet\n    \"factory\": {\n      \"url\": \"x\"\n    }\n  }\n}\n",
        "{\n  \"mcpServers\": {\n    // none yet\n  }\n}\n",
    );
}

#[test]
fn an_entry_is_taken_out_wherever_it_stands() {
    for (text, expected) in [
        (
            "{\"mcpServers\": {\n  \"factory\": {},\n  \"b\": {}\n}}",
            "{\"mcpServers\": {\n  \"b\": {}\n}}",
        ),
        (
            "{\"mcpServers\": {\n  \"a\": {},\n  \"factory\": {},\n  \"b\": {}\n}}",
            "{\"mcpServers\": {\n  \"a\": {},\n  \"b\": {}\n}}",
        ),
        (
            "{\"mcpServers\": {\"factory\": {}, \"b\": {}}}",
            "{\"mcpServers\": {\"b\": {}}}",
        ),
        (
            "{\"mcpServers\": {\"a\": {}, \"factory\": {}}}",
            "{\"mcpServers\": {\"a\": {}}}",
        ),
        // What somebody has written about it stays.
        (
            "{\"mcpServers\": {\n  \"a\": {},\n  // ours\n  \"factory\": {} // since May\n}}",
            "{\"mcpServers\": {\n  \"a\": {}\n  // ours\n  // since May\n}}",
        ),
        (
            "{\"mcpServers\": {\n  \"a\": {}, // the first\n  \"factory\": {}\n}}",
            "{\"mcpServers\": {\n  \"a\": {} // the first\n}}",
        ),
        // And what is about the next one.
        (
            "{\"mcpServers\": {\"factory\": {}, /* the other */ \"b\": {}}}",
            "{\"mcpServers\": {/* the other */ \"b\": {}}}",
        ),
        (
            "{\"mcpServers\": {\n  \"factory\": {},\n  /* the other */ \"b\": {}\n}}",
            "{\"mcpServers\": {\n  /* the other */ \"b\": {}\n}}",
        ),
    ] {
        let without = Syntax::Json.without(text, MCP).expect(text);
        assert_eq!(without.as_deref(), Some(expected), "{text}");
    }
    assert_eq!(Syntax::Json.without("{}", MCP), Ok(None));
    assert_eq!(Syntax::Json.without("", MCP), Ok(None));
}

#[test]
fn an_entry_takes_the_place_of_another() {
    let text = "{\n  \"mcpServers\": {\n    \"factory\": { \"old\": [1,\n 2] }, // ours\n    \"b\": {}\n  }\n}";
    let expected = "{\n  \"mcpServers\": {\n    \"factory\": {\n      \"command\": \"/bin/factory\",\n      \"args\": [\"--stdio\"],\n      \"env\": {\n        \"A\": \"b\"\n      }\n    }, // ours\n    \"b\": {}\n  }\n}";
    let with = Syntax::Json.with(text, MCP, &entry()).expect("edited");
    assert_eq!(with, expected);
    let again = Syntax::Json.with(&with, MCP, &entry()).expect("edited");
    assert_eq!(again, with);
}

#[test]
fn broken_files_are_told_with_their_place() {
    for (syntax, text, why) in [
        (
            Syntax::Json,
            "{\n  \"a\": 1\n  \"b\": 2\n}",
            "line 2, column 9: Expected comma",
        ),
        (Syntax::Json, "{\n  \"ä\": {", "line 2, column 8: "),
        (Syntax::Json, "{'a': 1}", "line 1, column 2: "),
        (
            Syntax::Json,
            "[]",
            "line 1, column 1: `the file` is no object",
        ),
        (
            Syntax::Json,
            "{\n \"mcpServers\": []}",
            "line 2, column 16: `mcpServers` is no object",
        ),
        (Syntax::Toml, "a = 1\nb = = 2\n", "line 2, column 5: "),
    ] {
        let told = syntax.with(text, MCP, &small()).expect_err(text);
        assert!(told.to_string().contains(why), "{text}: {told}");
    }
}

#[test]
fn a_table_is_put_behind_all_others_and_taken_out_again() {
    let block = "[mcp_servers.factory]\ncommand = \"/bin/factory\"\nargs = [\"--stdio\"]\nenv = { A = \"b\" }\n";
    for text in [
        "",
        "model = \"o\" # the best\n\n[mcp_servers.a]\ncommand = 'a' # first\n",
        "[mcp_servers]\n\n[mcp_servers.\"b c\"]\ncommand = \"b\"\n[mcp_servers.\"b c\".env]\nX = \"1\"\n\n# the end\n",
    ] {
        let with = Syntax::Toml.with(text, CODEX, &entry()).expect(text);
        let joint = if text.is_empty() { "" } else { "\n" };
        assert_eq!(with, format!("{text}{joint}{block}"));
        let without = Syntax::Toml.without(&with, CODEX).expect(text);
        assert_eq!(without.as_deref(), Some(text));
    }
    let windows = "a = 1\r\n";
    let with = Syntax::Toml.with(windows, CODEX, &small()).expect("edited");
    assert_eq!(
        with,
        "a = 1\r\n\r\n[mcp_servers.factory]\r\nurl = \"x\"\r\n"
    );
    assert_eq!(
        Syntax::Toml.without(&with, CODEX),
        Ok(Some(windows.to_owned()))
    );
    let unended = Syntax::Toml.with("a = 1", CODEX, &small()).expect("edited");
    assert_eq!(unended, "a = 1\n\n[mcp_servers.factory]\nurl = \"x\"\n");
}

#[test]
fn a_table_goes_with_all_that_is_below_it() {
    let text = "a = 1\n\n# ours\n[mcp_servers.factory]\nurl = \"x\"\n\n[mcp_servers.factory.tools.t]\napproval = true\n\n# theirs\n[mcp_servers.b]\nurl = \"y\"\n\n[mcp_servers.factory.env]\nA = \"b\"\n[z]\n";
    let expected = "a = 1\n\n# ours\n\n# theirs\n[mcp_servers.b]\nurl = \"y\"\n[z]\n";
    assert_eq!(
        Syntax::Toml.without(text, CODEX),
        Ok(Some(expected.to_owned()))
    );
    let with = Syntax::Toml.with(text, CODEX, &small()).expect("edited");
    assert_eq!(
        with,
        "a = 1\n\n# ours\n[mcp_servers.factory]\nurl = \"x\"\n\n# theirs\n[mcp_servers.b]\nurl = \"y\"\n\n[z]\n"
    );
}

#[test]
fn what_cannot_be_edited_safely_is_left_alone() {
    for text in [
        "mcp_servers = { factory = { url = \"y\" } }\n",
        "mcp_servers.factory.url = \"y\"\n",
    ] {
        let told = Syntax::Toml.with(text, CODEX, &small()).expect_err(text);
        assert!(told.to_string().contains("by hand"), "{told}");
        assert!(Syntax::Toml.without(text, CODEX).is_err());
    }
    let inline = "mcp_servers = { a = { url = \"y\" } }\n";
    assert!(Syntax::Toml.with(inline, CODEX, &small()).is_err());
}

#[test]
fn a_file_is_replaced_whole_and_a_copy_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("deep/er/mcp.json");
    assert_eq!(read(&file).expect("read"), None);
    assert_eq!(write(&file, None, "one", false).expect("written"), None);
    let first = write(&file, Some("one"), "two", false).expect("written");
    let second = write(&file, Some("two"), "three", false).expect("written");
    assert_eq!(read(&file).expect("read").as_deref(), Some("three"));
    let kept = |backup: Option<std::path::PathBuf>| {
        std::fs::read_to_string(backup.expect("a copy")).expect("read")
    };
    assert_eq!(
        (kept(first), kept(second)),
        ("one".to_owned(), "two".to_owned())
    );
    let names: Vec<_> = backups(&file)
        .iter()
        .filter_map(|backup| backup.file_name()?.to_str().map(str::to_owned))
        .collect();
    assert_eq!(names, ["mcp.json.bak.1", "mcp.json.bak"]);
    let other = write(&file, Some("something else"), "four", false).expect_err("refused");
    assert!(
        other.to_string().contains("changed by another program"),
        "{other}"
    );
    assert_eq!(read(&file).expect("read").as_deref(), Some("three"));
    let left = std::fs::read_dir(file.parent().expect("a folder")).expect("read");
    assert_eq!(left.count(), 3, "nothing temporary is left");
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().join("real.json");
    let link = folder.path().join("link.json");
    std::fs::write(&real, "one").expect("written");
    let mode = |file: &std::path::Path| {
        std::fs::metadata(file).expect("there").permissions().mode() & 0o777
    };
    std::fs::set_permissions(&real, PermissionsExt::from_mode(0o640)).expect("set");
    symlink("real.json", &link).expect("a link");
    let backup = write(&link, Some("one"), "two", true).expect("written");
    assert!(link.is_symlink());
    assert_eq!(std::fs::read_to_string(&real).expect("read"), "two");
    assert_eq!(
        (mode(&real), mode(&backup.expect("a copy"))),
        (0o640, 0o640)
    );
    let private = folder.path().join("private.json");
    write(&private, None, "secret", true).expect("written");
    assert_eq!(mode(&private), 0o600);
}
