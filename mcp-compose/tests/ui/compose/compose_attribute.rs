// Attributes and comments that would be lost.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        #[inline]
        a: stdio("a"),
        /// The orders.
        b: stdio("b"),
        #[cfg(any())]
        c: nothing,
    };
}
