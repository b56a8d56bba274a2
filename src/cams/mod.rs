//! The types of Chat App Message Service (CAMS), one folder a noun, and the lists of them all.

mod commerce_setting;
mod conversational_automation;
mod functions;
mod instance;
mod phone_business_profile;
mod phone_message_qrdl;
mod phone_number;
mod phone_webhook;
mod service;
mod template;
mod waba;
mod waba_binding;
mod whatsapp_health_status;

use framework::{Action, DataSource, Function, ListResource, Resource};

use crate::common::{
    Connection, action, data_source, list_resource, phone_setting::OfNumber, resource,
};

/// All resources of the provider.
#[must_use]
pub fn resources() -> Vec<Box<dyn Resource<Client = Connection>>> {
    vec![
        Box::new(resource::Wrapper(template::ChatappTemplate)),
        Box::new(resource::Wrapper(phone_message_qrdl::PhoneMessageQrdl)),
        Box::new(resource::Wrapper(phone_number::CamsPhoneNumber)),
        Box::new(resource::Wrapper(phone_webhook::CamsPhoneWebhook)),
        Box::new(resource::Wrapper(instance::CamsInstance)),
        Box::new(resource::Wrapper(service::CamsService)),
        Box::new(resource::Wrapper(OfNumber(
            commerce_setting::CommerceSetting,
        ))),
        Box::new(resource::Wrapper(OfNumber(
            conversational_automation::ConversationalAutomation,
        ))),
        Box::new(resource::Wrapper(OfNumber(
            phone_business_profile::PhoneBusinessProfile,
        ))),
        Box::new(resource::Wrapper(waba_binding::CamsWabaBinding)),
    ]
}

/// All data sources of the provider.
#[must_use]
pub fn data_sources() -> Vec<Box<dyn DataSource<Client = Connection>>> {
    vec![
        Box::new(data_source::Wrapper(instance::CamsInstances)),
        Box::new(data_source::Wrapper(service::CamsServiceStatus)),
        Box::new(data_source::Wrapper(template::ChatappTemplates)),
        Box::new(data_source::Wrapper(phone_number::PhoneNumbers)),
        Box::new(data_source::Wrapper(waba::CamsWaba)),
        Box::new(data_source::Wrapper(waba_binding::WabaBindings)),
        Box::new(data_source::Wrapper(
            whatsapp_health_status::WhatsappHealthStatus,
        )),
    ]
}

/// All list resources of the provider.
#[must_use]
pub fn list_resources() -> Vec<Box<dyn ListResource<Client = Connection>>> {
    vec![
        Box::new(list_resource::Wrapper(template::ChatappTemplateList)),
        Box::new(list_resource::Wrapper(phone_number::PhoneNumberList)),
        Box::new(list_resource::Wrapper(instance::InstanceList)),
        Box::new(list_resource::Wrapper(waba_binding::WabaBindingList)),
    ]
}

/// All actions of the provider.
#[must_use]
pub fn actions() -> Vec<Box<dyn Action<Client = Connection>>> {
    vec![
        Box::new(action::Wrapper(phone_number::RequestVerificationCode)),
        Box::new(action::Wrapper(phone_number::SyncPhoneNumbers)),
        Box::new(action::Wrapper(phone_number::VerifyPhoneNumber)),
    ]
}

/// All functions of the provider.
#[must_use]
pub fn functions() -> Vec<Box<dyn Function>> {
    vec![
        Box::new(functions::NormalizePhoneNumber),
        Box::new(functions::ParseId),
        Box::new(template::TemplateVariables),
        Box::new(functions::WaMeLink),
    ]
}
