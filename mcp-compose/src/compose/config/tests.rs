use std::path::Path;

use super::*;
use crate::child::{Environment, Stderr};
use crate::compose::{
    ChildEra, ChildSource, Isolation, ListedRoot, Prefix, Relay, Restart, Roots, Validate,
};

fn variable(name: &str) -> Option<String> {
    (name == "TOKEN").then(|| "t0k".to_owned())
}

fn good(text: &str) -> Composition {
    parse(
        text,
        Path::new("mcp.json"),
        Path::new("/project"),
        &variable,
    )
    .expect("a composition")
}

fn mistakes(text: &str) -> Vec<String> {
    match parse(
        text,
        Path::new("mcp.json"),
        Path::new("/project"),
        &variable,
    ) {
        Err(ConfigError::Mistakes { mistakes, .. }) => mistakes,
        other => panic!("expected mistakes, got {other:?}"),
    }
}

#[test]
fn reads_a_standard_file() {
    let composition = good(
        r#"{"mcpServers": {
            "database": {"command": "npx", "args": ["tsx", "db.ts"], "env": {"DB": "${TOKEN}"}},
            "manufact": {"type": "http", "url": "https://example.com/mcp", "headers": {"Authorization": "Bearer ${env:TOKEN}"}}
        }}"#,
    );
    assert_eq!(composition.check(), []);
    let [database, manufact] = &composition.children[..] else {
        panic!("{composition:?}")
    };
    assert_eq!(database.label(), "database");
    let ChildSource::Stdio(spec) = &database.source else {
        panic!("{database:?}")
    };
    assert_eq!(spec.program, "npx");
    assert_eq!(spec.args, ["tsx", "db.ts"]);
    assert_eq!(spec.env[0].0, "DB");
    assert_eq!(spec.env[0].1.expose(), "t0k");
    assert_eq!(spec.cwd.as_deref(), Some(Path::new("/project")));
    let ChildSource::Http(spec) = &manufact.source else {
        panic!("{manufact:?}")
    };
    assert_eq!(spec.url.as_str(), "https://example.com/mcp");
    assert_eq!(spec.headers["authorization"], "Bearer t0k");
    assert!(!format!("{composition:?}").contains("t0k"));
}

#[test]
fn takes_our_options() {
    let composition = good(
        r#"{"name": "factory", "separator": "__", "maxName": 48, "strict": true, "servers": {
            "a": {"command": "./bin/a", "cwd": "sub", "namespace": "", "timeout": 0.5, "era": "legacy",
                  "validate": "off", "lazy": true, "optional": true, "tools": ["x_*"], "hide": ["x_y"],
                  "rename": {"x_a": "y"}, "describe": {"x_a": "Why"}, "maxInFlight": 2},
            "b": {"url": "http://127.0.0.1:1/mcp", "namespace": "other", "timeout": 700},
            "c": {"command": "${NOT_SET}", "disabled": true, "colour": "red"}
        }}"#,
    );
    assert_eq!(composition.settings.name(), "factory");
    assert_eq!(composition.settings.separator, "__");
    assert_eq!(composition.settings.max_name, 48);
    assert!(composition.settings.strict);
    let [a, b] = &composition.children[..] else {
        panic!("{composition:?}")
    };
    assert!(a.namespace.is_none());
    let ChildSource::Stdio(spec) = &a.source else {
        panic!("{a:?}")
    };
    assert_eq!(Path::new(&spec.program), Path::new("/project/./bin/a"));
    assert_eq!(spec.cwd.as_deref(), Some(Path::new("/project/sub")));
    assert_eq!(a.options.timeout.as_millis(), 500);
    assert_eq!(a.options.era, ChildEra::Legacy);
    assert_eq!(a.options.validate, Validate::Off);
    assert!(a.options.lazy && a.options.optional);
    assert_eq!(a.options.max_in_flight, 2);
    assert_eq!(a.options.tool_name("x_a"), Some("y"));
    assert_eq!(a.options.description("x_a"), Some("Why"));
    assert_eq!(a.options.tool_name("x_y"), None);
    assert_eq!(a.options.tool_name("z"), None);
    assert_eq!(b.label(), "other");
    assert_eq!(b.options.max_timeout.as_secs(), 700);
    assert_eq!(composition.check(), []);
}

#[cfg(unix)]
#[test]
fn takes_what_a_child_may_ask() {
    let composition = good(
        r#"{"mcpServers": {
            "a": {"command": "x", "isolation": "shared", "sampling": "deny", "elicitation": "relay",
                  "roots": [{"uri": "data", "name": "Data"}, {"uri": "file:///srv/${TOKEN} x"}], "questionTimeout": 1.5,
                  "maxInstances": 2, "idleAfter": 30, "idleStop": 40, "maxParked": 0, "maxMessage": 1024, "initTimeout": 3, "listTimeout": 4},
            "b": {"command": "x", "roots": "deny"},
            "c": {"command": "x", "roots": "relay", "elicitation": "deny", "isolation": "auto"},
            "d": {"command": "x", "roots": []}
        }}"#,
    );
    assert_eq!(composition.check(), []);
    let options: Vec<_> = composition.children.iter().map(|c| &c.options).collect();
    let [a, b, c, d] = options[..] else {
        panic!("{composition:?}")
    };
    assert_eq!(a.isolation, Isolation::Shared);
    assert_eq!((a.sampling, a.elicitation), (Relay::Deny, Relay::Relay));
    let roots = Roots::from([
        ListedRoot::new("/project/data").named("Data"),
        "file:///srv/t0k%20x".into(),
    ]);
    assert_eq!(a.roots, roots);
    assert_eq!(a.question_timeout.as_millis(), 1500);
    assert_eq!((a.max_instances, a.max_parked), (2, 0));
    assert_eq!(a.idle_after.as_secs(), 30);
    assert_eq!(a.idle_stop(), Some(std::time::Duration::from_secs(40)));
    assert_eq!(b.idle_stop(), None);
    assert_eq!(a.max_message, 1024);
    assert_eq!(a.init_timeout.as_secs(), 3);
    assert_eq!(a.list_timeout.as_secs(), 4);
    assert_eq!(b.roots, Roots::Deny);
    assert_eq!((&c.roots, c.elicitation), (&Roots::Relay, Relay::Deny));
    assert_eq!(c.isolation, Isolation::Auto);
    assert_eq!(d.roots, Roots::List(Vec::new()));
}

#[cfg(unix)]
#[test]
fn takes_what_becomes_of_names_and_processes() {
    let composition = good(
        r#"{"mcpServers": {
            "a": {"command": "x", "clearEnv": true, "stderr": {"file": "logs/${TOKEN}.log"}, "grace": 20, "prefix": "never",
                  "restart": 3, "prompts": ["plan_*"], "hidePrompts": ["plan_x"], "renamePrompts": {"plan_a": "plan"},
                  "resources": []},
            "b": {"command": "x", "inheritEnv": true, "stderr": "inherit", "prefix": "on-conflict", "restart": "never"},
            "c": {"command": "x", "stderr": "null", "prefix": "always", "restart": "always"},
            "d": {"command": "x", "stderr": "log"}
        }}"#,
    );
    assert_eq!(composition.check(), []);
    let processes = composition
        .children
        .iter()
        .map(|child| match &child.source {
            ChildSource::Stdio(spec) => spec,
            other => panic!("{other:?}"),
        });
    let [a, b, c, d] = processes.collect::<Vec<_>>()[..] else {
        panic!("{composition:?}")
    };
    assert_eq!(a.environment, Environment::Nothing);
    assert_eq!(a.stderr, Stderr::File("/project/logs/t0k.log".into()));
    assert_eq!(a.grace.as_secs(), 20);
    assert_eq!(b.environment, Environment::Whole);
    assert_eq!(b.stderr, Stderr::Inherit);
    assert_eq!(c.environment, Environment::Minimal);
    assert_eq!((&c.stderr, &d.stderr), (&Stderr::Null, &Stderr::Log));
    assert_eq!(d.grace.as_secs(), 2);
    let options: Vec<_> = composition.children.iter().map(|c| &c.options).collect();
    let prefixes: Vec<_> = options.iter().map(|options| options.prefix).collect();
    assert_eq!(
        prefixes,
        [
            Prefix::Never,
            Prefix::OnConflict,
            Prefix::Always,
            Prefix::Always
        ]
    );
    let restarts: Vec<_> = options.iter().map(|options| options.restart).collect();
    assert_eq!(
        restarts,
        [
            Restart::AtMost(3),
            Restart::Never,
            Restart::Always,
            Restart::Always
        ]
    );
    assert_eq!(options[0].prompt_name("plan_a"), Some("plan"));
    assert_eq!(options[0].prompt_name("plan_b"), Some("plan_b"));
    assert_eq!(options[0].prompt_name("plan_x"), None);
    assert_eq!(options[0].prompt_name("ask"), None);
    assert!(!options[0].offers_resource("a://b") && options[1].offers_resource("a://b"));
}

#[test]
fn what_becomes_of_a_process_is_told_as_it_can_be() {
    let found = mistakes(
        r#"{"mcpServers": {
            "a": {"command": "x", "inheritEnv": true, "clearEnv": true, "stderr": "x.log", "restart": -1, "prefix": "none"},
            "b": {"command": "x", "stderr": {"path": "x.log"}, "grace": 0, "restart": "often"},
            "c": {"url": "http://x", "clearEnv": true, "stderr": "log", "grace": 1, "resources": "x"}
        }}"#,
    );
    let expected = [
        "mcpServers.a.clearEnv: contradicts `inheritEnv`; keep one of them",
        "mcpServers.a.stderr: expected `log`, `inherit`, `null`, or `{\"file\": ..}`",
        "mcpServers.a.prefix: expected one of `always`, `on-conflict`, `never`",
        "mcpServers.a.restart: expected `always`, `never`, or a whole number",
        "mcpServers.b.stderr: expected `{\"file\": ..}`",
        "mcpServers.b.stderr.path: unknown key; the only one is `file`",
        "mcpServers.b.grace: 0 is not a number of seconds",
        "mcpServers.b.restart: expected `always`, `never`, or a whole number",
        "mcpServers.c.clearEnv: is for a server with a `command`; this one has a `url`",
        "mcpServers.c.stderr: is for a server with a `command`; this one has a `url`",
        "mcpServers.c.grace: is for a server with a `command`; this one has a `url`",
        "mcpServers.c.resources: expected a list of strings, got a string",
    ];
    assert_eq!(found, expected);
}

#[test]
fn takes_how_a_server_is_reached() {
    let composition = good(
        r#"{"mcpServers": {
            "a": {"url": "http://x/mcp", "connectTimeout": 0.5, "breaker": 0},
            "b": {"url": "http://x/mcp"}
        }}"#,
    );
    let reached: Vec<_> = composition
        .children
        .iter()
        .map(|child| match &child.source {
            ChildSource::Http(spec) => (spec.connect_timeout.as_millis(), spec.breaker),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(reached, [(500, 0), (5000, 5)]);
    let found = mistakes(
        r#"{"mcpServers": {
            "a": {"url": "http://x/mcp", "connectTimeout": 0, "breaker": 1.5, "ca": 1},
            "b": {"command": "x", "connectTimeout": 1, "breaker": 1, "headers": {}, "ca": "x"}
        }}"#,
    );
    let expected = [
        "mcpServers.a.connectTimeout: 0 is not a number of seconds",
        "mcpServers.a.ca: expected a string, got a number",
        "mcpServers.a.breaker: expected a whole number, got a number",
        "mcpServers.b.headers: is for a server with a `url`; this one has a `command`",
        "mcpServers.b.connectTimeout: is for a server with a `url`; this one has a `command`",
        "mcpServers.b.ca: is for a server with a `url`; this one has a `command`",
        "mcpServers.b.breaker: is for a server with a `url`; this one has a `command`",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_wrong_root_is_told_at_its_place() {
    let found = mistakes(
        r#"{"mcpServers": {
            "a": {"command": "x", "sampling": "ask", "roots": [
                "data", {"name": "x"}, {"uri": "https://example.com"}, {"uri": "file://srv/x", "colour": 1}, {"uri": 1}]},
            "b": {"command": "x", "roots": "some", "questionTimeout": 0, "maxInstances": -1}
        }}"#,
    );
    let expected = [
        "mcpServers.a.sampling: expected one of `relay`, `deny`",
        "mcpServers.a.roots[0]: expected an object, got a string",
        "mcpServers.a.roots[1]: has no `uri`",
        "mcpServers.a.roots[2].uri: `https://example.com/` is not a `file://` URI",
        "mcpServers.a.roots[3].uri: `file://srv/x` names another machine; a path stands after three slashes, `file:///path`",
        "mcpServers.a.roots[3].colour: unknown key; a root has `uri` and `name`",
        "mcpServers.a.roots[4].uri: expected a string, got a number",
        "mcpServers.b.roots: expected `relay`, `deny`, or a list of roots",
        "mcpServers.b.questionTimeout: 0 is not a number of seconds",
        "mcpServers.b.maxInstances: expected a whole number, got a number",
    ];
    assert_eq!(found, expected);
}

#[test]
fn foreign_keys_are_normalised_with_a_warning() {
    let composition = good(
        r#"{"globalShortcut": "x", "$schema": "y",
            "mcpServers": {"My GitHub": {"command": "gh", "autoApprove": ["x"]}}}"#,
    );
    assert_eq!(composition.children[0].label(), "my-github");
    let problems: Vec<_> = composition.check().iter().map(Problem::to_string).collect();
    assert_eq!(
        problems,
        [
            "globalShortcut: unknown key, left out of account",
            "mcpServers.My GitHub: is exposed as `my-github`; set `\"namespace\"` for another name",
        ]
    );
    assert!(
        composition
            .check()
            .iter()
            .all(|problem| !problem.is_error())
    );
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let found = mistakes(
        r#"{"separtor": "-", "mcpServers": {
            "database": {"command": "x", "argz": [], "args": ["a", 1], "env": {"A": 1, "B": "${NONE}"}},
            "both": {"command": "x", "url": "http://x"},
            "none": {"timeout": "10"},
            "web": {"url": "http://x", "env": {}, "timeout": -1, "era": "old", "httpUrl": "y"},
            "process": {"command": "x", "type": "http", "lazy": "yes", "maxInFlight": 1.5},
            "old": {"url": "http://x/sse", "type": "sse"},
            "42": {"command": "x"},
            "named": {"command": "x", "namespace": "N"},
            "list": [],
            "twice": {"command": "x", "command": "y"},
            "twice": {"command": "x"},
            "far": {"command": "x", "zzzzzzzz": 1}
        }}"#,
    );
    let expected = [
        "separtor: unknown key; did you mean `separator`?",
        "mcpServers.twice: is given twice",
        "mcpServers.database.args[1]: expected a string, got a number",
        "mcpServers.database.env.A: expected a string, got a number",
        "mcpServers.database.env.B: the environment variable `NONE` is not set; set it, or give it a default: `${NONE:-..}`",
        "mcpServers.database.argz: unknown key; did you mean `args`?",
        "mcpServers.both: has both `command` and `url`; keep one of them",
        "mcpServers.none: has neither `command` nor `url`",
        "mcpServers.none.timeout: expected a number of seconds, got a string",
        "mcpServers.web.env: is for a server with a `command`; this one has a `url`",
        "mcpServers.web.timeout: -1 is not a number of seconds",
        "mcpServers.web.era: expected one of `auto`, `legacy`, `modern`",
        "mcpServers.web.httpUrl: unknown key; did you mean `url`?",
        "mcpServers.process.type: is `http`, but a server with `command` is `stdio`",
        "mcpServers.process.lazy: expected true or false, got a string",
        "mcpServers.process.maxInFlight: expected a whole number, got a number",
        "mcpServers.old.type: the HTTP+SSE transport of 2024 is not spoken; use the server's streamable HTTP URL, with `http`",
        "mcpServers.42: cannot be a namespace; set `\"namespace\"` to `[a-z][a-z0-9_-]*`",
        "mcpServers.named.namespace: namespace `N` starts with `N`; it must start with a lower-case letter",
        "mcpServers.list: expected an object, got a list",
        "mcpServers.twice.command: is given twice",
    ];
    assert_eq!(found[..expected.len()], expected);
    let [last] = &found[expected.len()..] else {
        panic!("{found:#?}")
    };
    assert!(
        last.starts_with("mcpServers.far.zzzzzzzz: unknown key; known are command, args"),
        "{last}"
    );
}

#[test]
fn a_file_without_servers_is_a_mistake() {
    assert_eq!(mistakes("[]"), ["the file: expected an object, got a list"]);
    assert_eq!(mistakes("{}"), ["the file: has no `mcpServers`"]);
    assert_eq!(
        mistakes(r#"{"servers": {}, "mcpServers": {}}"#),
        ["the file: has both `mcpServers` and `servers`; keep one of them"]
    );
}

#[test]
fn a_syntax_error_has_its_line() {
    let error = parse(
        "{\n  \"mcpServers\": {,}\n}",
        Path::new("mcp.json"),
        Path::new("/"),
        &variable,
    )
    .expect_err("not JSON");
    let error = error.to_string();
    assert!(
        error.starts_with("mcp.json is not JSON") && error.contains("line 2"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = Composition::from_file("no/such/file.json")
        .expect_err("missing")
        .to_string();
    assert!(
        error.starts_with("cannot read no/such/file.json: "),
        "{error}"
    );
}

/// The blocks of a page that are of this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    let blocks = page.split(&*start).skip(1);
    blocks
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .collect()
}

#[test]
fn the_examples_of_both_formats_are_the_same_composition() {
    let page = include_str!("../../../../docs/config.md");
    let read = |language: &str, name: &str| {
        let blocks = blocks(page, language);
        let [example] = blocks[..] else {
            panic!("{blocks:#?}")
        };
        let any = |_: &str| Some("set".to_owned());
        let read = parse(example, Path::new(name), Path::new("/project"), &any);
        let composition = read.expect("a composition");
        assert_eq!(composition.check(), []);
        format!("{:?} {:?}", composition.settings, composition.children)
    };
    assert_eq!(read("json", "mcp.json"), read("toml", "compose.toml"));
}

#[test]
fn the_examples_of_the_other_pages_are_right() {
    for page in [
        include_str!("../../../../docs/create.md"),
        include_str!("../../../../docs/compose.md"),
    ] {
        let examples = blocks(page, "toml");
        assert!(!examples.is_empty());
        for example in examples {
            let _ = look_over(example, Path::new("compose.toml")).expect(example);
        }
    }
}

#[test]
fn every_key_is_documented() {
    let page = include_str!("../../../../docs/config.md");
    for key in super::server::KEYS.iter().chain(SETTINGS) {
        assert!(
            page.contains(&format!("`{key}`")),
            "docs/config.md does not have `{key}`"
        );
    }
}

fn toml(text: &str) -> Result<Composition, ConfigError> {
    parse(
        text,
        Path::new("compose.toml"),
        Path::new("/project"),
        &variable,
    )
}

#[test]
fn reads_toml_in_the_spelling_of_the_builders() {
    let composition = toml(
        r#"
name = "factory"
max_name = 48

[children.database]
command = "npx"
args = ["tsx", "db.ts"]
env = { DB = "${TOKEN}", maxTimeout = "kept" }
max_timeout = 700
init_timeout = 1.5
max_in_flight = 2
watch = ["src/**/*.ts"]
roots = [{ uri = "file:///srv" }]

[children.manufact]
url = "https://example.com/mcp"
headers.Authorization = "Bearer ${env:TOKEN}"
rename = { order = "buy" }

[children."my-notes"]
command = "notes"
stderr = { file = "notes.log" }
namespace = ""
"#,
    )
    .expect("a composition");
    assert_eq!(composition.check(), []);
    assert_eq!(composition.settings.name(), "factory");
    assert_eq!(composition.settings.max_name, 48);
    let [database, manufact, notes] = &composition.children[..] else {
        panic!("{composition:?}")
    };
    let ChildSource::Stdio(spec) = &database.source else {
        panic!("{database:?}")
    };
    assert_eq!(spec.args, ["tsx", "db.ts"]);
    let env = spec.env.iter().map(|(name, value)| (name.to_str(), value));
    let env: Vec<_> = env.map(|(name, value)| (name, value.expose())).collect();
    assert_eq!(env[0].0, Some("DB"));
    assert_eq!(env[0].1, "t0k");
    assert_eq!(env[1].0, Some("maxTimeout"));
    assert_eq!(spec.watch, ["src/**/*.ts"]);
    assert_eq!(database.options.max_timeout.as_secs(), 700);
    assert_eq!(database.options.init_timeout.as_millis(), 1500);
    assert_eq!(database.options.max_in_flight, 2);
    let ChildSource::Http(spec) = &manufact.source else {
        panic!("{manufact:?}")
    };
    assert_eq!(spec.headers["authorization"], "Bearer t0k");
    assert_eq!(manufact.options.tool_name("order"), Some("buy"));
    assert!(notes.namespace.is_none());
}

#[test]
fn profiles_stand_in_toml_as_well() {
    let read = |rest: &str| {
        toml(&format!(
            "child_endpoints = true\n{rest}\n[children.docs]\ncommand = \"a\"\n[children.db]\ncommand = \"b\"\n"
        ))
    };
    let profiles = "[profiles]\nreading-1 = []\nreading = [\"docs_*\"]\nwriting = { children = [\"db\"], exclude = [\"*_drop\"] }";
    let composition = read(profiles).expect("it is right");
    assert!(composition.settings.child_endpoints);
    let [_, (_, reading), (_, writing)] = &composition.settings.profiles[..] else {
        panic!("{composition:?}");
    };
    assert!(reading.takes(Some("docs"), "docs_find") && !reading.takes(Some("db"), "db_drop"));
    assert!(writing.takes(Some("db"), "db_query") && !writing.takes(Some("db"), "db_drop"));

    let wrong = read("[profiles]\na = { childrn = [] }\nb = [\n  1,\n]").expect_err("mistakes");
    assert_eq!(
        wrong.to_string(),
        "compose.toml:\n  \
         3:7: profiles.a.childrn: unknown key; did you mean `children`?\n  \
         5:3: profiles.b[0]: expected a string, got a number"
    );
}

#[test]
fn every_mistake_in_toml_is_told_with_line_and_column() {
    let wrong = toml(
        r#"separtor = "-"
colour = "red"

[mcpServers.x]
command = "x"

[children.database]
command = "x"
argz = []
args = ["a", 1]
env = { A = 1, B = "${NONE}" }
maxTimeout = 5
inherit_env = true
clear_env = true
since = 2026-01-01

[children.Both]
command = "x"
url = "http://x"

[children.Upper]
command = "x"
autoApprove = []

[[children.web.roots]]
uri = "https://example.com"

[children.list]
command = 1979-05-27
stderr = { path = "x" }
roots = "some"
"#,
    );
    let Err(ConfigError::Mistakes { mistakes, .. }) = wrong else {
        panic!("{wrong:?}")
    };
    let expected = [
        "1:1: separtor: unknown key; did you mean `separator`?",
        "2:1: colour: unknown key; known are children, name, version, title, instructions, separator, max_name, strict, child_endpoints, profiles",
        "4:2: mcpServers: unknown key; did you mean `children`?",
        "9:1: children.database.argz: unknown key; did you mean `args`?",
        "10:14: children.database.args[1]: expected a string, got a number",
        "11:9: children.database.env.A: expected a string, got a number",
        "11:16: children.database.env.B: the environment variable `NONE` is not set; set it, or give it a default: `${NONE:-..}`",
        "12:1: children.database.maxTimeout: unknown key; did you mean `max_timeout`?",
        "14:1: children.database.clear_env: contradicts `inherit_env`; keep one of them",
    ];
    assert_eq!(mistakes[..expected.len()], expected, "{mistakes:#?}");
    let rest = mistakes[expected.len()..].join("\n");
    for told in [
        "15:1: children.database.since: unknown key; known are command, args",
        "17:11: children.Both: has both `command` and `url`; keep one of them",
        "21:11: children.Upper: namespace `Upper` starts with `U`",
        "23:1: children.Upper.autoApprove: unknown key; known are",
        "25:12: children.web: has neither `command` nor `url`",
        "26:1: children.web.roots[0].uri: `https://example.com/` is not a `file://` URI",
        "29:1: children.list.command: expected a string, got a date",
        "30:1: children.list.stderr: expected `{ file = .. }`",
        "30:12: children.list.stderr.path: unknown key; the only one is `file`",
        "31:1: children.list.roots: expected `relay`, `deny`, or a list of roots",
    ] {
        assert!(rest.contains(told), "{told}\nis not in\n{rest}");
    }
}

#[test]
fn a_syntax_error_in_toml_has_its_place() {
    let wrong = toml("name = \"a\"\n[children\n").expect_err("not TOML");
    let wrong = wrong.to_string();
    assert!(
        wrong.starts_with("compose.toml is not TOML: line 2, column 10: "),
        "{wrong}"
    );
}

#[test]
fn a_toml_file_may_be_empty_with_a_warning() {
    let composition = toml("").expect("a composition");
    assert!(composition.check()[0].message.contains("mcp-compose add"));
    assert!(!composition.check()[0].is_error());
}

#[test]
fn what_stayed_in_a_file_is_found() {
    let before = toml("[children.a]\ncommand = \"x\"\n[children.b]\ncommand = \"y\"\n");
    let after = toml(
        "name = \"n\"\n[children.b]\n# A comment.\ncommand = \"y\"\n[children.a]\ncommand = \"z\"\n",
    );
    let file = |read: Result<Composition, ConfigError>| read.ok().and_then(|it| it.file);
    let (before, after) = (file(before).expect("read"), file(after).expect("read"));
    assert_eq!(after.kept_from(&before), [Some(1), None]);
    assert!(!after.has_settings_of(&before) && after.has_settings_of(&after));
}

#[test]
fn profiles_are_lists_or_objects() {
    let read = |profiles: &str| {
        let text = format!(
            r#"{{"mcpServers": {{"docs": {{"command": "a"}}, "db": {{"command": "b"}}}}, "profiles": {profiles}}}"#
        );
        parse_text(&text, "mcp.json", &|_| None)
    };
    let composition = read(
        r#"{"reading": ["docs_*", "db_query"], "writing": {"children": ["db"], "exclude": ["*_drop"]}}"#,
    );
    let composition = composition.expect("it is right");
    assert!(composition.check().is_empty(), "{:?}", composition.check());
    let [(reading, first), (writing, second)] = &composition.settings.profiles[..] else {
        panic!("two profiles");
    };
    assert_eq!((reading.as_str(), writing.as_str()), ("reading", "writing"));
    assert!(first.takes(Some("db"), "db_query") && !first.takes(Some("db"), "db_drop"));
    assert!(second.takes(Some("db"), "db_query") && !second.takes(Some("db"), "db_drop"));

    let wrong = read(r#"{"a": {"childrn": ["db"]}, "b": "docs_*", "c": [1]}"#).unwrap_err();
    let wrong = wrong.to_string();
    assert_eq!(
        wrong,
        "mcp.json:\n  \
         profiles.a.childrn: unknown key; did you mean `children`?\n  \
         profiles.b: expected an object, got a string\n  \
         profiles.c[0]: expected a string, got a number"
    );
    let clash = read(r#"{"db": [], "x": {"children": ["dbb"]}}"#).expect("it is read");
    let problems: Vec<_> = clash.check().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "profile db: a child has the same name; give the profile another",
            "profile x: there is no child `dbb`; did you mean `db`?",
        ]
    );
}
