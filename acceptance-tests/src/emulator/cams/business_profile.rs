//! Business profiles of phone numbers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::gateway::{Task, invalid};
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::number_setting::asked_number;
use super::phone_number;
use super::refused;

/// The business profile of a number.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the service")]
pub struct BusinessProfile {
    pub about: String,
    pub address: String,
    pub description: String,
    pub email: String,
    pub vertical: String,
    pub websites: Vec<String>,
    /// Where the picture was fetched from.
    pub profile_picture_url: String,
}

/// What no page says of business profiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessProfileBehavior {
    /// What a write does with a field that it leaves out.
    pub omitted: OmittedField,
    /// What a write does with an empty field.
    pub empty: EmptyField,
    /// How `Vertical` comes back.
    pub vertical_style: VerticalStyle,
    /// Whether web sites come back with a slash at the end.
    pub websites_slash: bool,
    /// Error code for a write until Meta has approved the display name; `null` allows it.
    pub needs_approved_name: Option<String>,
    /// Whether a read leaves out fields that are not set.
    pub unset_absent: bool,
}

impl Default for BusinessProfileBehavior {
    fn default() -> Self {
        BusinessProfileBehavior {
            omitted: OmittedField::Keep,
            empty: EmptyField::Clear,
            vertical_style: VerticalStyle::AsWritten,
            websites_slash: false,
            needs_approved_name: None,
            unset_absent: false,
        }
    }
}

/// What a write does with a field that it leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OmittedField {
    /// It stays.
    Keep,
    /// It is cleared.
    Clear,
}

/// What a write does with an empty field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyField {
    /// It clears.
    Clear,
    /// It changes nothing.
    Keep,
    /// This error code.
    Error(String),
}

/// How the industry comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerticalStyle {
    /// `RETAIL`.
    AsWritten,
    /// `Retail`, as in a sample.
    Capitalized,
}

/// `ModifyPhoneBusinessProfile`.
pub(super) fn modify(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let asked = phone_number::asked_number(state, task)?;
    let behavior = state.behavior.clone();
    let switches = &behavior.profile;
    if let Some(code) = &switches.needs_approved_name {
        let number = state
            .entities
            .phone_number(&asked.waba_id, &asked.phone_number);
        if number.is_none_or(|number| number.name_status.as_deref() != Some("Approval")) {
            return Err(refused(code));
        }
    }
    let key = (asked.cust_space_id, asked.phone_number);
    let sent = |name: &str| task.received.parameter(name).map(str::to_owned);
    let websites: Option<Vec<String>> = sent("Websites")
        .map(|text| serde_json::from_str(&text).map_err(|_| invalid("Websites")))
        .transpose()?;
    let texts = [
        "About",
        "Address",
        "Description",
        "Email",
        "Vertical",
        "ProfilePictureUrl",
    ]
    .map(|name| (name, sent(name)));
    let has_empty = texts.iter().any(|(_, text)| text.as_deref() == Some(""))
        || websites.as_ref().is_some_and(Vec::is_empty);
    if let (true, EmptyField::Error(code)) = (has_empty, &switches.empty) {
        return Err(refused(code));
    }
    let profile = state.entities.profiles.entry(key).or_default();
    profile.write(&behavior.number_setting, |profile| {
        for (name, text) in texts {
            let field = match name {
                "About" => &mut profile.about,
                "Address" => &mut profile.address,
                "Description" => &mut profile.description,
                "Email" => &mut profile.email,
                "Vertical" => &mut profile.vertical,
                _ => &mut profile.profile_picture_url,
            };
            match text {
                None if switches.omitted == OmittedField::Clear => field.clear(),
                None => {}
                // Meta cannot empty it.
                Some(text) if text.is_empty() && name == "About" => {}
                Some(text) if text.is_empty() && switches.empty == EmptyField::Keep => {}
                Some(text) => *field = text,
            }
        }
        match websites {
            None if switches.omitted == OmittedField::Clear => profile.websites.clear(),
            None => {}
            Some(sites) if sites.is_empty() && switches.empty == EmptyField::Keep => {}
            Some(sites) => profile.websites = sites,
        }
    });
    Ok(envelope(task.request_id, &behavior, json!({})))
}

/// `QueryPhoneBusinessProfile`.
pub(super) fn query(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let key = asked_number(state, task)?;
    let behavior = state.behavior.clone();
    let switches = &behavior.profile;
    let number = key.1.clone();
    let profile = state.entities.profiles.entry(key).or_default().read();
    let vertical = match switches.vertical_style {
        VerticalStyle::AsWritten => profile.vertical,
        VerticalStyle::Capitalized => {
            let mut letters = profile.vertical.chars();
            let first = letters.next();
            first
                .into_iter()
                .chain(letters.flat_map(char::to_lowercase))
                .collect()
        }
    };
    let slash = |site: String| match switches.websites_slash {
        true => format!("{}/", site.trim_end_matches('/')),
        false => site,
    };
    let websites: Vec<String> = profile.websites.into_iter().map(slash).collect();
    // Meta serves the picture from its own network.
    let picture = match profile.profile_picture_url.is_empty() {
        true => String::new(),
        false => format!("https://pps.example.net/v/{number}?oe={}", task.request_id),
    };
    let mut data = json!({
        "About": profile.about,
        "Address": profile.address,
        "Description": profile.description,
        "Email": profile.email,
        "ProfilePictureUrl": picture,
        "Vertical": vertical,
        "Websites": websites,
    });
    if let (true, Value::Object(fields)) = (switches.unset_absent, &mut data) {
        fields.retain(|_, value| *value != json!("") && *value != json!([]));
    }
    Ok(envelope(
        task.request_id,
        &behavior,
        json!({ "Data": data }),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::super::Emulator;
    use super::super::PhoneNumber;
    use super::super::testing::{WABA, bound, call, check, emulator};
    use super::*;

    fn modify(emulator: &Emulator, space: &str, fields: &[(&str, &str)]) -> String {
        let number = [("CustSpaceId", space), ("PhoneNumber", "6580002345")];
        let parameters = [number.as_slice(), fields].concat();
        call(emulator, "ModifyPhoneBusinessProfile", &parameters).code()
    }

    fn shown(emulator: &Emulator, space: &str) -> Value {
        let number = [("CustSpaceId", space), ("PhoneNumber", "6580002345")];
        let response = call(emulator, "QueryPhoneBusinessProfile", &number);
        check(&response, 200, "OK");
        response.json()["Data"].take()
    }

    #[test]
    fn fields_that_are_left_out_or_empty_follow_their_switches() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let all = [
            ("About", "Hi"),
            ("Email", "a@b.c"),
            ("Websites", r#"["https://a.b"]"#),
        ];
        assert_eq!(modify(&emulator, &space, &all), "OK");
        assert_eq!(modify(&emulator, &space, &[("Address", "Here")]), "OK");
        let profile = shown(&emulator, &space);
        assert_eq!(profile["Email"], "a@b.c");
        assert_eq!(profile["Websites"], json!(["https://a.b"]));

        let empty = [("About", ""), ("Email", ""), ("Websites", "[]")];
        emulator.set_behavior(|behavior| behavior.profile.empty = EmptyField::Keep);
        assert_eq!(modify(&emulator, &space, &empty), "OK");
        assert_eq!(shown(&emulator, &space)["Email"], "a@b.c");
        let error = EmptyField::Error("X.Empty".to_owned());
        emulator.set_behavior(|behavior| behavior.profile.empty = error);
        assert_eq!(modify(&emulator, &space, &empty), "X.Empty");
        emulator.set_behavior(|behavior| behavior.profile.empty = EmptyField::Clear);
        assert_eq!(modify(&emulator, &space, &empty), "OK");
        let profile = shown(&emulator, &space);
        assert_eq!(profile["Email"], "");
        assert_eq!(profile["Websites"], json!([]));
        assert_eq!(profile["About"], "Hi");

        emulator.set_behavior(|behavior| {
            behavior.profile.omitted = OmittedField::Clear;
            behavior.profile.unset_absent = true;
        });
        assert_eq!(modify(&emulator, &space, &[("Email", "d@e.f")]), "OK");
        assert_eq!(shown(&emulator, &space), json!({"Email": "d@e.f"}));
        assert_eq!(
            modify(&emulator, &space, &[("Websites", "https://a.b")]),
            "InvalidWebsites"
        );
    }

    #[test]
    fn a_profile_comes_back_in_the_service_s_spelling() {
        let emulator = emulator(|behavior| {
            behavior.profile.vertical_style = VerticalStyle::Capitalized;
            behavior.profile.websites_slash = true;
        });
        let space = bound(&emulator, WABA);
        let fields = [
            ("Vertical", "RETAIL"),
            ("Websites", r#"["https://a.b"]"#),
            ("ProfilePictureUrl", "https://a.b/p.png"),
        ];
        assert_eq!(modify(&emulator, &space, &fields), "OK");
        let profile = shown(&emulator, &space);
        assert_eq!(profile["Vertical"], "Retail");
        assert_eq!(profile["Websites"], json!(["https://a.b/"]));
        assert_ne!(profile["ProfilePictureUrl"], "https://a.b/p.png");
        let again = shown(&emulator, &space);
        assert_ne!(profile["ProfilePictureUrl"], again["ProfilePictureUrl"]);
    }

    #[test]
    fn a_profile_may_need_an_approved_name() {
        let emulator = emulator(|behavior| {
            behavior.profile.needs_approved_name = Some("X.Name".to_owned());
        });
        let space = bound(&emulator, WABA);
        assert_eq!(modify(&emulator, &space, &[("About", "Hi")]), "OK");
        emulator.put_phone_number(
            WABA,
            PhoneNumber {
                name_status: Some("Pending_Review".to_owned()),
                ..PhoneNumber::signed_up("6580002345")
            },
        );
        assert_eq!(modify(&emulator, &space, &[("About", "Hi")]), "X.Name");
    }
}
