//! `StopProvider`.

use std::{borrow::Cow, sync::Arc};

use framework::{Provider, server::Server};

use super::{
    super::proto::tfplugin6::{self as wire, stop_provider},
    Rpc, WithDiagnostics,
};

impl Rpc for stop_provider::Request {
    const NAME: &'static str = "StopProvider";
    type Response = stop_provider::Response;

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> stop_provider::Response {
        let Self {} = self;
        server.stop();
        stop_provider::Response {
            error: String::new(),
        }
    }
}

/// Has an error text instead of diagnostics.
impl WithDiagnostics for stop_provider::Response {
    fn diagnostics(&self) -> Cow<'_, [wire::Diagnostic]> {
        Cow::default()
    }

    fn push_diagnostic(&mut self, diagnostic: wire::Diagnostic) {
        self.error = diagnostic.detail;
    }
}
