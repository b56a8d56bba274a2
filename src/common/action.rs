//! What every action of CAMS has in common. A type implements [`CamsAction`]; [`Wrapper`] adds `assume_role` and `timeouts` to
//! the `config` block, and hands over a client that is ready.

use async_trait::async_trait;

use framework::{
    Action, Block, Diagnostics, Model, Nesting, Object, Schema,
    action::{InvokeRequest, Progress},
    timeouts::{self, Timeout},
};

use super::{Connection, Context, assume_role, data_source::own_model};

/// The attributes and blocks of the wrapper, which no model has.
const SHARED: [&str; 2] = [assume_role::NAME, timeouts::NAME];

/// Something that Chat App Message Service does when it is asked to, and that leaves no state.
#[async_trait]
pub(crate) trait CamsAction: Send + Sync + 'static {
    /// The type's own arguments.
    type Config: Model + Send;

    /// The name of the type, for example `alicloud_cams_sync_phone_numbers`.
    const TYPE: &'static str;
    /// How long it may take unless the configuration says otherwise, for example `5m`.
    const TIMEOUT: &'static str;
    /// The RAM actions that it needs.
    const RAM_ACTIONS: &'static [&'static str];

    /// The description of the action and its own arguments.
    fn block(&self) -> Block;

    /// Checks a configuration beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Self::Config) -> Diagnostics {
        Diagnostics::new()
    }

    /// Does it, and reports progress for the person who waits.
    ///
    /// # Errors
    /// Why it was not done, or not wholly.
    async fn invoke(
        &self,
        context: &Context<'_>,
        config: Self::Config,
        progress: &mut dyn Progress,
    ) -> Result<(), Diagnostics>;
}

/// A [`CamsAction`] as an action of the framework.
pub(crate) struct Wrapper<A>(pub(crate) A);

impl<A: CamsAction> Wrapper<A> {
    const INVOKE: Timeout = Timeout::new("invoke", A::TIMEOUT);
}

#[async_trait]
impl<A: CamsAction> Action for Wrapper<A> {
    type Client = Connection;

    fn type_name(&self) -> &'static str {
        A::TYPE
    }

    fn schema(&self) -> Schema {
        let block = self.0.block();
        #[cfg(test)]
        framework::model::check::<A::Config>(&Schema::new(block.clone()))
            .unwrap_or_else(|error| panic!("{}: the model does not fit: {error}", A::TYPE));
        let block = block.attribute(assume_role::read_attribute()).nested(
            timeouts::NAME,
            Nesting::OPTIONAL,
            timeouts::block(&[Self::INVOKE]),
        );
        Schema::new(block)
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        match own_model::<A::Config>(config, &SHARED) {
            Ok(model) => self.0.validate(&model),
            Err(diagnostics) => diagnostics,
        }
    }

    async fn invoke(
        &self,
        connection: &Connection,
        request: InvokeRequest,
        progress: &mut dyn Progress,
    ) -> Result<(), Diagnostics> {
        let config = request.config;
        let model = own_model::<A::Config>(&config, &SHARED)?;
        let context = Context::new(connection, &config, &Self::INVOKE, A::RAM_ACTIONS)?;
        let result = self.0.invoke(&context, model, progress).await;
        result.map_err(|errors| context.shorten(errors))?;
        // An action has no place for warnings in its result.
        for warning in context.take_warnings() {
            progress
                .report(format!("Warning: {}: {}", warning.summary, warning.detail))
                .await;
        }
        Ok(())
    }
}
