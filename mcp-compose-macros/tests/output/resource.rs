impl Todos {
    /// One todo.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    async fn item(&self, path: Text, list: u64, from: Source) -> Fallible<Text> {
        body()
    }
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn all(&self) -> Todos {
        body()
    }
}
#[automatically_derived]
#[doc(hidden)]
#[allow(
    unused,
    non_upper_case_globals,
    trivial_bounds,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
impl Todos {
    fn __mcp_item_inputs() -> (
        ::renamed::__private::Input<Text>,
        ::renamed::__private::Input<u64>,
        ::renamed::__private::Input<Source>,
    ) {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        (
            <Text as __mcp_bounds::TextParameter<
                _,
            >>::input(
                (&&::renamed::__private::InputProbe::<Text>::new("path", "")).way(),
            ),
            <u64 as __mcp_bounds::TextParameter<
                _,
            >>::input(
                (&&::renamed::__private::InputProbe::<u64>::new("list", "")).way(),
            ),
            <Source as __mcp_bounds::Extractor>::input(),
        )
    }
    fn __mcp_item_output() -> ::renamed::__private::Output<Fallible<Text>> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<Fallible<Text>>::new()).split();
        let __good = (&&&halves.good).resource();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::ResourceOutput::good(__good),
                __mcp_bounds::MethodError::told(__error),
            )
    }
    fn __mcp_all_inputs() -> () {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        ()
    }
    fn __mcp_all_output() -> ::renamed::__private::Output<Todos> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<Todos>::new()).split();
        let __good = (&&&halves.good).resource();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::ResourceOutput::good(__good),
                __mcp_bounds::MethodError::told(__error),
            )
    }
}
#[automatically_derived]
#[doc(hidden)]
#[allow(
    unused,
    non_upper_case_globals,
    trivial_bounds,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
impl ::renamed::Server for Todos
where
    Todos: ::core::marker::Send + ::core::marker::Sync,
{
    const NAMES: &'static ::renamed::__private::Names = &::renamed::__private::Names {
        own: &[
            (::renamed::__private::Kind::Resource, "todo://{list}/{+path}"),
            (::renamed::__private::Kind::Resource, "todo://all"),
        ],
        parts: &[],
    };
    fn describe(into: &mut ::renamed::__private::Describe) {
        into.server(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
        {
            let mut entry = ::renamed::__private::Resource::new(
                "item",
                "todo://{list}/{+path}",
                "todo",
            );
            entry.description("One todo.");
            entry.mime("text/plain");
            entry.size(7);
            entry.priority(1f64);
            entry.audience(&["user"]);
            into.resource(entry);
        }
        {
            let mut entry = ::renamed::__private::Resource::new(
                "all",
                "todo://all",
                "all",
            );
            into.resource(entry);
        }
    }
    fn dispatch(
        this: ::renamed::__private::Arc<Self>,
        call: ::renamed::Call,
    ) -> ::renamed::__private::BoxFuture<
        'static,
        ::core::result::Result<
            ::renamed::__private::String,
            ::renamed::__private::ToolError,
        >,
    > {
        use ::renamed::Call as __McpCall;
        match (call.kind(), call.key()) {
            (::renamed::__private::Kind::Resource, "item") => {
                __McpCall::serve(async move {
                    let (value0, value1, value2) = {
                        let (input0, input1, input2) = Self::__mcp_item_inputs();
                        let mut taking = call.taking();
                        let (value0, value1, value2) = (
                            taking.take(input0),
                            taking.take(input1),
                            taking.take(input2),
                        );
                        match (taking.done(), value0, value1, value2) {
                            (
                                true,
                                ::core::option::Option::Some(value0),
                                ::core::option::Option::Some(value1),
                                ::core::option::Option::Some(value2),
                            ) => (value0, value1, value2),
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::item(&this, value0, value1, value2).await;
                    Self::__mcp_item_output().reply(&call, returned)
                })
            }
            (::renamed::__private::Kind::Resource, "all") => {
                __McpCall::serve(async move {
                    let () = {
                        let () = Self::__mcp_all_inputs();
                        let mut taking = call.taking();
                        let () = ();
                        match (taking.done(),) {
                            (true,) => {}
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::all(&this);
                    Self::__mcp_all_output().reply(&call, returned)
                })
            }
            _ => {
                __McpCall::serve(async move {
                    ::core::result::Result::Err(call.unknown())
                })
            }
        }
    }
}
