//! Data source `alicloud_cams_waba`. It is the place for a postcondition on Meta's reviews: a failed postcondition ends a
//! run and taints nothing.

use alicloud::cams::waba::{QueryChatappBindWaba, QueryWabaBusinessInfo};
use async_trait::async_trait;
use framework::{Attribute, AttributePath, Block, Diagnostic, Diagnostics, Field, Type};
use serde::{Deserialize, Serialize};

use crate::common::{
    Context,
    data_source::CamsDataSource,
    space::{CUST_SPACE_ID, argument, isv_code_attribute},
};

/// The data source.
pub(crate) struct CamsWaba;

/// The space and what is read of its WABA.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Model {
    cust_space_id: Field<String>,
    isv_code: Field<String>,
    waba_id: Field<String>,
    waba_name: Field<String>,
    account_review_status: Field<String>,
    business_id: Field<String>,
    business_name: Field<String>,
    currency: Field<String>,
    message_template_namespace: Field<String>,
    marketing_message_lite_status: Field<String>,
    is_on_biz_app: Field<String>,
    primary_business_location: Field<String>,
    auth_international_rate_eligibility: Field<String>,
    verification_status: Field<String>,
    vertical: Field<String>,
}

const RESULTS: [(&str, &str); 13] = [
    ("waba_id", "ID of the WABA at Meta."),
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
    (
        "verification_status",
        "State of the business verification at Meta, for example `verified`.",
    ),
    (
        "vertical",
        "Industry of the business. The service calls it deprecated.",
    ),
];

#[async_trait]
impl CamsDataSource for CamsWaba {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_waba";
    const TIMEOUT: &'static str = "2m";
    const RAM_ACTIONS: &'static [&'static str] =
        &["cams:QueryChatappBindWaba", "cams:QueryWabaBusinessInfo"];

    fn block(&self) -> Block {
        let block = Block::new(
            "Reads the WhatsApp Business Account (WABA) that is bound to a space, and the verification of its business. Use \
             it with a `postcondition` to stop a run until Meta has approved the WABA: a failed postcondition changes and \
             taints nothing. Two calls.",
        )
        .attribute(argument())
        .attribute(isv_code_attribute());
        RESULTS
            .into_iter()
            .fold(block, |block, (name, description)| {
                block.attribute(Attribute::computed(name, Type::String).describe(description))
            })
    }

    async fn read(&self, context: &Context<'_>, config: Model) -> Result<Model, Diagnostics> {
        let space = config.cust_space_id.as_deref().unwrap_or_default();
        let (summary, subject) = (
            format!("Cannot read the WABA of space {space}"),
            format!("space {space}"),
        );
        let query = QueryChatappBindWaba {
            cust_space_id: space,
            isv_code: config.isv_code.as_deref(),
        };
        let bound = context.operation.call(&query).await;
        let bound =
            bound.map_err(|error| context.diagnose(&error, &summary, &subject, CUST_SPACE_ID))?;
        let Some(waba) = bound.body.waba else {
            return Err(no_waba(space).into());
        };
        let query = QueryWabaBusinessInfo {
            cust_space_id: space,
            waba_id: &waba.id,
        };
        let business = context.operation.call(&query).await;
        let business = business
            .map_err(|error| context.diagnose(&error, &summary, &subject, CUST_SPACE_ID))?
            .body;
        Ok(Model {
            waba_id: waba.id.into(),
            waba_name: waba.name.into(),
            account_review_status: waba.account_review_status.into(),
            business_id: waba.business_id.or(business.business_id).into(),
            business_name: waba.business_name.or(business.business_name).into(),
            currency: waba.currency.into(),
            message_template_namespace: waba.message_template_namespace.into(),
            marketing_message_lite_status: waba.marketing_message_lite_status.into(),
            is_on_biz_app: waba.is_on_biz_app.into(),
            primary_business_location: waba.primary_business_location.into(),
            auth_international_rate_eligibility: waba.auth_international_rate_eligibility.into(),
            verification_status: business.verification_status.into(),
            vertical: business.vertical.into(),
            cust_space_id: config.cust_space_id,
            isv_code: config.isv_code,
        })
    }
}

fn no_waba(space: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Space {space} has no WABA"),
        format!(
            "The service says that no WABA is bound to space {space}, so there is nothing to read.\n\nBind a WABA with \
             `alicloud_cams_waba_binding`, and take `cust_space_id` from it, so that the data source is read after the \
             bind.\n\n  Code:  Provider.SpaceWithoutWaba"
        ),
    )
    .at(AttributePath::attribute(CUST_SPACE_ID))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::printed::printed;
    use expect_test::expect;

    #[test]
    fn error_for_a_space_without_a_waba_says_what_to_do() {
        expect![[r#"
            Error: Space cams-1 has no WABA
              at cust_space_id

            The service says that no WABA is bound to space cams-1, so there is nothing to
            read.

            Bind a WABA with `alicloud_cams_waba_binding`, and take `cust_space_id` from
            it, so that the data source is read after the bind.

              Code:  Provider.SpaceWithoutWaba
        "#]]
        .assert_eq(&printed(&[no_waba("cams-1")]));
    }
}
