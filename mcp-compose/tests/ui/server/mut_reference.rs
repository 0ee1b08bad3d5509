// A context that seems to be changed.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Counts.
    #[tool]
    async fn count(&self, ctx: &mut mcp_compose::Ctx) {
        ctx.progress(1, ()).await;
    }
}

fn main() {}
