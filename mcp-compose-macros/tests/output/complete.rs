impl Todos {
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn plan(&self, topic: Text) -> Text {
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
    fn item(&self, topic: Text) -> Text {
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
    async fn topics(&self, partial: &str, ctx: &Ctx) -> Texts {
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
    fn __mcp_plan_inputs() -> (::renamed::__private::Input<Text>,) {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        (
            <Text as __mcp_bounds::TextParameter<
                _,
            >>::input(
                (&&::renamed::__private::InputProbe::<Text>::new("area", "")).way(),
            ),
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
    fn __mcp_item_inputs() -> (::renamed::__private::Input<Text>,) {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        (
            <Text as __mcp_bounds::TextParameter<
                _,
            >>::input(
                (&&::renamed::__private::InputProbe::<Text>::new("topic", "")).way(),
            ),
        )
    }
    fn __mcp_item_output() -> ::renamed::__private::Output<Text> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<Text>::new()).split();
        let __good = (&&&halves.good).resource();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::ResourceOutput::good(__good),
                __mcp_bounds::MethodError::told(__error),
            )
    }
    fn __mcp_topics_inputs() -> () {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        ()
    }
    fn __mcp_topics_output() -> ::renamed::__private::Output<Texts> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<Texts>::new()).split();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::CompletionOutput::good(),
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
            (::renamed::__private::Kind::Prompt, "plan"),
            (::renamed::__private::Kind::Resource, "todo://{topic}"),
        ],
        parts: &[],
    };
    fn describe(into: &mut ::renamed::__private::Describe) {
        into.server(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
        {
            let mut entry = ::renamed::__private::Prompt::new("plan");
            let (input0,) = Self::__mcp_plan_inputs();
            entry.input(&input0);
            into.prompt(entry);
        }
        {
            let mut entry = ::renamed::__private::Resource::new(
                "item",
                "todo://{topic}",
                "item",
            );
            into.resource(entry);
        }
        {
            into.completes(::renamed::__private::Kind::Prompt, "plan", "area", "topics");
            into.completes(
                ::renamed::__private::Kind::Resource,
                "todo://{topic}",
                "topic",
                "topics",
            );
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
                    let (value0,) = {
                        let (input0,) = Self::__mcp_plan_inputs();
                        let mut taking = call.taking();
                        let (value0,) = (taking.take(input0),);
                        match (taking.done(), value0) {
                            (true, ::core::option::Option::Some(value0)) => (value0,),
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::plan(&this, value0);
                    Self::__mcp_plan_output().reply(&call, returned)
                })
            }
            (::renamed::__private::Kind::Resource, "item") => {
                __McpCall::serve(async move {
                    let (value0,) = {
                        let (input0,) = Self::__mcp_item_inputs();
                        let mut taking = call.taking();
                        let (value0,) = (taking.take(input0),);
                        match (taking.done(), value0) {
                            (true, ::core::option::Option::Some(value0)) => (value0,),
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::item(&this, value0);
                    Self::__mcp_item_output().reply(&call, returned)
                })
            }
            (::renamed::__private::Kind::Complete, "topics") => {
                __McpCall::serve(async move {
                    let returned = Self::topics(&this, call.partial(), call.ctx()).await;
                    Self::__mcp_topics_output().reply(&call, returned)
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
