use proc_macro2::TokenStream;
use quote::quote;

use super::expand;

#[test]
fn expands_to_calls_on_the_builder_in_order() {
    let expanded = expand(quote! {
        separator = "__",
        strict = cfg!(test),
        _: Notes::open(path)?,
        database: stdio("tsx", "db.ts", rest::<A, B>()).env("K", v),
        #[cfg(feature = "admin")]
        "my-admin": http(url).await,
        ..shared,
        crate = ::renamed
    });
    let expected = quote! {{
        #[allow(unused_imports)]
        use ::renamed::{child::{stdio, http, session, local}, from_file};
        let composition = ::renamed::Composition::builder()
            .package(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
        let composition = composition.separator("__");
        let composition = if cfg!(test) { composition.strict() } else { composition };
        let composition = composition.local(Notes::open(path)?);
        let composition = composition.child(
            "database",
            stdio("tsx").arg("db.ts").arg(rest::<A, B>()).env("K", v)
        );
        #[cfg(feature = "admin")]
        let composition = composition.child("my-admin", http(url).await);
        let composition = composition.spread(shared);
        composition.build()
    }};
    assert_eq!(expanded.to_string(), expected.to_string());
}

#[test]
fn a_broken_entry_costs_only_itself() {
    let input: TokenStream = quote!(db stdio("a"), web: stdio("b") "c", good: stdio("d"));
    let expanded = expand(input).to_string();
    assert_eq!(expanded.matches("compile_error").count(), 2);
    assert_eq!(expanded.matches("composition . child").count(), 1);
}

fn errors_and_children(input: TokenStream) -> (usize, usize) {
    let expanded = expand(input).to_string();
    (
        expanded.matches("compile_error").count(),
        expanded.matches("= composition . child").count(),
    )
}

#[test]
fn a_missing_comma_costs_nothing_else() {
    let children = quote!(a: stdio("a") b: stdio("b").env("A", "b") "c-d": stdio("c") #[cfg(any())] e: stdio("e"));
    assert_eq!(errors_and_children(children), (3, 4));
    let expanded = expand(quote!(a: stdio("a") ..shared)).to_string();
    assert_eq!(expanded.matches("compile_error").count(), 1);
    assert!(
        expanded.contains("composition . spread (shared)"),
        "{expanded}"
    );
}

#[test]
fn an_entry_that_is_being_written_costs_only_itself() {
    assert_eq!(
        errors_and_children(
            quote!(a: stdio("a"). b: stdio("b"), c: , d: stdio("d").env(,), e: stdio("e"))
        ),
        (3, 2)
    );
}

/// An editor is shown what is there, in a call that says what it is.
#[test]
fn editors_see_broken_entries() {
    let expanded =
        expand(quote!(a: stdio("a"). b: stdio("b"), name = x y, _: Notes::, ..shared.)).to_string();
    for call in [
        quote!(
            ::mcp_compose::__editor! { ::mcp_compose::Composition::builder().child("a", stdio("a").) }
        ),
        quote!(::mcp_compose::__editor! { ::mcp_compose::Composition::builder().name(x y) }),
        quote!(::mcp_compose::__editor! { ::mcp_compose::Composition::builder().local(Notes::) }),
        quote!(::mcp_compose::__editor! { ::mcp_compose::Composition::builder().spread(shared.) }),
    ] {
        assert!(
            expanded.contains(&call.to_string()),
            "{call}\nin {expanded}"
        );
    }
}

#[test]
fn a_struct_has_a_handle_for_each_child() {
    let expanded = expand(quote! {
        /// What is behind it.
        #[cfg(unix)]
        pub struct Backend(config: &Config) -> Result<Self, Error> {
            name = "backend",
            /// The orders.
            "my-db": stdio("tsx", &config.program).env("URL", url(config)?),
            #[cfg(feature = "admin")]
            r#type: http("https://example.com"),
            _: Own::default(),
            ..shared(config)
        }
    });
    let expected = quote! {
        /// What is behind it.
        #[cfg(unix)]
        #[derive(::core::clone::Clone)]
        #[derive(::core::fmt::Debug)]
        pub struct Backend {
            /// The orders.
            #[allow(dead_code)]
            pub my_db: ::mcp_compose::Child,
            #[cfg(feature = "admin")]
            #[doc = "The child `type`."]
            #[allow(dead_code)]
            pub r#type: ::mcp_compose::Child,
            __declared: ::mcp_compose::__private::Declared,
        }

        #[cfg(unix)]
        #[allow(dead_code)]
        impl Backend {
            /// Starts every child that is not lazy, and waits for them. Without this each starts on its first use.
            ///
            /// # Errors
            /// When the composition is wrong.
            pub async fn connect(&self) -> ::core::result::Result<(), ::mcp_compose::ServeError> {
                self.__declared.connect().await
            }

            /// All children, by namespace.
            #[must_use]
            pub fn children(&self) -> ::mcp_compose::Children {
                self.__declared.children()
            }
        }

        #[cfg(unix)]
        impl ::mcp_compose::IntoChildren for Backend {
            fn into_children(self) -> ::mcp_compose::Composition {
                self.__declared.composition()
            }
        }

        #[cfg(unix)]
        impl ::mcp_compose::IntoComposition for Backend {
            fn into_composition(self) -> ::mcp_compose::Composition {
                self.__declared.composition()
            }
        }

        #[cfg(unix)]
        impl Backend {
            #[doc = "Declares the children. None is started: that is done on first use."]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "Those of the children's declarations."]
            #[allow(dead_code)]
            pub fn new(config: &Config) -> Result<Self, Error> {
                let declared = ::mcp_compose::__private::Declared::new({
                    #[allow(unused_imports)]
                    use ::mcp_compose::{child::{stdio, http, session, local}, from_file};
                    let composition = ::mcp_compose::Composition::builder()
                        .package(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
                    let composition = composition.name("backend");
                    let composition = composition.child(
                        "my-db",
                        stdio("tsx").arg(&config.program).env("URL", url(config)?)
                    );
                    #[cfg(feature = "admin")]
                    let composition = composition.child("type", http("https://example.com"));
                    let composition = composition.local(Own::default());
                    let composition = composition.spread(shared(config));
                    composition.build()
                });
                ::core::result::Result::Ok(Self {
                    my_db: declared.child("my-db"),
                    #[cfg(feature = "admin")]
                    r#type: declared.child("type"),
                    __declared: declared
                })
            }
        }
    };
    assert_eq!(expanded.to_string(), expected.to_string());
}

/// The user's tokens stand outside of the block that knows the struct, and see their own types.
#[test]
fn a_literal_is_a_value_of_a_struct_of_its_own() {
    let input = quote!(Backend { db: stdio("db").arg(program), _: Backend, ..shared? });
    let expanded = expand(input).to_string();
    let start = quote!(let declared = ::mcp_compose::__private::Declared::new).to_string();
    assert!(expanded.starts_with(&format!("{{ {start}")), "{expanded}");
    let end = quote!(Backend {
        db: declared.child("db"),
        __declared: declared
    })
    .to_string();
    assert!(expanded.ends_with(&format!("{end} }} }}")), "{expanded}");
    let user = expanded
        .find("local (Backend)")
        .expect("the user's own type");
    let ours = expanded.find("struct Backend").expect("the struct");
    assert!(user < ours, "{expanded}");
}

#[test]
fn a_struct_without_parameters() {
    let expanded = expand(quote!(struct A { db: stdio("db"), })).to_string();
    assert!(
        expanded.contains(&quote!(#[must_use] #[allow(dead_code)] fn new() -> Self).to_string()),
        "{expanded}"
    );
    assert!(
        expanded.contains("Handles to the children of a composition"),
        "{expanded}"
    );
}

#[test]
fn what_the_user_derives_is_not_derived_again() {
    let derives = |input: TokenStream| expand(input).to_string().matches("derive").count();
    assert_eq!(derives(quote!(struct A { db: stdio("db") })), 2);
    let input =
        quote!(#[derive(PartialEq, Clone)] #[derive(std::fmt::Debug)] struct A { db: stdio("db") });
    assert_eq!(derives(input), 2);
}

#[test]
fn a_field_that_cannot_be_is_a_mistake_and_no_panic() {
    for input in [
        quote!(struct A { Self: stdio("a") }),
        quote!(struct A { "a\u{b2}": stdio("a") }),
        quote!(struct A { "\u{661}a": stdio("a") }),
    ] {
        let expanded = expand(input).to_string();
        assert!(expanded.contains("compile_error"), "{expanded}");
    }
}

#[test]
fn profiles_are_calls_on_the_builder() {
    let expanded = expand(quote! {
        docs: stdio("docs"),
        profiles = {
            reading: ["docs_*"],
            "on-call": { children: ["docs"], exclude: ["*_drop"] },
            given: selection()
        },
        child_endpoints = true,
    });
    let expanded = expanded.to_string();
    for call in [
        quote!(let composition = composition.profile("reading", ["docs_*"]);),
        quote!(
            composition.profile(
                "on-call",
                ::mcp_compose::Profile::new()
                    .children(["docs"])
                    .exclude(["*_drop"])
            )
        ),
        quote!(let composition = composition.profile("given", selection());),
        quote!(composition.child_endpoints()),
    ] {
        assert!(expanded.contains(&call.to_string()), "{call}: {expanded}");
    }
}

#[test]
fn mistakes_in_profiles_are_told_together() {
    let told = |input: TokenStream, expected: &[&str]| {
        let expanded = expand(input).to_string();
        assert_eq!(
            expanded.matches("compile_error").count(),
            expected.len(),
            "{expanded}"
        );
        for text in expected {
            assert!(expanded.contains(text), "{text}: {expanded}");
        }
    };
    told(
        quote! { docs: stdio("docs"), profiles = {
            docs: ["docs_*"],
            Reading: ["docs_*"],
            writing: { childrn: ["docs"], exclude: ["*_drop"], exclude: ["a"] },
            writing: ["docs_*"],
            on-call: ["docs_*"],
            plain,
        } },
        &[
            "`docs` is a child already",
            "the child `docs` is declared here",
            "profile `Reading` has uppercase letters; write `reading`",
            "a profile has no `childrn`; did you mean `children`?",
            "`exclude` is given twice",
            "profile `writing` is given twice",
            "`writing` is first given here",
            "a name with `-` is written as a string",
            "profiles are written",
        ],
    );
    told(
        quote! { docs: stdio("docs"), profiles = ["docs_*"] },
        &["profiles are written"],
    );
}
