//! What tools cost clients, and which names they take, with what they put before them.

/// From here on some client or other has a name that is too long, whatever the composition is called there.
pub(super) const PORTABLE: usize = 48;

/// What a client makes of a tool's name.
struct Limit {
    client: &'static str,
    /// What it puts before and behind the name of the server, in front of the tool's.
    around: (&'static str, &'static str),
    /// Characters of the whole.
    most: usize,
}

/// As observed; see docs/run.md.
const LIMITS: [Limit; 3] = [
    limit("Claude Code", ("mcp__", "__"), 64),
    limit("Gemini CLI", ("mcp_", "_"), 63),
    limit("Cursor", ("", ""), 59),
];
/// What the interfaces of models take, whoever the client is.
pub(super) const MODELS: usize = 64;

/// About how many tokens the definition of a tool costs a model: four bytes each.
pub(super) fn tokens(definition: &str) -> usize {
    definition.len().div_ceil(4)
}

/// Whether the interfaces of models take a name.
pub(super) fn is_taken(name: &str) -> bool {
    let portable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    name.chars().count() <= MODELS && name.chars().all(portable)
}

const fn limit(client: &'static str, around: (&'static str, &'static str), most: usize) -> Limit {
    Limit {
        client,
        around,
        most,
    }
}

/// The clients for which a tool's name is too long where the composition is entered as `server`.
pub(super) fn too_long_for(tool: &str, server: &str) -> Vec<&'static str> {
    let length = tool.chars().count();
    if length > MODELS {
        return vec!["all clients"];
    }
    let server = server.chars().count();
    let whole = |limit: &Limit| limit.around.0.len() + server + limit.around.1.len() + length;
    let refusing = LIMITS.iter().filter(|limit| whole(limit) > limit.most);
    refusing.map(|limit| limit.client).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_put_before_a_name_counts() {
        let of = |length: usize, server| too_long_for(&"x".repeat(length), server);
        assert!(of(50, "compose").is_empty());
        assert_eq!(of(51, "compose"), ["Claude Code"]);
        assert_eq!(of(52, "compose"), ["Claude Code", "Gemini CLI"]);
        assert_eq!(of(53, "compose"), ["Claude Code", "Gemini CLI", "Cursor"]);
        assert_eq!(of(65, ""), ["all clients"]);
    }
}
