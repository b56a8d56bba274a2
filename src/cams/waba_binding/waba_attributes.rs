//! The computed attributes of a binding that describe its WABA.

use alicloud::{
    Error, Operation,
    cams::waba::{QueryChatappBindWaba, Waba},
};
use framework::{Object, Value};

/// The WABA that is bound to a space, `None` if there is none.
pub(super) async fn query(
    operation: &Operation,
    cust_space_id: &str,
    isv_code: Option<&str>,
) -> Result<Option<Box<Waba>>, Error> {
    let action = QueryChatappBindWaba {
        cust_space_id,
        isv_code,
    };
    Ok(operation.call(&action).await?.body.waba.map(Box::new))
}

/// A WABA of which nothing but the ID is known.
pub(super) fn unread(id: &str) -> Box<Waba> {
    Box::new(Waba {
        id: id.to_owned(),
        ..Waba::default()
    })
}

/// Whether nothing that a query says is in this state: then none has shown the binding since it was made.
pub(super) fn is_unread(state: &Object) -> bool {
    let mut names = FROM_QUERY.iter().map(|(attribute, ..)| *attribute);
    names.all(|attribute| state.get(attribute).is_null())
}

/// Writes the computed attributes; null where the service is silent.
pub(super) fn fill(waba: &Waba, state: &mut Object) {
    for (attribute, field, _) in FROM_QUERY {
        state.set(attribute, Value::optional_string(field(waba).clone()));
    }
}

/// A field of a WABA.
type Field = fn(&Waba) -> &Option<String>;

/// The computed attributes that `QueryChatappBindWaba` fills, and their descriptions.
pub(super) const FROM_QUERY: [(&str, Field, &str); 10] = [
    ("waba_name", |waba| &waba.name, "Name of the WABA."),
    (
        "account_review_status",
        |waba| &waba.account_review_status,
        "Meta's review of the WABA: `PENDING`, `APPROVED`, `REJECTED` or `DISABLED`.",
    ),
    (
        "business_id",
        |waba| &waba.business_id,
        "ID of the Meta business portfolio.",
    ),
    (
        "business_name",
        |waba| &waba.business_name,
        "Name of the Meta business portfolio.",
    ),
    (
        "currency",
        |waba| &waba.currency,
        "Currency of the WABA, for example `USD`.",
    ),
    (
        "message_template_namespace",
        |waba| &waba.message_template_namespace,
        "Namespace of the message templates.",
    ),
    (
        "marketing_message_lite_status",
        |waba| &waba.marketing_message_lite_status,
        "State of Marketing Messages Lite, for example `Y`.",
    ),
    (
        "is_on_biz_app",
        |waba| &waba.is_on_biz_app,
        "The service's field `IsOnBizApp`, for example `N`. The service does not describe it.",
    ),
    (
        "primary_business_location",
        |waba| &waba.primary_business_location,
        "The service's field `PrimaryBusinessLocation`, as it comes.",
    ),
    (
        "auth_international_rate_eligibility",
        |waba| &waba.auth_international_rate_eligibility,
        "Data on international authentication rates, as JSON text.",
    ),
];
