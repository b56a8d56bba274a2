//! List resource `alicloud_cams_waba_binding`: the bindings of an account for `terraform query`, which can write import
//! blocks and configurations for those that nobody declared.

use async_trait::async_trait;
use framework::{Attribute, Block, Diagnostics, Field, Type};
use serde::{Deserialize, Serialize};

use super::{
    data_source::{Filter, LIST_RAM_ACTIONS, list_failed},
    model::Model,
    query::query,
    resource::CamsWabaBinding,
};
use crate::common::{
    Context,
    list_resource::{CamsListResource, Found, Gaps},
    space::isv_code_attribute,
    space_list::{SpaceList, concerns_one_space, list_spaces},
};

/// The list resource.
pub(crate) struct WabaBindingList;

/// The `config` block.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Config {
    waba_ids: Field<Vec<String>>,
    resource_group_id: Field<String>,
    isv_code: Field<String>,
}

#[async_trait]
impl CamsListResource for WabaBindingList {
    type Resource = CamsWabaBinding;
    type Config = Config;

    const TIMEOUT: &'static str = "5m";
    const RAM_ACTIONS: &'static [&'static str] = LIST_RAM_ACTIONS;

    fn resource(&self) -> CamsWabaBinding {
        CamsWabaBinding
    }

    fn block(&self) -> Block {
        Block::new(
            "Lists the bindings of the account, also those that no configuration declares, for `terraform query`. Needs \
             Terraform 1.14. One call for each 50 spaces, and one for each space.",
        )
        .attribute(
            Attribute::optional("waba_ids", Type::List(Box::new(Type::String)))
                .describe("Only bindings of these WABAs."),
        )
        .attribute(
            Attribute::optional("resource_group_id", Type::String)
                .describe("Only spaces of this resource group."),
        )
        .attribute(isv_code_attribute())
    }

    async fn list(
        &self,
        context: &Context<'_>,
        config: Config,
        found: &mut Found<'_, CamsWabaBinding>,
    ) -> Result<(), Diagnostics> {
        let listed = list_spaces(&context.operation).await;
        let SpaceList { spaces, complete } =
            listed.map_err(|error| list_failed(context, &error))?;
        let filter = Filter::bound(
            config.waba_ids.into_option(),
            config.resource_group_id.into_option(),
        );
        let isv_code = config.isv_code.into_option();
        let mut unreadable = Vec::new();
        for space in spaces.into_iter().filter(|space| filter.takes_space(space)) {
            let id = space.cust_space_id;
            let waba = match query(&context.operation, &id, isv_code.as_deref()).await {
                Ok(waba) => waba.filter(|waba| filter.takes_waba(Some(waba))),
                Err(error) if concerns_one_space(&error) => {
                    unreadable.push(format!(
                        "{id} ({})",
                        error.code().unwrap_or("no usable response")
                    ));
                    continue;
                }
                Err(error) => return Err(list_failed(context, &error).into()),
            };
            let Some(waba) = waba else {
                continue;
            };
            let mut model = Model {
                isv_code: Field::from(isv_code.clone()),
                ..Model::default()
            };
            model.fill(&id, &waba);
            let display_name = match &waba.name {
                Some(name) => format!("{name} (WABA {})", waba.id),
                None => format!("WABA {}", waba.id),
            };
            if found.push(&model, display_name).await.is_break() {
                return Ok(());
            }
        }
        for warning in GAPS.warnings(complete, &unreadable) {
            context.warn(warning);
        }
        Ok(())
    }
}

/// What the list may lack.
const GAPS: Gaps = Gaps {
    objects: "bindings",
    list: "the list of spaces",
    unreadable: "Some spaces could not be read",
    advice: "The service refused to read these spaces, which may hold a WABA. A space of an ISV's sub-customer needs \
               `isv_code`.",
    label: "Spaces",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_list_is_a_warning() {
        let check = |complete: bool, unreadable: &[&str], expected: &[&str]| {
            let unreadable: Vec<String> = unreadable.iter().map(|&id| id.to_owned()).collect();
            let found: Vec<String> = GAPS
                .warnings(complete, &unreadable)
                .iter()
                .map(|it| it.summary.clone())
                .collect();
            assert_eq!(found, expected);
        };
        check(true, &[], &[]);
        check(false, &[], &["The list of bindings may be incomplete"]);
        check(true, &["a (X)"], &["Some spaces could not be read"]);
    }
}
