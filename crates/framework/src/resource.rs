//! What a resource is, to the framework: its operations, and what goes in and out of each.
//!
//! Must not contain: a concrete resource, or the order in which operations are called.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::{
    diagnostics::{Diagnostic, Diagnostics},
    identity::IdentitySchema,
    path::AttributePath,
    schema::Schema,
    value::Object,
};

/// A kind of remote object that Terraform creates, reads, updates and deletes.
///
/// Operations return diagnostics. They put each fact about the remote object into the response **as soon as it is known**:
/// the framework keeps it also if the operation fails or panics afterwards.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// What the provider's configuration yields.
    type Client: Send + Sync;

    /// The name of the resource type, for example `alicloud_cams_waba_binding`.
    fn type_name(&self) -> &'static str;

    /// Its attributes and nested blocks.
    fn schema(&self) -> Schema;

    /// The attributes that name one object for ever; none by default.
    fn identity_schema(&self) -> Option<IdentitySchema> {
        None
    }

    /// The identity of the object that a state describes. The framework takes the attributes of the identity schema from
    /// what this returns; by default they are the state's attributes of the same names.
    ///
    /// Must be pure, and must not change while the object is the same one. Other attributes of its state may change.
    fn identity(&self, state: &Object) -> Object {
        state.clone()
    }

    /// Checks a configuration beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Object) -> Diagnostics {
        Diagnostics::new()
    }

    /// Looks at a finished plan and may refuse it, warn about it, change unknown values, or demand a replacement.
    /// Must give the same response for the same request.
    fn modify_plan(&self, _request: &PlanRequest<'_, Self::Client>, _response: &mut PlanResponse) {}

    /// Creates the remote object.
    ///
    /// # Errors
    /// Why not, or not wholly. With `response.state` set, Terraform stores the object and marks it tainted.
    async fn create(
        &self,
        client: &Self::Client,
        request: CreateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics>;

    /// Reads the remote object. `response` starts with the stored state; `response.state = None` says that the object
    /// is gone.
    ///
    /// # Errors
    /// Why it could not be read. The stored state is kept then.
    async fn read(
        &self,
        client: &Self::Client,
        request: ReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics>;

    /// Changes the remote object in place. `response` starts with the prior state.
    ///
    /// # Errors
    /// Why not, or not wholly. `response.state` says what is true now.
    async fn update(
        &self,
        client: &Self::Client,
        request: UpdateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics>;

    /// Deletes the remote object. `response` starts with the prior state; the framework clears it on success.
    ///
    /// # Errors
    /// Why not. The object stays in state.
    async fn delete(
        &self,
        client: &Self::Client,
        request: DeleteRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics>;

    /// Turns an import ID or an identity into enough of a state for [`Resource::read`], which Terraform calls next and
    /// which tells whether there is such an object.
    ///
    /// # Errors
    /// Why this cannot be an ID or an identity.
    fn import(&self, request: ImportRequest) -> Result<Object, Diagnostics>;

    /// Looks at a configuration that was generated from a state, and may change it. To be overridden where two arguments
    /// exclude each other and the state has a value for both: the plan of what is returned must change nothing.
    fn generated_config(&self, config: Object) -> Object {
        config
    }

    /// Whether a `moved` block may move state of another provider to this type, and how to read it; by default no
    /// state is.
    fn move_source(&self, _source: &MoveSource) -> Option<SourceVersions> {
        None
    }

    /// Completes a moved state, which has the attributes of this resource and may lack values.
    ///
    /// # Errors
    /// Why this is no state of such an object.
    fn moved(&self, state: Object) -> Result<Object, Diagnostics> {
        Ok(state)
    }
}

/// What a plan is made of.
#[derive(Debug)]
pub struct PlanRequest<'a, C> {
    /// What the provider's configuration yields, if there has been one. For what is written in it, not for calls: Terraform
    /// plans again when it applies, perhaps in another process, and must come to the same plan.
    pub client: Option<&'a C>,
    /// The object as it is; `None` for one to be created.
    pub prior: Option<&'a Object>,
    /// The configuration; `None` for an object to be destroyed. May have unknown values.
    pub config: Option<&'a Object>,
    /// What [`PlanResponse::private`] was in the plan that led to this one.
    ///
    /// When Terraform replaces an object it plans twice: first from the prior state, then as a creation that carries
    /// the private data of the first plan. So a creation with private data is the second half of a replacement.
    /// Source: plugin protocol 6, `PlanResourceChange`; observed with Terraform 1.11.
    pub prior_private: Option<&'a Json>,
    /// What [`StateResponse::private_state`] was when the object was stored.
    pub private_state: Option<&'a Json>,
}

/// A plan.
#[derive(Debug, Default)]
pub struct PlanResponse {
    /// The object as it shall be; `None` for one to be destroyed.
    pub planned: Option<Object>,
    /// Attributes whose change cannot be made in place.
    pub requires_replace: Vec<AttributePath>,
    /// For the second plan of a replacement, and for the delete. Terraform writes it to the plan file, unencrypted: no
    /// secrets.
    pub private: Option<Json>,
    /// Errors and warnings for the user.
    pub diagnostics: Diagnostics,
}

/// A creation.
#[derive(Debug)]
pub struct CreateRequest {
    /// The configuration, wholly known.
    pub config: Object,
    /// What was planned; unknown values are the provider's to fill.
    pub planned: Object,
}

/// A refresh.
#[derive(Debug)]
pub struct ReadRequest {
    /// As stored.
    pub state: Object,
    /// Whether Terraform is importing: the state is what [`Resource::import`] made of an ID.
    pub importing: bool,
}

/// A change in place.
#[derive(Debug)]
pub struct UpdateRequest {
    /// The object as it is.
    pub prior: Object,
    /// The configuration, wholly known.
    pub config: Object,
    /// What was planned.
    pub planned: Object,
}

/// A deletion.
#[derive(Debug)]
pub struct DeleteRequest {
    /// The object as it is.
    pub prior: Object,
    /// What [`PlanResponse::private`] was in the plan: that of the destruction or, if the object is replaced, of the second
    /// plan of the replacement. The create of a replacement does not get it, because Terraform plans the create again. Observed with
    /// Terraform 1.11.
    pub planned_private: Option<Json>,
}

/// An import: what the practitioner gave.
#[derive(Debug)]
pub enum ImportRequest {
    /// An ID, with the import command or the `id` of an `import` block.
    Id(String),
    /// The attributes of the identity schema, the required ones with a value. Since Terraform 1.12 with the `identity` of
    /// an `import` block.
    Identity(Object),
}

/// Where the state in a `moved` block comes from.
#[derive(Clone, Debug)]
pub struct MoveSource {
    /// The source address of the provider that stored it, for example `registry.terraform.io/aliyun/alicloud`.
    pub provider_address: String,
    /// Its resource type there.
    pub type_name: String,
    /// The version of the schema that it was stored with, by that provider's count.
    pub schema_version: i64,
}

/// Whose count the schema versions of a moved state follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceVersions {
    /// This resource's own: an older state takes the upgrade path.
    Ours,
    /// Versions of another provider have no meaning here: attributes are read by name, in every version.
    Foreign,
}

/// What an operation leaves behind, whether it succeeds or not.
#[derive(Debug, Default)]
pub struct StateResponse {
    /// The object as far as it is known; `None` when there is none.
    pub state: Option<Object>,
    /// What the type notes of the object beside its attributes, for its own later operations. Starts as it was stored, and
    /// goes with the object. Terraform stores it unencrypted and never shows it: no secrets.
    pub private_state: Option<Json>,
    /// Warnings, also on success. Errors are returned instead.
    pub warnings: Vec<Diagnostic>,
}
