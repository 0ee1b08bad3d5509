//! A diagnosis, for people.

use super::finding::{ChildDiagnosis, Diagnosis, Findings, Health, count};
use crate::cli::shown;

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
