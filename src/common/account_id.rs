//! `account_id` of a resource: the account that owns the object, and whether a change would lead to another one.
//!
//! An object belongs to the account of the resource's role or, without a role, to that of the provider's credentials. The
//! first stands in the role's ARN. The second may be in the configuration or not known at all, and is asked for only
//! where an object could be lost without it: when a role comes or goes, and before an object counts as gone.
//!
//! Must not contain: where credentials come from, or the operations of a single resource.

use std::time::Duration;

use super::{
    Connection, assume_role as role,
    error_diagnostics::{Attempted, add_to_first_paragraph, diagnose, labelled},
    waiting,
};
use alicloud::{
    RoleClients,
    credentials::{AccountRule, RoleArn},
};
use framework::{Attribute, AttributePath, Diagnostic, Diagnostics, Object, Type, Value};

/// The name of the attribute.
pub(crate) const NAME: &str = "account_id";

/// The attribute.
pub(crate) fn attribute() -> Attribute {
    Attribute::computed(NAME, Type::String)
        .describe("ID of the account that the object belongs to, as far as it is known; else null.")
        .use_state_for_unknown()
}

/// The account of an object that exists, as far as the state has it.
pub(crate) fn stored_account_id(state: &Object) -> Option<String> {
    let noted = state.text(NAME).map(str::to_owned);
    noted.or_else(|| role::account(state))
}

/// The account that an identity names for an import, beside the role that it names.
///
/// # Errors
///
/// If this is no account ID, or the role is one of another account.
pub(crate) fn of_identity(
    account: Option<&str>,
    role: Option<&RoleArn>,
) -> Result<Option<String>, Diagnostics> {
    let Some(account) = account else {
        return Ok(None);
    };
    let shown = account.escape_debug();
    let fault = if !AccountRule::is_account_id(account) {
        format!("has decimal digits only, but is \"{shown}\".")
    } else {
        match role {
            Some(role) if role.account_id() != account => format!(
                "is {shown}, but the role {role} belongs to account {}. Set `role_arn` to a role of account {shown}, or leave \
                 one of the two out.",
                role.account_id()
            ),
            _ => return Ok(Some(account.to_owned())),
        }
    };
    Err(Diagnostic::error(
        "Invalid identity attribute account_id",
        format!(
            "The identity attribute `account_id` {fault} Nothing was read.\n\n  Code: Provider.InvalidIdentity"
        ),
    )
    .into())
}

/// The account in which the provider acts on an object; `own` is the account of the provider's credentials.
fn acting(object: &Object, own: Option<String>) -> Option<String> {
    match object.get(role::NAME) {
        Value::Null => own,
        _ => role::account(object),
    }
}

/// The account in which the provider acts on an object, as far as it is known by now.
pub(crate) fn known_account_id(connection: &Connection, object: &Object) -> Option<String> {
    let own = connection.accounts().and_then(RoleClients::known_account);
    acting(object, own)
}

/// Saves the account in which an object was found or made, unless the state has it.
pub(crate) fn save_account_id(connection: &Connection, state: &mut Object) {
    if state.text(NAME).is_none() {
        let account = known_account_id(connection, state).map_or(Value::Null, Value::from);
        state.set(NAME, account);
    }
}

/// Plans the account of an object that exists. Returns the attribute that moves the object to another account, if both
/// accounts are known. Pure; `own` is the account of the provider block.
pub(crate) fn plan_account_id(
    prior: &Object,
    planned: &mut Object,
    own: Option<&str>,
) -> Option<AttributePath> {
    let before = stored_account_id(prior);
    let after = acting(planned, own.map(str::to_owned));
    let (had, has) = (prior.object(role::NAME), planned.object(role::NAME));
    if let (Some(before), Some(after)) = (&before, &after)
        && before != after
    {
        let role = AttributePath::attribute(role::NAME);
        let path = match (had, has) {
            (Some(_), Some(_)) => role.then_attribute("role_arn"),
            (None, None) => AttributePath::attribute(NAME),
            _ => role,
        };
        planned.set(NAME, Value::Unknown);
        return Some(path);
    }
    if prior.get(role::NAME) != planned.get(role::NAME) {
        // The account stays the same; if it was not known, the change may show it.
        let account = before.or_else(|| role::account(planned));
        planned.set(NAME, account.map_or(Value::Unknown, Value::from));
    }
    None
}

/// Warns in the plan of an object whose role is not known yet. Terraform plans again when it is, and a replacement that was
/// not in the first plan ends the apply, with a message of Terraform's own.
pub(crate) fn unforeseen(planned: &Object) -> Option<Diagnostic> {
    let warning = || {
        Diagnostic::warning(
            "The role is not known yet",
            "The role's account is not known until apply. If it is another account than that of the object, the apply ends \
             with an \"inconsistent final plan\" and nothing is changed. Then run it again: the plan shows the replacement.",
        )
        .at(AttributePath::attribute(role::NAME))
    };
    (!planned.get(role::NAME).is_wholly_known()).then(warning)
}

/// The account of an object that is about to change in place, as far as it is known.
///
/// # Errors
///
/// If the change leads to another account, or a role comes or goes and it cannot be found out whether it does.
pub(crate) async fn unchanged(
    connection: &Connection,
    prior: &Object,
    planned: &Object,
    limit: Limit<'_>,
) -> Result<Option<String>, Diagnostics> {
    let mut before = stored_account_id(prior);
    let mut after = known_account_id(connection, planned);
    let moves = prior.get(role::NAME).is_null() != planned.get(role::NAME).is_null();
    if moves && (before.is_none() || after.is_none()) {
        // It is the provider's own account that is not known: the ARN tells that of a role.
        let own = provider_account_id(connection, planned, limit, COMES_OR_GOES).await?;
        before.get_or_insert_with(|| own.clone());
        after.get_or_insert(own);
    }
    match (before, after) {
        (Some(before), Some(after)) if before != after => {
            Err(leads_away(&before, &after, prior, planned).into())
        }
        (before, after) => Ok(before.or(after)),
    }
}

/// Whether an object is looked for in the account that it is noted to be in, as far as that is known by now.
///
/// # Errors
///
/// If it is looked for in another one, where it would seem to be gone.
pub(crate) fn reachable(
    connection: &Connection,
    state: &Object,
    importing: bool,
) -> Result<(), Diagnostics> {
    match (state.text(NAME), known_account_id(connection, state)) {
        (Some(noted), Some(acting)) if noted != acting => {
            Err(elsewhere(noted, &acting, importing).into())
        }
        _ => Ok(()),
    }
}

/// The same, and it is found out if it is not known: for an object that would count as gone, or whose account was only
/// said.
///
/// # Errors
///
/// If it is looked for in another account, or that cannot be found out.
pub(crate) async fn surely_reachable(
    connection: &Connection,
    state: &Object,
    importing: bool,
    limit: Limit<'_>,
) -> Result<(), Diagnostics> {
    if state.text(NAME).is_some() && known_account_id(connection, state).is_none() {
        provider_account_id(connection, state, limit, WHERE_IT_IS).await?;
    }
    reachable(connection, state, importing)
}

/// How long it may take to find an account out, and the attribute that says so.
#[derive(Clone, Copy)]
pub(crate) struct Limit<'a> {
    pub(crate) time: Duration,
    pub(crate) attribute: &'a str,
}

const COMES_OR_GOES: &str = "A role that is added or removed must belong to the account of the object. Otherwise the next \
                             refresh would not find the object.";
const WHERE_IT_IS: &str = "The object can be read only in the account that its `account_id` names.";

/// The account of the provider's credentials. Calls `GetCallerIdentity` if it is not known.
async fn provider_account_id(
    connection: &Connection,
    object: &Object,
    limit: Limit<'_>,
    why: &str,
) -> Result<String, Diagnostics> {
    let accounts = match connection {
        Connection::Ready { accounts, .. } => accounts,
        Connection::Waiting { unknown } => return Err(waiting(unknown)),
    };
    let attempted = Attempted {
        summary: "Account of the provider's credentials",
        subject: "the provider's credentials",
        attribute: AttributePath::attribute(role::NAME),
        limit: limit.attribute,
        ram_actions: &[],
    };
    let mut diagnostic = match accounts.own_account(limit.time).await {
        Ok(Some(account)) => return Ok(account),
        Ok(None) => Diagnostic::error(
            "Account of the provider's credentials: unreadable response",
            format!(
                "The response of GetCallerIdentity has no `AccountId`.\n\n{}",
                labelled(&[
                    ("Action", "GetCallerIdentity"),
                    ("Code", "Provider.UnexpectedResponse")
                ])
            ),
        ),
        Err(error) => diagnose(&error, &attempted),
    };
    let id = object.text("id").unwrap_or("(unknown)");
    let why = format!(
        "{why} Nothing was changed for \"{id}\".\n\nSet `account_id` in the provider block to skip this lookup."
    );
    add_to_first_paragraph(&mut diagnostic.detail, &why);
    Err(diagnostic.into())
}

fn leads_away(before: &str, after: &str, prior: &Object, planned: &Object) -> Diagnostic {
    let who = match role::arn(planned) {
        Some(arn) => format!("the role {arn} acts"),
        None => "the provider's own credentials act".to_owned(),
    };
    let back = match (role::arn(prior), role::arn(planned)) {
        (None, None) => format!("give the provider credentials of account {before} again"),
        _ => "leave `assume_role` as it was".to_owned(),
    };
    Diagnostic::error(
        format!("The object is in account {before}, not in {after}"),
        format!(
            "The object is in account {before}, but {who} in account {after}, where the next refresh would not find it. \
             Nothing was changed.\n\nTo keep the object, {back}. To create it anew in account {after}, run:\n\n  terraform \
             apply -replace='ADDRESS'\n\n  Code: Provider.AccountMismatch"
        ),
    )
    .at(AttributePath::attribute(role::NAME))
}

fn elsewhere(noted: &str, acting: &str, importing: bool) -> Diagnostic {
    let advice = if importing {
        format!(
            "Set `role_arn` in the identity, or use ROLE_ARN/ID as the import ID, to choose a role of account {noted} that \
             reads the object. Or give the provider credentials of that account."
        )
    } else {
        format!(
            "To keep the object, give the provider credentials of account {noted} again. Or add an `assume_role` of that \
             account to the resource, and run:\n\n  terraform apply -refresh=false\n\nTo create the object anew in account \
             {acting}, run:\n\n  terraform apply -refresh=false -replace='ADDRESS'"
        )
    };
    let stays = if importing {
        "Nothing was read."
    } else {
        "The object stays in the state."
    };
    Diagnostic::error(
        format!("The object is in account {noted}, not in {acting}"),
        format!(
            "The `account_id` of the object is {noted}, but the credentials belong to account {acting}, which cannot read it. \
             {stays}\n\n{advice}\n\n  Code: Provider.AccountMismatch"
        ),
    )
    .at(AttributePath::attribute(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: &str = "?";

    /// A state or plan with a role's ARN, or none, and an account; `?` stands for unknown.
    fn object(arn: Option<&str>, account: Option<&str>) -> Object {
        let value = |text: &str| match text {
            UNKNOWN => Value::Unknown,
            text => Value::string(text),
        };
        let mut object = Object::new();
        if let Some(arn) = arn {
            let attributes = [("role_arn".to_owned(), value(arn))];
            object.set(role::NAME, Value::Map(attributes.into()));
        }
        if let Some(account) = account {
            object.set(NAME, value(account));
        }
        object
    }

    const ONE: Option<&str> = Some("acs:ram::1:role/a");
    const ANOTHER: Option<&str> = Some("acs:ram::1:role/b");
    const TWO: Option<&str> = Some("acs:ram::2:role/a");

    fn check(
        prior: (Option<&str>, Option<&str>),
        role: Option<&str>,
        own: Option<&str>,
        (path, account): (&str, Option<&str>),
    ) {
        let prior = object(prior.0, prior.1);
        // As the framework plans it: what was known stays.
        let mut planned = object(role, prior.text(NAME));
        let found = plan_account_id(&prior, &mut planned, own);
        let found = found.map(|path| path.to_string()).unwrap_or_default();
        assert_eq!(found, path, "{prior:?} {role:?} {own:?}");
        let expected = object(role, account);
        assert_eq!(
            planned.get(NAME),
            expected.get(NAME),
            "{prior:?} {role:?} {own:?}"
        );
    }

    #[test]
    fn another_account_replaces_if_both_are_known() {
        let replaced = |path| (path, Some(UNKNOWN));
        check(
            (ONE, Some("1")),
            TWO,
            None,
            replaced("assume_role.role_arn"),
        );
        check((ONE, None), TWO, None, replaced("assume_role.role_arn"));
        check((None, Some("1")), TWO, None, replaced("assume_role"));
        check((ONE, Some("1")), None, Some("2"), replaced("assume_role"));
        check((None, Some("1")), None, Some("2"), replaced("account_id"));
    }

    #[test]
    fn the_same_account_stays_and_may_become_known() {
        check((ONE, Some("1")), ANOTHER, Some("2"), ("", Some("1")));
        check((ONE, None), ANOTHER, None, ("", Some("1")));
        check((ONE, Some("1")), None, Some("1"), ("", Some("1")));
        check((None, Some("1")), ONE, None, ("", Some("1")));
        // Nothing changes, so nothing is planned to become known.
        check((ONE, None), ONE, None, ("", None));
        check((None, None), None, Some("1"), ("", None));
    }

    #[test]
    fn what_is_not_known_is_left_to_the_apply() {
        check((None, None), ONE, None, ("", Some("1")));
        check((ONE, Some("1")), None, None, ("", Some("1")));
        check((None, None), Some(UNKNOWN), Some("2"), ("", Some(UNKNOWN)));
        check((ONE, Some("1")), Some(UNKNOWN), Some("2"), ("", Some("1")));
        let mut planned = Object::new();
        planned.set(role::NAME, Value::Unknown);
        assert_eq!(
            plan_account_id(&object(None, Some("1")), &mut planned, Some("2")),
            None
        );
    }

    #[test]
    fn identities() {
        let check = |account: Option<&str>, role: Option<&str>, expected: &str| {
            let role = role.map(|arn| RoleArn::parse(arn).expect("an ARN"));
            let found = match of_identity(account, role.as_ref()) {
                Ok(account) => account.unwrap_or_default(),
                Err(errors) => errors.iter().map(ToString::to_string).collect(),
            };
            assert!(found.contains(expected), "{found}");
            assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
        };
        check(None, None, "");
        check(None, ONE, "");
        check(Some("1"), None, "1");
        check(Some("1"), ONE, "1");
        check(
            Some("1"),
            TWO,
            "the role acs:ram::2:role/a belongs to account 2",
        );
        check(Some(""), None, "has decimal digits only, but is \"\"");
        check(Some("a\n"), None, "a\\n");
    }

    #[test]
    fn messages_say_how_to_go_on() {
        let check = |diagnostic: Diagnostic, parts: &[&str]| {
            for part in parts {
                assert!(
                    diagnostic.detail.contains(part),
                    "{part} is not in {}",
                    diagnostic.detail
                );
            }
        };
        check(
            leads_away("1", "2", &object(ONE, None), &object(None, None)),
            &[
                "in account 1, but the provider's own",
                "leave `assume_role`",
                "-replace='ADDRESS'",
            ],
        );
        check(
            leads_away("1", "2", &object(None, None), &object(TWO, None)),
            &[
                "the role acs:ram::2:role/a acts in account 2",
                "leave `assume_role`",
            ],
        );
        check(
            leads_away("1", "2", &object(None, None), &object(None, None)),
            &["credentials of account 1 again"],
        );
        check(
            elsewhere("1", "2", true),
            &["`account_id` of the object is 1", "account 2", "`role_arn`"],
        );
        check(
            elsewhere("1", "2", false),
            &["-refresh=false -replace", "stays in the state"],
        );
    }
}
