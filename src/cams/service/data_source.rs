//! Data source `alicloud_cams_service`: whether the service is active for the account.

use async_trait::async_trait;
use framework::{Attribute, Block, Diagnostics, Field, Type};
use serde::{Deserialize, Serialize};

use super::query::{open_status, site};
use crate::common::{Context, data_source::CamsDataSource};

/// The data source.
pub(crate) struct CamsServiceStatus;

/// What is read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Model {
    open_status: Field<bool>,
    site: Field<String>,
}

/// The RAM actions of a read.
pub(super) const READ: [&str; 2] = ["cams:GetChatappOpenStatus", "cams:GetCustomerSite"];

pub(super) const OPEN_STATUS: &str = "Whether Chat App Message Service is active for the account.";
pub(super) const SITE: &str = "Site of the account, as the service spells it: `cn` is the China site. Null where the service does not say it.";

#[async_trait]
impl CamsDataSource for CamsServiceStatus {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_service";
    const TIMEOUT: &'static str = "1m";
    const RAM_ACTIONS: &'static [&'static str] = &READ;

    fn block(&self) -> Block {
        Block::new(
            "Reads whether Chat App Message Service is active for the account, and the site of the account. It never \
             activates the service; the resource `alicloud_cams_service` does. Two calls.",
        )
        .attribute(Attribute::computed("open_status", Type::Bool).describe(OPEN_STATUS))
        .attribute(Attribute::computed("site", Type::String).describe(SITE))
    }

    async fn read(&self, context: &Context<'_>, _config: Model) -> Result<Model, Diagnostics> {
        let failed = |error| {
            let summary = "Cannot read the state of the service";
            context.diagnose(&error, summary, "the account", "open_status")
        };
        Ok(Model {
            open_status: open_status(&context.operation)
                .await
                .map_err(failed)?
                .into(),
            site: site(&context.operation).await.map_err(failed)?.into(),
        })
    }
}
