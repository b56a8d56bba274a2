//! Chat App Message Service, API 2020-06-06: one file for each noun, and the table of operations.
//!
//! Names and shapes follow the public API pages of the product. Where the pages are silent a switch decides.
//! Authentication, rights and rate limits are the gateway's.
//!
//! # Add an operation
//!
//! 1. Write its function in the file of its noun, with the public page's names for parameters and fields.
//! 2. Add its line to `OPERATIONS`, which is sorted by name. The gateway then verifies, limits and logs its calls.
//! 3. What no page says is a switch of the noun's own struct (`PhoneNumberBehavior`), a field of `Behavior`, sorted by name.
//! 4. What the service remembers is a type of the noun's file with `Default`, a field of `Entities`, keyed by space ID.
//! 5. Test the operation and each position of its switches in the same file, with the helpers of `testing`.

mod business_profile;
mod commerce_setting;
mod conversational_automation;
mod health;
mod instance;
mod number_setting;
mod phone_message_qrdl;
mod phone_number;
mod service;
mod space;
mod template;
#[cfg(test)]
mod testing;
mod waba;

pub use business_profile::{
    BusinessProfile, BusinessProfileBehavior, EmptyField, OmittedField, VerticalStyle,
};
pub use commerce_setting::{CommerceBehavior, CommerceSetting};
pub use conversational_automation::{AutomationBehavior, ConversationalAutomation, EmptyList};
pub use health::HealthBehavior;
pub use instance::{
    DeleteBound, Filter, InstanceBehavior, InstanceDetails, InstanceNotFound, Omitted,
};
pub use number_setting::NumberSettingBehavior;
pub use phone_message_qrdl::{ListImage, MessageLink, MessageLinkBehavior};
pub use phone_number::{
    CallingKeysPlace, PhoneCopy, PhoneNumber, PhoneNumberBehavior, RowWords, StatusFilter,
    WebhookEmpty, WebhookOmitted,
};
pub use service::{OpenStatusUnsubscribed, ServiceBehavior};
pub use space::{QueryWithoutSpace, Space, SpaceBehavior, SpaceIdStyle, SpaceResponse};
pub use template::{
    ArchivedDetail, ComponentOrder, MediaUrl, NameFilter, Template, TemplateBehavior, TemplateShape,
};
pub use waba::{BindAgain, BindResponseWabaId, NothingBound, Outcome, Waba, WabaBehavior};

pub(super) use number_setting::{Late, NumberKey};
pub(super) use phone_number::PhoneNumbers;
pub(super) use space::new_space;
pub(super) use template::{Templates, control as control_templates};

use super::gateway::{Access, Operation, Product, Run, Task, missing};
use super::response::Refusal;

/// The limit of operations whose page states none, or the usual ten calls a second: the switch says it.
const DEFAULT_RATE: Option<u32> = None;

/// Every operation of the product that is emulated: name, calls a second, required parameters, function.
#[rustfmt::skip]
pub(super) const OPERATIONS: &[Operation] = &[
    operation("AddChatappPhoneNumber", DEFAULT_RATE, &["CustSpaceId", "Cc", "PhoneNumber", "VerifiedName"], phone_number::add),
    operation("ArchiveChatappTemplate", Some(5), &["CustSpaceId", "ArchiveType", "ChannelType", "TemplateList"], template::archive),
    operation("ChangeResourceGroup", DEFAULT_RATE, &["ResourceGroupId", "ResourceId"], instance::change_group),
    operation("ChatappBindWaba", DEFAULT_RATE, &["WabaId"], waba::bind),
    operation("ChatappPhoneNumberDeregister", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber"], phone_number::deregister),
    operation("ChatappPhoneNumberRegister", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber"], phone_number::register),
    operation("ChatappSyncPhoneNumber", DEFAULT_RATE, &["CustSpaceId"], phone_number::sync),
    operation("ChatappVerifyAndRegister", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber", "VerifyCode"], phone_number::verify_and_register),
    operation("CreateChatappTemplate", Some(50), &["Name", "Language", "Category", "TemplateType", "Components"], template::create),
    operation("CreateInstance", DEFAULT_RATE, &["ChannelType", "InstanceName"], instance::create),
    operation("CreatePhoneMessageQrdl", Some(5), &["PhoneNumber", "PrefilledMessage", "GenerateQrImage"], phone_message_qrdl::create),
    operation("DeleteChatappTemplate", Some(5), &["TemplateType"], template::delete),
    operation("DeleteInstance", DEFAULT_RATE, &["InstanceId"], instance::delete),
    operation("DeletePhoneMessageQrdl", Some(5), &["PhoneNumber", "QrdlCode"], phone_message_qrdl::delete),
    operation("GetChatappOpenStatus", DEFAULT_RATE, &[], service::open_status),
    operation("GetChatappTemplateDetail", Some(5), &["Language"], template::detail),
    operation("GetChatappVerifyCode", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber"], phone_number::send_code),
    operation("GetCommerceSetting", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber"], commerce_setting::get),
    operation("GetConversationalAutomation", Some(5), &["CustSpaceId", "PhoneNumber"], conversational_automation::get),
    operation("GetCustomerSite", DEFAULT_RATE, &[], service::site),
    operation("GetPhoneNumberVerificationStatus", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber"], phone_number::verification),
    operation("GetWhatsappHealthStatus", Some(5), &["CustSpaceId", "NodeType"], health::status),
    operation("ListChatappTemplate", Some(5), &["CustSpaceId"], template::list),
    operation("ListInstance", DEFAULT_RATE, &[], instance::list),
    operation("ListPhoneMessageQrdl", Some(5), &["PhoneNumber"], phone_message_qrdl::list),
    operation("ModifyChatappTemplate", Some(50), &["Language", "Components"], template::modify),
    operation("ModifyChatappTemplateProperties", Some(5), &["CustSpaceId", "Language", "TemplateCode", "TemplateType"], template::modify_properties),
    operation("ModifyPhoneBusinessProfile", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber"], business_profile::modify),
    operation("OpenChatappService", DEFAULT_RATE, &[], service::open),
    operation("QueryChatappBindWaba", DEFAULT_RATE, &[], waba::query),
    operation("QueryChatappPhoneNumbers", DEFAULT_RATE, &[], phone_number::list),
    operation("QueryInstance", DEFAULT_RATE, &["InstanceId"], instance::query),
    operation("QueryPhoneBusinessProfile", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber"], business_profile::query),
    operation("QueryWabaBusinessInfo", DEFAULT_RATE, &["CustSpaceId", "WabaId"], waba::business_info),
    operation("UpdateCommerceSetting", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber", "CartEnable", "CatalogVisible"], commerce_setting::update),
    operation("UpdateConversationalAutomation", Some(5), &["CustSpaceId", "PhoneNumber"], conversational_automation::update),
    operation("UpdateInstance", DEFAULT_RATE, &["InstanceId", "InstanceName"], instance::update),
    operation("UpdatePhoneWebhook", DEFAULT_RATE, &["CustSpaceId", "PhoneNumber"], phone_number::update_webhook),
];

const fn operation(
    name: &'static str,
    calls_per_second: Option<u32>,
    required: &'static [&'static str],
    run: Run,
) -> Operation {
    Operation {
        name,
        product: Product::Cams,
        required,
        calls_per_second,
        access: Access::Allowed,
        run,
    }
}

fn account<'a>(task: &Task<'a>) -> Result<&'a str, Refusal> {
    // The gateway lets nobody through to these operations without a key; said again, not assumed.
    let caller = task.caller.ok_or_else(|| missing("AccessKeyId"))?;
    Ok(&caller.account)
}

/// A code that a switch gives; `Missing…` belongs to the gateway, everything else to the product.
fn refused(code: &str) -> Refusal {
    match code.strip_prefix("Missing") {
        Some(name) => missing(name),
        None => Refusal::product(code),
    }
}
