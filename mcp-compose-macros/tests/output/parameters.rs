impl Shop {
    /// Orders.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn order(&self, article: u32, gift: bool, count: u8, shipping: Text, r#in: Text) {}
    /// Orders all of it.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn order_all(&self, order: Order, from: Source) {}
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
impl Shop {
    fn __mcp_order_inputs() -> (
        ::renamed::__private::Input<u32>,
        ::renamed::__private::Input<bool>,
        ::renamed::__private::Input<u8>,
        ::renamed::__private::Input<Text>,
        ::renamed::__private::Input<Text>,
    ) {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        (
            <u32 as __mcp_bounds::ToolParameter<
                _,
            >>::input(
                (&&::renamed::__private::InputProbe::<
                    u32,
                >::new("articleNumber", "What to order."))
                    .way(),
            ),
            (&&::renamed::__private::Probe::<bool>::new())
                .or_else(
                    <bool as __mcp_bounds::ToolParameter<
                        _,
                    >>::input(
                        (&&::renamed::__private::InputProbe::<bool>::new("gift", ""))
                            .way(),
                    ),
                    ::core::default::Default::default,
                ),
            (&&::renamed::__private::Probe::<u8>::new())
                .or_else(
                    <u8 as __mcp_bounds::ToolParameter<
                        _,
                    >>::input(
                        (&&::renamed::__private::InputProbe::<u8>::new("count", ""))
                            .way(),
                    ),
                    || 1 + 1,
                ),
            (&&::renamed::__private::Probe::<Text>::new())
                .or_else(
                    <Text as __mcp_bounds::ToolParameter<
                        _,
                    >>::input(
                        (&&::renamed::__private::InputProbe::<Text>::new("shipping", ""))
                            .way(),
                    ),
                    || __mcp_bounds::TextDefault::of_text("standard"),
                ),
            <Text as __mcp_bounds::ToolParameter<
                _,
            >>::input((&&::renamed::__private::InputProbe::<Text>::new("in", "")).way())
                .in_header("Region"),
        )
    }
    fn __mcp_order_output() -> ::renamed::__private::Output<()> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<()>::new()).split();
        let __good = (&&&halves.good).tool();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::ToolOutput::good(__good),
                __mcp_bounds::MethodError::told(__error),
            )
    }
    fn __mcp_order_all_inputs() -> (
        ::renamed::__private::Input<Order>,
        ::renamed::__private::Input<Source>,
    ) {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        (
            <Order as __mcp_bounds::ToolParameter<
                _,
            >>::input(
                    (&&::renamed::__private::InputProbe::<Order>::new("order", "")).way(),
                )
                .whole(),
            <Source as __mcp_bounds::Extractor>::input(),
        )
    }
    fn __mcp_order_all_output() -> ::renamed::__private::Output<()> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<()>::new()).split();
        let __good = (&&&halves.good).tool();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::ToolOutput::good(__good),
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
impl ::renamed::Server for Shop
where
    Shop: ::core::marker::Send + ::core::marker::Sync,
{
    const NAMES: &'static ::renamed::__private::Names = &::renamed::__private::Names {
        own: &[
            (::renamed::__private::Kind::Tool, "order"),
            (::renamed::__private::Kind::Tool, "order_all"),
        ],
        parts: &[],
    };
    fn describe(into: &mut ::renamed::__private::Describe) {
        into.server(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
        {
            let mut entry = ::renamed::__private::Tool::new("order");
            entry.description("Orders.");
            entry.hint("destructiveHint", true);
            let (input0, input1, input2, input3, input4) = Self::__mcp_order_inputs();
            entry.input(&input0);
            entry.input(&input1);
            entry.input(&input2);
            entry.input(&input3);
            entry.input(&input4);
            entry.output(&Self::__mcp_order_output());
            into.tool(entry);
        }
        {
            let mut entry = ::renamed::__private::Tool::new("order_all");
            entry.description("Orders all of it.");
            entry.hint("destructiveHint", true);
            let (input0, input1) = Self::__mcp_order_all_inputs();
            entry.input(&input0);
            entry.input(&input1);
            entry.output(&Self::__mcp_order_all_output());
            into.tool(entry);
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
            (::renamed::__private::Kind::Tool, "order") => {
                __McpCall::serve(async move {
                    let (value0, value1, value2, value3, value4) = {
                        let (input0, input1, input2, input3, input4) = Self::__mcp_order_inputs();
                        let mut taking = call.taking();
                        let (value0, value1, value2, value3, value4) = (
                            taking.take(input0),
                            taking.take(input1),
                            taking.take(input2),
                            taking.take(input3),
                            taking.take(input4),
                        );
                        match (taking.done(), value0, value1, value2, value3, value4) {
                            (
                                true,
                                ::core::option::Option::Some(value0),
                                ::core::option::Option::Some(value1),
                                ::core::option::Option::Some(value2),
                                ::core::option::Option::Some(value3),
                                ::core::option::Option::Some(value4),
                            ) => (value0, value1, value2, value3, value4),
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::order(
                        &this,
                        value0,
                        value1,
                        value2,
                        value3,
                        value4,
                    );
                    Self::__mcp_order_output().reply(&call, returned)
                })
            }
            (::renamed::__private::Kind::Tool, "order_all") => {
                __McpCall::serve(async move {
                    let (value0, value1) = {
                        let (input0, input1) = Self::__mcp_order_all_inputs();
                        let mut taking = call.taking();
                        let (value0, value1) = (
                            taking.take(input0),
                            taking.take(input1),
                        );
                        match (taking.done(), value0, value1) {
                            (
                                true,
                                ::core::option::Option::Some(value0),
                                ::core::option::Option::Some(value1),
                            ) => (value0, value1),
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::order_all(&this, value0, value1);
                    Self::__mcp_order_all_output().reply(&call, returned)
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
