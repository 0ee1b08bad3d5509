//! Names that clients cannot take, though we can.

use super::super::limits::{MODELS, PORTABLE, is_taken};
use super::finding::{Finding, Findings, Health, names};
use crate::child::supervisor::Child;
use crate::gateway::catalog::Catalog;

/// The names of a child's tools, as clients see them.
pub(super) fn of(child: &Child, catalog: &Catalog, findings: &mut Findings) {
    let about = |problem: &&crate::compose::Problem| problem.place == child.label;
    for problem in catalog.collisions.iter().filter(about) {
        findings.0.push(Finding {
            check: "names",
            health: match problem.is_error() {
                true => Health::Error,
                false => Health::Warning,
            },
            text: problem.message.clone(),
            next: Some("choose another name with `rename`, or another namespace".to_owned()),
        });
    }
    let own = catalog
        .tools()
        .filter(|(_, tool)| tool.child.id == child.id);
    let mut exposed: Vec<_> = own.map(|(exposed, _)| exposed).collect();
    exposed.sort_unstable();
    let (good, refused): (Vec<&str>, Vec<&str>) = exposed.iter().partition(|name| is_taken(name));
    if !refused.is_empty() {
        findings.error(
            "names",
            format!(
                "most clients refuse {}: names have at most {MODELS} letters, digits, `_` and `-`",
                names(refused)
            ),
            "choose other names with `rename`",
        );
    }
    let long: Vec<_> = good
        .into_iter()
        .filter(|name| name.len() > PORTABLE)
        .collect();
    if !long.is_empty() {
        findings.warning(
            "names",
            format!(
                "longer than {PORTABLE} characters, which with what some clients put before them is too long: {}",
                names(long)
            ),
            "choose shorter names with `rename`, or a shorter namespace",
        );
    }
}
