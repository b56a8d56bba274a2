//! `alicloud_cams_phone_message_qrdl`: a link and a QR code that open a chat with a text in it.
//!
//! A link is never changed: `UpdatePhoneMessageQrdl` voids what is in print, and its documented sample returns another code than
//! the one that was sent.

use alicloud::{
    ErrorKind,
    cams::phone_message_qrdl::{DeletePhoneMessageQrdl, Qrdl},
};
use async_trait::async_trait;
use framework::{AttributePath, Block, Diagnostics, timeouts::Timeout};
use serde_json::{Value as Json, json};

use super::{
    create::{create, list},
    messages,
    model::{self, GENERATE_QR_IMAGE, Model, QRDL_CODE, QRDL_CODE_DESCRIPTION},
};
use crate::common::{
    Context, Key,
    deletion_policy::{ABANDON, DELETE, DeletionPolicy, PREVENT},
    phone_number::{self, PHONE_NUMBER},
    phone_numbers::{not_shown, refused_without_number},
    resource::{CamsResource, Plan, Presence, Saved},
    space::{self, check_bound},
};

/// The resource.
pub(crate) struct PhoneMessageQrdl;

#[async_trait]
impl CamsResource for PhoneMessageQrdl {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_phone_message_qrdl";
    const PLURAL: &'static str = "message links";
    const KEYS: &'static [Key] = &[
        space::KEY,
        phone_number::KEY,
        Key::new(QRDL_CODE, QRDL_CODE_DESCRIPTION),
    ];
    const TIMEOUTS: &'static [Timeout] = &[
        Timeout::new("create", "2m"),
        Timeout::new("read", "2m"),
        Timeout::new("delete", "2m"),
    ];
    const DELETION: DeletionPolicy = DeletionPolicy {
        default: DELETE,
        values: &[DELETE, ABANDON, PREVENT],
        description: "What destroying does: `DELETE` (default) deletes the link, so that its QR codes in print stop working, which the plan warns about; `ABANDON` removes the link from the state and leaves it working, with a warning; `PREVENT` refuses to plan a destruction or replacement, by the value in state.",
    };
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:CreatePhoneMessageQrdl",
        "cams:ListPhoneMessageQrdl",
        "cams:DeletePhoneMessageQrdl",
        "cams:QueryChatappPhoneNumbers",
        "cams:QueryChatappBindWaba",
    ];

    fn block(&self) -> Block {
        model::block()
    }

    fn name(&self, model: &Model) -> String {
        match (model.qrdl_code.as_deref(), model.phone_number.as_deref()) {
            (Some(code), _) => format!("message link {code}"),
            (None, Some(number)) => format!("the message link of {number}"),
            (None, None) => "the message link".to_owned(),
        }
    }

    fn left_behind(&self, model: &Model) -> String {
        format!(
            "Message link {} of {} keeps working, with its QR codes. To delete it, apply `deletion_policy = \"{DELETE}\"` before \
             you destroy.",
            model.code(),
            model.number(),
        )
    }

    fn plan(&self, plan: &mut Plan<'_, Model>) {
        let Some(prior) = &plan.prior else {
            return;
        };
        if prior.generate_qr_image.is_null() || has(plan.private_state, FORMAT_AS_LISTED) {
            // An imported link: its true format is not known, so another one in the configuration is no change of it.
            let format = AttributePath::attribute(GENERATE_QR_IMAGE);
            plan.requires_replace.retain(|path| *path != format);
        }
        let replaced = plan.planned.is_some();
        if plan.policy == DELETE && (!replaced || !plan.requires_replace.is_empty()) {
            let warning = messages::voids_print(prior, replaced);
            plan.diagnostics.push(warning);
        }
    }

    async fn create(
        &self,
        context: &Context<'_>,
        planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let link = create(context, &planned).await?;
        let made = planned.completed_by(&link);
        saved.save(&made);
        saved.set_private(json!({ NOT_SHOWN_YET: true }));
        let mut looks = context.looks_after_write();
        while let Ok(true) = looks.next().await {
            match find_qrdl(context, &made).await {
                Ok(Some(shown)) => {
                    saved.set_private(json!({}));
                    if shown.deep_link_url.is_some() {
                        saved.save(&planned.completed_by(&shown));
                    }
                    return Ok(());
                }
                Ok(None) => {}
                Err(error) => {
                    let why = context.diagnose(&error, "", &self.name(&made), PHONE_NUMBER);
                    context.warn(messages::made_but_not_read(&made, &why.detail));
                    return Ok(());
                }
            }
        }
        context.warn(messages::not_shown_yet(&made));
        Ok(())
    }

    async fn read(
        &self,
        context: &Context<'_>,
        mut model: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<Model>, Diagnostics> {
        let (space, number) = (model.space().to_owned(), model.number().to_owned());
        let (space, number) = (space.as_str(), number.as_str());
        let name = self.name(&model);
        match find_qrdl(context, &model).await {
            Ok(Some(link)) => {
                model.fill(&link);
                if context.importing {
                    model.fill_format(&link);
                    saved.set_private(json!({ FORMAT_AS_LISTED: true }));
                } else if has(saved.private(), NOT_SHOWN_YET) {
                    saved.set_private(json!({}));
                }
                Ok(Presence::Found(model))
            }
            Ok(None) => {
                check_bound(context, space, None, &name).await?;
                if has(saved.private(), NOT_SHOWN_YET) {
                    context.warn(messages::not_shown_yet(&model));
                    return Ok(Presence::Found(model));
                }
                Ok(Presence::Gone(format!(
                    "The service does not show {name} among the links of phone number {number}."
                )))
            }
            Err(error) if refused_without_number(context, &error, space, number, &name).await? => {
                Ok(Presence::Gone(not_shown(space, number)))
            }
            Err(error) => {
                let subject = messages::subject(&model);
                let summary = format!("Cannot read {name}");
                let diagnostic = context.diagnose(&error, &summary, &subject, PHONE_NUMBER);
                Err(diagnostic.into())
            }
        }
    }

    /// Only what concerns Terraform alone changes in place.
    async fn update(
        &self,
        _context: &Context<'_>,
        prior: Model,
        mut planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        // What the service did not show is planned as unknown.
        planned.deep_link_url = prior.deep_link_url;
        if planned.generate_qr_image != prior.generate_qr_image {
            saved.set_private(json!({}));
        }
        saved.save(&planned);
        Ok(())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        prior: Model,
        policy: &'static str,
    ) -> Result<(), Diagnostics> {
        debug_assert_eq!(policy, DELETE, "the wrapper knows the other policies");
        let (space, number) = (prior.space(), prior.number());
        let action = DeletePhoneMessageQrdl {
            cust_space_id: space,
            phone_number: number,
            qrdl_code: prior.code(),
        };
        let Err(error) = context.operation.call(&action).await else {
            return Ok(());
        };
        // What the service says of a link that is gone is not documented; another attempt, or a person, may have deleted it.
        let name = self.name(&prior);
        if matches!(error.kind(), ErrorKind::Api(_))
            && (matches!(find_qrdl(context, &prior).await, Ok(None))
                || refused_without_number(context, &error, space, number, &name).await?)
        {
            return Ok(());
        }
        let subject = messages::subject(&prior);
        let diagnostic = context.diagnose(
            &error,
            &format!("Cannot delete {name}"),
            &subject,
            PHONE_NUMBER,
        );
        Err(diagnostic.into())
    }
}

/// Private state of an imported link, whose format may be another one than that of its create.
const FORMAT_AS_LISTED: &str = "format_as_listed";

/// Private state of a link that was made, and that no list has shown. It does not count as gone: it would be made again.
const NOT_SHOWN_YET: &str = "not_shown_yet";

fn has(private_state: Option<&Json>, name: &str) -> bool {
    private_state.is_some_and(|private_state| private_state[name] == true)
}

/// The link as the list of its number shows it.
async fn find_qrdl(context: &Context<'_>, model: &Model) -> Result<Option<Qrdl>, alicloud::Error> {
    let links = list(context, model).await?;
    Ok(links
        .into_iter()
        .find(|link| link.qrdl_code == model.code()))
}
