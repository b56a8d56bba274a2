//! What can be said of the provider block alone, for `terraform validate`: nothing is known of the environment then.

use framework::{AttributePath, Diagnostic, Object, Value};

use super::arguments::{PRODUCTS, PROTOCOL};
use super::config::{endpoint_argument, invalid, parse_endpoint};
use super::schema::parse_protocol;

/// All errors that do not depend on the environment. Values may be unknown.
pub(super) fn faults(block: &Object) -> Vec<Diagnostic> {
    endpoints(block)
        .into_iter()
        .chain(accounts(block))
        .collect()
}

fn endpoints(block: &Object) -> Vec<Diagnostic> {
    let protocol = match block.get(PROTOCOL.name) {
        Value::Unknown => return Vec::new(),
        Value::String(protocol) => parse_protocol(protocol).unwrap_or_default(),
        _ => Default::default(),
    };
    let products = PRODUCTS.iter();
    let faults = products.filter_map(|product| {
        parse_endpoint(endpoint_argument(block, product)?, protocol, product, None).err()
    });
    faults.collect()
}

/// The list of accounts that the provider may work in, and that of accounts that it must not work in.
pub(super) const ALLOWED_ACCOUNTS: &str = "allowed_account_ids";
pub(super) const FORBIDDEN_ACCOUNTS: &str = "forbidden_account_ids";

/// The known IDs of such a list. A list that would guard nothing although somebody wrote it is an error: a guard does not
/// disappear because a variable has no value.
pub(super) fn account_list(block: &Object, name: &'static str) -> Result<Vec<String>, Diagnostic> {
    let Value::List(ids) = block.get(name) else {
        return Ok(Vec::new());
    };
    let fault =
        |summary: &str, detail: &str| invalid(summary, detail).at(AttributePath::attribute(name));
    if ids.iter().any(Value::is_null) {
        return Err(fault(
            &format!("{name} holds null"),
            &format!(
                "One of its elements is null, so it is not known which account is meant. Nothing was sent.\n\nSet the variable \
                 or expression that the element comes from to an account ID, or remove the element. To work without `{name}`, \
                 leave it out."
            ),
        ));
    }
    if name == ALLOWED_ACCOUNTS && ids.is_empty() {
        return Err(fault(
            &format!("{name} is empty"),
            &format!(
                "An empty list allows no account, so the provider could do nothing. Nothing was sent.\n\nAdd the IDs of the \
                 accounts that the provider may work in. To allow every account, leave `{name}` out."
            ),
        ));
    }
    Ok(ids
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}

/// Lists that guard nothing, and an account that is both allowed and forbidden: it is not allowed, which nobody means.
fn accounts(block: &Object) -> Vec<Diagnostic> {
    let lists = [ALLOWED_ACCOUNTS, FORBIDDEN_ACCOUNTS].map(|name| account_list(block, name));
    let [Ok(allowed), Ok(forbidden)] = &lists else {
        return lists.into_iter().filter_map(Result::err).collect();
    };
    let both = forbidden.iter().find(|id| allowed.contains(id));
    let fault = both.map(|both| {
        invalid(
            &format!("Account {both} is both allowed and forbidden"),
            "`allowed_account_ids` and `forbidden_account_ids` have it. Nothing was sent.\n\nRemove it from one of the two.",
        )
        .at(AttributePath::attribute(FORBIDDEN_ACCOUNTS))
    });
    fault.into_iter().collect()
}
