//! A diagnosis, for people.

use super::finding::{ChildDiagnosis, Diagnosis, Findings, Health};
use crate::cli::shown;
use crate::cli::shown::count;

/// As wide as the widest of them.
const HEALTH: usize = "warning".len();
/// As [`HEALTH`], of checks.
const CHECK: usize = "declaration".len();
/// Lines of stderr that are shown.
const STDERR: usize = 5;

pub(super) fn report(diagnosis: &Diagnosis, colours: bool) -> String {
    let mut report = Report {
        text: String::new(),
        colours,
    };
    for child in &diagnosis.children {
        report.child(child);
    }
    let whole = &diagnosis.composition;
    let name = format!("{} (the composition)", whole.name);
    report.title(&name, None, whole.findings.health());
    report.findings(&whole.findings);
    report.sum(diagnosis);
    report.text
}

struct Report {
    text: String,
    colours: bool,
}

impl Report {
    fn child(&mut self, child: &ChildDiagnosis) {
        self.title(&child.child, child.at.as_deref(), child.health);
        self.findings(&child.findings);
        let left_out = child.stderr.len().saturating_sub(STDERR);
        for line in child.stderr.iter().skip(left_out) {
            let line = harmless(line);
            self.line(&format!("  {:HEALTH$}  {:CHECK$}  | {line}", "", "stderr"));
        }
        self.text.push('\n');
    }

    fn title(&mut self, name: &str, at: Option<&str>, health: Health) {
        let at = at.map(|at| format!("  {at}")).unwrap_or_default();
        let health = self.coloured(health.as_str(), health);
        self.line(&format!("{}: {health}{}", harmless(name), harmless(&at)));
    }

    fn findings(&mut self, findings: &Findings) {
        for finding in &findings.0 {
            let health = format!("{:HEALTH$}", finding.health.as_str());
            let health = self.coloured(&health, finding.health);
            let text = harmless(&finding.text);
            self.line(&format!("  {health}  {:CHECK$}  {text}", finding.check));
            if let Some(next) = &finding.next {
                let next = harmless(next);
                self.line(&format!("  {:HEALTH$}  {:CHECK$}  -> {next}", "", ""));
            }
        }
    }

    fn sum(&mut self, diagnosis: &Diagnosis) {
        let number = |health| {
            let children = diagnosis.children.iter();
            children.filter(|child| child.health == health).count()
        };
        let children = count(diagnosis.children.len(), "child").replace("childs", "children");
        self.line(&format!(
            "\n{children}: {} ok, {} with warnings, {} broken",
            number(Health::Ok),
            number(Health::Warning),
            number(Health::Error)
        ));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn coloured(&self, text: &str, health: Health) -> String {
        let colour = match health {
            Health::Ok => 32,
            Health::Warning => 33,
            Health::Error => 31,
        };
        match self.colours {
            true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// Text that may come from a child, on one line.
fn harmless(text: &str) -> String {
    shown::block(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::finding::WholeDiagnosis;
    use super::*;

    fn diagnosis(text: &str) -> Diagnosis {
        let mut findings = Findings::default();
        findings.warning("lists", text, "mend\nit");
        Diagnosis {
            composition: WholeDiagnosis {
                name: "factory".to_owned(),
                ..WholeDiagnosis::default()
            },
            children: vec![ChildDiagnosis {
                stderr: (0..7).map(|n| format!("line {n}\u{1b}[2J")).collect(),
                ..ChildDiagnosis::of("db".to_owned(), "stdio", findings)
            }],
        }
    }

    #[test]
    fn nothing_that_comes_from_a_child_moves_the_cursor_or_begins_a_line() {
        assert_eq!(
            report(&diagnosis("a\u{1b}[31mb\nc\u{202e}"), false),
            concat!(
                "db: warning\n",
                "  warning  lists        a\\u{1b}[31mb c\\u{202e}\n",
                "                        -> mend it\n",
                "           stderr       | line 2\\u{1b}[2J\n",
                "           stderr       | line 3\\u{1b}[2J\n",
                "           stderr       | line 4\\u{1b}[2J\n",
                "           stderr       | line 5\\u{1b}[2J\n",
                "           stderr       | line 6\\u{1b}[2J\n",
                "\n",
                "factory (the composition): ok\n",
                "\n",
                "1 child: 0 ok, 1 with warnings, 0 broken\n",
            )
        );
    }

    #[test]
    fn colours_say_how_bad_it_is_and_nothing_else_changes() {
        let plain = report(&diagnosis("a"), false);
        let coloured = report(&diagnosis("a"), true);
        assert!(coloured.starts_with("db: \u{1b}[33mwarning\u{1b}[0m\n"));
        let mut stripped = coloured;
        for colour in ["\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"] {
            stripped = stripped.replace(colour, "");
        }
        assert_eq!(stripped, plain);
    }
}
