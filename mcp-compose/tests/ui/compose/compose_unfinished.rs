// What stands there while one types.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        a: stdio("a").
        b: stdio("b"),
        c: ,
        d: stdio("d").env("A", ),
        e: Vec::,
        f: 7u8,
        #[cfg(all())]
    };
}
