//! The attributes of a binding.

use alicloud::cams::waba::Waba;
use framework::{Attribute, Block, Field, Type, schema::Validator};
use serde::{Deserialize, Serialize};

use crate::common::space::{CUST_SPACE_ID_DESCRIPTION, check_id, isv_code_attribute};

/// Takes an existing binding into the state.
pub(super) const ADOPT: &str = "ADOPT";
/// Ends with an error if there is a binding.
pub(super) const REFUSE: &str = "REFUSE";
/// Binds without looking.
pub(super) const IGNORE: &str = "IGNORE";

/// A binding, as configuration and state hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(super) waba_id: Field<String>,
    pub(super) isv_code: Field<String>,
    pub(super) existing_binding: Field<String>,
    pub(super) cust_space_id: Field<String>,
    pub(super) waba_name: Field<String>,
    pub(super) account_review_status: Field<String>,
    pub(super) business_id: Field<String>,
    pub(super) business_name: Field<String>,
    pub(super) currency: Field<String>,
    pub(super) message_template_namespace: Field<String>,
    pub(super) marketing_message_lite_status: Field<String>,
    pub(super) is_on_biz_app: Field<String>,
    pub(super) primary_business_location: Field<String>,
    pub(super) auth_international_rate_eligibility: Field<String>,
}

impl Model {
    /// Writes what the service says of a space and its WABA; null where the service is silent. Another WABA than the
    /// state's is drift: with its ID in the state, the plan shows the difference.
    pub(super) fn fill(&mut self, cust_space_id: &str, waba: &Waba) {
        *self = Self {
            waba_id: Field::from(&*waba.id),
            cust_space_id: Field::from(cust_space_id),
            isv_code: std::mem::take(&mut self.isv_code),
            existing_binding: std::mem::take(&mut self.existing_binding),
            waba_name: waba.name.clone().into(),
            account_review_status: waba.account_review_status.clone().into(),
            business_id: waba.business_id.clone().into(),
            business_name: waba.business_name.clone().into(),
            currency: waba.currency.clone().into(),
            message_template_namespace: waba.message_template_namespace.clone().into(),
            marketing_message_lite_status: waba.marketing_message_lite_status.clone().into(),
            is_on_biz_app: waba.is_on_biz_app.clone().into(),
            primary_business_location: waba.primary_business_location.clone().into(),
            auth_international_rate_eligibility: waba
                .auth_international_rate_eligibility
                .clone()
                .into(),
        };
    }

    /// Whether nothing that a query says is in this state: then none has shown the binding since it was made.
    pub(super) fn is_unread(&self) -> bool {
        let mut unread = Self::default();
        unread.waba_id.clone_from(&self.waba_id);
        unread.cust_space_id.clone_from(&self.cust_space_id);
        unread.isv_code.clone_from(&self.isv_code);
        unread.existing_binding.clone_from(&self.existing_binding);
        *self == unread
    }
}

/// The attributes of the resource.
pub(super) fn block() -> Block {
    let computed = |name, description: &'static str| {
        Attribute::computed(name, Type::String)
            .describe(description)
            .use_state_for_unknown()
    };
    let block = Block::new(
        "Binds a WhatsApp Business Account (WABA) to the Alibaba Cloud account, and returns the `CustSpaceId` that all \
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
                Err(format!(
                    "must be the WABA's ID at Meta, 1 to 32 decimal digits, but is \"{}\"",
                    text.escape_debug()
                ))
            })),
    )
    .attribute(isv_code_attribute())
    .attribute(
        Attribute::optional("existing_binding", Type::String)
            .describe("What creating does if a space of the account already holds the WABA. `ADOPT` (default) takes that binding into the state, with a warning; `REFUSE` ends with an error that shows how to import it, and with one if the spaces cannot all be seen; `IGNORE` does not look, and binds, which may make a second permanent space. Needs the RAM action `cams:ListInstance`, except with `IGNORE`; where it is denied, `ADOPT` binds with a warning.")
            .default(ADOPT)
            .validate(Validator::one_of(&[ADOPT, REFUSE, IGNORE])),
    )
    .attribute(
        computed("cust_space_id", CUST_SPACE_ID_DESCRIPTION).validate(Validator::text(check_id)),
    );
    let from_query = [
        ("waba_name", "Name of the WABA."),
        (
            "account_review_status",
            "Meta's review of the WABA: `PENDING`, `APPROVED`, `REJECTED` or `DISABLED`.",
        ),
        ("business_id", "ID of the Meta business portfolio."),
        ("business_name", "Name of the Meta business portfolio."),
        ("currency", "Currency of the WABA, for example `USD`."),
        (
            "message_template_namespace",
            "Namespace of the message templates.",
        ),
        (
            "marketing_message_lite_status",
            "State of Marketing Messages Lite, for example `Y`.",
        ),
        (
            "is_on_biz_app",
            "The service's field `IsOnBizApp`, for example `N`. The service does not describe it.",
        ),
        (
            "primary_business_location",
            "The service's field `PrimaryBusinessLocation`, as it comes.",
        ),
        (
            "auth_international_rate_eligibility",
            "Data on international authentication rates, as JSON text.",
        ),
    ];
    from_query
        .into_iter()
        .fold(block, |block, (name, description)| {
            block.attribute(computed(name, description))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binding_is_unread_until_its_first_query() {
        let mut model = Model {
            waba_id: "1".into(),
            existing_binding: ADOPT.into(),
            ..Model::default()
        };
        model.cust_space_id = "cams-1".into();
        assert!(model.is_unread());
        let waba = Waba {
            id: "2".to_owned(),
            currency: Some("USD".to_owned()),
            ..Waba::default()
        };
        model.fill("cams-1", &waba);
        assert!(!model.is_unread());
        assert_eq!(model.waba_id, Field::from("2"));
        assert_eq!(model.existing_binding, Field::from(ADOPT));
    }
}
