//! The children that a command is to look at: `--child NAME`.

use super::{Failure, shown};
use crate::nearest::nearest;

/// Refuses a name that no child has.
pub(super) fn all_known(given: &[String], known: &[String]) -> Result<(), Failure> {
    let Some(unknown) = given.iter().find(|name| !known.contains(name)) else {
        return Ok(());
    };
    let hint = match nearest(unknown, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are: {}", known.join(", ")),
    };
    Err(Failure::Usage(format!(
        "there is no child `{}`; {hint}",
        shown::line(unknown)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_child_has_is_refused_with_what_may_be_meant() {
        let known = ["shop".to_owned(), "bank".to_owned()];
        let all = |given: &str| all_known(&[given.to_owned()], &known);
        assert!(all("shop").is_ok() && all_known(&[], &known).is_ok());
        assert!(
            matches!(all("shpo"), Err(Failure::Usage(text)) if text.contains("did you mean `shop`"))
        );
        assert!(
            matches!(all("x"), Err(Failure::Usage(text)) if text.contains("there are: shop, bank"))
        );
    }
}
