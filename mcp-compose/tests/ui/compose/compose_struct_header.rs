// What stands before the children.
use mcp_compose::compose;

compose! {
    struct Unnamed(&Config) {
        a: stdio("a"),
    }
}

compose! {
    struct Method(&self, program: &str) {
        a: stdio(program),
    }
}

compose! {
    struct Empty;
}

compose! {
    pub Forgotten {
        a: stdio("a"),
    }
}

compose! {
    struct First {
        a: stdio("a"),
    }
    struct Second {
        a: stdio("a"),
    }
}

fn main() {}
