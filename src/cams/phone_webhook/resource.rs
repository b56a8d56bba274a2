//! `alicloud_cams_phone_webhook`: where messages of a phone number and reports on them go.
//!
//! * Writing is one call, `UpdatePhoneWebhook`. What an omitted parameter means is not documented, so every call has all.
//! * Reading is the row of the number. It has the URLs and queues, but not the two flags; those stay as the state has them.
//! * **Destroying**: a number always has a webhook configuration. `ABANDON` leaves it, `RESET` clears it.

use async_trait::async_trait;

use alicloud::cams::phone_number::{PhoneNumber, UpdatePhoneWebhook};
use framework::{AttributePath, Block, Diagnostic, Diagnostics, Field, timeouts::Timeout};

use super::model::{self, Model, NO, YES};
use crate::common::{
    Context, Key,
    deletion_policy::{ABANDON, DeletionPolicy, RESET},
    error_diagnostics::add_to_first_paragraph,
    phone_number::{self, PHONE_NUMBER},
    phone_numbers,
    resource::{CamsResource, Plan, Presence, Saved},
    space::{CUST_SPACE_ID, check_bound},
    text_of, web_url,
};

/// The resource.
pub(crate) struct CamsPhoneWebhook;

#[async_trait]
impl CamsResource for CamsPhoneWebhook {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_phone_webhook";
    const PLURAL: &'static str = "webhooks";
    const KEYS: &'static [Key] = phone_number::KEYS;
    const TIMEOUTS: &'static [Timeout] = &[
        Timeout::new("create", "2m"),
        Timeout::new("read", "2m"),
        Timeout::new("update", "2m"),
        Timeout::new("delete", "2m"),
    ];
    const DELETION: DeletionPolicy = DeletionPolicy {
        default: ABANDON,
        values: &[ABANDON, RESET],
        description: "What destroying does: `ABANDON` (default) removes the webhook from the state and leaves it at the service, with a warning; `RESET` clears both URLs and turns both flags off, so that messages of customers go nowhere.",
    };
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:UpdatePhoneWebhook",
        "cams:QueryChatappPhoneNumbers",
        "cams:QueryChatappBindWaba",
    ];

    fn block(&self) -> Block {
        model::block()
    }

    fn name(&self, model: &Model) -> String {
        match model.phone_number.as_deref() {
            Some(number) => format!("the webhook of {number}"),
            None => "the webhook of a phone number".to_owned(),
        }
    }

    fn left_behind(&self, model: &Model) -> String {
        let number = text_of(&model.phone_number);
        let urls = [&model.status_callback_url, &model.up_callback_url];
        let urls = urls.into_iter().filter_map(|url| url.as_deref());
        let mut origins: Vec<String> = urls.map(web_url::origin).collect();
        origins.dedup();
        match origins.as_slice() {
            [] => {
                format!("The service goes on with the webhook configuration of {number} as it is.")
            }
            origins => format!(
                "The service goes on sending messages of {number} to {}. To end that, apply `deletion_policy = \"{RESET}\"` \
                 before destroying.",
                origins.join(" and ")
            ),
        }
    }

    fn validate(&self, config: &Model) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let is_without_url =
            config.status_callback_url.is_null() && config.up_callback_url.is_null();
        if config.http_flag.as_deref() == Some(YES) && is_without_url {
            diagnostics.push(
                Diagnostic::warning(
                    "http_flag is Y, but there is no URL",
                    "Messages shall go to URLs, but neither `status_callback_url` nor `up_callback_url` is set. What the \
                     service makes of that is not documented. Set a URL, or remove `http_flag`.",
                )
                .at(AttributePath::attribute("http_flag")),
            );
        }
        diagnostics
    }

    fn plan(&self, plan: &mut Plan<'_, Model>) {
        let Some(planned) = &plan.planned else {
            return;
        };
        let prior = plan.prior.as_ref();
        if let (Some(prior), Some(config)) = (prior, &plan.config)
            && plan.requires_replace.is_empty()
            && config.queue_flag.is_null()
            && planned.queue_flag.as_deref() == Some(NO)
            && let Some(warning) = queue_is_turned_off(prior)
        {
            plan.diagnostics.push(warning);
        }
        let urls = [
            (
                "status_callback_url",
                &planned.status_callback_url,
                prior.map(|prior| &prior.status_callback_url),
            ),
            (
                "up_callback_url",
                &planned.up_callback_url,
                prior.map(|prior| &prior.up_callback_url),
            ),
        ];
        let unencrypted = urls.into_iter().find(|(_, url, before)| {
            let is_http = url.as_deref().is_some_and(|url| url.starts_with("http://"));
            is_http && *before != Some(*url)
        });
        if let Some((name, ..)) = unencrypted
            && plan.is_first("unencrypted")
        {
            let warning = Diagnostic::warning(
                "Messages of customers travel unencrypted",
                "A webhook URL begins with `http://`, so everybody on the way to the server can read and change the \
                 messages. Use `https://`. This is said once for all webhooks of the run.",
            );
            plan.diagnostics
                .push(warning.at(AttributePath::attribute(name)));
        }
    }

    async fn create(
        &self,
        context: &Context<'_>,
        model: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let before = find_number(context, &model).await?;
        let changed = before.and_then(|before| Overwritten::by(&model, &before));
        write(context, model.clone(), changed.as_ref(), saved).await?;
        if let Some(changed) = changed {
            context.warn(changed.warning(text_of(&model.phone_number)));
        }
        Ok(())
    }

    async fn read(
        &self,
        context: &Context<'_>,
        mut model: Model,
        _saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<Model>, Diagnostics> {
        if let Some(number) = find_number(context, &model).await? {
            model.fill(&number);
            if context.importing {
                // The service shows no flags: the first apply sends them.
                model.http_flag = Field::Null;
                model.queue_flag = Field::Null;
            }
            return Ok(Presence::Found(model));
        }
        let (space, number) = (text_of(&model.cust_space_id), text_of(&model.phone_number));
        check_bound(
            context,
            space,
            model.isv_code.as_deref(),
            &self.name(&model),
        )
        .await?;
        Ok(Presence::Gone(phone_numbers::not_shown(space, number)))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        prior: Model,
        planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let sent = |model: &Model| {
            [
                model.status_callback_url.clone(),
                model.up_callback_url.clone(),
                model.http_flag.clone(),
                model.queue_flag.clone(),
            ]
        };
        if sent(&prior) == sent(&planned) {
            // What changes concerns Terraform alone.
            let mut planned = planned;
            planned.status_queue = prior.status_queue;
            planned.up_queue = prior.up_queue;
            saved.save(&planned);
            return Ok(());
        }
        write(context, planned, None, saved).await
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        prior: Model,
        policy: &'static str,
    ) -> Result<(), Diagnostics> {
        debug_assert_eq!(policy, RESET);
        let cleared = Model {
            status_callback_url: Field::Null,
            up_callback_url: Field::Null,
            http_flag: NO.into(),
            queue_flag: NO.into(),
            ..prior
        };
        let number = text_of(&cleared.phone_number).to_owned();
        send(
            context,
            &cleared,
            None,
            &format!("Cannot clear the webhook of {number}"),
        )
        .await?;
        match read_back(context, &cleared).await {
            Ok(Some(shown)) if !cleared.is_shown_by(&shown) => {
                context.warn(not_cleared(&number, &shown));
            }
            Ok(_) => {}
            Err(error) => context.warn(not_read_back(&number, &error)),
        }
        Ok(())
    }
}

async fn find_number(
    context: &Context<'_>,
    model: &Model,
) -> Result<Option<PhoneNumber>, Diagnostic> {
    let (space, number) = (text_of(&model.cust_space_id), text_of(&model.phone_number));
    phone_numbers::find_or_diagnose(context, space, model.isv_code.as_deref(), number).await
}

/// Sends all four values, saves them, and looks whether the service shows them. `before` is what no state has.
async fn write(
    context: &Context<'_>,
    mut model: Model,
    before: Option<&Overwritten>,
    saved: &mut Saved<'_, CamsPhoneWebhook>,
) -> Result<(), Diagnostics> {
    let number = text_of(&model.phone_number).to_owned();
    if model.http_flag.is_unknown() {
        // URLs that were not known in the plan turned out to be null.
        let is_url = model.status_callback_url.is_known() || model.up_callback_url.is_known();
        model.http_flag = Field::from(if is_url { YES } else { NO });
    }
    send(
        context,
        &model,
        before,
        &format!("Cannot set the webhook of {number}"),
    )
    .await?;
    model.fill_queues(None);
    saved.save(&model);
    match read_back(context, &model).await {
        Ok(shown) => {
            let shown_as_sent = shown.as_ref().is_some_and(|shown| model.is_shown_by(shown));
            model.fill_queues(shown.as_ref());
            saved.save(&model);
            if !shown_as_sent {
                context.warn(shown_otherwise(&number, shown.as_ref()));
            }
        }
        Err(error) => context.warn(not_read_back(&number, &error)),
    }
    Ok(())
}

async fn send(
    context: &Context<'_>,
    model: &Model,
    before: Option<&Overwritten>,
    summary: &str,
) -> Result<(), Diagnostic> {
    let (space, number) = (text_of(&model.cust_space_id), text_of(&model.phone_number));
    let action = UpdatePhoneWebhook {
        cust_space_id: space,
        phone_number: number,
        status_callback_url: model.status_callback_url.as_deref().unwrap_or_default(),
        up_callback_url: model.up_callback_url.as_deref().unwrap_or_default(),
        http_flag: model.http_flag.as_deref().unwrap_or(NO),
        queue_flag: model.queue_flag.as_deref().unwrap_or(NO),
    };
    let result = context.operation.call(&action).await;
    phone_numbers::forget(context, space);
    let subject = format!("phone number {number} of space {space}");
    result.map(|_| ()).map_err(|error| {
        let mut diagnostic = context.diagnose(&error, summary, &subject, PHONE_NUMBER);
        if let Some(before) = before.filter(|_| error.outcome_unknown()) {
            add_to_first_paragraph(&mut diagnostic.detail, &before.may_be_lost());
        }
        diagnostic
    })
}

/// What the service shows after a write. An error is its detail.
async fn read_back(context: &Context<'_>, model: &Model) -> Result<Option<PhoneNumber>, String> {
    let (space, number) = (text_of(&model.cust_space_id), text_of(&model.phone_number));
    let isv_code = model.isv_code.as_deref();
    let shown = |shown: &PhoneNumber| model.is_shown_by(shown);
    let found = phone_numbers::look_up_fresh(context, space, isv_code, number, shown).await;
    found.map_err(|error| {
        let subject = format!("space {space}");
        context.diagnose(&error, "", &subject, CUST_SPACE_ID).detail
    })
}

/// Why a message does not have whole URLs.
const HOSTS_ONLY: &str =
    "Of a URL only scheme, host and port are shown here: the rest may be secret.";

/// The URLs of a number, without what may be secret, for the middle of a sentence.
fn urls(number: &PhoneNumber) -> String {
    let url = |name: &str, url: &Option<String>| {
        let origin = web_url::origin(url.as_deref()?);
        Some(format!("{name} at {origin}"))
    };
    let urls = [
        url("StatusCallbackUrl", &number.status_callback_url),
        url("UpCallbackUrl", &number.up_callback_url),
    ];
    let urls: Vec<String> = urls.into_iter().flatten().collect();
    match urls.as_slice() {
        [] => "no URL".to_owned(),
        urls => urls.join(" and "),
    }
}

/// What a create changes of where messages go. No state has it.
struct Overwritten {
    /// Sentences with the URLs and queues that were there.
    before: String,
    /// Whether queues are turned off.
    queues: bool,
}

impl Overwritten {
    /// `None` if nothing was there, or the same.
    fn by(model: &Model, number: &PhoneNumber) -> Option<Self> {
        let has_urls = number.status_callback_url.is_some() || number.up_callback_url.is_some();
        let changes_urls = has_urls && !model.is_shown_by(number);
        let mut found = Model::default();
        found.fill(number);
        let queues = found.queues();
        let changes_queues = !queues.is_empty() && model.queue_flag.as_deref() != Some(YES);
        let before = match (changes_urls, changes_queues) {
            (false, false) => return None,
            (true, false) => urls(number),
            (false, true) => named_queues(&queues),
            (true, true) => format!("{} and {}", urls(number), named_queues(&queues)),
        };
        let mut before = format!("Before, the service showed {before}.");
        if changes_urls {
            before.push_str(&format!(" {HOSTS_ONLY}"));
        }
        Some(Self {
            before,
            queues: changes_queues,
        })
    }

    /// The warning after the create.
    fn warning(&self, number: &str) -> Diagnostic {
        let (now, restore) = match self.queues {
            true => (
                ", and nothing goes to queues: `queue_flag` is `N`",
                " or set `queue_flag = \"Y\"`",
            ),
            false => ("", ""),
        };
        let before = &self.before;
        Diagnostic::warning(
            format!("The webhook of {number} was overwritten"),
            format!(
                "The number already had a webhook, which this resource did not manage. Now it is as configured{now}. \
                 {before}\n\nIf that was not intended, restore the old values{restore}, and apply again."
            ),
        )
    }

    /// For the error of a create whose outcome is unknown.
    fn may_be_lost(&self) -> String {
        let before = &self.before;
        format!(
            "Messages may already go to the configured webhook. Nothing was saved in the state, and the next apply may not show \
             what was there: keep this message. {before}"
        )
    }
}

/// For the middle of a sentence.
fn named_queues(queues: &[&str]) -> String {
    let names = queues
        .iter()
        .map(|queue| format!("the queue {}", queue.escape_debug()));
    names.collect::<Vec<_>>().join(" and ")
}

/// The warning of a plan that turns queues off only because the configuration does not say anything about them.
fn queue_is_turned_off(prior: &Model) -> Option<Diagnostic> {
    let queues = prior.queues();
    let why = match prior.queue_flag.as_deref() {
        Some(YES) => "The state has `Y`".to_owned(),
        // After an import no flag is known.
        None if !queues.is_empty() => format!("The service shows {}", named_queues(&queues)),
        _ => return None,
    };
    let number = text_of(&prior.phone_number);
    let warning = Diagnostic::warning(
        format!("Messages of {number} will no longer go to queues"),
        format!(
            "`queue_flag` is not set, so its default `N` is sent. {why}, so something may wait for messages there.\n\nTo go on \
             using the queue, set `queue_flag = \"Y\"`. To turn it off without this warning, set `queue_flag = \"N\"`."
        ),
    );
    Some(warning.at(AttributePath::attribute("queue_flag")))
}

fn not_cleared(number: &str, shown: &PhoneNumber) -> Diagnostic {
    Diagnostic::warning(
        format!("The webhook of {number} was not cleared"),
        format!(
            "The service took the request to clear the webhook, but still shows {}. Messages may still go there. \
             {HOSTS_ONLY}\n\nLook at the number in the console (https://chatapp.console.alibabacloud.com).",
            urls(shown)
        ),
    )
}

fn shown_otherwise(number: &str, shown: Option<&PhoneNumber>) -> Diagnostic {
    let shows = match shown {
        Some(shown) => format!("shows {}", urls(shown)),
        None => "does not show the number".to_owned(),
    };
    Diagnostic::warning(
        format!("The service does not show the new webhook of {number}"),
        format!(
            "The service took the request, but after some seconds it {shows}. The configured values are in the state. \
             {HOSTS_ONLY}\n\nThe next plan shows a difference if there still is one: a URL may be shown late, or the service \
             cannot clear it, or hides it while `http_flag` is `N`."
        ),
    )
}

fn not_read_back(number: &str, detail: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("The webhook of {number} was set, but not read back"),
        format!(
            "The service took the request. Reading the number afterwards failed, so its queues are not in the state; the \
             next refresh reads them.\n\n{detail}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::common::printed::printed;

    fn number(status: Option<&str>, up: Option<&str>) -> PhoneNumber {
        PhoneNumber {
            status_callback_url: status.map(str::to_owned),
            up_callback_url: up.map(str::to_owned),
            ..PhoneNumber::default()
        }
    }

    #[test]
    fn create_tells_what_it_overwrites() {
        let model = Model {
            phone_number: "6580001234".into(),
            up_callback_url: "https://new".into(),
            queue_flag: NO.into(),
            ..Model::default()
        };
        let same = number(None, Some("https://new"));
        assert!(Overwritten::by(&model, &number(None, None)).is_none());
        assert!(Overwritten::by(&model, &same).is_none());
        let with_queue = PhoneNumber {
            up_queue: Some("Alicom-Queue-1-ChatAppUp".to_owned()),
            ..same
        };
        let keeps = Model {
            queue_flag: YES.into(),
            ..model.clone()
        };
        assert!(Overwritten::by(&keeps, &with_queue).is_none());
        let old = number(Some("https://s/x"), Some("https://old/?x"));
        let of = |before: &PhoneNumber| Overwritten::by(&model, before).expect("it differs");
        expect!["Messages may already go to the configured webhook. Nothing was saved in the state, and the next apply may not show what was there: keep this message. Before, the service showed StatusCallbackUrl at https://s and UpCallbackUrl at https://old. Of a URL only scheme, host and port are shown here: the rest may be secret."].assert_eq(&of(&old).may_be_lost());
        expect![[r#"
            Warning: The webhook of 6580001234 was overwritten

            The number already had a webhook, which this resource did not manage. Now it
            is as configured. Before, the service showed StatusCallbackUrl at https://s
            and UpCallbackUrl at https://old. Of a URL only scheme, host and port are
            shown here: the rest may be secret.

            If that was not intended, restore the old values, and apply again.

            Warning: The webhook of 6580001234 was overwritten

            The number already had a webhook, which this resource did not manage. Now it
            is as configured, and nothing goes to queues: `queue_flag` is `N`. Before, the
            service showed the queue Alicom-Queue-1-ChatAppUp.

            If that was not intended, restore the old values or set `queue_flag = "Y"`,
            and apply again.
        "#]]
        .assert_eq(&printed(&[
            of(&old).warning("6580001234"),
            of(&with_queue).warning("6580001234"),
        ]));
    }

    #[test]
    fn queue_that_nobody_mentions_is_turned_off_with_a_warning() {
        let prior = |flag: Field<String>, queue: Option<&str>| Model {
            phone_number: "6580001234".into(),
            queue_flag: flag,
            up_queue: queue.map(str::to_owned).into(),
            ..Model::default()
        };
        let queue = Some("Alicom-Queue-1-ChatAppUp");
        assert_eq!(queue_is_turned_off(&prior(NO.into(), queue)), None);
        assert_eq!(queue_is_turned_off(&prior(Field::Null, None)), None);
        let warnings = [(Field::Null, queue), (YES.into(), None)]
            .map(|(flag, queue)| queue_is_turned_off(&prior(flag, queue)).expect("it is on"));
        expect![[r#"
            Warning: Messages of 6580001234 will no longer go to queues
              at queue_flag

            `queue_flag` is not set, so its default `N` is sent. The service shows the
            queue Alicom-Queue-1-ChatAppUp, so something may wait for messages there.

            To go on using the queue, set `queue_flag = "Y"`. To turn it off without this
            warning, set `queue_flag = "N"`.

            Warning: Messages of 6580001234 will no longer go to queues
              at queue_flag

            `queue_flag` is not set, so its default `N` is sent. The state has `Y`, so
            something may wait for messages there.

            To go on using the queue, set `queue_flag = "Y"`. To turn it off without this
            warning, set `queue_flag = "N"`.
        "#]]
        .assert_eq(&printed(&warnings));
    }

    #[test]
    fn no_message_has_what_may_be_secret_of_a_url() {
        let urls = [
            "https://hook.example/S3CRET",
            "https://hook.example?token=S3CRET",
            "https://hook.example/#S3CRET",
            "https://S3CRET@hook.example",
            "https://user:S3CRET@hook.example:8443/",
            "https://hook.example/\nS3CRET",
            "S3CRET",
        ];
        for url in urls {
            let model = Model {
                up_callback_url: url.into(),
                status_callback_url: url.into(),
                ..Model::default()
            };
            let shown = number(Some(url), Some(url));
            let changed = Overwritten::by(&Model::default(), &shown).expect("it differs");
            let texts = [
                CamsPhoneWebhook.left_behind(&model),
                changed.warning("65").detail,
                changed.may_be_lost(),
                shown_otherwise("65", Some(&shown)).detail,
                not_cleared("65", &shown).detail,
            ];
            for text in texts {
                assert!(!text.contains("S3CRET"), "{url}: {text}");
                assert!(
                    text.contains("https://") || url == "S3CRET",
                    "{url}: {text}"
                );
            }
        }
    }

    #[test]
    fn http_without_a_url_is_warned_about() {
        let check = |http_flag: &str, url: Field<String>, expected: usize| {
            let config = Model {
                http_flag: http_flag.into(),
                up_callback_url: url,
                ..Model::default()
            };
            assert_eq!(CamsPhoneWebhook.validate(&config).iter().count(), expected);
        };
        check(YES, Field::Null, 1);
        check(YES, Field::Unknown, 0);
        check(YES, "https://a".into(), 0);
        check(NO, Field::Null, 0);
    }
}
