//! Resource `alicloud_cams_service`: activates Chat App Message Service for the account.
//!
//! There is no operation that deactivates it, so destroying leaves it active.

use alicloud::cams::service::OpenChatappService;
use async_trait::async_trait;
use framework::{Attribute, Block, Diagnostic, Diagnostics, Field, Type, timeouts::Timeout};
use serde::{Deserialize, Serialize};

use super::{
    data_source::{OPEN_STATUS, SITE},
    query::{open_status, site},
};
use crate::common::{
    Context, Key,
    deletion_policy::{ABANDON, DeletionPolicy, PREVENT},
    resource::{CamsResource, Presence, Saved},
};

/// The resource.
pub(crate) struct CamsService;

/// The state of the service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    open_status: Field<bool>,
    site: Field<String>,
}

#[async_trait]
impl CamsResource for CamsService {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_service";
    const PLURAL: &'static str = "activations of the service";
    const KEYS: &'static [Key] = &[];
    const TIMEOUTS: &'static [Timeout] =
        &[Timeout::new("create", "2m"), Timeout::new("read", "1m")];
    const DELETION: DeletionPolicy = DeletionPolicy {
        default: ABANDON,
        values: &[ABANDON, PREVENT],
        description: "What destroying does, as the service cannot be deactivated: `ABANDON` (default) removes the object from the state and leaves the service active, with a warning; `PREVENT` refuses to plan a destruction, by the value in state.",
    };
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:OpenChatappService",
        "cams:GetChatappOpenStatus",
        "cams:GetCustomerSite",
    ];

    fn block(&self) -> Block {
        Block::new(
            "Activates Chat App Message Service for the account, if it is not active. **Creating this resource agrees to the \
             terms of the service on behalf of the account, and cannot be undone:** no operation deactivates the service, so \
             destroying leaves it active. The account has to be enterprise-verified first, which only a person can do.",
        )
        .attribute(
            Attribute::computed("open_status", Type::Bool)
                .describe(OPEN_STATUS)
                .use_state_for_unknown(),
        )
        .attribute(
            Attribute::computed("site", Type::String)
                .describe(SITE)
                .use_state_for_unknown(),
        )
    }

    fn name(&self, _model: &Model) -> String {
        "Chat App Message Service".to_owned()
    }

    fn left_behind(&self, _model: &Model) -> String {
        "The service stays active for the account: no operation deactivates it.".to_owned()
    }

    async fn create(
        &self,
        context: &Context<'_>,
        _planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let operation = &context.operation;
        let mut model = Model::default();
        if !open_status(operation).await.map_err(|error| {
            let summary = "Cannot read the state of the service";
            context.diagnose(&error, summary, "the account", "open_status")
        })? {
            if let Err(error) = operation.call(&OpenChatappService {}).await {
                let opened =
                    error.outcome_unknown() && open_status(operation).await.unwrap_or(false);
                if !opened {
                    let summary = "Cannot activate Chat App Message Service";
                    return Err(context
                        .diagnose(&error, summary, "the account", "open_status")
                        .into());
                }
            }
            model.open_status = Field::Known(false);
            saved.save(&model);
            if !is_shown_open(context).await {
                context.warn(not_shown_yet());
                return Ok(());
            }
        }
        model.open_status = Field::Known(true);
        saved.save(&model);
        match site(operation).await {
            Ok(site) => {
                model.site = site.into();
                saved.save(&model);
            }
            Err(error) => {
                let summary = "The site of the account was not read";
                let read = context.diagnose(&error, summary, "the account", "site");
                context.warn(Diagnostic::warning(summary, read.detail));
            }
        }
        Ok(())
    }

    async fn read(
        &self,
        context: &Context<'_>,
        _state: Model,
        _saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<Model>, Diagnostics> {
        let failed = |error| {
            let summary = "Cannot read the state of the service";
            context.diagnose(&error, summary, "the account", "open_status")
        };
        if !open_status(&context.operation).await.map_err(failed)? {
            let why = "Chat App Message Service is not active for the account.";
            return Ok(Presence::Gone(why.to_owned()));
        }
        Ok(Presence::Found(Model {
            open_status: Field::Known(true),
            site: site(&context.operation).await.map_err(failed)?.into(),
        }))
    }

    /// What can change in place concerns Terraform alone.
    async fn update(
        &self,
        _context: &Context<'_>,
        _prior: Model,
        planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        saved.save(&planned);
        Ok(())
    }

    async fn delete(
        &self,
        _context: &Context<'_>,
        _prior: Model,
        policy: &'static str,
    ) -> Result<(), Diagnostics> {
        unreachable!("the service has no policy {policy}: it cannot be deactivated")
    }
}

/// Looks until the service shows that it is active, for a short while. What keeps it from looking shows at the next refresh.
async fn is_shown_open(context: &Context<'_>) -> bool {
    let mut looks = context.looks_after_write();
    while let Ok(true) = looks.next().await {
        match open_status(&context.operation).await {
            Ok(true) => return true,
            Ok(false) => {}
            Err(_) => return false,
        }
    }
    false
}

fn not_shown_yet() -> Diagnostic {
    Diagnostic::warning(
        "The service does not show as active yet",
        "OpenChatappService succeeded, but GetChatappOpenStatus does not say yet that the service is active. The object is in \
         the state with `open_status = false`.\n\nRun terraform plan again in some minutes. Until the service is \
         active, the plan creates it again, which does no harm.\n\n  Action:  OpenChatappService\n  Code:    \
         Provider.NotShownYet",
    )
}
