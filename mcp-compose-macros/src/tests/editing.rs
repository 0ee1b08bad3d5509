//! Code that is being written: what is not finished costs nothing else, and what is finished stays as it was typed.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{compose, server};

fn expanded(item: &str) -> String {
    let item: TokenStream = item.parse().expect("it consists of tokens");
    tokens(server::expand(TokenStream::new(), &item))
}

/// Tokens as text; spaces between them depend on where they come from.
fn tokens(tokens: impl ToString) -> String {
    let mut text = tokens.to_string();
    text.retain(|c| !c.is_whitespace());
    text
}

/// The methods are there, without our attributes, and so is an implementation of `Server`, or what stands in for it.
#[track_caller]
fn assert_keeps(expanded: &str, methods: &[&str]) {
    for method in methods {
        assert!(
            expanded.contains(&tokens(method)),
            "{method}\nin {expanded}"
        );
    }
    assert!(expanded.contains("::mcp_compose::ServerforS"), "{expanded}");
    let code = expanded.split("::core::compile_error!").next();
    assert!(
        code.is_some_and(|code| !code.contains("#[tool")),
        "{expanded}"
    );
}

const FINISHED: &str = "/// Counts.\n #[tool(read_only)] async fn count(&self, from: u32) -> u32 { self.from(from).await }";
const COUNT: &str = "async fn count(&self, from: u32) -> u32 { self.from(from).await }";

#[test]
fn an_attribute_that_is_being_written_costs_no_method() {
    for attribute in [
        "#[tool(]",
        "#[tool(title]",
        "#[tool(title = ]",
        "#[tool(title = \"x\", read]",
        "#[tool(title = self.]",
        "#[tool = ]",
        "#[resource]",
        "#[resource(\"todo://{]",
        "#[prompt(title = ]",
    ] {
        // What an editor has when the closing parenthesis is typed already, as editors do.
        let closed = match attribute.contains('(') {
            true => attribute.replace(
                ']',
                if attribute.contains("//{") {
                    "\")]"
                } else {
                    ")]"
                },
            ),
            false => attribute.to_owned(),
        };
        let expanded = expanded(&format!(
            "impl S {{ {closed} fn add(&self) {{ body }} {FINISHED} }}"
        ));
        assert_keeps(&expanded, &["fn add(&self) { body }", COUNT]);
        // rustc does not take the last one for an attribute, and says so itself.
        let told = closed == "#[tool = ]" || expanded.contains("compile_error");
        assert!(told, "{closed}: {expanded}");
    }
}

#[test]
fn a_method_that_is_being_written_costs_no_other() {
    for method in [
        "/// Adds.\n #[tool] fn add(&self",
        "/// Adds.\n #[tool] fn add(&self)",
        "/// Adds.\n #[tool] fn add(&self);",
        "/// Adds.\n #[tool] fn add(&self, title);",
        "/// Adds.\n #[tool] fn add(&self, title: );",
        "/// Adds.\n #[tool] fn add(&self) -> ;",
        "/// Adds.\n #[tool] fn ;",
        "/// Adds.\n #[tool]",
        "#[tool] pub",
    ] {
        let open = method.matches('(').count() - method.matches(')').count();
        let method = format!("{method}{}", ")".repeat(open));
        let expanded = expanded(&format!("impl S {{ {FINISHED} {method} }}"));
        assert_keeps(&expanded, &[COUNT]);
    }
}

#[test]
fn a_body_is_none_of_our_business() {
    for body in [
        "self.",
        "let x = ;",
        "self.items.lock().",
        "match x { Some( => }",
        "if",
        "vec![1, 2",
    ] {
        let open = body.matches('[').count() - body.matches(']').count();
        let paren = body.matches('(').count() - body.matches(')').count();
        let body = match paren {
            0 => format!("{body}{}", "]".repeat(open)),
            _ => body.replace("Some(", "Some()"),
        };
        let expanded = expanded(&format!(
            "impl S {{ /// Adds.\n #[tool(read_only)] fn add(&self) -> u8 {{ {body} }} {FINISHED} }}"
        ));
        assert_keeps(
            &expanded,
            &[&format!("fn add(&self) -> u8 {{ {body} }}"), COUNT],
        );
        // It is served as any other: only rustc looks into it.
        assert!(!expanded.contains("compile_error"), "{expanded}");
        assert!(expanded.contains("Self::add"), "{expanded}");
    }
}

/// A method, `#[cfg]` and all, is what the user typed: nothing but our own attributes is gone, and one lint is allowed.
#[test]
fn methods_stay_as_they_were_typed() {
    let method = "#[cfg(unix)] #[inline] pub(crate) async fn add<'a>(self: &'a Arc<Self>, mut n: u8, #[allow(unused)] m: Vec<u8>) -> Out<u8>";
    let typed = format!(
        "impl S {{ /// Adds.\n #[tool(read_only)] {method} where Self: Sized {{ a!{{}} b }} }}"
    );
    let expanded = expanded(&typed);
    let signature = "pub(crate) async fn add<'a>(self: &'a Arc<Self>, mut n: u8, #[allow(unused)] m: Vec<u8>) -> Out<u8> where Self: Sized { a!{} b }";
    assert_keeps(&expanded, &["#[cfg(unix)] #[inline]", signature]);
}

/// Values reach rustc in calls that say what they are, as they were typed.
#[test]
fn values_of_keys_stay_as_they_were_typed() {
    let item = quote! {
        impl S {
            /// Counts.
            #[tool(read_only = cfg!(unix), title = self::title::<{ 1 }>("x") + "y", meta = json!({ "a": [1, 2] }))]
            fn count(&self, #[default(a::<B>().c[0])] n: u8) -> u8 {
                n
            }
        }
    };
    let expanded = tokens(server::expand(quote!(version = v!(1)), &item));
    for call in [
        quote!(entry.hint("readOnlyHint", cfg!(unix))),
        quote!(entry.title(self::title::<{ 1 }>("x") + "y")),
        quote!(entry.meta(json!({ "a": [1, 2] }))),
        quote!(|| a::<B>().c[0]),
        quote!(into.server(::core::env!("CARGO_PKG_NAME"), v!(1))),
    ] {
        assert!(expanded.contains(&tokens(&call)), "{call}\nin {expanded}");
    }
}

#[test]
fn values_of_entries_stay_as_they_were_typed() {
    let expanded = tokens(compose::expand(quote! {
        db: stdio(&program()?, a::<B>(), *c).env("K", if d { e } else { f }).await,
        web: match g { Some(url) => http(url), None => { return } },
    }));
    for value in [
        "stdio(&program()?).arg(a::<B>()).arg(*c).env(\"K\", if d { e } else { f }).await",
        "match g { Some(url) => http(url), None => { return } }",
    ] {
        assert!(expanded.contains(&tokens(value)), "{value}\nin {expanded}");
    }
}

#[test]
fn an_entry_that_is_being_written_costs_no_other() {
    for entry in [
        "db",
        "db:",
        "db: stdio(\"a\").",
        "db: stdio(\"a\").env(",
        "\"d",
        "_",
        "_:",
        "..",
        "#[cfg(unix)]",
        "name =",
    ] {
        let closed = match entry {
            "\"d" => "\"d\"".to_owned(),
            entry if entry.ends_with('(') => format!("{entry})"),
            entry => entry.to_owned(),
        };
        let input: TokenStream = format!("web: stdio(\"b\").lazy(), {closed}, _: Notes::open()")
            .parse()
            .expect("tokens");
        let expanded = tokens(compose::expand(input));
        for call in [
            quote!(composition.child("web", stdio("b").lazy())),
            quote!(composition.local(Notes::open())),
        ] {
            assert!(expanded.contains(&tokens(&call)), "{closed}: {expanded}");
        }
    }
}
