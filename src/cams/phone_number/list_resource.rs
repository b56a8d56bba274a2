//! List resource `alicloud_cams_phone_number`: the numbers of all spaces of an account for `terraform query`, also those that
//! no configuration declares.

use alicloud::{Error, cams::phone_number::PhoneNumber};
use async_trait::async_trait;
use framework::{Attribute, Block, Diagnostic, Diagnostics, Field, Type};
use serde::{Deserialize, Serialize};

use super::{
    model::{MANAGED, Model, NONE},
    resource::CamsPhoneNumber,
    verification::verification,
};
use crate::common::{
    Context,
    list_resource::{CamsListResource, Found, Gaps},
    phone_numbers,
    space::isv_code_attribute,
    space_list::{concerns_one_space, list_spaces},
};

/// The list resource.
pub(crate) struct PhoneNumberList;

/// The `config` block.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Config {
    cust_space_ids: Field<Vec<String>>,
    isv_code: Field<String>,
}

#[async_trait]
impl CamsListResource for PhoneNumberList {
    type Resource = CamsPhoneNumber;
    type Config = Config;

    const TIMEOUT: &'static str = "5m";
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:ListInstance",
        "cams:QueryChatappPhoneNumbers",
        "cams:GetPhoneNumberVerificationStatus",
    ];

    fn resource(&self) -> CamsPhoneNumber {
        CamsPhoneNumber
    }

    fn block(&self) -> Block {
        Block::new(
            "Lists the phone numbers of the spaces of the account, also those that no configuration declares, for `terraform \
             query`. Needs Terraform 1.14. One call for each 50 spaces, one for each space, and with `include_resource` one for \
             each number. A number that is not registered is listed with `registration = \"NONE\"`, so that importing it \
             registers nothing.",
        )
        .attribute(
            Attribute::optional("cust_space_ids", Type::List(Box::new(Type::String)))
                .describe("Only numbers of these spaces. Default: all spaces of the account."),
        )
        .attribute(isv_code_attribute())
    }

    async fn list(
        &self,
        context: &Context<'_>,
        config: Config,
        found: &mut Found<'_, CamsPhoneNumber>,
    ) -> Result<(), Diagnostics> {
        let (spaces, complete) = match config.cust_space_ids.into_option() {
            Some(ids) => (ids, true),
            None => {
                let listed = list_spaces(&context.operation).await;
                let listed = listed.map_err(|error| failed(context, &error))?;
                let spaces = listed.spaces.into_iter();
                let ids = spaces.map(|space| space.cust_space_id).collect();
                (ids, listed.complete)
            }
        };
        let isv_code = config.isv_code.into_option();
        let mut unreadable = Vec::new();
        for space in spaces {
            let listed = phone_numbers::list(context, &space, isv_code.as_deref()).await;
            let listed = match listed {
                Ok(listed) => listed,
                Err(error) if concerns_one_space(&error) => {
                    let code = error.code().unwrap_or("no usable response");
                    unreadable.push(format!("{space} ({code})"));
                    continue;
                }
                Err(error) => return Err(failed(context, &error).into()),
            };
            let mut numbers: Vec<&PhoneNumber> = listed.iter().collect();
            numbers.sort_by(|a, b| a.phone_number.cmp(&b.phone_number));
            for number in numbers {
                let mut model = model(&space, isv_code.clone(), number);
                if found.include_resource
                    && let Ok(verification) =
                        verification(context, &space, &number.phone_number).await
                {
                    model.phone_number_id = verification.id.into();
                }
                let display_name = match &number.verified_name {
                    Some(name) => format!("{} ({name})", number.phone_number),
                    None => number.phone_number.clone(),
                };
                if found.push(&model, display_name).await.is_break() {
                    return Ok(());
                }
            }
        }
        for warning in GAPS.warnings(complete, &unreadable) {
            context.warn(warning);
        }
        Ok(())
    }
}

fn model(space: &str, isv_code: Option<String>, number: &PhoneNumber) -> Model {
    let mut model = Model {
        cust_space_id: space.into(),
        phone_number: number.phone_number.clone().into(),
        verified_name: number.verified_name.clone().into(),
        isv_code: isv_code.into(),
        ..Model::default()
    };
    model.fill(number);
    let is_missing = model.registered.as_known() == Some(&false);
    model.registration = Field::from(if is_missing { NONE } else { MANAGED });
    model
}

fn failed(context: &Context<'_>, error: &Error) -> Diagnostic {
    context.diagnose(
        error,
        "Cannot list the phone numbers of the account",
        "the account",
        "cust_space_ids",
    )
}

/// What the list may lack.
const GAPS: Gaps = Gaps {
    objects: "phone numbers",
    list: "the list of spaces",
    unreadable: "Some spaces could not be read",
    advice: "The service refused to list the phone numbers of these spaces. A space of an ISV's sub-customer needs \
               `isv_code`.",
    label: "Spaces",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unregistered_number_is_listed_without_a_registration() {
        let check = |status: &str, expected: &str| {
            let number = PhoneNumber {
                phone_number: "6580001234".to_owned(),
                status: Some(status.to_owned()),
                ..PhoneNumber::default()
            };
            let model = model("cams-1", None, &number);
            assert_eq!(model.registration, Field::from(expected), "{status}");
        };
        check("CONNECTED", MANAGED);
        check("BANNED", MANAGED);
        check("PENDING", NONE);
        check("UNVERIFIED", NONE);
    }

    #[test]
    fn incomplete_list_is_a_warning() {
        let check = |complete: bool, unreadable: &[&str], expected: &[&str]| {
            let unreadable: Vec<String> = unreadable.iter().map(|&id| id.to_owned()).collect();
            let found: Vec<String> = GAPS
                .warnings(complete, &unreadable)
                .iter()
                .map(|it| it.summary.clone())
                .collect();
            assert_eq!(found, expected);
        };
        check(true, &[], &[]);
        check(false, &[], &["The list of phone numbers may be incomplete"]);
        check(true, &["a (X)"], &["Some spaces could not be read"]);
    }
}
