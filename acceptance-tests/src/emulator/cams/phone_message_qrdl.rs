//! Message links of phone numbers, with their QR codes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::gateway::{Task, missing};
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::number_setting::asked_number;
use super::phone_number::without_success;
use super::refused;

/// A message link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageLink {
    /// What names it within its number.
    pub code: String,
    /// The text that a chat opens with.
    pub message: String,
    /// Format of the picture: `PNG` or `SVG`.
    pub image: String,
    /// Lists that do not show it yet.
    #[serde(skip)]
    blind_lists: u32,
}

impl MessageLink {
    /// A link as if made at the console.
    pub fn new(code: &str, message: &str, image: &str) -> Self {
        MessageLink {
            code: code.to_owned(),
            message: message.to_owned(),
            image: image.to_owned(),
            blind_lists: 0,
        }
    }
}

/// What no page says of message links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageLinkBehavior {
    /// The host of links.
    pub deep_link_host: String,
    /// What a list shows as format of the picture.
    pub list_image: ListImage,
    /// So many lists do not show a new link yet.
    pub lag_lists: u32,
    /// Whether a message comes back without blanks around it.
    pub message_trimmed: bool,
    /// Error code for deleting a link that is not there; `null` accepts it.
    pub delete_unknown_code: Option<String>,
    /// Whether somebody else makes the same link whenever one is made.
    pub twin_creates: bool,
    /// So many links of a number are allowed.
    pub maximum: usize,
    /// Error code for more.
    pub maximum_code: String,
}

impl Default for MessageLinkBehavior {
    fn default() -> Self {
        MessageLinkBehavior {
            deep_link_host: "wa.me".to_owned(),
            list_image: ListImage::AsCreated,
            lag_lists: 0,
            message_trimmed: false,
            delete_unknown_code: Some("InvalidParameter.QrdlCodeError".to_owned()),
            twin_creates: false,
            // Meta's limit.
            maximum: 2_000,
            maximum_code: "InvalidParameter.QrdlLimit".to_owned(),
        }
    }
}

/// What a list shows as format of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListImage {
    /// That of the create.
    AsCreated,
    /// Nothing.
    Absent,
    /// `PNG`, also for a link that was created with another format.
    Png,
}

/// `CreatePhoneMessageQrdl`. Each call makes another link.
pub(super) fn create(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let parameter = |name| task.received.parameter(name).ok_or_else(|| missing(name));
    let (message, image) = (
        parameter("PrefilledMessage")?,
        parameter("GenerateQrImage")?,
    );
    let key = asked_number(state, task)?;
    let behavior = state.behavior.clone();
    let switches = &behavior.message_link;
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let code = state.random_text(alphabet, 14);
    let twin = state.random_text(alphabet, 14);
    let links = state.entities.message_links.entry(key.clone()).or_default();
    if links.len() >= switches.maximum {
        return Err(refused(&switches.maximum_code));
    }
    let message = match switches.message_trimmed {
        true => message.trim(),
        false => message,
    };
    let link = MessageLink {
        blind_lists: switches.lag_lists,
        ..MessageLink::new(&code, message, image)
    };
    let data = row(switches, &link, &key.1, Some(image), task.request_id);
    if switches.twin_creates {
        let code = twin;
        links.push(MessageLink {
            code,
            ..link.clone()
        });
    }
    links.push(link);
    let body = envelope(task.request_id, &behavior, json!({ "Data": data }));
    Ok(without_success(body))
}

/// `ListPhoneMessageQrdl`: all links of a number.
pub(super) fn list(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let key = asked_number(state, task)?;
    let behavior = state.behavior.clone();
    let mut rows = Vec::new();
    let switches = &behavior.message_link;
    let links = state.entities.message_links.entry(key.clone()).or_default();
    for link in links {
        if link.blind_lists > 0 {
            link.blind_lists -= 1;
            continue;
        }
        let image = match switches.list_image {
            ListImage::AsCreated => Some(link.image.as_str()),
            ListImage::Absent => None,
            ListImage::Png => Some("PNG"),
        };
        rows.push(row(switches, link, &key.1, image, task.request_id));
    }
    let body = envelope(task.request_id, &behavior, json!({ "Data": rows }));
    Ok(without_success(body))
}

/// `DeletePhoneMessageQrdl`.
pub(super) fn delete(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let code = task.received.parameter("QrdlCode");
    let code = code.ok_or_else(|| missing("QrdlCode"))?;
    let key = asked_number(state, task)?;
    let behavior = state.behavior.clone();
    let links = state.entities.message_links.entry(key).or_default();
    let before = links.len();
    links.retain(|link| link.code != code);
    if let (true, Some(code)) = (
        links.len() == before,
        &behavior.message_link.delete_unknown_code,
    ) {
        return Err(refused(code));
    }
    let body = envelope(task.request_id, &behavior, json!({}));
    Ok(without_success(body))
}

/// The picture has another URL each time.
fn row(
    switches: &MessageLinkBehavior,
    link: &MessageLink,
    number: &str,
    image: Option<&str>,
    request_id: &str,
) -> Value {
    let (host, code) = (&switches.deep_link_host, &link.code);
    let mut row = json!({
        "PhoneNumber": number,
        "QrdlCode": code,
        "PrefilledMessage": link.message,
        "DeepLinkUrl": format!("https://{host}/message/{code}"),
        "QrImageUrl": format!("https://scontent.example.net/{code}?oe={request_id}"),
    });
    if let Some(image) = image {
        row["GenerateQrImage"] = json!(image);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::super::super::Emulator;
    use super::super::testing::{WABA, bound, call, check, emulator};
    use super::*;

    const NUMBER: &str = "6580002345";

    fn ask(emulator: &Emulator, action: &str, space: &str, more: &[(&str, &str)]) -> Value {
        let number = [("CustSpaceId", space), ("PhoneNumber", NUMBER)];
        let response = call(emulator, action, &[number.as_slice(), more].concat());
        check(&response, 200, "OK");
        assert_eq!(response.json().get("Success"), None);
        response.json()["Data"].take()
    }

    fn make(emulator: &Emulator, space: &str, message: &str) -> Value {
        let more = [("PrefilledMessage", message), ("GenerateQrImage", "SVG")];
        ask(emulator, "CreatePhoneMessageQrdl", space, &more)
    }

    #[test]
    fn links_are_made_listed_and_deleted() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let list = || ask(&emulator, "ListPhoneMessageQrdl", &space, &[]);
        assert_eq!(list(), json!([]));
        let one = make(&emulator, &space, "Hi");
        let other = make(&emulator, &space, "Hi");
        assert_ne!(one["QrdlCode"], other["QrdlCode"]);
        let rows = list();
        assert_eq!(rows[0]["DeepLinkUrl"], one["DeepLinkUrl"]);
        assert_eq!(rows[0]["GenerateQrImage"], "SVG");
        assert_ne!(rows[0]["QrImageUrl"], one["QrImageUrl"]);
        let code = one["QrdlCode"].as_str().expect("a code");
        let delete = [
            ("CustSpaceId", space.as_str()),
            ("PhoneNumber", NUMBER),
            ("QrdlCode", code),
        ];
        let delete = || call(&emulator, "DeletePhoneMessageQrdl", &delete);
        check(&delete(), 200, "OK");
        assert_eq!(list().as_array().map(Vec::len), Some(1));
        check(&delete(), 200, "InvalidParameter.QrdlCodeError");
        emulator.set_behavior(|behavior| behavior.message_link.delete_unknown_code = None);
        check(&delete(), 200, "OK");
    }

    #[test]
    fn links_follow_their_switches() {
        let emulator = emulator(|behavior| {
            let switches = &mut behavior.message_link;
            switches.lag_lists = 1;
            switches.message_trimmed = true;
            switches.maximum = 1;
            switches.list_image = ListImage::Png;
        });
        let space = bound(&emulator, WABA);
        let list = || ask(&emulator, "ListPhoneMessageQrdl", &space, &[]);
        let made = make(&emulator, &space, " Hi ");
        assert_eq!(made["PrefilledMessage"], "Hi");
        assert_eq!(made["GenerateQrImage"], "SVG");
        assert_eq!(list(), json!([]));
        assert_eq!(list()[0]["GenerateQrImage"], "PNG");
        emulator.set_behavior(|behavior| behavior.message_link.list_image = ListImage::Absent);
        assert_eq!(list()[0].get("GenerateQrImage"), None);
        let more = [
            ("CustSpaceId", space.as_str()),
            ("PhoneNumber", NUMBER),
            ("PrefilledMessage", "Hi"),
            ("GenerateQrImage", "PNG"),
        ];
        let response = call(&emulator, "CreatePhoneMessageQrdl", &more);
        check(&response, 200, "InvalidParameter.QrdlLimit");
        emulator.set_behavior(|behavior| {
            behavior.message_link = MessageLinkBehavior {
                twin_creates: true,
                deep_link_host: "a.b".to_owned(),
                ..MessageLinkBehavior::default()
            };
        });
        let made = make(&emulator, &space, "Hi");
        let url = made["DeepLinkUrl"].as_str().unwrap_or_default();
        assert!(url.starts_with("https://a.b/message/"), "{url}");
        assert_eq!(list().as_array().map(Vec::len), Some(3));
    }
}
