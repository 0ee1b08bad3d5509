//! The composition as a whole: what it costs clients, and what they have bounds for.

use super::finding::WholeDiagnosis;
use crate::child::listing::Kind;
use crate::cli::limits::tokens;
use crate::cli::shown::count;
use crate::compose::Composition;
use crate::gateway::catalog::Catalog;

/// So many tools of all servers together are too many for a client: who, and what happens there.
const MANY_TOOLS: [(usize, &str); 3] = [
    (128, "VS Code sends no request with more than 128"),
    (100, "Windsurf takes 100 of all servers together"),
    (40, "Cursor advises against more than 40"),
];
/// Bytes of instructions after which Claude Code cuts them.
const MAX_INSTRUCTIONS: usize = 2_000;

pub(super) fn examine(composition: &Composition, catalog: &Catalog) -> WholeDiagnosis {
    let tools = catalog.tools().count();
    let tokens: usize = catalog.entries(Kind::Tools).map(tokens).sum();
    let mut whole = WholeDiagnosis {
        name: composition.settings.name().to_owned(),
        tools,
        tokens,
        ..WholeDiagnosis::default()
    };
    let findings = &mut whole.findings;
    let cost = match tools {
        0 => count(0, "tool"),
        _ => format!("{}, about {tokens} tokens", count(tools, "tool")),
    };
    match MANY_TOOLS.iter().find(|(most, _)| tools > *most) {
        Some((_, who)) => findings.warning(
            "tools",
            format!("{cost}: {who}"),
            "leave out with `tools` and `hide` those that nobody needs",
        ),
        None => findings.ok("tools", cost),
    }
    let changed = catalog.collisions.len();
    if changed > 0 && composition.settings.strict {
        findings.error(
            "strict",
            format!(
                "it does not start: {} taken or too long, and it is `strict`",
                count(changed, "name")
            ),
            "see `names` of its children, or leave `strict` out",
        );
    }
    let instructions = catalog.instructions.as_deref().map_or(0, str::len);
    if instructions > MAX_INSTRUCTIONS {
        findings.warning(
            "instructions",
            format!(
                "all instructions together have {instructions} bytes; Claude Code cuts them after {MAX_INSTRUCTIONS}"
            ),
            "say what matters first: with the composition's own `instructions`, which come before those of its children",
        );
    }
    whole
}
