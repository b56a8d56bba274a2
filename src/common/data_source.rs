//! What every CAMS data source has in common. A type implements [`CamsDataSource`]; [`Wrapper`] adds `assume_role`,
//! `account_id` and `timeouts`, which are not in the model, and hands over a client that is ready.

use async_trait::async_trait;

use framework::{
    Attribute, Block, DataSource, Diagnostics, Model, Nesting, Object, Schema, Type,
    data_source::DataSourceReadRequest,
    resource::StateResponse,
    timeouts::{self, Timeout},
};

use super::{Connection, Context, account_id, assume_role};

/// The attributes and blocks of the wrapper, which no model has.
const SHARED: [&str; 3] = [assume_role::NAME, account_id::NAME, timeouts::NAME];

/// Something of Chat App Message Service that Terraform only reads.
#[async_trait]
pub(crate) trait CamsDataSource: Send + Sync + 'static {
    /// The type's own arguments and results: those of [`CamsDataSource::block`], all of them, and no others.
    type Model: Model + Send;

    /// The name of the type, for example `alicloud_cams_waba`.
    const TYPE: &'static str;
    /// How long a read may take unless the configuration says otherwise, for example `2m`.
    const TIMEOUT: &'static str;
    /// The RAM actions that reading needs.
    const RAM_ACTIONS: &'static [&'static str];

    /// The description of the type and its own attributes.
    fn block(&self) -> Block;

    /// Checks a configuration beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Self::Model) -> Diagnostics {
        Diagnostics::new()
    }

    /// Reads. The model starts as the configuration; what is returned has no unknown value. Must only read: no operation
    /// that changes anything at the service.
    ///
    /// # Errors
    /// Why it could not be read. Nothing found is an error, unless the type is a list.
    async fn read(
        &self,
        context: &Context<'_>,
        config: Self::Model,
    ) -> Result<Self::Model, Diagnostics>;
}

/// A [`CamsDataSource`] as a data source of the framework.
pub(crate) struct Wrapper<D>(pub(crate) D);

impl<D: CamsDataSource> Wrapper<D> {
    const READ: Timeout = Timeout::new("read", D::TIMEOUT);
}

#[async_trait]
impl<D: CamsDataSource> DataSource for Wrapper<D> {
    type Client = Connection;

    fn type_name(&self) -> &'static str {
        D::TYPE
    }

    fn schema(&self) -> Schema {
        let block = self.0.block();
        #[cfg(test)]
        framework::model::check::<D::Model>(&Schema::new(block.clone()))
            .unwrap_or_else(|error| panic!("{}: the model does not fit: {error}", D::TYPE));
        let block = block
            .attribute(assume_role::read_attribute())
            .attribute(
                Attribute::computed(account_id::NAME, Type::String)
                    .describe("ID of the account that was read, as far as it is known; else null."),
            )
            .nested(
                timeouts::NAME,
                Nesting::OPTIONAL,
                timeouts::block(&[Self::READ]),
            );
        Schema::new(block)
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        match own_model::<D::Model>(config, &SHARED) {
            Ok(model) => self.0.validate(&model),
            Err(diagnostics) => diagnostics,
        }
    }

    async fn read(
        &self,
        connection: &Connection,
        request: DataSourceReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let config = request.config;
        let model = own_model::<D::Model>(&config, &SHARED)?;
        let context = Context::new(connection, &config, &Self::READ, D::RAM_ACTIONS)?;
        let result = self.0.read(&context, model).await;
        response.warnings.extend(context.take_warnings());
        let model = result.map_err(|errors| context.shorten(errors))?;
        let mut state = config.clone();
        set_model(&mut state, &model);
        state.set(
            account_id::NAME,
            framework::Value::optional_string(account_id::known_account_id(connection, &config)),
        );
        response.state = Some(state);
        Ok(())
    }
}

/// Writes a model into an object, beside the attributes of a wrapper.
pub(super) fn set_model<M: Model>(object: &mut Object, model: &M) {
    for (name, value) in Object::from_model(model).into_attributes() {
        object.set(name, value);
    }
}

/// The model of an object without the attributes of a wrapper.
pub(super) fn own_model<M: Model>(object: &Object, shared: &[&str]) -> Result<M, Diagnostics> {
    Ok(without(object, shared).to_model()?)
}

/// An object without some of its attributes. Apart from [`own_model`], of which each model has a copy.
#[inline(never)]
fn without(object: &Object, names: &[&str]) -> Object {
    let mut attributes = object.attributes().clone();
    for name in names {
        attributes.remove(*name);
    }
    Object::from(attributes)
}
