//! Data source `alicloud_cams_phone_numbers`: the phone numbers of a space. It only reads: copying them from Meta is an action.

use alicloud::cams::phone_number::PhoneNumber;
use async_trait::async_trait;
use framework::{
    Attribute, Block, Diagnostics, Field, Type,
    schema::{Collection, Setting},
};
use serde::{Deserialize, Serialize};

use super::{
    model::{CallingModel, calling_attribute, registered, row_attributes},
    verification::verification,
};
use crate::common::{
    Context,
    data_source::CamsDataSource,
    phone_numbers,
    space::{self, CUST_SPACE_ID, check_bound, isv_code_attribute},
    space_list::concerns_one_space,
};

/// The data source.
pub(crate) struct PhoneNumbers;

/// Filters and results.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Model {
    cust_space_id: Field<String>,
    phone_number_filter: Field<Vec<String>>,
    statuses: Field<Vec<String>>,
    with_verification: Field<bool>,
    isv_code: Field<String>,
    ids: Field<Vec<String>>,
    phone_numbers: Field<Vec<Row>>,
    unreadable: Field<Vec<Unreadable>>,
    complete: Field<bool>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Row {
    phone_number: Field<String>,
    verified_name: Field<String>,
    registered: Field<bool>,
    status: Field<String>,
    quality_rating: Field<String>,
    messaging_limit_tier: Field<String>,
    name_status: Field<String>,
    new_name_status: Field<String>,
    code_verification_status: Field<String>,
    is_official: Field<String>,
    status_callback_url: Field<String>,
    up_callback_url: Field<String>,
    status_queue: Field<String>,
    up_queue: Field<String>,
    calling: Field<CallingModel>,
    phone_number_id: Field<String>,
    verification: Field<String>,
}

/// A number whose verification the service refused to show.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Unreadable {
    phone_number: Field<String>,
    code: Field<String>,
}

#[async_trait]
impl CamsDataSource for PhoneNumbers {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_phone_numbers";
    const TIMEOUT: &'static str = "5m";
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:QueryChatappPhoneNumbers",
        "cams:QueryChatappBindWaba",
        "cams:GetPhoneNumberVerificationStatus",
    ];

    fn block(&self) -> Block {
        let list = || Type::List(Box::new(Type::String));
        Block::new(
            "Lists the phone numbers of the WABA that is bound to a space, also those that no configuration declares. The service \
             lists its copy of what Meta has; the action `alicloud_cams_sync_phone_numbers` renews the copy. One call for a space, \
             shared with all numbers and webhooks of the space, and with `with_verification` one more for each number.",
        )
        .attribute(space::argument())
        .attribute(
            Attribute::optional("phone_number_filter", list())
                .describe("Only these numbers: digits, country code first, without `+`."),
        )
        .attribute(
            Attribute::optional("statuses", list())
                .describe("Only numbers with one of these statuses, for example `CONNECTED`."),
        )
        .attribute(
            Attribute::optional("with_verification", Type::Bool)
                .describe("Whether `phone_number_id` and `verification` are read, too. Default: `false`."),
        )
        .attribute(isv_code_attribute())
        .attribute(
            Attribute::computed("ids", list())
                .describe("The IDs of the numbers in `phone_numbers`, as `alicloud_cams_phone_number` imports them: `cust_space_id:phone_number`."),
        )
        .attribute(
            Attribute::nested(
                "phone_numbers",
                Collection::List,
                attributes(),
                Setting::Computed,
            )
            .describe("The numbers, sorted by `phone_number`."),
        )
        .attribute(
            Attribute::nested(
                "unreadable",
                Collection::List,
                vec![
                    Attribute::computed("phone_number", Type::String).describe("The number."),
                    Attribute::computed("code", Type::String)
                        .describe("The service's error code; null if its response could not be used."),
                ],
                Setting::Computed,
            )
            .describe("Numbers of `phone_numbers` whose verification the service refused to show."),
        )
        .attribute(
            Attribute::computed("complete", Type::Bool)
                .describe("Whether everything was read: false if there are `unreadable` numbers. A list of numbers that cannot be read is an error."),
        )
    }

    async fn read(&self, context: &Context<'_>, mut model: Model) -> Result<Model, Diagnostics> {
        let space = model
            .cust_space_id
            .as_deref()
            .unwrap_or_default()
            .to_owned();
        let isv_code = model.isv_code.as_deref();
        let subject = format!("space {space}");
        let listed = phone_numbers::list(context, &space, isv_code).await;
        let listed = listed.map_err(|error| phone_numbers::not_listed(context, &error, &space))?;
        if listed.is_empty() {
            // A space without a WABA has no numbers either; that is no empty list.
            check_bound(context, &space, isv_code, "a phone number").await?;
        }
        let wants = |wanted: &Field<Vec<String>>, value: Option<&String>| match wanted.as_known() {
            None => true,
            Some(wanted) => value.is_some_and(|value| wanted.contains(value)),
        };
        let mut numbers: Vec<&PhoneNumber> = listed
            .iter()
            .filter(|number| {
                wants(&model.phone_number_filter, Some(&number.phone_number))
                    && wants(&model.statuses, number.status.as_ref())
            })
            .collect();
        numbers.sort_by(|a, b| a.phone_number.cmp(&b.phone_number));
        let mut rows: Vec<Row> = numbers.iter().map(|&number| Row::from(number)).collect();
        let mut unreadable = Vec::new();
        if model.with_verification.as_known() == Some(&true) {
            for (row, number) in rows.iter_mut().zip(&numbers) {
                match verification(context, &space, &number.phone_number).await {
                    Ok(found) => {
                        row.phone_number_id = found.id.into();
                        row.verification = found.code_verification_status.into();
                    }
                    Err(error) if concerns_one_space(&error) => unreadable.push(Unreadable {
                        phone_number: number.phone_number.clone().into(),
                        code: Field::from(error.code().map(str::to_owned)),
                    }),
                    Err(error) => {
                        let number = &number.phone_number;
                        let summary = format!("Cannot read the verification of {number}");
                        let diagnostic =
                            context.diagnose(&error, &summary, &subject, CUST_SPACE_ID);
                        return Err(diagnostic.into());
                    }
                }
            }
        }
        let ids = numbers.iter();
        model.ids = Field::Known(
            ids.map(|number| format!("{space}:{}", number.phone_number))
                .collect(),
        );
        model.complete = Field::Known(unreadable.is_empty());
        model.phone_numbers = Field::Known(rows);
        model.unreadable = Field::Known(unreadable);
        Ok(model)
    }
}

impl From<&PhoneNumber> for Row {
    fn from(number: &PhoneNumber) -> Self {
        Self {
            phone_number: number.phone_number.clone().into(),
            verified_name: number.verified_name.clone().into(),
            registered: registered(number.status.as_deref()).into(),
            status: number.status.clone().into(),
            quality_rating: number.quality_rating.clone().into(),
            messaging_limit_tier: number.messaging_limit_tier.clone().into(),
            name_status: number.name_status.clone().into(),
            new_name_status: number.new_name_status.clone().into(),
            code_verification_status: number.code_verification_status.clone().into(),
            is_official: number.is_official.clone().into(),
            status_callback_url: number.status_callback_url.clone().into(),
            up_callback_url: number.up_callback_url.clone().into(),
            status_queue: number.status_queue.clone().into(),
            up_queue: number.up_queue.clone().into(),
            calling: number.calling.clone().map(CallingModel::from).into(),
            phone_number_id: Field::Null,
            verification: Field::Null,
        }
    }
}

fn attributes() -> Vec<Attribute> {
    let texts = [
        ("phone_number", "The number: digits, country code first."),
        ("verified_name", "Display name."),
        (
            "status_callback_url",
            "URL that reports on sent messages go to.",
        ),
        ("up_callback_url", "URL that messages of customers go to."),
        ("status_queue", "Name of the queue for reports."),
        ("up_queue", "Name of the queue for messages of customers."),
        (
            "phone_number_id",
            "Numeric ID of the number at Meta; null without `with_verification`.",
        ),
        (
            "verification",
            "`VERIFIED`, `NOT_VERIFIED` or `EXPIRED`; null without `with_verification`.",
        ),
    ];
    let texts = texts.into_iter().chain(row_attributes());
    let texts = texts.map(|(name, text)| Attribute::computed(name, Type::String).describe(text));
    let registered = Attribute::computed("registered", Type::Bool)
        .describe("Whether the number can send; null for a status of which that is not known.");
    texts.chain([registered, calling_attribute()]).collect()
}
