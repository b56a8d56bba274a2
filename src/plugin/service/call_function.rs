//! `CallFunction`.

use std::sync::Arc;

use framework::{FunctionError, Provider, server::Server};

use super::{
    super::{
        convert::{value_from_wire, value_to_wire},
        proto::tfplugin6::{self as wire, call_function},
    },
    Rpc, WithDiagnostics,
};

impl Rpc for call_function::Request {
    const NAME: &'static str = "CallFunction";
    type Response = call_function::Response;

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> call_function::Response {
        let Self { name, arguments } = self;
        let arguments: Vec<_> = arguments
            .into_iter()
            .map(|argument| value_from_wire(Some(argument)))
            .collect();
        match server.call_function(&name, &arguments) {
            Ok(result) => call_function::Response {
                result: Some(value_to_wire(result)),
                error: None,
            },
            Err(FunctionError { text, argument }) => call_function::Response {
                result: None,
                error: Some(wire::FunctionError {
                    text,
                    function_argument: argument.and_then(|index| i64::try_from(index).ok()),
                }),
            },
        }
    }
}

/// Has an error text instead of diagnostics.
impl WithDiagnostics for call_function::Response {
    fn diagnostics(&self) -> &[wire::Diagnostic] {
        &[]
    }

    fn push_diagnostic(&mut self, diagnostic: wire::Diagnostic) {
        self.error = Some(wire::FunctionError {
            text: diagnostic.detail,
            function_argument: None,
        });
    }
}
