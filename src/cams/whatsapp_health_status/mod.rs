//! Data source `alicloud_cams_whatsapp_health_status`: whether messages can be sent at this moment.

mod data_source;

pub(crate) use self::data_source::WhatsappHealthStatus;
