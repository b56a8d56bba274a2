//! What every list resource of CAMS has in common. A type implements [`CamsListResource`]; [`Wrapper`] adds `assume_role` and
//! `timeouts` to the `config` block, and makes state and identity of what is found.

use std::ops::ControlFlow;

use async_trait::async_trait;

use framework::{
    Block, Diagnostic, Diagnostics, ListResource, Model, Nesting, Object, Schema,
    list_resource::{ListRequest, ListSink, ListedResource},
    timeouts::{self, Timeout},
};

use super::{
    Connection, Context, assume_role,
    data_source::own_model,
    resource::{CamsResource, listed, new_state},
};

/// The attributes and blocks of the wrapper, which no model has.
const SHARED: [&str; 2] = [assume_role::NAME, timeouts::NAME];

/// Finds the objects of one resource type, for `terraform query`.
#[async_trait]
pub(crate) trait CamsListResource: Send + Sync + 'static {
    /// The type whose objects are listed.
    type Resource: CamsResource;
    /// The type's own arguments.
    type Config: Model + Send;

    /// How long a list may take unless the configuration says otherwise, for example `5m`.
    const TIMEOUT: &'static str;
    /// The RAM actions that listing needs.
    const RAM_ACTIONS: &'static [&'static str];

    /// The resource, for its schema.
    fn resource(&self) -> Self::Resource;

    /// The description of the list and its own arguments.
    fn block(&self) -> Block;

    /// Finds objects, and pushes each as soon as it is known, until `found` says to stop. Must only read.
    ///
    /// # Errors
    /// Why the list is not whole. What was pushed before stays with the user.
    async fn list(
        &self,
        context: &Context<'_>,
        config: Self::Config,
        found: &mut Found<'_, Self::Resource>,
    ) -> Result<(), Diagnostics>;
}

/// Where a list puts what it finds.
pub(crate) struct Found<'a, R> {
    /// Whether the whole object is wanted. If not, the keys are enough.
    pub(crate) include_resource: bool,
    resource: std::marker::PhantomData<R>,
    connection: &'a Connection,
    /// The state of an object of which nothing is known yet.
    blank: Object,
    sink: &'a mut dyn ListSink,
}

impl<R: CamsResource> Found<'_, R> {
    /// Hands over one object: its model, as reading it after an import would fill it, and what a person calls it. `Break`
    /// when nothing more is wanted.
    pub(crate) async fn push(&mut self, model: &R::Model, display_name: String) -> ControlFlow<()> {
        let (state, identity) = listed::<R>(&self.blank, self.connection, model);
        let object = ListedResource {
            identity,
            display_name,
            resource: self.include_resource.then_some(state),
            warnings: Vec::new(),
        };
        self.sink.push(object).await
    }
}

/// The words of a type for what a list may lack.
pub(crate) struct Gaps {
    /// The objects, in the plural: "bindings".
    pub(crate) objects: &'static str,
    /// What the service ended early: "the list of spaces".
    pub(crate) list: &'static str,
    /// The summary of the warning about what could not be read.
    pub(crate) unreadable: &'static str,
    /// Its first paragraph.
    pub(crate) advice: &'static str,
    /// The label before the IDs.
    pub(crate) label: &'static str,
}

impl Gaps {
    /// The warnings about a list: one if it may be incomplete, one if something in it could not be read.
    pub(crate) fn warnings(&self, complete: bool, unreadable: &[String]) -> Vec<Diagnostic> {
        let mut warnings = Vec::new();
        if !complete {
            let Self { objects, list, .. } = self;
            warnings.push(Diagnostic::warning(
                format!("The list of {objects} may be incomplete"),
                format!(
                    "The service ended {list} before the number of rows that it announced, so there may be more {objects}. \
                     Run the query again.\n\n  Code: Provider.IncompleteList"
                ),
            ));
        }
        if !unreadable.is_empty() {
            warnings.push(Diagnostic::warning(
                self.unreadable,
                format!(
                    "{}\n\n  {}: {}\n  Code: Provider.UnreadableSpaces",
                    self.advice,
                    self.label,
                    unreadable.join(", ")
                ),
            ));
        }
        warnings
    }
}

/// A [`CamsListResource`] as a list resource of the framework.
pub(crate) struct Wrapper<L>(pub(crate) L);

impl<L: CamsListResource> Wrapper<L> {
    const LIST: Timeout = Timeout::new("read", L::TIMEOUT);
}

#[async_trait]
impl<L: CamsListResource> ListResource for Wrapper<L> {
    type Client = Connection;

    fn type_name(&self) -> &'static str {
        L::Resource::TYPE
    }

    fn schema(&self) -> Schema {
        let block = self.0.block();
        #[cfg(test)]
        framework::model::check::<L::Config>(&Schema::new(block.clone()))
            .unwrap_or_else(|error| panic!("list of {}: {error}", L::Resource::TYPE));
        let block = block.attribute(assume_role::read_attribute()).nested(
            timeouts::NAME,
            Nesting::OPTIONAL,
            timeouts::block(&[Self::LIST]),
        );
        Schema::new(block)
    }

    async fn list(
        &self,
        connection: &Connection,
        request: ListRequest,
        sink: &mut dyn ListSink,
    ) -> Result<(), Diagnostics> {
        let config: Object = request.config;
        let model = own_model::<L::Config>(&config, &SHARED)?;
        let context = Context::new(connection, &config, &Self::LIST, L::RAM_ACTIONS)?;
        let mut found = Found {
            include_resource: request.include_resource,
            resource: std::marker::PhantomData,
            connection,
            blank: new_state(&self.0.resource(), config.get(assume_role::NAME).clone()),
            sink,
        };
        let result = self.0.list(&context, model, &mut found).await;
        let mut diagnostics = Diagnostics::new();
        for warning in context.take_warnings() {
            diagnostics.push(warning);
        }
        if let Err(errors) = result {
            diagnostics.extend(context.shorten(errors));
        }
        if diagnostics.is_empty() {
            Ok(())
        } else {
            Err(diagnostics)
        }
    }
}
