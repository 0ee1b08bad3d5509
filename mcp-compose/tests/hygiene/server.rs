//! The user's own `Result` and `Option`, and a renamed dependency.
#![allow(dead_code)]

type Result<T> = ::std::result::Result<T, ::std::string::String>;
struct Option;
struct Some;
struct Vec;
struct String;

mod inner {
    pub(crate) struct Server<T>(pub(crate) T);
    pub(crate) trait Text: ::std::marker::Send + ::std::marker::Sync + 'static {
        fn text(&self) -> ::std::string::String;
    }
    impl Text for u8 {
        fn text(&self) -> ::std::string::String {
            ::std::string::ToString::to_string(self)
        }
    }
}
use inner::{Server, Text};

/// Everything at once.
#[::renamed::mcp_server(crate = ::renamed, name = "x", version = "1")]
impl<T: Text> Server<T> {
    /// Adds.
    #[tool(idempotent)]
    async fn add(
        &self,
        into: ::std::string::String,
        #[default] call: u8,
        this: ::std::option::Option<u8>,
        ctx: &::renamed::Ctx,
    ) -> Result<::std::vec::Vec<u8>> {
        ctx.progress(1, ());
        let _ = (into, call, this);
        ::std::result::Result::Ok(::std::vec::Vec::new())
    }

    /// Reserved.
    #[tool(read_only, hidden)]
    fn r#type(&self, r#match: u8) -> ::std::string::String {
        let _ = r#match;
        self.0.text()
    }

    /// Only in tests.
    #[cfg(any())]
    #[tool(read_only)]
    fn absent(&self, missing: Missing) -> Missing {}

    #[resource("x://{+path}", mime = "text/plain")]
    fn read(&self, path: ::std::string::String) -> ::std::string::String {
        path
    }

    #[prompt]
    fn ask(&self, topic: ::std::string::String) -> ::std::string::String {
        topic
    }

    #[complete(ask.topic, read.path)]
    fn complete(&self, partial: &str) -> ::std::vec::Vec<::std::string::String> {
        ::std::vec![::std::string::ToString::to_string(partial)]
    }
}

#[::core::prelude::v1::test]
fn a_server_is_composed() {
    let composition = 1;
    let composed = ::renamed::compose! {
        crate = ::renamed,
        _: Server(composition as u8),
        #[cfg(any())]
        absent: missing(),
        child: stdio("a", "b", ::std::stringify!(c)).env("K", "v"),
    };
    ::std::assert!(composed.check().is_empty());
}
