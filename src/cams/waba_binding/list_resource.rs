//! List resource `alicloud_cams_waba_binding`: the bindings of an account for `terraform query`, which can write import
//! blocks and configurations for those that nobody declared.

use alicloud::cams::waba::Waba;
use async_trait::async_trait;
use framework::{
    Attribute, Block, Diagnostic, Diagnostics, Field, ListRequest, ListResource, ListSink,
    ListedResource, Nesting, Object, Schema, Type,
    timeouts::{self, Timeout},
};
use serde::{Deserialize, Serialize};

use super::{
    data_source::{Filter, Timeouts, isv_code_attribute, list_failed},
    resource::{describe, imported},
    space_search::{SpaceList, concerns_one_space, list_spaces},
    waba_attributes::query,
};
use crate::common::{Connection, account_id, assume_role};

/// The list resource.
pub(crate) struct WabaBindingList;

const LIST: Timeout = Timeout {
    operation: "read",
    default: "5m",
};

/// The `config` block.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Model {
    waba_ids: Field<Vec<String>>,
    resource_group_id: Field<String>,
    isv_code: Field<String>,
    assume_role: Field<assume_role::Model>,
    timeouts: Field<Timeouts>,
}

#[async_trait]
impl ListResource for WabaBindingList {
    type Client = Connection;

    fn type_name(&self) -> &'static str {
        "alicloud_cams_waba_binding"
    }

    fn schema(&self) -> Schema {
        let block = Block::new(
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
        .attribute(assume_role::data_source_attribute());
        Schema::new(block.nested(timeouts::NAME, Nesting::OPTIONAL, timeouts::block(&[LIST])))
    }

    async fn list(
        &self,
        connection: &Connection,
        request: ListRequest,
        sink: &mut dyn ListSink,
    ) -> Result<(), Diagnostics> {
        let config = request.config;
        let model: Model = config.to_model()?;
        let operation = connection.operation(&config, LIST.of(&config))?;
        let listed = list_spaces(&operation).await;
        let SpaceList { spaces, complete } = listed.map_err(|error| list_failed(&error))?;
        let filter = Filter::bound(
            model.waba_ids.into_option(),
            model.resource_group_id.into_option(),
        );
        let isv_code = model.isv_code.into_option();
        let mut unreadable = Vec::new();
        for space in spaces.into_iter().filter(|space| filter.takes_space(space)) {
            let id = space.cust_space_id;
            let waba = match query(&operation, &id, isv_code.as_deref()).await {
                Ok(waba) => waba.filter(|waba| filter.takes_waba(Some(waba))),
                Err(error) if concerns_one_space(&error) => {
                    unreadable.push(format!(
                        "{id} ({})",
                        error.code().unwrap_or("no usable response")
                    ));
                    continue;
                }
                Err(error) => return Err(list_failed(&error).into()),
            };
            let Some(waba) = waba else {
                continue;
            };
            let listed = listed_resource(connection, &config, &id, &waba, isv_code.as_deref());
            if sink.push(listed).await.is_break() {
                return Ok(());
            }
        }
        let warnings = not_listed(complete, &unreadable);
        if warnings.is_empty() {
            Ok(())
        } else {
            Err(warnings)
        }
    }
}

/// A binding as reading it after an import would yield it.
fn listed_resource(
    connection: &Connection,
    config: &Object,
    cust_space_id: &str,
    waba: &Waba,
    isv_code: Option<&str>,
) -> ListedResource {
    let mut state = imported(cust_space_id);
    state.set(assume_role::NAME, config.get(assume_role::NAME).clone());
    if let Some(isv_code) = isv_code {
        state.set("isv_code", isv_code);
    }
    account_id::note(connection, &mut state);
    describe(&mut state, cust_space_id, waba);
    let mut identity = Object::new();
    for name in ["cust_space_id", account_id::NAME] {
        identity.set(name, state.get(name).clone());
    }
    let display_name = match &waba.name {
        Some(name) => format!("{name} (WABA {})", waba.id),
        None => format!("WABA {}", waba.id),
    };
    ListedResource {
        identity,
        display_name,
        resource: Some(state),
        warnings: Vec::new(),
    }
}

/// What the list may lack.
fn not_listed(complete: bool, unreadable: &[String]) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    if !complete {
        warnings.push(Diagnostic::warning(
            "The list of bindings may be incomplete",
            "The service ended the list of spaces before the number of rows that it announced, so there may be more \
             bindings. Run the query again.\n\n  Code: Provider.IncompleteList",
        ));
    }
    if !unreadable.is_empty() {
        warnings.push(Diagnostic::warning(
            "Some spaces could not be read",
            format!(
                "The service refused to read these spaces, which may hold a WABA. A space of an ISV's sub-customer needs \
                 `isv_code`.\n\n  Spaces: {}\n  Code: Provider.UnreadableSpaces",
                unreadable.join(", ")
            ),
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_has_the_attributes_of_the_schema() {
        framework::model::check::<Model>(&WabaBindingList.schema()).expect("the model fits");
    }

    #[test]
    fn what_the_list_may_lack_is_said() {
        let check = |complete: bool, unreadable: &[&str], expected: &[&str]| {
            let unreadable: Vec<String> = unreadable.iter().map(|&id| id.to_owned()).collect();
            let found: Vec<String> = not_listed(complete, &unreadable)
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
