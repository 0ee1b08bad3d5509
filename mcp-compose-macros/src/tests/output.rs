//! What the macros expand to, as files that people read. `SNAPSHOTS=overwrite cargo test -p mcp-compose-macros` writes them.

use std::{env, fs, path::Path};

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

/// Names of `core` and `alloc` that a user's own may hide: expansions write them with their whole path.
const HIDDEN: [&str; 24] = [
    "Option", "Some", "None", "Result", "Ok", "Err", "String", "ToString", "Vec", "Box", "Arc",
    "Default", "Into", "From", "Clone", "Send", "Sync", "Debug", "Drop", "Iterator", "Fn", "Copy",
    "std", "core",
];

/// Compares an expansion with `tests/output/NAME.rs`. The input gives the crate as `::renamed`, and uses none of the
/// names that expansions have to write with their whole path.
fn check(name: &str, expanded: TokenStream) {
    assert_whole_paths(name, expanded.clone());
    let file =
        syn::parse2(expanded).unwrap_or_else(|error| panic!("{name} expands to no Rust: {error}"));
    let text = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/output/{name}.rs"));
    if env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &text).expect("the folder is there");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{name} expands to something else; read the difference after `SNAPSHOTS=overwrite`:\n{text}"
    );
}

fn assert_whole_paths(name: &str, tokens: TokenStream) {
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                colons += 1;
                continue;
            }
            TokenTree::Group(group) => assert_whole_paths(name, group.stream()),
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                assert_ne!(
                    text, "mcp_compose",
                    "{name} names the crate, which is renamed"
                );
                let hidden = HIDDEN.contains(&text.as_str());
                assert!(
                    colons >= 2 || !hidden,
                    "{name} has `{text}` without its path"
                );
            }
            _ => {}
        }
        colons = 0;
    }
}

fn server(attribute: TokenStream, item: TokenStream) -> TokenStream {
    crate::server::expand(quote!(crate = ::renamed, #attribute), &item)
}

/// A composition is an expression.
fn composition(input: TokenStream) -> TokenStream {
    let expression = crate::compose::expand(quote!(#input crate = ::renamed));
    quote!(fn composition() { let _ = #expression; })
}

#[test]
fn parts() {
    let main = server(
        quote!(name = "shop", version = "1", parts(admin)),
        quote! {
            impl<T: Text> Shop<T> {}
        },
    );
    let part = server(
        quote!(part = admin),
        quote! {
            impl<T: Text> Shop<T> {
                /// Closes the shop.
                #[tool(destructive)]
                fn close(&self) {}
            }
        },
    );
    check("parts", quote!(#main #part));
}

#[test]
fn mcp_server() {
    check(
        "mcp_server",
        server(
            quote!(
                name = "todo",
                title = "Todos",
                version = VERSION,
                website = "https://example.com",
                icons = ICON
            ),
            quote! {
                /// Keeps a list of things to do.
                impl<D: Database> Todos<D>
                where
                    D::Row: Row,
                {
                    const MOST: usize = 7;

                    /// Counts.
                    #[tool(read_only)]
                    fn count(&self) -> usize {
                        self.helper()
                    }

                    fn helper(&self) -> usize {
                        1
                    }
                }
            },
        ),
    );
}

#[test]
fn tool() {
    check(
        "tool",
        server(
            TokenStream::new(),
            quote! {
                impl Todos {
                    /// Adds a todo.
                    ///
                    /// It is the last one then.
                    #[tool(name = "add-todo", title = "Add", idempotent, destructive = is_destructive(), meta = meta(), icons = [ICON], timeout = LIMIT)]
                    pub async fn add(self: &Shared<Self>, ctx: &Ctx, title: Text) -> Fallible<Todo, Broken> {
                        body()
                    }

                    /// Only there with a feature.
                    #[cfg(feature = "admin")]
                    #[tool(hidden, input_schema = schema())]
                    fn r#match(&self) {}

                    /// Takes its time.
                    #[tool(read_only, blocking)]
                    fn sum(&self, numbers: Numbers) -> u64 {
                        0
                    }

                    /// Does not say what it changes.
                    #[tool]
                    #[allow(deprecated)]
                    fn quiet(&self) {}
                }
            },
        ),
    );
}

#[test]
fn resource() {
    check(
        "resource",
        server(
            TokenStream::new(),
            quote! {
                impl Todos {
                    /// One todo.
                    #[resource("todo://{list}/{+path}", name = "todo", mime = "text/plain", audience = "user", priority = 1, size = 7)]
                    async fn item(&self, path: Text, list: u64, from: Source) -> Fallible<Text> {
                        body()
                    }

                    #[resource("todo://all")]
                    fn all(&self) -> Todos {
                        body()
                    }
                }
            },
        ),
    );
}

#[test]
fn prompt() {
    check(
        "prompt",
        server(
            TokenStream::new(),
            quote! {
                impl Todos {
                    /// Plans the work on a topic.
                    #[prompt(title = "Plan")]
                    fn plan(&self, topic: Text, days: u8) -> Text {
                        body()
                    }
                }
            },
        ),
    );
}

#[test]
fn complete() {
    check(
        "complete",
        server(
            TokenStream::new(),
            quote! {
                impl Todos {
                    #[prompt]
                    fn plan(&self, #[name = "area"] topic: Text) -> Text {
                        body()
                    }

                    #[resource("todo://{topic}")]
                    fn item(&self, topic: Text) -> Text {
                        body()
                    }

                    #[complete(plan.area, item.topic)]
                    async fn topics(&self, partial: &str, ctx: &Ctx) -> Texts {
                        body()
                    }
                }
            },
        ),
    );
}

#[test]
fn parameters() {
    check(
        "parameters",
        server(
            TokenStream::new(),
            quote! {
                impl Shop {
                    /// Orders.
                    #[tool(destructive)]
                    fn order(
                        &self,
                        /// What to order.
                        #[name = "articleNumber"] article: u32,
                        #[default] gift: bool,
                        #[default(1 + 1)] count: u8,
                        #[default = "standard"] shipping: Text,
                        #[header = "Region"] r#in: Text,
                    ) {
                    }

                    /// Orders all of it.
                    #[tool(destructive)]
                    fn order_all(&self, #[args] order: Order, from: Source) {}
                }
            },
        ),
    );
}

/// With mistakes in it, the block stays what it is, and a placeholder keeps the rest of the crate free of them.
#[test]
fn placeholder() {
    check(
        "placeholder",
        server(
            TokenStream::new(),
            quote! {
                impl Todos {
                    /// Adds.
                    #[tool(naem = "plus")]
                    fn add(&self, /** What. */ #[default] title: Text) -> usize {
                        1
                    }
                }
            },
        ),
    );
}

#[test]
fn compose() {
    check(
        "compose",
        composition(quote! {
            name = "factory",
            separator = "__",
            _: Todos::new(),
            database: stdio("tsx", "db.ts").env("DB_URL", &config.url),
            "my-notes": http(url)?.bearer(token().await),
            #[cfg(feature = "admin")]
            admin: stdio("./admin").lazy(),
            ..shared(),
        }),
    );
}

#[test]
fn compose_struct() {
    check(
        "compose_struct",
        crate::compose::expand(quote! {
            /// What is behind it.
            pub struct Backend(config: &Config) {
                crate = ::renamed,
                database: stdio("tsx", "db.ts").env("DB_URL", &config.url),
                #[cfg(feature = "admin")]
                admin: stdio("./admin"),
                ..shared(config),
            }
        }),
    );
}
