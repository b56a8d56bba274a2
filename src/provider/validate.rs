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

/// An account that is both allowed and forbidden is not allowed, which nobody means.
fn accounts(block: &Object) -> Option<Diagnostic> {
    let ids = |name: &str| match block.get(name) {
        Value::List(ids) => ids.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let (allowed, forbidden) = (ids("allowed_account_ids"), ids("forbidden_account_ids"));
    let both = forbidden.into_iter().find(|id| allowed.contains(id))?;
    Some(
        invalid(
            &format!("Account {both} is both allowed and forbidden"),
            "`allowed_account_ids` and `forbidden_account_ids` have it. Nothing was sent.\n\nRemove it from one of the two.",
        )
        .at(AttributePath::attribute("forbidden_account_ids")),
    )
}
