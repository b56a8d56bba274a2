//! `alicloud_cams_waba_binding`: a WhatsApp Business Account (WABA), bound to the Alibaba Cloud account.
//!
//! What the service offers, and so what this resource can promise (CAMS API 2020-06-06):
//!
//! * Binding is one call, `ChatappBindWaba`. It has no idempotency token, and what a second bind of the same WABA does is
//!   not documented. So the account is searched for the WABA before a bind, and after one whose outcome is unknown (`bind`,
//!   `space_search`).
//! * Reading is `QueryChatappBindWaba` by the space (`CustSpaceId`) that the bind returned. A space can be bound to
//!   another WABA in the console; that is drift, and shows as a replacement. How the service responds for a space without
//!   a WABA is not documented; every form of "no `Id`" is taken as gone, unless no query has shown the binding yet, and
//!   every error code as an error.
//! * **Destroying**: there is no operation to unbind. With `deletion_policy = "ABANDON"` the binding leaves the state and
//!   stays in the cloud, and the practitioner is warned; with `"PREVENT"` destroying and replacing are refused in the plan.

use async_trait::async_trait;

use super::{
    bind::{self, IfBound},
    messages,
    model::{self, IGNORE, Model, REFUSE},
    query::{query, unread},
    space_search::{AccountSpaces, Search},
};
use crate::common::{
    Context, Key,
    deletion_policy::{ABANDON, DeletionPolicy, PREVENT},
    error_diagnostics::add_to_first_paragraph,
    resource::{CamsResource, Plan, Presence, Saved},
    space::{self, CUST_SPACE_ID},
    space_list::concerns_one_space,
    text_of,
};
use alicloud::cams::waba::Waba;
use framework::{Block, Diagnostic, Diagnostics, timeouts::Timeout};

/// The resource.
pub(crate) struct CamsWabaBinding;

#[async_trait]
impl CamsResource for CamsWabaBinding {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_waba_binding";
    const PLURAL: &'static str = "WABA bindings";
    /// The space exists while the binding exists, also with another WABA.
    const KEYS: &'static [Key] = &[space::KEY];
    const TIMEOUTS: &'static [Timeout] = &[
        Timeout::new("create", "5m"),
        Timeout::new("read", "2m"),
        Timeout::new("delete", "1m"),
    ];
    const DELETION: DeletionPolicy = DeletionPolicy {
        default: ABANDON,
        values: &[ABANDON, PREVENT],
        description: "What destroying does, as the service cannot unbind: `ABANDON` (default) removes the binding from state and leaves it in the cloud, with a warning; `PREVENT` refuses to plan a destruction or replacement, by the value in state.",
    };
    /// With the list the resource finds out by itself whether a bind without a response took place.
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:ChatappBindWaba",
        "cams:QueryChatappBindWaba",
        "cams:ListInstance",
    ];

    fn block(&self) -> Block {
        model::block()
    }

    fn name(&self, model: &Model) -> String {
        match model.waba_id.as_deref() {
            Some(waba_id) => format!("WABA {waba_id}"),
            None => format!("the WABA of space {}", text_of(&model.cust_space_id)),
        }
    }

    fn left_behind(&self, model: &Model) -> String {
        messages::stays_bound(text_of(&model.waba_id), text_of(&model.cust_space_id))
    }

    fn plan(&self, plan: &mut Plan<'_, Model>) {
        // A space whose WABA was changed in the console looks like a change of the configuration.
        if let Some(prior) = plan.prior.as_ref().filter(|_| plan.planned.is_some()) {
            let (held, space) = (text_of(&prior.waba_id), text_of(&prior.cust_space_id));
            plan.advice = Some(messages::keep(held, space));
        }
    }

    async fn create(
        &self,
        context: &Context<'_>,
        mut model: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let waba_id = text_of(&model.waba_id).to_owned();
        let spaces = context.shared::<AccountSpaces>();
        let replaced = spaces.replaced(&waba_id);
        let if_bound = match model.existing_binding.as_deref() {
            Some(REFUSE) => IfBound::Refuse,
            Some(IGNORE) => IfBound::Ignore,
            _ => IfBound::Adopt,
        };
        let isv_code = model.isv_code.as_deref().map(str::to_owned);
        let search = Search {
            context,
            spaces: &spaces,
            waba_id: &waba_id,
            isv_code: isv_code.as_deref(),
            except: replaced.as_deref(),
        };
        let bound = bind::bind(&search, if_bound).await?;

        // The binding exists now. It goes into the state before anything else can happen.
        let space = bound.cust_space_id.as_str();
        let known = bound.waba.clone();
        model.fill(space, &known.unwrap_or_else(|| unread(&bound.waba_id)));
        saved.save(&model);
        if let Some(warning) = bound.warning {
            context.warn(warning);
        }
        if bound.waba_id != waba_id {
            return Err(messages::another_waba_was_bound(&waba_id, &bound.waba_id, space).into());
        }
        if bound.waba.is_some() {
            return Ok(());
        }
        match look_up_fresh(&search, space).await {
            Ok(waba) => {
                model.fill(space, &waba);
                saved.save(&model);
            }
            Err(why) => context.warn(messages::bound_but_not_read(&waba_id, space, &why)),
        }
        Ok(())
    }

    async fn read(
        &self,
        context: &Context<'_>,
        mut model: Model,
        _saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<Model>, Diagnostics> {
        let space = text_of(&model.cust_space_id).to_owned();
        let found = query(&context.operation, &space, model.isv_code.as_deref()).await;
        let found = found.map_err(|error| {
            let summary = format!("Cannot read the binding of {space}");
            let subject = format!("space {space}");
            let mut diagnostic = context.diagnose(&error, &summary, &subject, CUST_SPACE_ID);
            if context.importing
                && concerns_one_space(&error)
                && let Some(hint) = messages::looks_like_a_waba(&space)
            {
                add_to_first_paragraph(&mut diagnostic.detail, hint);
            }
            diagnostic
        })?;
        match found {
            Some(waba) => {
                if let Some(stored) = model.waba_id.as_deref().filter(|stored| *stored != waba.id) {
                    context.warn(messages::rebound(stored, &waba.id, &space));
                }
                model.fill(&space, &waba);
                Ok(Presence::Found(model))
            }
            None if context.importing => Ok(Presence::Gone(messages::no_waba_to_import(&space))),
            None if model.is_unread() => {
                context.warn(messages::not_shown_yet(text_of(&model.waba_id), &space));
                Ok(Presence::Found(model))
            }
            None => Ok(Presence::Gone(messages::no_waba(
                text_of(&model.waba_id),
                &space,
            ))),
        }
    }

    /// What can change in place concerns Terraform alone: how to read and as whom, how long to wait, what destroying does.
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
        unreachable!("a binding has no policy {policy}: the service cannot unbind")
    }

    /// The create that follows a delete may be for the same WABA. The create must not adopt the space that is being replaced: if
    /// it were adopted, nothing would have been replaced. After a plain destruction it is one: a resource that was renamed
    /// without a `moved` block finds its binding again. So does the replacement of a tainted object, which may be tainted
    /// by nothing but a failure after the bind; and with `create_before_destroy` the create comes first and cannot know.
    fn abandoned(&self, context: &Context<'_>, prior: &Model, replacing: bool) {
        if replacing {
            context
                .shared::<AccountSpaces>()
                .note_replaced(text_of(&prior.waba_id), text_of(&prior.cust_space_id));
        }
    }
}

/// Looks a fresh binding up until the service shows it, for a short while. An error is a paragraph or more.
async fn look_up_fresh(search: &Search<'_>, space: &str) -> Result<Box<Waba>, String> {
    let context = search.context;
    let mut seen = None;
    let mut looks = context.looks_after_write();
    while let Ok(true) = looks.next().await {
        match query(&context.operation, space, search.isv_code).await {
            Ok(Some(waba)) if waba.id == search.waba_id => return Ok(waba),
            Ok(other) => seen = other.map(|waba| waba.id),
            Err(error) => {
                let read: Diagnostic =
                    context.diagnose(&error, "", &format!("space {space}"), CUST_SPACE_ID);
                return Err(read.detail);
            }
        }
    }
    Err(match seen {
        None => format!("The service does not show a WABA in space {space} yet."),
        Some(id) => format!("The service shows WABA {id} in space {space}."),
    })
}
