//! The provider as a server: one method for each RPC, in the framework's own types.
//!
//! Here encoded values become values and back, and here it is decided whether an apply creates, updates or deletes.
//! Two promises hold for every method: nothing that a resource learned of a remote object is lost, not even when the
//! operation panics; and whatever cannot be done comes back as a diagnostic, never as a transport error.
//!
//! Must not contain: gRPC types, plan logic, knowledge of a concrete resource.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    diagnostics::{Diagnostic, Diagnostics},
    guard::{defect, guarded, guarded_now},
    json, msgpack,
    path::AttributePath,
    plan,
    private::Private,
    provider::{ConfigureRequest, Provider},
    resource::{
        CreateRequest, DeleteRequest, ImportRequest, PlanRequest, PlanResponse, ReadRequest,
        Resource, StateResponse, UpdateRequest,
    },
    schema::Schema,
    state::{complete, null_unknowns},
    types::Type,
    validate::validate,
    value::{DecodeError, DynamicValue, Object, Value},
};

/// A provider, ready to be asked.
pub struct Server<P: Provider> {
    provider: P,
    schema: Schema,
    resources: BTreeMap<&'static str, Managed<P::Client>>,
    /// Set by `configure`; set again when a host that stays (debug mode) configures again.
    client: RwLock<Option<Arc<P::Client>>>,
}

struct Managed<C> {
    resource: Box<dyn Resource<Client = C>>,
    schema: Schema,
    ty: Type,
}

/// Stored state as it lies in the state file.
#[derive(Clone, Debug, Default)]
pub struct RawState {
    /// The JSON of the attributes.
    pub json: Vec<u8>,
    /// Whether the state has the form that Terraform wrote before 0.12.
    pub is_flatmap: bool,
}

/// A state, and what the practitioner is told.
#[derive(Clone, Debug)]
pub struct StateReply {
    /// Null where there is no object.
    pub state: DynamicValue,
    /// The framework's notes to itself.
    pub private: Vec<u8>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// A plan, and what the practitioner is told.
#[derive(Clone, Debug)]
pub struct PlanReply {
    /// Null for an object to be destroyed.
    pub planned: DynamicValue,
    /// Changed attributes that require replacement.
    pub requires_replace: Vec<AttributePath>,
    /// The framework's notes to itself.
    pub private: Vec<u8>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// What a plan is asked with.
#[derive(Clone, Debug)]
pub struct PlanInput {
    /// The object as it is.
    pub prior: DynamicValue,
    /// The configuration merged over it.
    pub proposed: DynamicValue,
    /// The configuration.
    pub config: DynamicValue,
    /// The private bytes of the state, or of the plan before this one.
    pub prior_private: Vec<u8>,
}

/// What an apply is asked with.
#[derive(Clone, Debug)]
pub struct ApplyInput {
    /// The object as it is.
    pub prior: DynamicValue,
    /// The object as planned.
    pub planned: DynamicValue,
    /// The configuration.
    pub config: DynamicValue,
}

impl<P: Provider> Server<P> {
    /// A server for a provider. No resource is touched yet.
    pub fn new(provider: P) -> Self {
        let resources = provider.resources().into_iter().map(|resource| {
            let schema = resource.schema();
            let ty = schema.ty();
            (
                resource.type_name(),
                Managed {
                    resource,
                    schema,
                    ty,
                },
            )
        });
        Self {
            schema: provider.schema(),
            resources: resources.collect(),
            client: RwLock::new(None),
            provider,
        }
    }

    /// The schema of the provider block.
    pub fn provider_schema(&self) -> &Schema {
        &self.schema
    }

    /// The resource types and their schemas.
    pub fn resource_schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        self.resources
            .iter()
            .map(|(name, managed)| (*name, &managed.schema))
    }

    /// `ValidateProviderConfig`: the provider block, values possibly unknown.
    pub fn validate_provider_config(&self, config: &DynamicValue) -> Diagnostics {
        let checked =
            decode_object(config, &self.schema.ty(), "provider configuration").and_then(|config| {
                let config = config.unwrap_or_default();
                let mut diagnostics = validate(&self.schema, &config);
                if !diagnostics.has_errors() {
                    diagnostics.extend(guarded_now("validate the provider", || {
                        self.provider.validate(&config)
                    })?);
                }
                Ok(diagnostics)
            });
        checked.unwrap_or_else(Into::into)
    }

    /// `ConfigureProvider`: makes the client that all resources use from now on.
    pub async fn configure(&self, config: &DynamicValue, terraform_version: String) -> Diagnostics {
        let config = match decode_object(config, &self.schema.ty(), "provider configuration") {
            Ok(config) => config.unwrap_or_default(),
            Err(diagnostic) => return diagnostic.into(),
        };
        let configuring = self.provider.configure(ConfigureRequest {
            config,
            terraform_version,
        });
        match guarded("configure the provider", configuring).await {
            Ok(Ok(client)) => {
                *self.client.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::new(client));
                Diagnostics::new()
            }
            Ok(Err(diagnostics)) => diagnostics,
            Err(panic) => panic.into(),
        }
    }

    /// `StopProvider`: waiting work ends early; the server goes on answering.
    pub fn stop(&self) {
        if let Some(client) = self.client() {
            self.provider.stop(&client);
        }
    }

    /// `ValidateResourceConfig`: one resource block, values possibly unknown.
    pub fn validate_resource_config(&self, type_name: &str, config: &DynamicValue) -> Diagnostics {
        let checked = self.managed(type_name).and_then(|managed| {
            let config = decode_object(config, &managed.ty, "configuration")?.unwrap_or_default();
            let mut diagnostics = validate(&managed.schema, &config);
            if !diagnostics.has_errors() {
                diagnostics.extend(guarded_now("validate", || {
                    managed.resource.validate(&config)
                })?);
            }
            Ok(diagnostics)
        });
        checked.unwrap_or_else(Into::into)
    }

    /// `UpgradeResourceState`: stored JSON becomes a value of the present schema. Attributes that it lacks are null,
    /// attributes that the schema does not know any more are dropped.
    pub fn upgrade_resource_state(&self, type_name: &str, raw: &RawState) -> StateReply {
        let upgraded = self.managed(type_name).and_then(|managed| {
            if raw.is_flatmap || raw.json.is_empty() {
                return Err(Diagnostic::error(
                    "Unable to read the stored state",
                    format!(
                        "The state of this {type_name} has no JSON attributes; it may have been written by Terraform 0.11 \
                         or older, which never had this resource. Remove the object with `terraform state rm` and import it again.",
                    ),
                ));
            }
            let state = json::decode_state(&raw.json, &managed.ty).map_err(|error| {
                Diagnostic::error(
                    "Unable to read the stored state",
                    format!(
                        "The stored state of this {type_name} does not fit its schema. At {}: {}. If the state file was \
                         edited by hand, restore it; else remove the object with `terraform state rm` and import it again.",
                        error.path, error.reason,
                    ),
                )
                .at(error.path)
            })?;
            Ok(encode(&managed.ty, &complete(&managed.schema.block, state)))
        });
        StateReply::from_result(upgraded)
    }

    /// `ReadResource`: refresh. When the object cannot be read, the stored state stays as it is.
    pub async fn read_resource(
        &self,
        type_name: &str,
        stored: DynamicValue,
        private: &[u8],
    ) -> StateReply {
        match self.read(type_name, &stored, private).await {
            Ok(reply) => reply,
            Err(diagnostics) => StateReply {
                state: stored,
                private: private.to_vec(),
                diagnostics,
            },
        }
    }

    async fn read(
        &self,
        type_name: &str,
        stored: &DynamicValue,
        private: &[u8],
    ) -> Result<StateReply, Diagnostics> {
        let managed = self.managed(type_name)?;
        let Some(state) = decode_object(stored, &managed.ty, "stored state")? else {
            return Ok(StateReply::from_result(Ok(stored.clone())));
        };
        let client = self.configured()?;
        let mut response = StateResponse {
            state: Some(state.clone()),
            warnings: Vec::new(),
        };
        let request = ReadRequest {
            state,
            importing: Private::decode(private).importing,
        };
        let outcome = guarded(
            "read",
            managed.resource.read(&client, request, &mut response),
        )
        .await;
        let diagnostics = outcome_diagnostics(outcome, response.warnings);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        Ok(StateReply {
            state: managed.encode_state(response.state),
            private: Vec::new(),
            diagnostics,
        })
    }

    /// `PlanResourceChange`.
    pub fn plan_resource_change(&self, type_name: &str, input: &PlanInput) -> PlanReply {
        self.plan(type_name, input)
            .unwrap_or_else(|diagnostics| PlanReply {
                planned: DynamicValue::default(),
                requires_replace: Vec::new(),
                private: Vec::new(),
                diagnostics,
            })
    }

    fn plan(&self, type_name: &str, input: &PlanInput) -> Result<PlanReply, Diagnostics> {
        let managed = self.managed(type_name)?;
        let prior = decode_object(&input.prior, &managed.ty, "prior state")?;
        let proposed = decode_object(&input.proposed, &managed.ty, "proposed new state")?;
        let config = decode_object(&input.config, &managed.ty, "configuration")?;
        let prior_private = Private::decode(&input.prior_private).plan;

        let mut response = PlanResponse::default();
        if let Some(proposed) = proposed {
            let planned = plan::plan(
                &managed.schema,
                prior.as_ref(),
                config.as_ref().unwrap_or(&Object::new()),
                proposed,
            );
            response.planned = Some(planned.object);
            response.requires_replace = planned.requires_replace;
        }
        let request = PlanRequest {
            prior: prior.as_ref(),
            config: config.as_ref(),
            prior_private: prior_private.as_ref(),
        };
        guarded_now("plan", || {
            managed.resource.modify_plan(&request, &mut response)
        })?;
        Ok(PlanReply {
            planned: managed.encode_state(response.planned),
            requires_replace: response.requires_replace,
            private: Private {
                importing: false,
                plan: response.private,
            }
            .encode(),
            diagnostics: response.diagnostics,
        })
    }

    /// `ApplyResourceChange`: creates, updates or deletes, by which of prior and planned state is null.
    pub async fn apply_resource_change(&self, type_name: &str, input: &ApplyInput) -> StateReply {
        match self.apply(type_name, input).await {
            Ok(reply) => reply,
            // Nothing was called, so what was true before is true still.
            Err(diagnostics) => StateReply {
                state: input.prior.clone(),
                private: Vec::new(),
                diagnostics,
            },
        }
    }

    async fn apply(&self, type_name: &str, input: &ApplyInput) -> Result<StateReply, Diagnostics> {
        let managed = self.managed(type_name)?;
        let prior = decode_object(&input.prior, &managed.ty, "prior state")?;
        let planned = decode_object(&input.planned, &managed.ty, "planned state")?;
        let config = decode_object(&input.config, &managed.ty, "configuration")?;
        let client = self.configured()?;
        let resource = &managed.resource;

        let mut response = StateResponse {
            state: prior.clone(),
            warnings: Vec::new(),
        };
        let mut deleted = false;
        let outcome = match (prior, planned) {
            (None, Some(planned)) => {
                let request = CreateRequest {
                    config: config.unwrap_or_default(),
                    planned,
                };
                guarded("create", resource.create(&client, request, &mut response)).await
            }
            (Some(prior), Some(planned)) => {
                let request = UpdateRequest {
                    prior,
                    config: config.unwrap_or_default(),
                    planned,
                };
                guarded("update", resource.update(&client, request, &mut response)).await
            }
            (Some(prior), None) => {
                deleted = true;
                guarded(
                    "delete",
                    resource.delete(&client, DeleteRequest { prior }, &mut response),
                )
                .await
            }
            (None, None) => Ok(Ok(())),
        };
        let mut diagnostics = outcome_diagnostics(outcome, response.warnings);

        let mut state = response.state;
        if deleted && !diagnostics.has_errors() {
            state = None;
        }
        if let Some(state) = &mut state
            && null_unknowns(state)
            && !diagnostics.has_errors()
        {
            diagnostics.push(defect("apply", "it left a value unknown after apply"));
        }
        // From here on nothing can fail: whatever is known of the remote object reaches the state.
        Ok(StateReply {
            state: managed.encode_state(state),
            private: Vec::new(),
            diagnostics,
        })
    }

    /// `ImportResourceState`: from an ID to the beginnings of a state. Terraform calls `ReadResource` next.
    pub fn import_resource_state(&self, type_name: &str, id: String) -> StateReply {
        let imported = self
            .managed(type_name)
            .map_err(Diagnostics::from)
            .and_then(|managed| {
                let state =
                    guarded_now("import", || managed.resource.import(ImportRequest { id }))??;
                Ok(managed.encode_state(Some(state)))
            });
        match imported {
            Ok(state) => StateReply {
                state,
                private: Private {
                    importing: true,
                    plan: None,
                }
                .encode(),
                diagnostics: Diagnostics::new(),
            },
            Err(diagnostics) => StateReply {
                state: DynamicValue::default(),
                private: Vec::new(),
                diagnostics,
            },
        }
    }

    fn client(&self) -> Option<Arc<P::Client>> {
        self.client
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn configured(&self) -> Result<Arc<P::Client>, Diagnostic> {
        self.client().ok_or_else(|| {
            Diagnostic::error(
                "Provider is not configured",
                "The resource was called before the provider was configured. This is a defect of the host.",
            )
        })
    }

    fn managed(&self, type_name: &str) -> Result<&Managed<P::Client>, Diagnostic> {
        self.resources.get(type_name).ok_or_else(|| {
            let known: Vec<&str> = self.resources.keys().copied().collect();
            Diagnostic::error(
                "Unknown resource type",
                format!(
                    "This provider has no resource type \"{type_name}\"; it has {}.",
                    known.join(", ")
                ),
            )
        })
    }
}

impl<C> Managed<C> {
    fn encode_state(&self, state: Option<Object>) -> DynamicValue {
        match state {
            Some(state) => encode(&self.ty, &complete(&self.schema.block, state.into())),
            None => encode(&self.ty, &Value::Null),
        }
    }
}

impl StateReply {
    fn from_result(result: Result<DynamicValue, Diagnostic>) -> Self {
        let (state, diagnostics) = match result {
            Ok(state) => (state, Diagnostics::new()),
            Err(diagnostic) => (DynamicValue::default(), diagnostic.into()),
        };
        Self {
            state,
            private: Vec::new(),
            diagnostics,
        }
    }
}

fn encode(ty: &Type, value: &Value) -> DynamicValue {
    DynamicValue {
        msgpack: msgpack::encode(value, ty),
        json: Vec::new(),
    }
}

fn decode(encoded: &DynamicValue, ty: &Type) -> Result<Value, DecodeError> {
    if !encoded.msgpack.is_empty() {
        msgpack::decode(&encoded.msgpack, ty)
    } else if !encoded.json.is_empty() {
        json::decode(&encoded.json, ty)
    } else {
        Ok(Value::Null)
    }
}

fn decode_object(
    encoded: &DynamicValue,
    ty: &Type,
    what: &str,
) -> Result<Option<Object>, Diagnostic> {
    let explain = |path: AttributePath, reason: &str| {
        Diagnostic::error(
            format!("Unable to read the {what}"),
            format!(
                "Terraform sent a {what} that does not fit the schema. At {path}: {reason}. This is a defect of the \
                 provider or of the CLI; please report it to the provider's developers.",
            ),
        )
        .at(path)
    };
    match decode(encoded, ty) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::Map(attributes)) => Ok(Some(attributes.into())),
        Ok(other) => Err(explain(
            AttributePath::root(),
            &format!("expected an object, found {}", other.shape()),
        )),
        Err(error) => Err(explain(error.path, &error.reason)),
    }
}

fn outcome_diagnostics(
    outcome: Result<Result<(), Diagnostics>, Diagnostic>,
    warnings: Vec<Diagnostic>,
) -> Diagnostics {
    let mut diagnostics: Diagnostics = warnings.into_iter().collect();
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(errors)) => diagnostics.extend(errors),
        Err(panic) => diagnostics.push(panic),
    }
    diagnostics
}

#[cfg(test)]
mod tests;
