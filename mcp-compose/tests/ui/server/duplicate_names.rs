// Everything that clients look up by name is unique per kind.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("app://settings")]
    fn settings(&self) -> String {
        String::new()
    }

    #[resource("app://settings", name = "other")]
    fn other(&self) -> String {
        String::new()
    }

    #[prompt]
    fn plan(&self, topic: String, #[name = "topic"] subject: String) -> String {
        topic + &subject
    }

    #[prompt(name = "plan")]
    #[tool]
    fn plan_again(&self, #[cfg(test)] _topic: String) -> String {
        String::new()
    }

    #[complete(plan.topic, plan.topic)]
    fn topics(&self, partial: &str) -> Vec<String> {
        vec![partial.to_owned()]
    }
}

fn main() {}
