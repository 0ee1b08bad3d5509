//! "Did you mean ..?"

/// The known name closest to `given`, if it is close enough to be a slip.
pub(crate) fn nearest<'n>(
    given: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let bound = given.chars().count().max(3) / 3;
    known
        .into_iter()
        .map(|name| (distance(given, name), name))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Insertions, deletions, substitutions and swaps of neighbours between two names.
fn distance(left: &str, right: &str) -> usize {
    // Names come from outside: a very long one is no slip, and must not cost quadratic time.
    const LONGEST: usize = 128;
    if left.len() > LONGEST || right.len() > LONGEST {
        return usize::MAX;
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for i in 0..left.len() {
        let mut row = vec![i + 1];
        for j in 0..right.len() {
            let mut best = (above[j] + usize::from(left[i] != right[j]))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_only() {
        assert_eq!(nearest("titel", ["title", "priority"]), Some("title"));
        assert_eq!(nearest("qty", ["title", "priority"]), None);
        assert_eq!(nearest(&"x".repeat(10_000), ["title"]), None);
    }
}
