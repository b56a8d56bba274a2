//! The health of a WABA, a phone number or a template, as Meta reports it at the moment of the call.

use serde::{Deserialize, Serialize};

use crate::json::{Fields, UnexpectedResponse};
use crate::{Action, CAMS, Product};

/// Asks Meta whether messages can be sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetWhatsappHealthStatus<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// `waba`, `phone` or `template`.
    pub node_type: &'a str,
    /// ID of the WABA, for the node `waba`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waba_id: Option<&'a str>,
    /// Country code and number in digits, for the node `phone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<&'a str>,
    /// Code of the template, for the node `template`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_code: Option<&'a str>,
    /// Language of the template, for the node `template`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'a str>,
}

/// What Meta says of the node and of all that its messages depend on.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct GetWhatsappHealthStatusResponse {
    /// `AVAILABLE`, `LIMITED` or `BLOCKED`: the worst of the entities.
    pub can_send_message: Option<String>,
    /// The node itself and, for example, its WABA and its business.
    pub entities: Vec<Entity>,
}

/// An object that messages depend on. Any field may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// For example `PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP`, `MESSAGE_TEMPLATE`.
    pub entity_type: Option<String>,
    /// `AVAILABLE`, `LIMITED` or `BLOCKED`.
    pub can_send_message: Option<String>,
    /// ID of the Meta business portfolio.
    pub business_id: Option<String>,
    /// ID of the WABA.
    pub waba_id: Option<String>,
    /// The phone number.
    pub phone_number: Option<String>,
    /// Code of the template.
    pub template_code: Option<String>,
    /// Language of the template.
    pub language: Option<String>,
    /// Why not all messages can be sent.
    pub errors: Vec<HealthError>,
}

/// A reason, with Meta's advice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthError {
    /// Meta's code, such as `141006`.
    pub error_code: Option<String>,
    /// What is wrong.
    pub error_description: Option<String>,
    /// What to do about it.
    pub possible_solution: Option<String>,
}

impl Action for GetWhatsappHealthStatus<'_> {
    const NAME: &'static str = "GetWhatsappHealthStatus";
    const PRODUCT: &'static Product = &CAMS;
    // Beside this documented limit, Meta has one of its own.
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = GetWhatsappHealthStatusResponse;
}

impl TryFrom<Fields> for GetWhatsappHealthStatusResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.required_object("Data")?;
        let entities = data.required_objects("Entities")?;
        Ok(Self {
            can_send_message: data.text("CanSendMessage"),
            entities: entities.iter().map(entity).collect::<Result<_, _>>()?,
        })
    }
}

fn entity(row: &Fields) -> Result<Entity, UnexpectedResponse> {
    // An entity without a problem may leave the list out.
    let errors = row.objects("Errors")?;
    let errors = errors.iter().map(|error| HealthError {
        error_code: error.text("ErrorCode"),
        error_description: error.text("ErrorDescription"),
        possible_solution: error.text("PossibleSolution"),
    });
    Ok(Entity {
        entity_type: row.text("EntityType"),
        can_send_message: row.text("CanSendMessage"),
        business_id: row.text("BusinessId"),
        waba_id: row.text("WabaId"),
        phone_number: row.text("PhoneNumber"),
        template_code: row.text("TemplateCode"),
        language: row.text("Language"),
        errors: errors.collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::GetWhatsappHealthStatusResponse;

    #[test]
    fn a_health_has_entities_with_errors() {
        let check = |body: Value, expected: Result<&[(&str, usize)], &str>| {
            let found = serde_json::from_value::<GetWhatsappHealthStatusResponse>(body.clone());
            let found = found.map_err(|error| error.to_string()).map(|health| {
                let entities = health.entities.into_iter();
                let pairs =
                    entities.map(|it| (it.entity_type.unwrap_or_default(), it.errors.len()));
                pairs.collect::<Vec<_>>()
            });
            let expected = expected
                .map(|pairs| {
                    let pairs = pairs.iter();
                    pairs
                        .map(|(kind, errors)| ((*kind).to_owned(), *errors))
                        .collect()
                })
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{body}");
        };
        check(
            json!({"Data": {"CanSendMessage": "LIMITED", "Entities": [
                {"EntityType": "PHONE_NUMBER", "Errors": [{"ErrorCode": 141006}]},
                {"EntityType": "WABA"},
            ]}}),
            Ok(&[("PHONE_NUMBER", 1), ("WABA", 0)]),
        );
        check(json!({"Data": {"Entities": []}}), Ok(&[]));
        check(json!({}), Err("it has no `Data`"));
        check(
            json!({"Data": {"CanSendMessage": "AVAILABLE"}}),
            Err("it has no `Data.Entities`"),
        );
    }
}
