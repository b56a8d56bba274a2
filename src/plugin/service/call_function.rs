//! `CallFunction`.

use std::{borrow::Cow, sync::Arc};

use framework::{Provider, server::Server};

use super::{
    super::{
        convert::{function_error_to_wire, value_from_wire, value_to_wire},
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
            Err(error) => call_function::Response {
                result: None,
                error: Some(function_error_to_wire(error)),
            },
        }
    }
}

/// Has an error text instead of diagnostics.
impl WithDiagnostics for call_function::Response {
    fn diagnostics(&self) -> Cow<'_, [wire::Diagnostic]> {
        let diagnostic = |error: &wire::FunctionError| wire::Diagnostic {
            severity: wire::diagnostic::Severity::Error.into(),
            summary: "The function failed".to_owned(),
            detail: error.text.clone(),
            attribute: None,
        };
        self.error.iter().map(diagnostic).collect()
    }

    fn push_diagnostic(&mut self, diagnostic: wire::Diagnostic) {
        let wire::Diagnostic {
            summary, detail, ..
        } = diagnostic;
        self.error = Some(wire::FunctionError {
            text: format!("{summary}\n\n{detail}"),
            function_argument: None,
        });
    }
}
