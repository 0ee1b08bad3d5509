/// Keeps a list of things to do.
impl<D: Database> Todos<D>
where
    D::Row: Row,
{
    const MOST: usize = 7;
    /// Counts.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn count(&self) -> usize {
        self.helper()
    }
    fn helper(&self) -> usize {
        1
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
impl<D: Database> Todos<D>
where
    D::Row: Row,
    D: 'static,
{
    fn __mcp_count_inputs() -> () {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        ()
    }
    fn __mcp_count_output() -> ::renamed::__private::Output<usize> {
        use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
        let halves = (&&::renamed::__private::Returned::<usize>::new()).split();
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
impl<D: Database> ::renamed::Server for Todos<D>
where
    D::Row: Row,
    D: 'static,
    Todos<D>: ::core::marker::Send + ::core::marker::Sync,
{
    const NAMES: &'static ::renamed::__private::Names = &::renamed::__private::Names {
        own: &[(::renamed::__private::Kind::Tool, "count")],
        parts: &[],
    };
    fn describe(into: &mut ::renamed::__private::Describe) {
        into.server("todo", VERSION);
        into.instructions("Keeps a list of things to do.");
        into.title("Todos");
        into.website("https://example.com");
        into.icons(ICON);
        {
            let mut entry = ::renamed::__private::Tool::new("count");
            entry.description("Counts.");
            entry.hint("readOnlyHint", true);
            let () = Self::__mcp_count_inputs();
            entry.output(&Self::__mcp_count_output());
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
            (::renamed::__private::Kind::Tool, "count") => {
                __McpCall::serve(async move {
                    let () = {
                        let () = Self::__mcp_count_inputs();
                        let mut taking = call.taking();
                        let () = ();
                        match (taking.done(),) {
                            (true,) => {}
                            _ => return ::core::result::Result::Err(taking.refusal()),
                        }
                    };
                    let returned = Self::count(&this);
                    Self::__mcp_count_output().reply(&call, returned)
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
