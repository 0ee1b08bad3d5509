impl Todos {
    /// Adds a todo.
    ///
    /// It is the last one then.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    pub async fn add(
        self: &Shared<Self>,
        ctx: &Ctx,
        title: Text,
    ) -> Fallible<Todo, Broken> {
        body()
    }
    /// Only there with a feature.
    #[cfg(feature = "admin")]
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn r#match(&self) {}
    /// Takes its time.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn sum(&self, numbers: Numbers) -> u64 {
        0
    }
    /// Does not say what it changes.
    #[allow(deprecated)]
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn quiet(&self) {}
}
const _: () = {
    #[deprecated(
        note = "tool `quiet` does not say what it changes: write `read_only`, `destructive`, `idempotent` or `destructive = false`"
    )]
    #[allow(non_upper_case_globals)]
    const tool_without_hints: () = ();
    #[allow(deprecated)]
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    const _: () = tool_without_hints;
};
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
    fn __mcp_add_inputs() -> (::renamed::__private::Input<Text>,) {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        (
            <Text as __mcp_bounds::ToolParameter<
                _,
            >>::input(
                (&&::renamed::__private::InputProbe::<Text>::new("title", "")).way(),
            ),
        )
    }
    fn __mcp_add_output() -> ::renamed::__private::Output<Fallible<Todo, Broken>> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<Fallible<Todo, Broken>>::new())
            .split();
        let __good = (&&&halves.good).tool();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::ToolOutput::good(__good),
                __mcp_bounds::MethodError::told(__error),
            )
    }
    #[cfg(feature = "admin")]
    fn __mcp_match_inputs() -> () {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        ()
    }
    #[cfg(feature = "admin")]
    fn __mcp_match_output() -> ::renamed::__private::Output<()> {
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
    fn __mcp_sum_inputs() -> (::renamed::__private::Input<Numbers>,) {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        (
            <Numbers as __mcp_bounds::ToolParameter<
                _,
            >>::input(
                (&&::renamed::__private::InputProbe::<Numbers>::new("numbers", "")).way(),
            ),
        )
    }
    fn __mcp_sum_output() -> ::renamed::__private::Output<u64> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<u64>::new()).split();
        let __good = (&&&halves.good).tool();
        let __error = (&&halves.error).error();
        halves
            .output(
                &__mcp_bounds::ToolOutput::good(__good),
                __mcp_bounds::MethodError::told(__error),
            )
    }
    fn __mcp_quiet_inputs() -> () {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        ()
    }
    fn __mcp_quiet_output() -> ::renamed::__private::Output<()> {
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
impl ::renamed::Server for Todos
where
    Todos: ::core::marker::Send + ::core::marker::Sync,
{
    const NAMES: &'static ::renamed::__private::Names = &::renamed::__private::Names {
        own: &[
            (::renamed::__private::Kind::Tool, "add-todo"),
            #[cfg(feature = "admin")]
            (::renamed::__private::Kind::Tool, "match"),
            (::renamed::__private::Kind::Tool, "sum"),
            (::renamed::__private::Kind::Tool, "quiet"),
        ],
        parts: &[],
    };
    fn describe(into: &mut ::renamed::__private::Describe) {
        into.server(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
        {
            let mut entry = ::renamed::__private::Tool::new("add-todo");
            entry.description("Adds a todo.\n\nIt is the last one then.");
            entry.title("Add");
            entry.meta(meta());
            entry.icons([ICON]);
            entry.hint("destructiveHint", is_destructive());
            entry.hint("idempotentHint", true);
            entry.timeout(LIMIT);
            let (input0,) = Self::__mcp_add_inputs();
            entry.input(&input0);
            entry.output(&Self::__mcp_add_output());
            into.tool(entry);
        }
        #[cfg(feature = "admin")]
        {
            let mut entry = ::renamed::__private::Tool::new("match");
            entry.description("Only there with a feature.");
            entry.input_schema(schema());
            entry.hidden(true);
            let () = Self::__mcp_match_inputs();
            entry.output(&Self::__mcp_match_output());
            into.tool(entry);
        }
        {
            let mut entry = ::renamed::__private::Tool::new("sum");
            entry.description("Takes its time.");
            entry.hint("readOnlyHint", true);
            let (input0,) = Self::__mcp_sum_inputs();
            entry.input(&input0);
            entry.output(&Self::__mcp_sum_output());
            into.tool(entry);
        }
        {
            let mut entry = ::renamed::__private::Tool::new("quiet");
            entry.description("Does not say what it changes.");
            let () = Self::__mcp_quiet_inputs();
            entry.output(&Self::__mcp_quiet_output());
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
            (::renamed::__private::Kind::Tool, "add-todo") => {
                __McpCall::serve(async move {
                    let (value0,) = {
                        let (input0,) = Self::__mcp_add_inputs();
                        let mut taking = call.taking();
                        let (value0,) = (taking.take(input0),);
                        match (taking.done(), value0) {
                            (true, ::core::option::Option::Some(value0)) => (value0,),
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::add(&this, call.ctx(), value0).await;
                    Self::__mcp_add_output().reply(&call, returned)
                })
            }
            #[cfg(feature = "admin")]
            (::renamed::__private::Kind::Tool, "match") => {
                __McpCall::serve(async move {
                    let () = {
                        let () = Self::__mcp_match_inputs();
                        let mut taking = call.taking();
                        let () = ();
                        match (taking.done(),) {
                            (true,) => {}
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::r#match(&this);
                    Self::__mcp_match_output().reply(&call, returned)
                })
            }
            (::renamed::__private::Kind::Tool, "sum") => {
                __McpCall::serve(async move {
                    let (value0,) = {
                        let (input0,) = Self::__mcp_sum_inputs();
                        let mut taking = call.taking();
                        let (value0,) = (taking.take(input0),);
                        match (taking.done(), value0) {
                            (true, ::core::option::Option::Some(value0)) => (value0,),
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = {
                        let ctx = ::core::clone::Clone::clone(call.ctx());
                        match ::renamed::__private::blocking(move || Self::sum(
                                &this,
                                value0,
                            ))
                            .await
                        {
                            ::core::result::Result::Ok(returned) => returned,
                            ::core::result::Result::Err(error) => {
                                return ::core::result::Result::Err(error);
                            }
                        }
                    };
                    Self::__mcp_sum_output().reply(&call, returned)
                })
            }
            (::renamed::__private::Kind::Tool, "quiet") => {
                __McpCall::serve(async move {
                    let () = {
                        let () = Self::__mcp_quiet_inputs();
                        let mut taking = call.taking();
                        let () = ();
                        match (taking.done(),) {
                            (true,) => {}
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::quiet(&this);
                    Self::__mcp_quiet_output().reply(&call, returned)
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
