impl Todos {
    /// Plans the work on a topic.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn plan(&self, topic: Text, days: u8) -> Text {
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
    fn __mcp_plan_inputs() -> (
        ::renamed::__private::Input<Text>,
        ::renamed::__private::Input<u8>,
    ) {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        (
            <Text as __mcp_bounds::TextParameter<
                _,
            >>::input(
                (&&::renamed::__private::InputProbe::<Text>::new("topic", "")).way(),
            ),
            <u8 as __mcp_bounds::TextParameter<
                _,
            >>::input((&&::renamed::__private::InputProbe::<u8>::new("days", "")).way()),
        )
    }
    fn __mcp_plan_output() -> ::renamed::__private::Output<Text> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<Text>::new()).split();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::PromptOutput::good(),
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
        own: &[(::renamed::__private::Kind::Prompt, "plan")],
        parts: &[],
    };
    fn describe(into: &mut ::renamed::__private::Describe) {
        into.server(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
        {
            let mut entry = ::renamed::__private::Prompt::new("plan");
            entry.description("Plans the work on a topic.");
            entry.title("Plan");
            let (input0, input1) = Self::__mcp_plan_inputs();
            entry.input(&input0);
            entry.input(&input1);
            into.prompt(entry);
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
            (::renamed::__private::Kind::Prompt, "plan") => {
                __McpCall::serve(async move {
                    let (value0, value1) = {
                        let (input0, input1) = Self::__mcp_plan_inputs();
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
                    let returned = Self::plan(&this, value0, value1);
                    Self::__mcp_plan_output().reply(&call, returned)
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
