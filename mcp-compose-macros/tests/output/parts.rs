impl<T: Text> Shop<T> {}
const _: () = {
    use ::renamed::__private::distinct as __mcp_distinct;
    trait __McpNoBlock {
        const __mcp_part_admin: () = ();
        const __mcp_part_admin_names: &'static ::renamed::__private::Names = ::renamed::__private::Names::NONE;
    }
    impl<T: ?::core::marker::Sized> __McpNoBlock for T {}
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
    impl<T: Text> Shop<T>
    where
        T: 'static,
    {}
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
    impl<T: Text> Shop<T>
    where
        T: 'static,
        Shop<T>: ::core::marker::Send + ::core::marker::Sync,
    {
        pub(crate) const __mcp_lists_part_admin: bool = true;
        fn __mcp_parts() -> [::renamed::__private::Part<Self>; 1usize] {
            use ::renamed::__private::bounds as __mcp_bounds;
            [
                {
                    let __block = Self::__mcp_part_admin;
                    __mcp_bounds::PartBlock::part(__block)
                },
            ]
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
    impl<T: Text> ::renamed::Server for Shop<T>
    where
        T: 'static,
        Shop<T>: ::core::marker::Send + ::core::marker::Sync,
    {
        const NAMES: &'static ::renamed::__private::Names = &::renamed::__private::Names {
            own: &[],
            parts: &[Self::__mcp_part_admin_names],
        };
        fn describe(into: &mut ::renamed::__private::Describe) {
            const { __mcp_distinct(<Self as ::renamed::Server>::NAMES, 0usize) }
            into.server("shop", "1");
            for part in Self::__mcp_parts() {
                part.describe(into);
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
                _ => {
                    let mut call = call;
                    for part in Self::__mcp_parts() {
                        match part
                            .dispatch(::renamed::__private::Arc::clone(&this), call)
                        {
                            ::core::ops::ControlFlow::Break(serving) => return serving,
                            ::core::ops::ControlFlow::Continue(other) => call = other,
                        }
                    }
                    __McpCall::serve(async move {
                        ::core::result::Result::Err(call.unknown())
                    })
                }
            }
        }
    }
};
impl<T: Text> Shop<T> {
    /// Closes the shop.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn close(&self) {}
}
const _: () = {
    trait __McpNotListed {
        const __mcp_lists_part_admin: () = ();
    }
    impl<T: ?::core::marker::Sized> __McpNotListed for T {}
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
    impl<T: Text> Shop<T>
    where
        T: 'static,
        Shop<T>: ::core::marker::Send + ::core::marker::Sync,
    {
        fn __mcp_close_inputs() -> () {
            use ::renamed::__private::{bounds as __mcp_bounds, ways::*};
            ()
        }
        fn __mcp_close_output() -> ::renamed::__private::Output<()> {
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
        pub(crate) const __mcp_part_admin_names: &'static ::renamed::__private::Names = &::renamed::__private::Names {
            own: &[(::renamed::__private::Kind::Tool, "close")],
            parts: &[],
        };
        pub(crate) const __mcp_part_admin: ::renamed::__private::Part<Self> = ::renamed::__private::Part::new(
            Self::__mcp_part_admin_describe,
            Self::__mcp_part_admin_dispatch,
        );
        fn __mcp_part_admin_describe(into: &mut ::renamed::__private::Describe) {
            use ::renamed::__private::bounds as __mcp_bounds;
            let __listing = Self::__mcp_lists_part_admin;
            __mcp_bounds::ListedPart::listed(__listing);
            {
                let mut entry = ::renamed::__private::Tool::new("close");
                entry.description("Closes the shop.");
                entry.hint("destructiveHint", true);
                let () = Self::__mcp_close_inputs();
                entry.output(&Self::__mcp_close_output());
                into.tool(entry);
            }
        }
        fn __mcp_part_admin_dispatch(
            this: ::renamed::__private::Arc<Self>,
            call: ::renamed::Call,
        ) -> ::renamed::__private::Dispatched {
            use ::renamed::Call as __McpCall;
            ::core::ops::ControlFlow::Break(
                match (call.kind(), call.key()) {
                    (::renamed::__private::Kind::Tool, "close") => {
                        __McpCall::serve(async move {
                            let () = {
                                let () = Self::__mcp_close_inputs();
                                let mut taking = call.taking();
                                let () = ();
                                match (taking.done(),) {
                                    (true,) => {}
                                    _ => return ::core::result::Result::Err(taking.refusal()),
                                }
                            };
                            let returned = Self::close(&this);
                            Self::__mcp_close_output().reply(&call, returned)
                        })
                    }
                    _ => return ::core::ops::ControlFlow::Continue(call),
                },
            )
        }
    }
};
