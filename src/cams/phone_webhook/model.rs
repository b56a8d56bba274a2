//! The attributes of a webhook.

use alicloud::cams::phone_number::PhoneNumber;
use framework::{
    Attribute, Block, Field, Type, Value,
    schema::{PlanContext, Validator},
};
use serde::{Deserialize, Serialize};

use crate::common::{
    phone_number,
    space::{self, isv_code_attribute},
    web_url,
};

/// A flag that is on.
pub(super) const YES: &str = "Y";
/// A flag that is off.
pub(super) const NO: &str = "N";

/// A webhook, as configuration and state hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(super) cust_space_id: Field<String>,
    pub(super) phone_number: Field<String>,
    pub(super) status_callback_url: Field<String>,
    pub(super) up_callback_url: Field<String>,
    pub(super) http_flag: Field<String>,
    pub(super) queue_flag: Field<String>,
    pub(super) isv_code: Field<String>,
    pub(super) status_queue: Field<String>,
    pub(super) up_queue: Field<String>,
}

impl Model {
    /// Writes what the service shows. It shows no flags.
    pub(super) fn fill(&mut self, number: &PhoneNumber) {
        self.status_callback_url = number.status_callback_url.clone().into();
        self.up_callback_url = number.up_callback_url.clone().into();
        self.fill_queues(Some(number));
    }

    /// Writes the queues alone; the rest stays as it was sent.
    pub(super) fn fill_queues(&mut self, number: Option<&PhoneNumber>) {
        self.status_queue = number.and_then(|number| number.status_queue.clone()).into();
        self.up_queue = number.and_then(|number| number.up_queue.clone()).into();
    }

    /// Names of the queues that the service shows. Whether a queue without a name is in use is not documented.
    pub(super) fn queues(&self) -> Vec<&str> {
        let queues = [&self.status_queue, &self.up_queue].map(|queue| queue.as_deref());
        queues.into_iter().flatten().collect()
    }

    /// Whether the service shows the URLs that were sent.
    pub(super) fn is_shown_by(&self, number: &PhoneNumber) -> bool {
        self.status_callback_url.as_deref() == number.status_callback_url.as_deref()
            && self.up_callback_url.as_deref() == number.up_callback_url.as_deref()
    }
}

/// The attributes of the resource.
pub(super) fn block() -> Block {
    let flag = Validator::one_of(&[YES, NO]);
    Block::new(
        "Sets where the service sends messages of customers (`up_callback_url`) and reports on sent messages \
         (`status_callback_url`) of a phone number. A person who can apply this resource can redirect messages of customers: \
         review its plans. A number always has a webhook configuration, so creating the resource overwrites the one that \
         is there, with a warning if it has URLs or queues. The plan of a create does not look at it: to see what is there, \
         and to keep it, import it first.",
    )
    .attribute(space::attribute())
    .attribute(phone_number::attribute())
    .attribute(url(
        "status_callback_url",
        "URL that reports on sent messages go to. Removing it clears it at the service.",
    ))
    .attribute(url(
        "up_callback_url",
        "URL that messages of customers go to. Removing it clears it at the service.",
    ))
    .attribute(
        Attribute::optional_computed("http_flag", Type::String)
            .describe("Whether messages and reports go to the URLs: `Y` or `N`. Default: `Y` if there is a URL, else `N`. The service does not return it, so a change outside of Terraform does not show.")
            .validate(flag.clone())
            .planned_value(planned_http_flag),
    )
    .attribute(
        Attribute::optional("queue_flag", Type::String)
            .describe("Whether messages and reports go to queues: `Y` or `N` (default). The service does not return it, so a change outside of Terraform does not show. Where a queue is in use, the default turns it off, with a warning.")
            .validate(flag)
            .default(NO),
    )
    .attribute(isv_code_attribute())
    .attribute(
        Attribute::computed("status_queue", Type::String)
            .describe("Name of the queue for reports, as the service shows it."),
    )
    .attribute(
        Attribute::computed("up_queue", Type::String)
            .describe("Name of the queue for messages of customers, as the service shows it."),
    )
}

fn url(name: &'static str, description: &'static str) -> Attribute {
    Attribute::optional(name, Type::String)
        .describe(format!(
            "{description} Begins with `https://` or `http://`; over `http://` messages travel unencrypted."
        ))
        .validate(Validator::text(check_url))
}

fn check_url(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("must not be empty; leave it out to send nothing there".to_owned());
    }
    web_url::check(text)
}

/// Whether it is on follows from the URLs, where the configuration does not say. A URL that is not known yet may turn out to
/// be null.
fn planned_http_flag(context: &PlanContext<'_>) -> Option<Value> {
    let urls = ["status_callback_url", "up_callback_url"];
    let urls = urls.map(|name| context.config_object.get(name));
    let is_url = |url: &&Value| !url.is_null() && !url.is_unknown();
    if urls.iter().any(is_url) {
        return Some(Value::from(YES));
    }
    let is_known = urls.iter().all(|url| !url.is_unknown());
    is_known.then(|| Value::from(NO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_values_are_compared() {
        let model = Model {
            status_callback_url: "https://a".into(),
            ..Model::default()
        };
        let number = |status: Option<&str>, up: Option<&str>| PhoneNumber {
            status_callback_url: status.map(str::to_owned),
            up_callback_url: up.map(str::to_owned),
            ..PhoneNumber::default()
        };
        assert!(model.is_shown_by(&number(Some("https://a"), None)));
        assert!(!model.is_shown_by(&number(Some("https://b"), None)));
        assert!(!model.is_shown_by(&number(Some("https://a"), Some("https://b"))));
        assert!(!model.is_shown_by(&number(None, None)));
    }
}
