//! What a diagnosis consists of. As it is serialised it is what `--json` prints.

use serde::Serialize;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Health {
    Ok,
    /// It works, though not as well, or not for everybody.
    Warning,
    /// Something does not work.
    Error,
}

impl Health {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What one look at one thing has shown.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: &'static str,
    pub(super) health: Health,
    pub(super) text: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// Findings, in the order in which they were made.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Health::Ok, text, None);
    }

    pub(super) fn warning(
        &mut self,
        check: &'static str,
        text: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.add(check, Health::Warning, text, Some(next.into()));
    }

    pub(super) fn error(
        &mut self,
        check: &'static str,
        text: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.add(check, Health::Error, text, Some(next.into()));
    }

    pub(super) fn add(
        &mut self,
        check: &'static str,
        health: Health,
        text: impl Into<String>,
        next: Option<String>,
    ) {
        self.0.push(Finding {
            check,
            health,
            text: text.into(),
            next,
        });
    }

    /// The worst of them.
    pub(super) fn health(&self) -> Health {
        let all = self.0.iter().map(|finding| finding.health);
        all.max().unwrap_or(Health::Ok)
    }
}

/// What is known of one child.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChildDiagnosis {
    /// Its namespace or, without one, what it is.
    pub(super) child: String,
    pub(super) health: Health,
    /// `stdio`, `http`, `local` or `session`.
    pub(super) kind: &'static str,
    /// The program, or the place of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<String>,
    /// From the start to the end of its lists; absent where it did not come that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) era: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// What it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) lists: Vec<ListDiagnosis>,
    pub(super) findings: Findings,
    /// What it wrote to stderr last, where it has failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stderr: Vec<String>,
}

/// What is known of one list of a child.
#[derive(Debug, Serialize)]
pub(super) struct ListDiagnosis {
    /// The member of the protocol: `tools`, `resourceTemplates`, ..
    pub(super) kind: &'static str,
    pub(super) entries: usize,
    pub(super) pages: usize,
    /// Left out, as they are malformed.
    pub(super) hidden: usize,
}

/// What is known of the composition as a whole.
#[derive(Debug, Default, Serialize)]
pub(super) struct WholeDiagnosis {
    pub(super) name: String,
    pub(super) tools: usize,
    /// About what the tools cost a model, as `list` tells it.
    pub(super) tokens: usize,
    pub(super) findings: Findings,
}

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Diagnosis {
    pub(super) composition: WholeDiagnosis,
    pub(super) children: Vec<ChildDiagnosis>,
}

impl Diagnosis {
    /// The worst of all findings.
    pub(super) fn health(&self) -> Health {
        let children = self.children.iter().map(|child| child.health);
        let worst = children.max().unwrap_or(Health::Ok);
        worst.max(self.composition.findings.health())
    }
}

/// Some names of many, each in backticks.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    /// More than these are not read.
    const SHOWN: usize = 5;
    let names: Vec<_> = names.into_iter().collect();
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| quoted(name)).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A name that somebody else has chosen.
pub(super) fn quoted(name: &str) -> String {
    /// Characters of a name that are shown.
    const LONGEST: usize = 80;
    let short: String = name.chars().take(LONGEST).collect();
    let more = if short.len() < name.len() { ".." } else { "" };
    format!("`{short}{more}`")
}
