//! List resource `alicloud_cams_instance`: the instances of an account for `terraform query`.

use async_trait::async_trait;
use framework::{Attribute, Block, Diagnostic, Diagnostics, Field, Type};
use serde::{Deserialize, Serialize};

use super::{
    model::{self, Model},
    query::{of_row, query},
    resource::CamsInstance,
};
use crate::common::{
    Context,
    list_resource::{CamsListResource, Found},
    space_list::list_instances,
};

/// The list resource.
pub(crate) struct InstanceList;

/// The `config` block.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Config {
    channel_type: Field<String>,
    resource_group_id: Field<String>,
}

#[async_trait]
impl CamsListResource for InstanceList {
    type Resource = CamsInstance;
    type Config = Config;

    const TIMEOUT: &'static str = "5m";
    const RAM_ACTIONS: &'static [&'static str] = &["cams:ListInstance", "cams:QueryInstance"];

    fn resource(&self) -> CamsInstance {
        CamsInstance
    }

    fn block(&self) -> Block {
        Block::new(
            "Lists the instances (channels) of the account, also those that no configuration declares, for `terraform query`. \
             Needs Terraform 1.14. One call for each 50 instances, and two for each instance with `include_resource`.",
        )
        .attribute(
            Attribute::optional("channel_type", Type::String)
                .describe("Only instances of this channel, for example `whatsapp`, in upper or lower case."),
        )
        .attribute(
            Attribute::optional("resource_group_id", Type::String)
                .describe("Only instances of this resource group."),
        )
    }

    async fn list(
        &self,
        context: &Context<'_>,
        config: Config,
        found: &mut Found<'_, CamsInstance>,
    ) -> Result<(), Diagnostics> {
        let failed = |error: &alicloud::Error| {
            let summary = "Cannot list the instances of the account";
            context.diagnose(error, summary, "the account", "channel_type")
        };
        let list = list_instances(&context.operation, None).await;
        let list = list.map_err(|error| failed(&error))?;
        if !list.complete {
            context.warn(incomplete());
        }
        let wanted = |wanted: &Field<String>, found: Option<&str>| {
            let wanted = wanted.as_deref();
            wanted.is_none_or(|wanted| found.is_some_and(|it| it.eq_ignore_ascii_case(wanted)))
        };
        for row in list.spaces {
            let Some(id) = row.instance_id.clone() else {
                continue;
            };
            if !wanted(&config.channel_type, row.channel_type.as_deref())
                || !wanted(&config.resource_group_id, row.resource_group_id.as_deref())
            {
                continue;
            }
            let whole = if found.include_resource {
                match query(&context.operation, &id).await {
                    Ok(Some(whole)) => whole,
                    // It was deleted since the list was made.
                    Ok(None) => continue,
                    Err(error) => return Err(failed(&error).into()),
                }
            } else {
                model::Found {
                    instance: of_row(&row, &id),
                    row: Some(row),
                }
            };
            let model = Model::default().read(&whole);
            let name = model.instance_name.as_deref().unwrap_or("without a name");
            let channel = model.channel_type.as_deref().unwrap_or("unknown channel");
            let display_name = format!("{name} ({channel}, {id})");
            if found.push(&model, display_name).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn incomplete() -> Diagnostic {
    Diagnostic::warning(
        "The list of instances may be incomplete",
        "The service ended the list before the number of rows that it announced, or listed instances without an ID, so there \
         may be more instances. Run the query again.\n\n  Code: Provider.IncompleteList",
    )
}
