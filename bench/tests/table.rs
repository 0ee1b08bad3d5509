//! The benchmark measures something: one very short run, without an aggregator.

use std::path::Path;
use std::process::Command;

#[test]
fn a_short_run_fills_the_table() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("results.md");
    let run = Command::new(env!("CARGO_BIN_EXE_mcp-compose-bench"))
        .args([
            "table",
            "--largest",
            "100",
            "--aggregator",
            "none",
            "--rounds",
            "1",
            "--round",
            "20",
        ])
        .arg("--out")
        .arg(&out)
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    let table = std::fs::read_to_string(&out).expect("the table is written");
    assert_eq!(
        table,
        String::from_utf8_lossy(&run.stdout).trim_end().to_owned() + "\n"
    );
    assert!(!table.contains("ailed"), "{table}");
    for label in [
        "direct pipes, stdio child",
        "direct HTTP, HTTP child",
        "TCP relay, HTTP child",
        "rmcp-naive, stdio child",
        "rmcp-naive JSON, HTTP child",
    ] {
        let calls = rows(&table, label).filter(|rate| *rate > 0.0).count();
        assert!(calls >= 2, "{label}: {calls} measurements\n{table}");
    }
}

/// The calls a second of each row with this label.
fn rows<'a>(table: &'a str, label: &'a str) -> impl Iterator<Item = f64> + 'a {
    table.lines().filter_map(move |line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        (cells.next()? == label).then_some(())?;
        cells.next()?.parse().ok()
    })
}
