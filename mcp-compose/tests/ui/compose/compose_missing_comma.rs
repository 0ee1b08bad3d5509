// The entries on both sides of a missing comma are taken all the same.
use mcp_compose::compose;

fn main() {
    let shared = compose!();
    let _ = compose! {
        name = "x"
        a: stdio("a").arg("b")
        "b-c": stdio("b")
        #[cfg(all())]
        d: 4u8
        ..shared
    };
}
