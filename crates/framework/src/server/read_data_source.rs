//! `ReadDataSource`.

use crate::{
    capabilities::{ClientCapabilities, DeferredReason},
    catch_panic::{Operation, catch_panic, provider_bug},
    data_source::DataSourceReadRequest,
    diagnostics::Diagnostics,
    provider::Provider,
    resource::StateResponse,
    state::null_unknowns,
    value::DynamicValue,
};

use super::{Server, codec::outcome_diagnostics};

/// What the read of a data source is asked with.
#[derive(Clone, Debug, Default)]
pub struct ReadDataSourceInput {
    /// The configuration.
    pub config: DynamicValue,
    /// What the CLI accepts.
    pub client: ClientCapabilities,
}

/// The state that was read, and diagnostics.
#[derive(Clone, Debug, Default)]
pub struct DataSourceReply {
    /// The object. Null when there is an error, or the read is deferred.
    pub state: DynamicValue,
    /// Why the read waits for a later run, if it does.
    pub deferred: Option<DeferredReason>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    /// `ReadDataSource`: from a configuration to the whole object.
    pub async fn read_data_source(
        &self,
        type_name: &str,
        input: &ReadDataSourceInput,
    ) -> DataSourceReply {
        self.read_data(type_name, input)
            .await
            .unwrap_or_else(|diagnostics| DataSourceReply {
                diagnostics,
                ..DataSourceReply::default()
            })
    }

    async fn read_data(
        &self,
        type_name: &str,
        input: &ReadDataSourceInput,
    ) -> Result<DataSourceReply, Diagnostics> {
        let typed = self.data_sources.get(type_name)?;
        let config = typed.config(&input.config)?;
        if let deferred @ Some(_) = self.deferral_of_provider(input.client) {
            return Ok(DataSourceReply {
                deferred,
                ..DataSourceReply::default()
            });
        }
        let client = self.ready()?;
        let mut response = StateResponse {
            state: Some(config.clone()),
            ..StateResponse::default()
        };
        let request = DataSourceReadRequest { config };
        let outcome = catch_panic(
            Operation::ReadDataSource,
            typed.inner.read(&client, request, &mut response),
        )
        .await;
        let mut diagnostics = outcome_diagnostics(outcome, response.warnings);
        if !diagnostics.has_errors() {
            // Terraform refuses both, with a sentence that names no cause.
            match response.state.as_mut().map(null_unknowns) {
                None => diagnostics.push(provider_bug(Operation::ReadDataSource, "left no object")),
                Some(true) => diagnostics.push(provider_bug(
                    Operation::ReadDataSource,
                    "left a value unknown",
                )),
                Some(false) => {}
            }
        }
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let (state, misfit) = typed.encode_fitting(Operation::ReadDataSource, response.state);
        if let Some(misfit) = misfit {
            diagnostics.push(misfit);
            return Err(diagnostics);
        }
        Ok(DataSourceReply {
            state,
            deferred: None,
            diagnostics,
        })
    }
}
