// Broken entries cost only themselves.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        db stdio("a"),
        web: stdio("b") stdio("c"),
        none: ,
        #[inline]
        odd: stdio("d"),
        db: stdio("e"),
        db: stdio("f"),
    };
}
