//! URI templates, matched: RFC 6570 level 1 (`{id}`) and `{+path}`.

use std::collections::BTreeMap;

/// A parsed URI template.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    /// `reserved`: `{+path}`, which may contain `/`, `?` and `#`.
    Variable {
        name: String,
        reserved: bool,
    },
}

/// A longer URI matches nothing: the work is proportional to its length.
const LONGEST_URI: usize = 16 * 1024;
const NOT_REACHED: u32 = u32::MAX;

impl Template {
    /// Parses what the macro has checked; anything odd is taken literally.
    pub(super) fn new(template: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((literal, after)) = rest.split_once('{') {
            let Some((variable, after)) = after.split_once('}') else {
                break;
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            let (name, reserved) = match variable.strip_prefix('+') {
                Some(name) => (name, true),
                None => (variable, false),
            };
            parts.push(Part::Variable {
                name: name.to_owned(),
                reserved,
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Self(parts)
    }

    /// The variables of `uri`, percent-decoded, if it is an instance of this template.
    ///
    /// Walks all ways to match at once, one pass over the URI per part, so no URI makes it slow.
    pub(super) fn matches(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        let bytes = uri.as_bytes();
        if bytes.len() > LONGEST_URI {
            return None;
        }
        // For each number of parts matched, and each place in the URI: where the last of those parts began.
        let mut began: Vec<Vec<u32>> = Vec::with_capacity(self.0.len() + 1);
        let mut reached = vec![NOT_REACHED; bytes.len() + 1];
        reached[0] = 0;
        began.push(reached);
        for (index, part) in self.0.iter().enumerate() {
            let next = part.advance(bytes, &began[index]);
            began.push(next);
        }
        let mut end = bytes.len();
        let mut variables = BTreeMap::new();
        for (index, part) in self.0.iter().enumerate().rev() {
            let start = match began[index + 1][end] {
                NOT_REACHED => return None,
                start => start as usize,
            };
            if let Part::Variable { name, .. } = part {
                variables.insert(name.clone(), percent_decoded(&bytes[start..end])?);
            }
            end = start;
        }
        (end == 0).then_some(variables)
    }
}

impl Part {
    /// From the places reached before this part, the places reached after it.
    fn advance(&self, uri: &[u8], reached: &[u32]) -> Vec<u32> {
        let mut next = vec![NOT_REACHED; uri.len() + 1];
        match self {
            Self::Literal(literal) => {
                for start in (0..=uri.len()).filter(|start| reached[*start] != NOT_REACHED) {
                    if uri[start..].starts_with(literal.as_bytes()) {
                        next[start + literal.len()] = start as u32;
                    }
                }
            }
            Self::Variable { reserved, .. } => {
                let mut start = None;
                for at in 0..uri.len() {
                    if start.is_none() && reached[at] != NOT_REACHED {
                        start = Some(at);
                    }
                    if !reserved && matches!(uri[at], b'/' | b'?' | b'#') {
                        start = None;
                    }
                    if let Some(start) = start {
                        next[at + 1] = start as u32;
                    }
                }
            }
        }
        next
    }
}

fn percent_decoded(bytes: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        match (first, after) {
            (b'%', [high, low, after @ ..]) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => {
                    decoded.push((high * 16 + low) as u8);
                    rest = after;
                    continue;
                }
                _ => decoded.push(*first),
            },
            _ => decoded.push(*first),
        }
        rest = after;
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::Template;

    fn matched(template: &str, uri: &str) -> Option<Vec<(String, String)>> {
        Template::new(template)
            .matches(uri)
            .map(|variables| variables.into_iter().collect())
    }

    fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Option<Vec<(String, String)>> {
        Some(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        )
    }

    #[test]
    fn level_one() {
        assert_eq!(
            matched("todo://items/{id}", "todo://items/7"),
            pairs([("id", "7")])
        );
        assert_eq!(
            matched("t://{a}/{b}/data", "t://x/y%20z/data"),
            pairs([("a", "x"), ("b", "y z")])
        );
        assert_eq!(
            matched("t://{a}-{b}", "t://1-2-3").map(|found| found.len()),
            Some(2)
        );
    }

    #[test]
    fn refuses() {
        assert_eq!(matched("todo://items/{id}", "todo://items/"), None);
        assert_eq!(matched("todo://items/{id}", "todo://items/1/2"), None);
        assert_eq!(matched("todo://items/{id}", "todo://items/%ff"), None);
        assert_eq!(matched("t://{a}/end", "t://x/end/more"), None);
    }

    #[test]
    fn reserved_spans_slashes_and_finds_the_one_way_to_match() {
        assert_eq!(
            matched("file:///{+path}", "file:///a/b.txt"),
            pairs([("path", "a/b.txt")])
        );
        assert_eq!(
            matched("f://{+dir}/{name}", "f://a/b/c"),
            pairs([("dir", "a/b"), ("name", "c")])
        );
        assert_eq!(
            matched("f://{+a}x{+b}y", "f://1x2xy").map(|found| found.len()),
            Some(2)
        );
    }

    #[test]
    fn hostile_uri_costs_no_more_than_its_length() {
        let template = "t://{+a}a{+b}a{+c}a{+d}a{+e}b";
        assert_eq!(
            matched(template, &format!("t://{}", "a".repeat(10_000))),
            None
        );
        assert_eq!(matched(template, &"a".repeat(100_000)), None);
    }
}
