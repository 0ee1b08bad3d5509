// The functions are called, with something to start or to reach.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        a: stdio,
        b: stdio(),
        c: http.lazy(),
        d: http(),
    };
}
