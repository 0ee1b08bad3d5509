// A value that is held across an await.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Waits.
    #[tool(read_only)]
    async fn wait(&self) {
        let local = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(local);
    }
}

fn main() {}
