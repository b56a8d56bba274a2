//! `alicloud_cams_waba_binding`: a WhatsApp Business Account (WABA), bound to the Alibaba Cloud account.
//!
//! What the service offers, and so what this resource can promise (CAMS API 2020-06-06):
//!
//! * Binding is one call, `ChatappBindWaba`. It has no idempotency token, and what a second bind of the same WABA does is
//!   not documented. So the account is searched for the WABA before a bind, and after one whose outcome is unknown (`bind`,
//!   `space_search`).
//! * Reading is `QueryChatappBindWaba` by the space (`CustSpaceId`) that the bind returned. A space can be bound to
//!   another WABA in the console; that is drift, and shows as a replacement. How the service answers for a space without
//!   a WABA is not documented; every form of "no `Id`" is taken as gone, unless no query has shown the binding yet, and
//!   every error code as an error.
//! * **Destroying**: there is no operation to unbind. With `deletion_policy = "ABANDON"` the binding leaves the state and
//!   stays in the cloud, and the practitioner is warned; with `"PREVENT"` destroying and replacing are refused in the plan.
//!
//! Must not contain: another resource, sockets, clocks.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use super::{
    bind::{self, Bound, IfBound},
    space_search::{AccountSpaces, Search},
    waba_attributes::{self, FROM_QUERY},
};
use crate::common::{
    Connection, account_id as account, assume_role as role,
    error_diagnostics::{Attempted, diagnose},
};
use alicloud::{Operation, RoleClients, cams::waba::Waba};
use framework::{
    Attribute, AttributePath, Block, CreateRequest, DeleteRequest, Diagnostic, Diagnostics,
    IdentityAttribute, IdentitySchema, IdentityType, ImportRequest, MoveSource, Nesting, Object,
    PlanRequest, PlanResponse, ReadRequest, Resource, Schema, SourceVersions, StateResponse, Type,
    UpdateRequest, Value,
    schema::Validator,
    timeouts::{self, Timeout},
};

/// The resource.
#[derive(Default)]
pub(crate) struct CamsWabaBinding;

const CREATE: Timeout = Timeout {
    operation: "create",
    default: "5m",
};
const READ: Timeout = Timeout {
    operation: "read",
    default: "2m",
};
const DELETE: Timeout = Timeout {
    operation: "delete",
    default: "1m",
};

/// The attribute that names a binding, in state and as its identity.
const CUST_SPACE_ID: &str = "cust_space_id";

/// The attribute of an identity that says as whom to import.
const ROLE_ARN: &str = "role_arn";

/// The end of this provider's source address, whatever registry it comes from.
const ADDRESS: &str = "/alicloud-cams/alicloud";

const EXISTING_BINDING: &str = "existing_binding";
const ADOPT: &str = "ADOPT";
const REFUSE: &str = "REFUSE";
const IGNORE: &str = "IGNORE";

const ABANDON: &str = "ABANDON";
const PREVENT: &str = "PREVENT";

/// How often a fresh binding is looked up before the rest of its attributes is left to the next refresh, and how long
/// to wait in between. That a read right after the bind may lag is not documented, only possible.
const LOOKUPS_AFTER_BIND: u32 = 6;
const PAUSE_AFTER_BIND: Duration = Duration::from_millis(500);

/// What the resource needs at its best: with the list it finds out by itself whether an unanswered bind took place.
pub(super) const RAM_ACTIONS: [&str; 3] = [
    "cams:ChatappBindWaba",
    "cams:QueryChatappBindWaba",
    "cams:ListInstance",
];

#[async_trait]
impl Resource for CamsWabaBinding {
    type Client = Connection;

    fn type_name(&self) -> &'static str {
        "alicloud_cams_waba_binding"
    }

    fn schema(&self) -> Schema {
        let block = Block::new(
            "Binds a WhatsApp Business Account (WABA) to the Alibaba Cloud account, and yields the `CustSpaceId` that all \
             further calls of Chat App Message Service need. The WABA's owner has to finish Meta's embedded signup \
             first. The service has no operation to unbind: destroying leaves the binding where it is.",
        )
        .attribute(
            Attribute::required("waba_id", Type::String)
                .describe("ID of the WABA at Meta, 1 to 32 decimal digits. A change binds the new WABA to a new space; the old binding stays.")
                .requires_replace()
                .validate(Validator::text(|text| {
                    if (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
                        return Ok(());
                    }
                    Err(format!("must be the WABA's ID at Meta, 1 to 32 decimal digits, but is \"{text}\""))
                })),
        )
        .attribute(
            Attribute::optional("isv_code", Type::String)
                .describe("ISV verification code, which shows that the sub-account is authorised by the ISV. Sent when the binding is read.")
                .sensitive()
                .validate(Validator::text(|text| {
                    if text.is_empty() { Err("must not be empty; leave it out instead".to_owned()) } else { Ok(()) }
                })),
        )
        .attribute(
            Attribute::optional("deletion_policy", Type::String)
                .describe("What destroying does, as the service cannot unbind: `ABANDON` (default) removes the binding from state and leaves it in the cloud, with a warning; `PREVENT` refuses to plan a destruction or replacement, by the value in state.")
                .default(ABANDON)
                .validate(Validator::one_of(&[ABANDON, PREVENT])),
        )
        .attribute(
            Attribute::optional(EXISTING_BINDING, Type::String)
                .describe("What creating does if a space of the account already holds the WABA. `ADOPT` (default) takes that binding into the state, with a warning; `REFUSE` ends with an error that shows how to import it; `IGNORE` does not look, and binds, which may make a second permanent space. Needs the RAM action `cams:ListInstance`, except with `IGNORE`.")
                .default(ADOPT)
                .validate(Validator::one_of(&[ADOPT, REFUSE, IGNORE])),
        )
        .attribute(
            Attribute::computed("id", Type::String).describe("Same as `cust_space_id`.").use_state_for_unknown(),
        )
        .attribute(
            Attribute::computed("cust_space_id", Type::String)
                .describe("ID of the space that the WABA is bound to (`CustSpaceId`); the channel ID of the console.")
                .use_state_for_unknown(),
        );
        let block = block
            .attribute(role::attribute())
            .attribute(account::attribute());
        let block = FROM_QUERY
            .iter()
            .fold(block, |block, (name, _, description)| {
                block.attribute(
                    Attribute::computed(name, Type::String)
                        .describe(*description)
                        .use_state_for_unknown(),
                )
            });
        Schema::new(block.nested(
            timeouts::NAME,
            Nesting::OPTIONAL,
            timeouts::block(&[CREATE, READ, DELETE]),
        ))
    }

    /// The space: it is there for as long as the binding is, whatever WABA is bound to it; and its account, once that is
    /// known. The role is none of it: another one of the same account reaches the same binding.
    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(IdentitySchema::new(vec![
            IdentityAttribute::required(
                CUST_SPACE_ID,
                IdentityType::String,
                "ID of the space that the WABA is bound to (`CustSpaceId`); the channel ID of the console.",
            ),
            IdentityAttribute::optional(
                account::NAME,
                IdentityType::String,
                "ID of the account that the space belongs to. Given with an import, it is checked.",
            ),
            IdentityAttribute::only_for_import(
                ROLE_ARN,
                IdentityType::String,
                "ARN of the role to assume, for a binding in the account of a role. It becomes `assume_role`.",
            ),
        ]))
    }

    fn modify_plan(&self, request: &PlanRequest<'_, Self::Client>, response: &mut PlanResponse) {
        if let (Some(prior), Some(planned)) = (request.prior, &mut response.planned) {
            let accounts = request.client.and_then(Connection::accounts);
            let own = accounts.and_then(RoleClients::configured_account);
            response
                .requires_replace
                .extend(account::plan(prior, planned, own));
            if let Some(told) = account::unforeseen(planned) {
                response.diagnostics.push(told);
            }
        }
        match (request.prior.map(Kept::from_state), &response.planned) {
            (Some(kept), None) => response.diagnostics.push(kept.on_destroy(Moment::Plan)),
            (Some(kept), Some(_)) => {
                if !response.requires_replace.is_empty() {
                    let told = kept.on_replace().at(AttributePath::attribute("waba_id"));
                    response.diagnostics.push(told);
                }
                response.private = Some(kept.to_private());
            }
            // The second plan of a replacement. Only here does `-replace` or `replace_triggered_by` show. Terraform
            // prints the errors of this plan but not its warnings, so a replacement that is merely warned about is told
            // above or, if it was asked for in one of these ways, when it is applied.
            (None, Some(_)) => {
                let replaced = request.prior_private.and_then(Kept::from_private);
                // Passed on to the delete, which tells the create; the create itself does not get it.
                response.private = replaced.as_ref().map(Kept::to_private);
                if let Some(kept) = replaced.filter(|kept| kept.prevents) {
                    response.diagnostics.push(kept.on_replace());
                }
            }
            (None, None) => {}
        }
    }

    async fn create(
        &self,
        connection: &Connection,
        request: CreateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let waba_id = request
            .planned
            .text("waba_id")
            .unwrap_or_default()
            .to_owned();
        let operation = connection.operation(&request.planned, CREATE.of(&request.planned))?;
        let account = role::account(&request.planned);
        let spaces = connection
            .run()?
            .of_account::<AccountSpaces>(account.as_deref());
        let replaced = spaces.replaced(&waba_id);
        let if_bound = match request.planned.text(EXISTING_BINDING) {
            Some(REFUSE) => IfBound::Refuse,
            Some(IGNORE) => IfBound::Ignore,
            _ => IfBound::Adopt,
        };
        let mut state = request.planned;
        let isv_code = state.text("isv_code").map(str::to_owned);
        let role_arn = role::arn(&state).map(str::to_owned);
        let search = Search {
            operation: &operation,
            spaces: &spaces,
            waba_id: &waba_id,
            isv_code: isv_code.as_deref(),
            role_arn: role_arn.as_deref(),
            except: replaced.as_deref(),
        };
        let bound = bind::bind(&search, if_bound).await?;

        // The binding exists now. It goes into state before anything else can happen.
        state.set("waba_id", bound.waba_id.as_str());
        state.set("id", bound.cust_space_id.as_str());
        state.set("cust_space_id", bound.cust_space_id.as_str());
        account::note(connection, &mut state);
        let unread = waba_attributes::unread(&bound.waba_id);
        waba_attributes::fill(bound.waba.as_ref().unwrap_or(&unread), &mut state);
        response.state = Some(state.clone());
        response.warnings.extend(bound.warning.clone());

        if bound.waba_id != waba_id {
            return Err(another_waba_was_bound(&waba_id, &bound));
        }
        if bound.waba.is_some() {
            return Ok(());
        }
        match look_up_fresh(&search, &bound).await {
            Ok(waba) => {
                waba_attributes::fill(&waba, &mut state);
                response.state = Some(state);
            }
            Err(why) => response.warnings.push(Diagnostic::warning(
                "WhatsApp Business Account is bound, but could not be read yet",
                format!(
                    "WABA {waba_id} is bound to the space {} and saved in state. Attributes such as `waba_name` stay \
                     null until the next refresh, because reading them did not succeed:\n\n{why}",
                    bound.cust_space_id
                ),
            )),
        }
        Ok(())
    }

    async fn read(
        &self,
        connection: &Connection,
        request: ReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let mut state = request.state;
        let space = state
            .text("cust_space_id")
            .or_else(|| state.text("id"))
            .unwrap_or_default()
            .to_owned();
        if space.is_empty() {
            return Err(Diagnostic::error(
                "Unable to read the binding of the WhatsApp Business Account",
                "The stored state has no `cust_space_id`, so there is nothing to look up. Remove the object with \
                 `terraform state rm`, and import it by its CustSpaceId.",
            )
            .into());
        }
        let operation = connection.operation(&state, READ.of(&state))?;
        let limit = account::Limit {
            time: READ.of(&state),
            attribute: "timeouts.read",
        };
        if request.importing {
            // What an identity says of the account is not taken on trust.
            account::surely_reachable(connection, &state, true, limit).await?;
        } else {
            account::reachable(connection, &state, false)?;
        }
        let found = query(&operation, &space, state.text("isv_code"), "timeouts.read").await.map_err(|mut diagnostic| {
            if !request.importing {
                diagnostic.detail.push_str(
                    "\n\nThe object stays in state as it was: only a clear answer that nothing is bound removes it.",
                );
            }
            diagnostic
        })?;
        match found {
            Some(waba) => {
                account::note(connection, &mut state);
                describe(&mut state, &space, &waba);
                response.state = Some(state);
                Ok(())
            }
            None if request.importing => Err(Diagnostic::error(
                "Nothing to import",
                format!(
                    "The service answered that no WABA is bound to the space \"{space}\". The import ID is the \
                     CustSpaceId of a binding, which the console shows as the channel ID in Channel Management; it is \
                     neither the WABA ID nor the name of the channel. Check it for typing errors, and that the provider \
                     uses the account that the channel belongs to."
                ),
            )
            .into()),
            None if waba_attributes::is_unread(&state) => {
                response.warnings.push(not_shown_yet(&state, &space));
                response.state = Some(state);
                Ok(())
            }
            None => {
                account::surely_reachable(connection, &state, false, limit).await?;
                response.state = None;
                Ok(())
            }
        }
    }

    /// What can change in place concerns Terraform alone: how to read and as whom, how long to wait, what destroying does.
    async fn update(
        &self,
        connection: &Connection,
        request: UpdateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let UpdateRequest {
            prior, mut planned, ..
        } = request;
        let limit = account::Limit {
            time: READ.of(&planned),
            attribute: "timeouts.read",
        };
        let account = account::unchanged(connection, &prior, &planned, limit).await?;
        if planned.get(account::NAME).is_unknown() {
            planned.set(account::NAME, account.map_or(Value::Null, Value::from));
        }
        response.state = Some(planned);
        Ok(())
    }

    async fn delete(
        &self,
        connection: &Connection,
        request: DeleteRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let kept = Kept::from_state(&request.prior);
        // A delete with private data is the first half of a replacement that the user asked for, by `-replace` or by a change
        // that replaces. The create that follows may be for the same WABA. The space that is being replaced is no answer to
        // it: if it were adopted, nothing would have been replaced. A plain destruction has none: a resource that was renamed
        // without a `moved` block finds its binding again. So does the replacement of a tainted object, which may be tainted
        // by nothing but a failure after the bind; and with `create_before_destroy` the create comes first and cannot know.
        if let Some(replaced) = request
            .planned_private
            .as_ref()
            .and_then(Kept::from_private)
            && let Ok(run) = connection.run()
        {
            let account = role::account(&request.prior);
            let spaces = run.of_account::<AccountSpaces>(account.as_deref());
            spaces.note_replaced(&replaced.waba_id, &replaced.cust_space_id);
        }
        let told = kept.on_destroy(Moment::Apply);
        if kept.prevents {
            return Err(told.into());
        }
        response.warnings.push(told);
        Ok(())
    }

    fn import(&self, request: ImportRequest) -> Result<Object, Diagnostics> {
        let (role, id, account) = match &request {
            ImportRequest::Id(id) => {
                let (role, id) = role::of_import_id(id)?;
                (role, id, None)
            }
            ImportRequest::Identity(identity) => {
                let role = role::of_identity(identity.text(ROLE_ARN))?;
                let account = account::of_identity(identity.text(account::NAME), role.as_ref())?;
                let id = identity.text(CUST_SPACE_ID).unwrap_or_default();
                (role, id, account)
            }
        };
        let what = match &request {
            ImportRequest::Id(_) => "import ID",
            ImportRequest::Identity(_) => "identity attribute `cust_space_id`",
        };
        if id.is_empty() || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Diagnostic::error(
                format!("Invalid {}", what.replace('`', "")),
                format!(
                    "The {what} of this resource is the CustSpaceId of the binding, for example \"cams-8filvjc8snw\", \
                     without blanks; \"{}\" is not one. The console shows it as the channel ID in Channel Management. In an \
                     import ID of a binding in a role's account the role's ARN and a slash come before it; in an identity \
                     it is `role_arn`.",
                    id.escape_debug()
                ),
            )
            .into());
        }
        let mut state = imported(id);
        if let Some(account) = account {
            state.set(account::NAME, account);
        }
        if let Some(arn) = role {
            state.set(account::NAME, arn.account_id());
            state.set(role::NAME, role::with_arn(&arn));
        }
        Ok(state)
    }

    /// Should the official provider, or another, come to have this resource, its bindings are these bindings.
    fn move_source(&self, source: &MoveSource) -> Option<SourceVersions> {
        let ours = source.provider_address.ends_with(ADDRESS);
        Some(if ours {
            SourceVersions::Ours
        } else {
            SourceVersions::Foreign
        })
    }

    fn moved(&self, mut state: Object) -> Result<Object, Diagnostics> {
        let (id, space) = (state.text("id"), state.text(CUST_SPACE_ID));
        let Some(space) = space.or(id).filter(|space| !space.is_empty()) else {
            return Err(Diagnostic::error(
                "Unable to move the state",
                "The state has neither `cust_space_id` nor `id`, so it names no binding. Remove the `moved` block, and import \
                 the binding by its CustSpaceId.",
            )
            .into());
        };
        if let Some(id) = id.filter(|id| *id != space) {
            return Err(Diagnostic::error(
                "Unable to move the state",
                format!(
                    "The state has the `cust_space_id` \"{space}\" and the `id` \"{id}\"; of a binding, both are the \
                     CustSpaceId. Remove the `moved` block, and import the binding by its CustSpaceId."
                ),
            )
            .into());
        }
        let space = space.to_owned();
        state.set("id", space.as_str());
        state.set(CUST_SPACE_ID, space);
        for (argument, default) in [("deletion_policy", ABANDON), (EXISTING_BINDING, ADOPT)] {
            if state.get(argument).is_null() {
                state.set(argument, default);
            }
        }
        Ok(state)
    }
}

/// The state of a binding that was not stored before: its space, and what the configuration says by default, so that the
/// plan after an import shows no change.
pub(super) fn imported(cust_space_id: &str) -> Object {
    let mut state = Object::new();
    state.set("id", cust_space_id);
    state.set(CUST_SPACE_ID, cust_space_id);
    state.set("deletion_policy", ABANDON);
    state.set(EXISTING_BINDING, ADOPT);
    state
}

/// Writes what the service says of a binding.
pub(super) fn describe(state: &mut Object, cust_space_id: &str, waba: &Waba) {
    // Another WABA than the state's is drift. With its ID in state, the plan shows the difference.
    state.set("waba_id", waba.id.as_str());
    state.set("id", cust_space_id);
    state.set(CUST_SPACE_ID, cust_space_id);
    waba_attributes::fill(waba, state);
}

fn another_waba_was_bound(asked: &str, bound: &Bound) -> Diagnostics {
    let Bound {
        cust_space_id,
        waba_id,
        ..
    } = bound;
    Diagnostic::error(
        "Another WhatsApp Business Account was bound",
        format!(
            "ChatappBindWaba was asked to bind WABA {asked}, but the service answered that WABA {waba_id} is bound to the \
             space {cust_space_id}. The space is saved in state, marked as tainted. Check in Channel Management of the \
             console what is bound there, and report the case to Alibaba Cloud support. To keep the object as it is, set \
             `waba_id` to {waba_id} and run `terraform untaint`."
        ),
    )
    .at(AttributePath::attribute("waba_id"))
    .into()
}

/// A bind made the space, and no query has shown a WABA in it since. A service that is behind says the same as one that
/// has lost the binding; taken as gone, a binding that exists would leave the state, and the next apply would bind again.
fn not_shown_yet(state: &Object, space: &str) -> Diagnostic {
    let waba_id = state.text("waba_id").unwrap_or("(unknown)");
    Diagnostic::warning(
        "The service does not show the binding yet",
        format!(
            "WABA {waba_id} was bound to the space {space}, but the service has not shown a WABA in that space since. It may \
             be behind, so the object stays in state; another refresh shows. If it stays so, look in Channel Management of \
             the console (https://chatapp.console.alibabacloud.com) for the channel {space}. If it is not there, remove the \
             object, and apply again:\n\n  terraform state rm 'alicloud_cams_waba_binding.NAME'\n  terraform apply"
        ),
    )
}

/// Looks a fresh binding up until the service shows it, for a short while.
async fn look_up_fresh(search: &Search<'_>, bound: &Bound) -> Result<Box<Waba>, String> {
    let Search {
        operation,
        isv_code,
        ..
    } = *search;
    let space = &bound.cust_space_id;
    let mut seen = None;
    for attempt in 0..LOOKUPS_AFTER_BIND {
        if attempt > 0 && operation.pause(PAUSE_AFTER_BIND * attempt).await.is_err() {
            break;
        }
        match query(operation, space, isv_code, "timeouts.create").await {
            Ok(Some(waba)) if waba.id == bound.waba_id => return Ok(waba),
            Ok(other) => seen = other.map(|waba| waba.id),
            Err(diagnostic) => return Err(diagnostic.detail),
        }
    }
    Err(match seen {
        None => format!("The service does not show a WABA in the space {space} yet."),
        Some(id) => format!("The service shows WABA {id} in the space {space}."),
    })
}

/// The WABA that is bound to a space, `None` if there is none.
async fn query(
    operation: &Operation,
    space: &str,
    isv_code: Option<&str>,
    limit: &str,
) -> Result<Option<Box<Waba>>, Diagnostic> {
    let attempted = Attempted {
        summary: "Unable to read the binding of the WhatsApp Business Account",
        subject: &format!("the space {space}"),
        attribute: AttributePath::attribute("cust_space_id"),
        limit,
        ram_actions: &RAM_ACTIONS,
    };
    let found = waba_attributes::query(operation, space, isv_code).await;
    found.map_err(|error| diagnose(&error, &attempted))
}

/// What matters of an existing binding when it is to go.
struct Kept {
    cust_space_id: String,
    waba_id: String,
    prevents: bool,
}

#[derive(Clone, Copy)]
enum Moment {
    Plan,
    Apply,
}

impl Kept {
    fn from_state(state: &Object) -> Self {
        let text = |name| state.text(name).unwrap_or("(unknown)").to_owned();
        Self {
            cust_space_id: text("cust_space_id"),
            waba_id: text("waba_id"),
            prevents: state.text("deletion_policy") == Some(PREVENT),
        }
    }

    fn to_private(&self) -> Json {
        json!({ "cust_space_id": self.cust_space_id, "waba_id": self.waba_id, "prevents": self.prevents })
    }

    fn from_private(private: &Json) -> Option<Self> {
        Some(Self {
            cust_space_id: private.get("cust_space_id")?.as_str()?.to_owned(),
            waba_id: private.get("waba_id")?.as_str()?.to_owned(),
            prevents: private.get("prevents")?.as_bool()?,
        })
    }

    fn on_destroy(&self, moment: Moment) -> Diagnostic {
        let Self {
            cust_space_id,
            waba_id,
            prevents,
        } = self;
        if *prevents {
            return Diagnostic::error(
                "Binding is protected from destruction",
                format!(
                    "WABA {waba_id} is bound to the space {cust_space_id} with `deletion_policy = \"{PREVENT}\"`, so the \
                     binding is not destroyed. To let it go from state (the service itself cannot unbind), first apply \
                     `deletion_policy = \"{ABANDON}\"`, then destroy."
                ),
            )
            .at(AttributePath::attribute("deletion_policy"));
        }
        let (summary, stays) = match moment {
            Moment::Plan => (
                "Destroying will leave the binding in the cloud",
                "will stay bound",
            ),
            Moment::Apply => ("The binding was left in the cloud", "is still bound"),
        };
        Diagnostic::warning(
            summary,
            format!(
                "WABA {waba_id} {stays} to the space {cust_space_id}: Chat App Message Service has no operation to \
                 unbind, so only the Terraform state changes. {RELEASE}"
            ),
        )
    }

    fn on_replace(&self) -> Diagnostic {
        let Self {
            cust_space_id,
            waba_id,
            prevents,
        } = self;
        if *prevents {
            return Diagnostic::error(
                "Binding is protected from replacement",
                format!(
                    "WABA {waba_id} is bound to the space {cust_space_id} with `deletion_policy = \"{PREVENT}\"`, and \
                     this plan would replace the binding. Keep `waba_id` as it is (if the WABA of the space was changed \
                     in the console, set `waba_id` to {waba_id}) and the account of `assume_role`, too, or first apply `deletion_policy = \"{ABANDON}\"`, \
                     then replace."
                ),
            );
        }
        Diagnostic::warning(
            "Replacing will leave the old binding in the cloud",
            format!(
                "WABA {waba_id} will stay bound to the space {cust_space_id}: Chat App Message Service has no operation \
                 to unbind. The replacement binds to a space of its own, so everything that uses the CustSpaceId has to \
                 follow. {RELEASE}"
            ),
        )
    }
}

const RELEASE: &str = "To release it by hand, delete the channel with this ID in Channel Management of the console \
                       (https://chatapp.console.alibabacloud.com), which is permanent; whether the WABA can be bound \
                       again afterwards is not documented.";
