//! Settings of a phone number: objects that exist while the number exists. They are never created and never deleted,
//! only written.
//!
//! A type implements [`PhoneSetting`]: how its setting is read and written. [`OfNumber`] makes a [`CamsResource`] of it:
//!
//! * Writing reads the setting first. What the configuration leaves out is kept as the service has it then, also if somebody has
//!   changed it since the plan, and shown in the state.
//! * What was configured and is not any more is left as it is. An empty value clears it.
//! * After each write the setting is read back, and the user is warned if the service shows something else.
//! * Destroying leaves the values (`ABANDON`), or writes the neutral ones (`RESET`).

mod messages;

use async_trait::async_trait;

use alicloud::{Error, Operation};
use framework::{Block, Diagnostic, Diagnostics, Field, Model, Object, timeouts::Timeout};

use super::{
    Context, Key,
    deletion_policy::{ABANDON, DeletionPolicy, RESET},
    phone_number::{self, PHONE_NUMBER},
    phone_numbers::{not_shown, refused_without_number},
    resource::{CamsResource, Plan, Presence, Saved},
    text_of,
};

/// A setting of a phone number of a space.
#[async_trait]
pub(crate) trait PhoneSetting: Send + Sync + 'static {
    /// The type's own attributes, `cust_space_id` and `phone_number` included.
    type Model: Model + Clone + PartialEq + Send + Sync;

    /// The name of the resource type.
    const TYPE: &'static str;
    /// What one object is called in messages: "profile". Short, as summaries have it.
    const NOUN: &'static str;
    /// The same in the plural.
    const PLURAL: &'static str;
    /// The action that writes the setting.
    const WRITE: &'static str;
    /// What the policies do, in Markdown.
    const DELETION_POLICY: &'static str;
    /// The RAM actions that the type needs.
    const RAM_ACTIONS: &'static [&'static str];

    /// The description of the type and its own attributes.
    fn block(&self) -> Block;

    /// The values of `cust_space_id` and `phone_number`.
    fn number<'a>(&self, model: &'a Self::Model) -> (&'a Field<String>, &'a Field<String>);

    /// Checks a configuration beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Self::Model) -> Diagnostics {
        Diagnostics::new()
    }

    /// Looks at a finished plan. Must be pure.
    fn plan(&self, _plan: &mut Plan<'_, Self::Model>) {}

    /// Reads the setting. What the service cannot show stays as in `known`. A value that means the same as the one in
    /// `known` keeps that spelling.
    ///
    /// # Errors
    /// Of the call.
    async fn query(&self, operation: &Operation, known: Self::Model) -> Result<Self::Model, Error>;

    /// Writes what `config` sets. `planned` is the whole setting, for a service that takes it only as a whole.
    ///
    /// # Errors
    /// Of the call.
    async fn write(
        &self,
        operation: &Operation,
        config: &Self::Model,
        planned: &Self::Model,
    ) -> Result<(), Error>;

    /// The same number with neutral values. What is null is left as it is.
    fn neutral(&self, prior: &Self::Model) -> Self::Model;
}

/// A [`PhoneSetting`] as a CAMS resource.
pub(crate) struct OfNumber<S>(pub(crate) S);

/// What the service showed after a write.
enum Look {
    /// What was written.
    AsWritten,
    /// Something else, at every look, for these attributes.
    Differing(Vec<String>),
    /// A read failed. This is its detail.
    Failed(String),
}

impl<S: PhoneSetting> OfNumber<S> {
    fn space_and_number<'a>(&self, model: &'a S::Model) -> (&'a str, &'a str) {
        let (space, number) = self.0.number(model);
        (text_of(space), text_of(number))
    }

    fn diagnose(
        &self,
        context: &Context<'_>,
        error: &Error,
        verb: &str,
        model: &S::Model,
    ) -> Diagnostic {
        let (space, number) = self.space_and_number(model);
        let subject = format!("phone number {number} of space {space}");
        let summary = format!("Cannot {verb} {}", self.name(model));
        context.diagnose(error, &summary, &subject, PHONE_NUMBER)
    }

    /// Whether the service refused a call because the number is not there any more.
    async fn is_without_number(
        &self,
        context: &Context<'_>,
        error: &Error,
        model: &S::Model,
    ) -> Result<bool, Diagnostic> {
        let (space, number) = self.space_and_number(model);
        refused_without_number(context, error, space, number, &self.name(model)).await
    }

    async fn write_setting(
        &self,
        context: &Context<'_>,
        config: &S::Model,
        planned: &S::Model,
    ) -> Result<(), Diagnostics> {
        let written = self.0.write(&context.operation, config, planned).await;
        written.map_err(|error| self.diagnose(context, &error, "change", planned).into())
    }

    /// The planned setting with what the configuration leaves out as the service has it now: somebody may have changed it since
    /// the plan. Also the names of the attributes that are not as planned.
    async fn with_present(
        &self,
        context: &Context<'_>,
        config: &S::Model,
        planned: &S::Model,
    ) -> Result<(S::Model, Vec<String>), Diagnostics> {
        let config = Object::from_model(config);
        let mut sent = Object::from_model(planned);
        let names = sent.iter().map(|(name, _)| name.to_string());
        let left_out: Vec<String> = names.filter(|name| config.get(name).is_null()).collect();
        if left_out.is_empty() {
            return Ok((planned.clone(), Vec::new()));
        }
        let present = self.0.query(&context.operation, planned.clone()).await;
        let present = present.map_err(|error| self.diagnose(context, &error, "read", planned))?;
        let present = Object::from_model(&present);
        let mut changed = Vec::new();
        for name in left_out {
            let value = present.get(&name);
            if sent.get(&name) == value {
                continue;
            }
            let was_planned = !sent.get(&name).is_null();
            sent.set(&name, value.clone());
            if was_planned {
                changed.push(name);
            }
        }
        Ok((sent.to_model()?, changed))
    }

    /// Reads the setting until it is as it was written, for a short while. No page says that a read right after a write shows
    /// it, nor that every value is taken.
    async fn look_at_written(&self, context: &Context<'_>, written: &S::Model) -> Look {
        let mut found = Vec::new();
        let mut looks = context.looks_after_write();
        while let Ok(true) = looks.next().await {
            match self.0.query(&context.operation, written.clone()).await {
                Ok(shown) => found = differing(written, &shown),
                Err(error) => {
                    let subject = self.name(written);
                    let detail = context.diagnose(&error, "", &subject, PHONE_NUMBER).detail;
                    return Look::Failed(detail);
                }
            }
            if found.is_empty() {
                return Look::AsWritten;
            }
        }
        Look::Differing(found)
    }

    /// Warns unless the service shows what was written.
    async fn check_written(&self, context: &Context<'_>, config: &S::Model, planned: &S::Model) {
        let name = self.name(planned);
        match self.look_at_written(context, planned).await {
            Look::AsWritten => {}
            Look::Differing(attributes) => {
                let config = Object::from_model(config);
                let (changed, sent): (Vec<String>, Vec<String>) = attributes
                    .into_iter()
                    .partition(|attribute| config.get(attribute).is_null());
                context.warn(messages::not_as_written(&name, S::WRITE, &sent, &changed));
            }
            Look::Failed(why) => context.warn(messages::not_read_back(&name, &why)),
        }
    }
}

/// The names of the attributes that are shown with another value than the written one. What was not written is null.
fn differing<M: Model>(written: &M, shown: &M) -> Vec<String> {
    let shown = Object::from_model(shown);
    let attributes = Object::from_model(written).into_attributes();
    let differing = attributes
        .into_iter()
        .filter(|(name, value)| !value.is_null() && value != shown.get(name));
    differing.map(|(name, _)| name).collect()
}

#[async_trait]
impl<S: PhoneSetting> CamsResource for OfNumber<S> {
    type Model = S::Model;

    const TYPE: &'static str = S::TYPE;
    const PLURAL: &'static str = S::PLURAL;
    const KEYS: &'static [Key] = phone_number::KEYS;
    const TIMEOUTS: &'static [Timeout] = &[
        Timeout::new("create", "2m"),
        Timeout::new("read", "2m"),
        Timeout::new("update", "2m"),
        Timeout::new("delete", "2m"),
    ];
    const DELETION: DeletionPolicy = DeletionPolicy {
        default: ABANDON,
        values: &[ABANDON, RESET],
        description: S::DELETION_POLICY,
    };
    const RAM_ACTIONS: &'static [&'static str] = S::RAM_ACTIONS;

    fn block(&self) -> Block {
        self.0.block()
    }

    fn name(&self, model: &S::Model) -> String {
        match self.0.number(model).1.as_deref() {
            Some(number) => format!("the {} of {number}", S::NOUN),
            None => format!("the {}", S::NOUN),
        }
    }

    fn left_behind(&self, model: &S::Model) -> String {
        let (_, number) = self.space_and_number(model);
        format!(
            "The {} of {number} keeps its values. To clear them, apply `deletion_policy = \"{RESET}\"` before you destroy.",
            S::NOUN,
        )
    }

    fn validate(&self, config: &S::Model) -> Diagnostics {
        self.0.validate(config)
    }

    fn plan(&self, plan: &mut Plan<'_, S::Model>) {
        self.0.plan(plan);
    }

    async fn create(
        &self,
        context: &Context<'_>,
        planned: S::Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let config = saved.config().cloned().unwrap_or_else(|| planned.clone());
        let present = self.0.query(&context.operation, planned.clone()).await;
        let present = present.map_err(|error| self.diagnose(context, &error, "read", &planned))?;
        // What the configuration leaves out was planned as unknown. It is what the service has.
        let planned = filled(&planned, &present)?;
        self.write_setting(context, &config, &planned).await?;
        saved.save(&planned);
        self.check_written(context, &config, &planned).await;
        Ok(())
    }

    async fn read(
        &self,
        context: &Context<'_>,
        state: S::Model,
        _saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<S::Model>, Diagnostics> {
        let error = match self.0.query(&context.operation, state.clone()).await {
            Ok(shown) => return Ok(Presence::Found(shown)),
            Err(error) => error,
        };
        if self.is_without_number(context, &error, &state).await? {
            let (space, number) = self.space_and_number(&state);
            return Ok(Presence::Gone(not_shown(space, number)));
        }
        Err(self.diagnose(context, &error, "read", &state).into())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        prior: S::Model,
        planned: S::Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        // What the service did not show before is planned as unknown.
        let planned = filled(&planned, &prior)?;
        if prior == planned {
            // The change concerns Terraform alone: timeouts, the role, what destroying does.
            saved.save(&planned);
            return Ok(());
        }
        let config = saved.config().cloned().unwrap_or_else(|| planned.clone());
        let (sent, changed) = self.with_present(context, &config, &planned).await?;
        self.write_setting(context, &config, &sent).await?;
        // Terraform takes no other values than those that it planned. The next refresh reads the others.
        saved.save(&planned);
        if !changed.is_empty() {
            context.warn(messages::changed_elsewhere(&self.name(&planned), &changed));
        }
        self.check_written(context, &config, &sent).await;
        Ok(())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        prior: S::Model,
        policy: &'static str,
    ) -> Result<(), Diagnostics> {
        debug_assert_eq!(policy, RESET, "the wrapper knows the other policies");
        let neutral = self.0.neutral(&prior);
        let name = self.name(&prior);
        if let Err(error) = self.0.write(&context.operation, &neutral, &neutral).await {
            if self.is_without_number(context, &error, &prior).await? {
                return Ok(());
            }
            return Err(self.diagnose(context, &error, "reset", &prior).into());
        }
        match self.look_at_written(context, &neutral).await {
            Look::AsWritten => {}
            Look::Differing(left) => context.warn(messages::not_reset(&name, S::WRITE, &left)),
            Look::Failed(why) => context.warn(messages::reset_not_read_back(&name, &why)),
        }
        Ok(())
    }
}

/// A planned model with what is unknown in it taken from another one.
fn filled<M: Model>(planned: &M, present: &M) -> Result<M, Diagnostics> {
    let present = Object::from_model(present);
    let mut object = Object::from_model(planned);
    let unknown: Vec<String> = object
        .iter()
        .filter(|(_, value)| value.is_unknown())
        .map(|(name, _)| name.to_string())
        .collect();
    for name in unknown {
        let value = present.get(&name).clone();
        object.set(name, value);
    }
    Ok(object.to_model()?)
}
