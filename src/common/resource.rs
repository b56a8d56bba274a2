//! The parts that all CAMS resources share, in one place, so that no type can forget them.
//!
//! A type implements [`CamsResource`] with a model of its own attributes. [`Wrapper`] makes a `framework::Resource` of it
//! and adds:
//!
//! | what | how |
//! |---|---|
//! | `assume_role` | the operations get a client that acts with the role |
//! | `account_id` | saved when the object is made or found; an object is read, changed and removed only in that account |
//! | `timeouts` | each operation has its limit |
//! | `deletion_policy` | `PREVENT` refuses destroying and replacing in the plan; `ABANDON` only warns |
//! | `id`, identity, import | made of the type's keys; an import ID may begin with the ARN of a role |
//! | `moved` | state of the same type is accepted from every provider |
//! | `run_writes` | no operation of a run undoes what another one of it has written |
//!
//! The attributes of the table are not in the model of the type.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use framework::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, Model, Nesting, Object, Resource,
    Schema, Severity, Type, Value,
    identity::{IdentityAttribute, IdentitySchema, IdentityType},
    resource::{
        CreateRequest, DeleteRequest, ImportRequest, MoveSource, PlanRequest, PlanResponse,
        ReadRequest, SourceVersions, StateResponse, UpdateRequest,
    },
    timeouts::{self, Timeout},
};

use super::{
    Connection, Context, account_id,
    assume_role::{self, ROLE_ARN},
    data_source::{own_model, set_model},
    deletion_policy::{self, ABANDON, DeletionPolicy, PREVENT, Phase, Protected},
    error_diagnostics::add_to_first_paragraph,
    import_id::{self, Key},
    run_writes::{RunWrites, Turn, left_as_written, written_twice},
};
use alicloud::RoleClients;

/// The attribute that the wrapper fills with the joined keys.
const ID: &str = "id";

/// The attributes and blocks of the wrapper, which no model has.
const SHARED: [&str; 5] = [
    ID,
    assume_role::NAME,
    account_id::NAME,
    timeouts::NAME,
    deletion_policy::NAME,
];

/// The end of this provider's source address, which is the same for every registry.
const ADDRESS: &str = "/alicloud-cams/alicloud";

/// A kind of object of Chat App Message Service that Terraform creates, reads, updates and deletes.
///
/// The model has the type's own attributes: those of [`CamsResource::block`], all of them, and no others.
#[async_trait]
pub(crate) trait CamsResource: Send + Sync + 'static {
    /// The type's own attributes.
    type Model: Model + Clone + PartialEq + Send + Sync;

    /// The name of the resource type, for example `alicloud_cams_phone_webhook`.
    const TYPE: &'static str;
    /// What the objects are called in messages, in the plural: "WABA bindings".
    const PLURAL: &'static str;
    /// The attributes that name an object for life. Their values, joined by colons, are its `id` and its import ID. Without
    /// any there is one object in each account, which has no identity: its `id` is that of the account, its import ID `cams`.
    const KEYS: &'static [Key];
    /// The operations that can be limited, with their defaults. An operation without an entry has the limit of `read`.
    const TIMEOUTS: &'static [Timeout];
    /// The deletion policies, and what each does on destroy.
    const DELETION: DeletionPolicy;
    /// The RAM actions that the type needs, for the policy in the error for a missing right.
    const RAM_ACTIONS: &'static [&'static str];

    /// The description of the type and its own attributes.
    fn block(&self) -> Block;

    /// The object for the middle of a sentence: "WABA 102030405060708". Values that are not known are left out.
    fn name(&self, model: &Self::Model) -> String;

    /// What stays at the service when the object only leaves the state, and how to remove it by hand.
    fn left_behind(&self, model: &Self::Model) -> String;

    /// What `id` is, for the documentation.
    fn id_description(&self) -> String {
        match Self::KEYS {
            [] => format!(
                "ID of the account, if it is known when the object comes into the state; else `{}`.",
                import_id::SINGLETON
            ),
            [key] => format!("Same as `{}`.", key.name),
            keys => format!("`{}`.", import_id::form(keys)),
        }
    }

    /// Checks a configuration beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Self::Model) -> Diagnostics {
        Diagnostics::new()
    }

    /// Looks at a finished plan. Must be pure.
    fn plan(&self, _plan: &mut Plan<'_, Self::Model>) {}

    /// Checks a deletion that makes room for a replacement, before anything is sent. `note` is what the second plan
    /// noted ([`Plan::note`]).
    ///
    /// # Errors
    /// Why the object must not go. It stays in the state.
    fn check_replacement(&self, _prior: &Self::Model, _note: &Json) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Creates the object. As soon as it exists it is saved.
    ///
    /// # Errors
    /// Why not, or not wholly. What was saved is kept, and the object is tainted.
    async fn create(
        &self,
        context: &Context<'_>,
        planned: Self::Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics>;

    /// Reads the object: its model starts as the state.
    ///
    /// # Errors
    /// Why it could not be read. The object stays in the state.
    async fn read(
        &self,
        context: &Context<'_>,
        state: Self::Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<Self::Model>, Diagnostics>;

    /// Changes the object in place.
    ///
    /// # Errors
    /// Why not, or not wholly. What was saved is true now; without that, the state stays as it was.
    async fn update(
        &self,
        context: &Context<'_>,
        prior: Self::Model,
        planned: Self::Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics>;

    /// Deletes the object by a policy that is neither `ABANDON` nor `PREVENT`.
    ///
    /// # Errors
    /// Why not. The object stays in the state.
    async fn delete(
        &self,
        context: &Context<'_>,
        prior: Self::Model,
        policy: &'static str,
    ) -> Result<(), Diagnostics>;

    /// Called when an object only leaves the state. `replacing`: the user asked for a replacement, by a change or by
    /// `-replace`, so another object is created next.
    fn abandoned(&self, _context: &Context<'_>, _prior: &Self::Model, _replacing: bool) {}

    /// Adjusts a configuration that was generated from a state, so that its plan changes nothing.
    fn generated_config(&self, config: Self::Model) -> Self::Model {
        config
    }
}

/// Whether an object exists.
pub(crate) enum Presence<M> {
    /// It exists, with these values now.
    Found(M),
    /// It does not exist. The sentence says why: "Space cams-1 has no WABA."
    Gone(String),
}

/// A plan that the framework has made, for a type to look at.
pub(crate) struct Plan<'a, M> {
    /// The object as it is; `None` for one to be created.
    pub(crate) prior: Option<M>,
    /// The configuration; `None` for an object to be destroyed.
    pub(crate) config: Option<M>,
    /// The planned object; `None` for one to be destroyed. The type may set unknown values, and known values that the
    /// configuration does not set.
    pub(crate) planned: Option<M>,
    /// Attributes whose change cannot be made in place. More may be added.
    pub(crate) requires_replace: &'a mut Vec<AttributePath>,
    /// What the type stored with the object.
    pub(crate) private_state: Option<&'a Json>,
    /// The deletion policy by the state; the default for an object to be created.
    pub(crate) policy: &'static str,
    /// In the second plan of a replacement: what `note` was in the first one.
    pub(crate) replaced: Option<Json>,
    /// For the second plan of a replacement, where `prior` is `None`, and from there for the deletion; also from the plan of
    /// a new object, since Terraform plans a tainted one like that. No secrets.
    pub(crate) note: Option<Json>,
    /// How to keep an object that `PREVENT` protects and that this plan would replace.
    pub(crate) advice: Option<String>,
    /// Errors and warnings for the user.
    pub(crate) diagnostics: &'a mut Diagnostics,
    connection: Option<&'a Connection>,
    type_name: &'static str,
}

impl<M> Plan<'_, M> {
    /// Whether this is the first call in this run for this type and `what`.
    pub(crate) fn is_first(&self, what: &'static str) -> bool {
        Connection::is_first(self.connection, self.type_name, what)
    }

    /// What reads of this run have put into [`Context::seen`]. Terraform refreshes and plans an object in one run.
    pub(crate) fn seen<T: Any + Default + Send + Sync>(&self) -> Option<Arc<T>> {
        let run = self.connection?.run().ok()?;
        Some(run.of_account(None))
    }
}

/// The place where an operation saves an object as soon as it knows it.
pub(crate) struct Saved<'a, R: CamsResource + ?Sized> {
    response: &'a mut StateResponse,
    shared: Object,
    connection: &'a Connection,
    config: Option<R::Model>,
    turn: Option<Turn>,
}

impl<'a, R: CamsResource + ?Sized> Saved<'a, R> {
    /// `shared` has the shared attributes of the object.
    fn new(response: &'a mut StateResponse, shared: Object, connection: &'a Connection) -> Self {
        Self {
            response,
            shared,
            connection,
            config: None,
            turn: None,
        }
    }

    /// The same for an operation that writes.
    fn writing(self, config: R::Model, turn: Option<Turn>) -> Self {
        Self {
            config: Some(config),
            turn,
            ..self
        }
    }

    /// Puts the object into the state. It stays there also after a later error or panic.
    pub(crate) fn save(&mut self, model: &R::Model) {
        let mut state = compose::<R>(&self.shared, model);
        account_id::save_account_id(self.connection, &mut state);
        if R::KEYS.is_empty() {
            name_singleton(&mut state, &self.shared);
        }
        self.response.state = Some(state);
        if let Some(turn) = &mut self.turn {
            turn.set_written();
        }
    }

    /// The configuration of a create or an update, wholly known: an argument that is not set is null, also if it was planned.
    /// `None` in a read.
    pub(crate) fn config(&self) -> Option<&R::Model> {
        self.config.as_ref()
    }

    /// What the type stored with the object beside its attributes.
    pub(crate) fn private(&self) -> Option<&Json> {
        self.response.private_state.as_ref()
    }

    /// Stores something with the object that is no attribute. No secrets.
    pub(crate) fn set_private(&mut self, value: Json) {
        self.response.private_state = Some(value);
    }
}

/// The model of the type's own attributes.
fn model_of<M: Model>(object: &Object) -> Result<M, Diagnostics> {
    own_model(object, &SHARED)
}

/// The whole object: the shared attributes, the model, and the ID that is made of its keys.
fn compose<R: CamsResource + ?Sized>(shared: &Object, model: &R::Model) -> Object {
    let mut object = shared_of(shared);
    set_model(&mut object, model);
    let id = import_id::id_of(R::KEYS, &object).map_or(Value::Unknown, Value::from);
    object.set(ID, id);
    object
}

/// The `id` of an object without keys. It stays what it was, but for the import ID, which is the same in each account.
fn name_singleton(state: &mut Object, before: &Object) {
    let before = before
        .text(ID)
        .filter(|id| !id.is_empty() && *id != import_id::SINGLETON);
    let id = before.or_else(|| state.text(account_id::NAME));
    let id = id.unwrap_or(import_id::SINGLETON).to_owned();
    state.set(ID, id);
}

fn shared_of(object: &Object) -> Object {
    let mut shared = Object::new();
    for name in SHARED {
        shared.set(name, object.get(name).clone());
    }
    shared
}

/// A state that nothing stored: the shared attributes as a configuration without them means them.
pub(super) fn new_state<R: CamsResource>(resource: &R, role: Value) -> Object {
    let mut state = Object::new();
    for attribute in resource.block().attributes {
        if let Some(default) = attribute.default {
            state.set(attribute.name, default);
        }
    }
    state.set(deletion_policy::NAME, R::DELETION.default);
    state.set(assume_role::NAME, role);
    state
}

/// The whole state of an object that a list found, and its identity. `blank` is a [`new_state`].
pub(super) fn listed<R: CamsResource>(
    blank: &Object,
    connection: &Connection,
    model: &R::Model,
) -> (Object, Object) {
    let mut state = compose::<R>(blank, model);
    set_missing(&mut state, blank);
    account_id::save_account_id(connection, &mut state);
    let mut identity = Object::new();
    for name in R::KEYS.iter().map(|key| key.name).chain([account_id::NAME]) {
        identity.set(name, state.get(name).clone());
    }
    (state, identity)
}

/// Gives a state what it lacks.
fn set_missing(state: &mut Object, values: &Object) {
    for (name, value) in values.iter() {
        if state.get(name).is_null() {
            state.set(name, value.clone());
        }
    }
}

/// A [`CamsResource`] as a resource of the framework.
pub(crate) struct Wrapper<R>(pub(crate) R);

impl<R: CamsResource> Wrapper<R> {
    fn timeout(operation: &'static str) -> Timeout {
        let of = |operation| {
            R::TIMEOUTS
                .iter()
                .find(|timeout| timeout.operation == operation)
        };
        *of(operation)
            .or_else(|| of("read"))
            .expect("each type limits its reads")
    }

    fn context<'a>(
        connection: &'a Connection,
        object: &Object,
        operation: &'static str,
    ) -> Result<Context<'a>, Diagnostics> {
        Context::new(
            connection,
            object,
            &Self::timeout(operation),
            R::RAM_ACTIONS,
        )
    }

    fn limit<'a>(
        context: &'a Context<'_>,
        object: &Object,
        operation: &'static str,
    ) -> account_id::Limit<'a> {
        account_id::Limit {
            time: Self::timeout(operation).of(object),
            attribute: &context.limit,
        }
    }

    /// The turn of an operation that works on this object; `None` if the object has no ID yet, or needs none.
    async fn turn(connection: &Connection, object: &Object) -> Result<Option<Turn>, Diagnostics> {
        let run = connection.run()?;
        if R::KEYS.is_empty() {
            return Ok(None);
        }
        let account = assume_role::account(object);
        let writes = run.of_account::<RunWrites>(account.as_deref());
        Ok(match import_id::id_of(R::KEYS, object) {
            Some(id) => Some(writes.turn(R::TYPE, &id).await),
            None => None,
        })
    }

    /// The turn of a create or an update, which must be the first of this run to write the object.
    async fn turn_to_write(
        &self,
        connection: &Connection,
        planned: &Object,
        model: &R::Model,
    ) -> Result<Option<Turn>, Diagnostics> {
        let turn = Self::turn(connection, planned).await?;
        match &turn {
            Some(turn) if turn.is_written() => {
                Err(written_twice(&self.0.name(model), R::KEYS).into())
            }
            _ => Ok(turn),
        }
    }

    fn protected(&self, state: &Object, model: &R::Model) -> Protected {
        Protected {
            name: self.0.name(model),
            id: state.text(ID).unwrap_or("(unknown)").to_owned(),
            prevents: R::DELETION.of(state) == PREVENT,
        }
    }

    /// What the type has to say of a plan, and what the policy says of its result.
    fn look_at_plan(
        &self,
        request: &PlanRequest<'_, Connection>,
        response: &mut PlanResponse,
    ) -> Result<(), Diagnostics> {
        let (protected, note) = request
            .prior_private
            .map(|private| {
                let protected = serde_json::from_value::<Protected>(private["object"].clone()).ok();
                (protected, private.get("note").cloned())
            })
            .unwrap_or_default();
        let mut plan = Plan {
            prior: request.prior.map(model_of::<R::Model>).transpose()?,
            config: request.config.map(model_of::<R::Model>).transpose()?,
            planned: response
                .planned
                .as_ref()
                .map(model_of::<R::Model>)
                .transpose()?,
            requires_replace: &mut response.requires_replace,
            private_state: request.private_state,
            policy: request
                .prior
                .map_or(R::DELETION.default, |state| R::DELETION.of(state)),
            replaced: note,
            note: None,
            advice: None,
            diagnostics: &mut response.diagnostics,
            connection: request.client,
            type_name: R::TYPE,
        };
        let before = plan.planned.clone();
        self.0.plan(&mut plan);
        let Plan {
            prior,
            planned,
            note,
            advice,
            ..
        } = plan;
        if let (Some(planned), Some(object)) = (planned, &mut response.planned)
            && Some(&planned) != before.as_ref()
        {
            // What the type left alone stays as Terraform sent it: a list may have unknown elements that the model lacks.
            let before = before.as_ref().map(Object::from_model);
            for (name, value) in Object::from_model(&planned).into_attributes() {
                if before.as_ref().map(|before| before.get(&name)) != Some(&value) {
                    object.set(name, value);
                }
            }
        }
        let (Some(state), Some(prior)) = (request.prior, prior) else {
            // The second plan of a replacement. Only here does `-replace` or `replace_triggered_by` show. Terraform prints
            // the errors of this plan but not its warnings, so a warning about a replacement is shown in the first
            // plan or, if it was asked for in one of these ways, when it is applied.
            if let Some(protected) = protected {
                if protected.prevents {
                    let error = R::DELETION.not_replaced(&protected, &[], None);
                    response.diagnostics.push(error);
                }
                // For the delete, which comes before the create and tells it. The create itself does not get it.
                response.private = Some(json!({ "object": protected, "note": note }));
            } else if note.is_some() {
                // A tainted object is planned like a new one, and its delete gets this.
                response.private = Some(json!({ "note": note }));
            }
            return Ok(());
        };
        let policy = R::DELETION.of(state);
        let object = self.protected(state, &prior);
        match &response.planned {
            None if policy == PREVENT => {
                let error = R::DELETION.not_destroyed(&object);
                response.diagnostics.push(error);
            }
            None if policy == ABANDON
                && Connection::is_first(request.client, R::TYPE, "leaves behind") =>
            {
                let warning = self.left_behind(state, &prior, Phase::Plan);
                response.diagnostics.push(warning);
            }
            None => {}
            Some(_) => {
                let changed = &response.requires_replace;
                if policy == PREVENT && !changed.is_empty() {
                    let error = R::DELETION.not_replaced(&object, changed, advice.as_deref());
                    response.diagnostics.push(error);
                } else if policy == ABANDON && !changed.is_empty() {
                    let warning = deletion_policy::replaced_one_stays(
                        &object.name,
                        &self.0.left_behind(&prior),
                    );
                    response.diagnostics.push(warning.at(changed[0].clone()));
                }
                response.private = Some(json!({ "object": object, "note": note }));
            }
        }
        Ok(())
    }

    fn left_behind(&self, state: &Object, model: &R::Model, phase: Phase) -> Diagnostic {
        let id = own_id::<R>(state).unwrap_or_default();
        deletion_policy::left_behind(
            R::PLURAL,
            &self.0.name(model),
            &self.0.left_behind(model),
            &super::error_diagnostics::shell_word(&assume_role::import_id(
                assume_role::arn(state),
                &id,
            )),
            phase,
        )
    }

    /// The keys of an import by identity, and how to reach the object.
    fn of_identity(&self, identity: &Object, state: &mut Object) -> Result<(), Diagnostics> {
        let role = assume_role::of_identity(identity.text(ROLE_ARN))?;
        let account = account_id::of_identity(identity.text(account_id::NAME), role.as_ref())?;
        let attributes = self.0.block().attributes;
        for key in R::KEYS {
            let value = identity.text(key.name).or(key.default).unwrap_or_default();
            if let Err(why) = import_id::check_key(key, &attributes, value) {
                return Err(Diagnostic::error(
                    format!("Invalid identity attribute {}", key.name),
                    format!(
                        "The identity does not name an object: {why}. Nothing was read.\n\n  Code:  \
                         Provider.InvalidIdentity"
                    ),
                )
                .into());
            }
            state.set(key.name, value);
        }
        set_account(state, account, role.as_ref());
        Ok(())
    }
}

/// The ID by which an object is imported, as far as its keys are known.
fn own_id<R: CamsResource + ?Sized>(state: &Object) -> Option<String> {
    match R::KEYS {
        [] => Some(import_id::SINGLETON.to_owned()),
        keys => import_id::id_of(keys, state),
    }
}

fn set_account(
    state: &mut Object,
    account: Option<String>,
    role: Option<&alicloud::credentials::RoleArn>,
) {
    if let Some(account) = account {
        state.set(account_id::NAME, account);
    }
    if let Some(arn) = role {
        state.set(account_id::NAME, arn.account_id());
        state.set(assume_role::NAME, assume_role::with_arn(arn));
    }
}

#[async_trait]
impl<R: CamsResource> Resource for Wrapper<R> {
    type Client = Connection;

    fn type_name(&self) -> &'static str {
        R::TYPE
    }

    fn schema(&self) -> Schema {
        let mut block = self.0.block();
        #[cfg(test)]
        framework::model::check::<R::Model>(&Schema::new(block.clone()))
            .unwrap_or_else(|error| panic!("{}: the model does not fit: {error}", R::TYPE));
        block = block
            .attribute(R::DELETION.attribute())
            .attribute(
                Attribute::computed(ID, Type::String)
                    .describe(self.0.id_description())
                    .use_state_for_unknown(),
            )
            .attribute(assume_role::attribute())
            .attribute(account_id::attribute());
        Schema::new(block.nested(
            timeouts::NAME,
            Nesting::OPTIONAL,
            timeouts::block(R::TIMEOUTS),
        ))
    }

    /// The keys, and the account once it is known. The role is no part of it: another one of the same account reaches the
    /// same object.
    fn identity_schema(&self) -> Option<IdentitySchema> {
        if R::KEYS.is_empty() {
            return None;
        }
        let keys = R::KEYS.iter().map(|key| match key.default {
            None => IdentityAttribute::required(key.name, IdentityType::String, key.description),
            Some(_) => IdentityAttribute::optional(key.name, IdentityType::String, key.description),
        });
        let shared = [
            IdentityAttribute::optional(
                account_id::NAME,
                IdentityType::String,
                "ID of the account that the object belongs to. Given with an import, it is checked.",
            ),
            IdentityAttribute::only_for_import(
                ROLE_ARN,
                IdentityType::String,
                "ARN of the role to assume, for an object in the account of a role. It becomes `assume_role`.",
            ),
        ];
        Some(IdentitySchema::new(keys.chain(shared).collect()))
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        match model_of(config) {
            Ok(model) => self.0.validate(&model),
            Err(diagnostics) => diagnostics,
        }
    }

    fn modify_plan(&self, request: &PlanRequest<'_, Connection>, response: &mut PlanResponse) {
        if let (Some(prior), Some(planned)) = (request.prior, &mut response.planned) {
            let clients = request.client.and_then(Connection::accounts);
            let own = clients.and_then(RoleClients::configured_account);
            response
                .requires_replace
                .extend(account_id::plan_account_id(prior, planned, own));
            if let Some(warning) = account_id::unforeseen(planned) {
                response.diagnostics.push(warning);
            }
        }
        if let Err(diagnostics) = self.look_at_plan(request, response) {
            response.diagnostics.extend(diagnostics);
        }
    }

    async fn create(
        &self,
        connection: &Connection,
        request: CreateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let CreateRequest { config, planned } = request;
        let (config, model) = (model_of(&config)?, model_of(&planned)?);
        let turn = self.turn_to_write(connection, &planned, &model).await?;
        // The limit of time begins now.
        let context = Self::context(connection, &planned, "create")?;
        let saved = Saved::<R>::new(response, planned, connection);
        let mut saved = saved.writing(config, turn);
        let result = self.0.create(&context, model, &mut saved).await;
        response.warnings.extend(context.take_warnings());
        result.map_err(|errors| context.shorten(errors))
    }

    async fn read(
        &self,
        connection: &Connection,
        request: ReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let importing = request.importing;
        let mut state = request.state;
        // A state that holds only the ID, as other tools write it.
        if import_id::id_of(R::KEYS, &state).is_none() {
            let id = state.text(ID).unwrap_or_default().to_owned();
            import_id::set_keys(R::KEYS, &self.0.block().attributes, &id, &mut state)
                .map_err(|_| no_keys::<R>())?;
        }
        let mut context = Self::context(connection, &state, "read")?;
        context.importing = importing;
        if importing {
            // What an identity says of the account is not taken on trust.
            account_id::surely_reachable(
                connection,
                &state,
                true,
                Self::limit(&context, &state, "read"),
            )
            .await?;
        } else {
            account_id::reachable(connection, &state, false)?;
        }
        let model = model_of::<R::Model>(&state)?;
        let name = self.0.name(&model);
        let mut saved = Saved::<R>::new(response, state.clone(), connection);
        let result = match self.0.read(&context, model, &mut saved).await {
            Ok(Presence::Found(model)) => {
                saved.save(&model);
                Ok(())
            }
            Ok(Presence::Gone(why)) if importing => Err(nothing_to_import::<R>(&why)),
            Ok(Presence::Gone(why)) => {
                // Under other credentials an object looks gone that is not.
                account_id::surely_reachable(
                    connection,
                    &state,
                    false,
                    Self::limit(&context, &state, "read"),
                )
                .await
                .map(|()| {
                    context.warn(gone(&name, &why));
                    response.state = None;
                })
            }
            Err(errors) if importing => Err(context.shorten(errors)),
            Err(errors) => {
                let (errors, is_repetition) = context.shorten_refresh(errors);
                let errors = stays(&name, errors);
                if is_repetition {
                    response.state = Some(state);
                    errors
                        .into_iter()
                        .map(not_refreshed)
                        .for_each(|warning| context.warn(warning));
                    Ok(())
                } else {
                    Err(errors)
                }
            }
        };
        response.warnings.extend(context.take_warnings());
        result
    }

    async fn update(
        &self,
        connection: &Connection,
        request: UpdateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let UpdateRequest {
            prior,
            config,
            mut planned,
        } = request;
        let (before, after) = (model_of(&prior)?, model_of(&planned)?);
        let config = model_of(&config)?;
        let turn = self.turn_to_write(connection, &prior, &before).await?;
        let context = Self::context(connection, &planned, "update")?;
        let limit = Self::limit(&context, &planned, "update");
        let account = account_id::unchanged(connection, &prior, &planned, limit).await?;
        if planned.get(account_id::NAME).is_unknown() {
            planned.set(account_id::NAME, account.map_or(Value::Null, Value::from));
        }
        let saved = Saved::<R>::new(response, planned, connection);
        let mut saved = saved.writing(config, turn);
        let result = self.0.update(&context, before, after, &mut saved).await;
        response.warnings.extend(context.take_warnings());
        result.map_err(|errors| context.shorten(errors))
    }

    async fn delete(
        &self,
        connection: &Connection,
        request: DeleteRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let prior = request.prior;
        let model = model_of::<R::Model>(&prior)?;
        let policy = R::DELETION.of(&prior);
        let name = self.0.name(&model);
        // In a plan a tainted object looks like a new one, so its replacement is refused here.
        if policy == PREVENT {
            let object = self.protected(&prior, &model);
            return Err(R::DELETION.not_destroyed(&object).into());
        }
        if policy == ABANDON {
            // A delete with data of the plan is the first half of a replacement that the user asked for.
            let planned = request.planned_private.as_ref();
            let replacing = planned.is_some_and(|planned| planned.get("object").is_some());
            if connection.not_ready().is_none() {
                let context = Self::context(connection, &prior, "delete")?;
                self.0.abandoned(&context, &model, replacing);
            }
            if Connection::is_first(Some(connection), R::TYPE, "left behind") {
                response
                    .warnings
                    .push(self.left_behind(&prior, &model, Phase::Apply));
            }
            return Ok(());
        }
        let planned = request.planned_private.as_ref();
        if let Some(note) = planned.and_then(|planned| planned.get("note"))
            && !note.is_null()
        {
            let checked = self.0.check_replacement(&model, note);
            checked.map_err(|error| stays(&name, [error]))?;
        }
        let turn = Self::turn(connection, &prior).await?;
        if turn.as_ref().is_some_and(Turn::is_written) {
            response.warnings.push(left_as_written(&name, policy));
            return Ok(());
        }
        let context = Self::context(connection, &prior, "delete")?;
        account_id::reachable(connection, &prior, false)?;
        let result = self.0.delete(&context, model, policy).await;
        response.warnings.extend(context.take_warnings());
        let errors = result.map_err(|errors| context.shorten(errors));
        errors.map_err(|errors| stays(&name, errors))
    }

    fn import(&self, request: ImportRequest) -> Result<Object, Diagnostics> {
        let mut state = new_state(&self.0, Value::Null);
        match &request {
            ImportRequest::Id(id) => {
                let (role, id) = assume_role::of_import_id(id)?;
                import_id::set_keys(R::KEYS, &self.0.block().attributes, id, &mut state)?;
                // Of an object without keys the ID may be the account, which is checked then.
                let account = R::KEYS.is_empty() && id != import_id::SINGLETON;
                set_account(&mut state, account.then(|| id.to_owned()), role.as_ref());
            }
            ImportRequest::Identity(identity) => self.of_identity(identity, &mut state)?,
        }
        if !R::KEYS.is_empty() || state.text(ID).is_none() {
            state.set(ID, Value::optional_string(own_id::<R>(&state)));
        }
        Ok(state)
    }

    /// Should the official provider, or another, come to have this resource, its objects are these objects.
    fn move_source(&self, source: &MoveSource) -> Option<SourceVersions> {
        let ours = source.provider_address.ends_with(ADDRESS);
        Some(if ours {
            SourceVersions::Ours
        } else {
            SourceVersions::Foreign
        })
    }

    fn moved(&self, mut state: Object) -> Result<Object, Diagnostics> {
        let id = state
            .text(ID)
            .filter(|id| !id.is_empty())
            .map(str::to_owned);
        let attributes = self.0.block().attributes;
        let keys = import_id::id_of(R::KEYS, &state).filter(|keys| !keys.is_empty());
        match (&keys, &id) {
            (None, None) => return Err(cannot_move::<R>("it has neither its keys nor an `id`")),
            (None, Some(id)) => {
                import_id::set_keys(R::KEYS, &attributes, id, &mut state).map_err(|_| {
                    cannot_move::<R>(&format!(
                        "its `id` \"{}\" has another form",
                        id.escape_debug()
                    ))
                })?
            }
            (Some(keys), Some(id)) if keys != id => {
                return Err(cannot_move::<R>(&format!(
                    "its keys are \"{}\", but its `id` is \"{}\"",
                    keys.escape_debug(),
                    id.escape_debug()
                )));
            }
            (Some(_), _) => {}
        }
        set_missing(&mut state, &new_state(&self.0, Value::Null));
        if !R::KEYS.is_empty() || state.text(ID).is_none() {
            state.set(ID, Value::optional_string(own_id::<R>(&state)));
        }
        Ok(state)
    }

    fn generated_config(&self, mut config: Object) -> Object {
        if let Ok(model) = model_of::<R::Model>(&config) {
            let model = self.0.generated_config(model);
            set_model(&mut config, &model);
        }
        config
    }
}

fn no_keys<R: CamsResource>() -> Diagnostics {
    Diagnostic::error(
        "The state does not name an object",
        format!(
            "The stored state of {} has no {}, so there is nothing to read. The state was not changed.\n\nRemove the \
             object from the state, and import it again:\n\n  terraform state rm 'ADDRESS'\n  terraform import 'ADDRESS' \
             {}\n\n  Code:  Provider.InvalidState",
            R::TYPE,
            R::KEYS.iter().map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(" and "),
            import_id::form(R::KEYS),
        ),
    )
    .into()
}

fn nothing_to_import<R: CamsResource>(why: &str) -> Diagnostics {
    Diagnostic::error(
        "Nothing to import",
        format!(
            "{why} Nothing was saved in the state.\n\nCheck the import ID, which has the form {form}, for typing errors. \
             Check that the provider uses the account that the object belongs to: for the account of a RAM role the import \
             ID is ROLE_ARN/{form}.\n\n  Code:  Provider.NotFound",
            form = import_id::form(R::KEYS),
        ),
    )
    .into()
}

fn gone(name: &str, why: &str) -> Diagnostic {
    Diagnostic::warning(
        deletion_policy::sentence(&format!(
            "{} is gone",
            name.chars().take(60).collect::<String>()
        )),
        format!(
            "{why} It was removed from the Terraform state. If the configuration still declares it, the plan creates it anew."
        ),
    )
}

/// Says in the first paragraph of each error what the failure means for the state: nothing.
fn stays(name: &str, diagnostics: impl IntoIterator<Item = Diagnostic>) -> Diagnostics {
    let sentence = format!("{} stays in the state.", deletion_policy::sentence(name));
    let says = |mut diagnostic: Diagnostic| {
        if diagnostic.severity == Severity::Error {
            add_to_first_paragraph(&mut diagnostic.detail, &sentence);
        }
        diagnostic
    };
    diagnostics.into_iter().map(says).collect()
}

/// A warning for an object whose refresh failed as another one did. The CLI prints warnings of one summary once.
fn not_refreshed(error: Diagnostic) -> Diagnostic {
    let summary = "Not refreshed, because an earlier refresh failed";
    Diagnostic::warning(summary, error.detail).at(error.attribute)
}

fn cannot_move<R: CamsResource>(why: &str) -> Diagnostics {
    Diagnostic::error(
        "Cannot move the state",
        format!(
            "The state does not name an object of {}: {why}. The state was not changed.\n\nRemove the `moved` block, and \
             import the object. Its import ID has the form {}.\n\n  Code:  Provider.InvalidState",
            R::TYPE,
            import_id::form(R::KEYS),
        ),
    )
    .into()
}
