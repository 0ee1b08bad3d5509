impl Todos {
    /// Adds.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn add(&self, title: Text) -> usize {
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
impl ::renamed::Server for Todos
where
    Todos: ::core::marker::Send + ::core::marker::Sync,
{
    fn describe(_: &mut ::renamed::__private::Describe) {}
    fn dispatch(
        _: ::renamed::__private::Arc<Self>,
        call: ::renamed::Call,
    ) -> ::renamed::__private::BoxFuture<
        'static,
        ::core::result::Result<
            ::renamed::__private::String,
            ::renamed::__private::ToolError,
        >,
    > {
        ::renamed::Call::serve(async move {
            ::core::result::Result::Err(call.unknown())
        })
    }
}
::core::compile_error! {
    "unknown key `naem` for `#[tool]`; did you mean `name`? (expected: `name`, `title`, `description`, `read_only`, `destructive`, `idempotent`, `open_world`, `meta`, `icons`, `input_schema`, `timeout`, `blocking`, `hidden`)"
}
