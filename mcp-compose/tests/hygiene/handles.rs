//! A struct of handles, where little is at hand.
#![deny(missing_docs, missing_debug_implementations, unreachable_pub)]

use ::std::convert::Into;

struct Config {
    url: ::std::string::String,
}

struct Error;

fn checked(url: &str) -> ::std::result::Result<&str, Error> {
    if ::core::primitive::str::is_empty(url) {
        ::std::result::Result::Err(Error)
    } else {
        ::std::result::Result::Ok(url)
    }
}

/// What others see.
mod backend {
    use super::{Config, Error, checked};

    ::renamed::compose! {
        /// Everything that is behind it.
        pub(crate) struct Backend(config: &Config, program: impl ::std::convert::Into<::std::ffi::OsString>) -> ::std::result::Result<Self, Error> {
            crate = ::renamed,
            name = "backend",
            /// The orders.
            database: stdio(program, "db.ts").env("URL", checked(&config.url)?),
            "my-web": http(&config.url),
            type: stdio("type"),
            #[cfg(any())]
            absent: nothing(),
            #[cfg(all())]
            here: stdio("here"),
            _: stdio("bare"),
            ..super::Shared::new(),
        }
    }
}

::renamed::compose! {
    struct Shared { crate = ::renamed, other: stdio("other") }
}

::renamed::compose! {
    #[cfg(any())]
    struct Absent(config: &Nothing) { other: stdio("other") }
}

#[::core::prelude::v1::test]
fn a_struct_has_a_handle_for_each_child() {
    let config = Config {
        url: "https://example.com".into(),
    };
    let made = backend::Backend::new(&config, "tsx");
    let ::std::result::Result::Ok(backend) = made else {
        ::std::panic!()
    };
    ::std::assert_eq!(backend.my_web.name(), "my-web");
    ::std::assert_eq!(backend.r#type.name(), "type");
    ::std::assert_eq!(backend.database.name(), "database");
    ::std::assert_eq!(
        backend.children().names(),
        ["database", "my-web", "type", "here", "other"]
    );
    let bad = Config { url: "".into() };
    ::std::assert!(::std::result::Result::is_err(&backend::Backend::new(
        &bad, "tsx"
    )));

    let program = "x";
    let value = ::renamed::compose!(Value { crate = ::renamed, here_too: stdio(program), db: stdio("db"), ..backend });
    ::std::assert_eq!(value.db.name(), "db");
    ::std::assert_eq!(value.children().names().len(), 7);
}
