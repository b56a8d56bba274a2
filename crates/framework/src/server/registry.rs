//! The types of a provider by name. A schema is built when its type is first needed: a process that only configures and
//! reads builds no more than it uses.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::{
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::{Diagnostic, Diagnostics},
    identity::IdentitySchema,
    resource::Resource,
    schema::Schema,
    types::Type,
    validate::validate,
    value::{DynamicValue, Object},
};

use super::{codec::decode_object, object_span::record_object};

/// All types of one kind, by name.
pub(super) struct Registry<T> {
    kind: &'static str,
    entries: BTreeMap<&'static str, T>,
}

impl<T> Registry<T> {
    /// `kind` reads on from "This provider has no".
    pub(super) fn new(
        kind: &'static str,
        entries: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Self {
        Self {
            kind,
            entries: entries.into_iter().collect(),
        }
    }

    /// All of them, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        self.entries.iter().map(|(name, entry)| (*name, entry))
    }

    /// The one of a name.
    pub(super) fn get(&self, name: &str) -> Result<&T, Diagnostic> {
        self.entries.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.entries.keys().copied().collect();
            let has = match names.is_empty() {
                true => "It has none.".to_owned(),
                false => format!("It has: {}.", names.join(", ")),
            };
            Diagnostic::error(
                format!("Unknown {}", self.kind),
                format!(
                    "This provider has no {} \"{}\". {has}",
                    self.kind,
                    name.escape_debug()
                ),
            )
            .with_code("Provider.UnknownType")
        })
    }
}

/// A type with its schema, which is built when it is first needed.
pub(super) struct Typed<T: ?Sized> {
    /// What the provider made.
    pub(super) inner: Box<T>,
    build: fn(&T) -> Schema,
    schema: OnceLock<(Schema, Type)>,
}

impl<T: ?Sized> Typed<T> {
    pub(super) fn new(inner: Box<T>, build: fn(&T) -> Schema) -> Self {
        Self {
            inner,
            build,
            schema: OnceLock::new(),
        }
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.built().0
    }

    /// The type of the whole object.
    pub(super) fn ty(&self) -> &Type {
        &self.built().1
    }

    fn built(&self) -> &(Schema, Type) {
        self.schema.get_or_init(|| {
            let schema = (self.build)(&self.inner);
            let ty = schema.ty();
            (schema, ty)
        })
    }

    /// A configuration, decoded. A block that was left out has no value.
    pub(super) fn config(&self, config: &DynamicValue) -> Result<Object, Diagnostic> {
        let config = decode_object(config, self.ty(), "configuration")?.unwrap_or_default();
        record_object(&self.schema().block, None, &config);
        Ok(config)
    }

    /// A configuration against the schema, and then against the type's own rules.
    pub(super) fn validate(
        &self,
        config: &DynamicValue,
        own_rules: impl FnOnce(&T, &Object) -> Diagnostics,
    ) -> Result<Diagnostics, Diagnostic> {
        self.check(&self.config(config)?, own_rules)
    }

    /// The same for one that is decoded.
    pub(super) fn check(
        &self,
        config: &Object,
        own_rules: impl FnOnce(&T, &Object) -> Diagnostics,
    ) -> Result<Diagnostics, Diagnostic> {
        let mut diagnostics = validate(self.schema(), config);
        if !diagnostics.has_errors() {
            diagnostics.extend(catch_panic_sync(Operation::Validate, || {
                own_rules(&self.inner, config)
            })?);
        }
        Ok(diagnostics)
    }
}

/// A managed resource type.
pub(super) struct Managed<C> {
    typed: Typed<dyn Resource<Client = C>>,
    identity: OnceLock<Option<IdentitySchema>>,
}

impl<C: Send + Sync + 'static> Managed<C> {
    pub(super) fn new(resource: Box<dyn Resource<Client = C>>) -> Self {
        Self {
            typed: Typed::new(resource, |resource| resource.schema()),
            identity: OnceLock::new(),
        }
    }

    pub(super) fn resource(&self) -> &dyn Resource<Client = C> {
        &*self.typed.inner
    }

    pub(super) fn schema(&self) -> &Schema {
        self.typed.schema()
    }

    pub(super) fn ty(&self) -> &Type {
        self.typed.ty()
    }

    pub(super) fn identity_schema(&self) -> Option<&IdentitySchema> {
        self.identity
            .get_or_init(|| self.resource().identity_schema())
            .as_ref()
    }

    /// Lets the log lines of the current RPC name the first of these objects that there is.
    pub(super) fn record_object(&self, objects: &[Option<&Object>]) {
        if let Some(object) = objects.iter().copied().flatten().next() {
            record_object(&self.schema().block, self.identity_schema(), object);
        }
    }

    pub(super) fn encode_state(&self, state: Option<Object>) -> DynamicValue {
        self.typed.encode_state(state)
    }

    pub(super) fn encode_fitting(
        &self,
        operation: Operation,
        state: Option<Object>,
    ) -> (DynamicValue, Option<Diagnostic>) {
        self.typed.encode_fitting(operation, state)
    }
}
