//! Data source `alicloud_cams_waba_bindings`: the spaces of an account and the WABAs that are bound to them.
//!
//! It finds what no configuration declares. The service has no operation that lists WABAs, so every space is listed and then
//! queried. A page that cannot be read is an error, never a shorter list; a list that was not seen to its end says so
//! (`complete`), and a space that cannot be read is listed in `unreadable`.

use std::collections::BTreeSet;

use alicloud::{
    Error,
    cams::{space::Space, waba::Waba},
};
use async_trait::async_trait;
use framework::{
    Attribute, Block, Diagnostic, Diagnostics, Field, Type,
    schema::{Collection, Setting},
};
use serde::{Deserialize, Serialize};

use super::query::query;
use crate::common::{
    Context,
    data_source::CamsDataSource,
    space::isv_code_attribute,
    space_list::{SpaceList, concerns_one_space, list_spaces},
};

/// The data source.
pub(crate) struct WabaBindings;

/// The RAM actions of a list of bindings.
pub(super) const LIST_RAM_ACTIONS: &[&str] = &["cams:ListInstance", "cams:QueryChatappBindWaba"];

/// Filters and results.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Model {
    ids_filter: Field<Vec<String>>,
    waba_ids_filter: Field<Vec<String>>,
    business_ids: Field<Vec<String>>,
    account_review_status: Field<String>,
    resource_group_id: Field<String>,
    include_unbound: Field<bool>,
    isv_code: Field<String>,
    ids: Field<Vec<String>>,
    waba_ids: Field<Vec<String>>,
    bindings: Field<Vec<Binding>>,
    unreadable: Field<Vec<Unreadable>>,
    complete: Field<bool>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Binding {
    cust_space_id: Field<String>,
    instance_id: Field<String>,
    instance_name: Field<String>,
    state: Field<String>,
    resource_group_id: Field<String>,
    submit_time: Field<String>,
    waba_id: Field<String>,
    waba_name: Field<String>,
    account_review_status: Field<String>,
    business_id: Field<String>,
    business_name: Field<String>,
    currency: Field<String>,
    marketing_message_lite_status: Field<String>,
}

/// A space of which the service refused to name the WABA.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Unreadable {
    cust_space_id: Field<String>,
    code: Field<String>,
}

#[async_trait]
impl CamsDataSource for WabaBindings {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_waba_bindings";
    const TIMEOUT: &'static str = "5m";
    const RAM_ACTIONS: &'static [&'static str] = LIST_RAM_ACTIONS;

    fn block(&self) -> Block {
        let list = || Type::List(Box::new(Type::String));
        Block::new(
            "Lists the spaces (channels) of the account and the WhatsApp Business Accounts (WABAs) that are bound to them, \
             also those that no configuration declares. One call for each 50 spaces, and one for each space.",
        )
        .attribute(Attribute::optional("ids_filter", list()).describe("Only these spaces."))
        .attribute(
            Attribute::optional("waba_ids_filter", list())
                .describe("Only spaces that one of these WABAs is bound to."),
        )
        .attribute(
            Attribute::optional("business_ids", list())
                .describe("Only WABAs of these Meta business portfolios."),
        )
        .attribute(
            Attribute::optional("account_review_status", Type::String)
                .describe("Only WABAs with this review by Meta: `PENDING`, `APPROVED`, `REJECTED` or `DISABLED`."),
        )
        .attribute(
            Attribute::optional("resource_group_id", Type::String)
                .describe("Only spaces of this resource group."),
        )
        .attribute(
            Attribute::optional("include_unbound", Type::Bool)
                .describe("Whether spaces without a WABA are listed, too. Default: `false`."),
        )
        .attribute(isv_code_attribute())
        .attribute(
            Attribute::computed("ids", list())
                .describe("The IDs of the spaces in `bindings`, sorted."),
        )
        .attribute(
            Attribute::computed("waba_ids", list())
                .describe("The IDs of the WABAs in `bindings`, sorted."),
        )
        .attribute(
            Attribute::nested(
                "bindings",
                Collection::List,
                binding_attributes(),
                Setting::Computed,
            )
            .describe("The spaces, sorted by `cust_space_id`."),
        )
        .attribute(
            Attribute::nested(
                "unreadable",
                Collection::List,
                unreadable_attributes(),
                Setting::Computed,
            )
            .describe("Spaces that the service refused to read, for example those that need an `isv_code`. They may hold a WABA."),
        )
        .attribute(
            Attribute::computed("complete", Type::Bool)
                .describe("Whether the list was seen to its end and each of its spaces was read. If not, the service repeated or lost pages, or there are `unreadable` spaces; there may be more bindings."),
        )
    }

    async fn read(&self, context: &Context<'_>, mut model: Model) -> Result<Model, Diagnostics> {
        let operation = &context.operation;
        let listed = list_spaces(operation).await;
        let SpaceList { spaces, complete } =
            listed.map_err(|error| list_failed(context, &error))?;
        let filter = Filter::of(&model);
        let isv_code = model.isv_code.as_deref();
        let mut bindings = Vec::new();
        let mut unreadable = Vec::new();
        for space in spaces.into_iter().filter(|space| filter.takes_space(space)) {
            match query(operation, &space.cust_space_id, isv_code).await {
                Ok(waba) if filter.takes_waba(waba.as_deref()) => {
                    bindings.push(Binding::new(space, waba.as_deref()));
                }
                Ok(_) => {}
                Err(error) if concerns_one_space(&error) => unreadable.push(Unreadable {
                    cust_space_id: space.cust_space_id.into(),
                    code: Field::from(error.code().map(str::to_owned)),
                }),
                Err(error) => return Err(list_failed(context, &error).into()),
            }
        }
        bindings.sort_by(|a, b| a.cust_space_id.as_known().cmp(&b.cust_space_id.as_known()));
        unreadable.sort_by(|a, b| a.cust_space_id.as_known().cmp(&b.cust_space_id.as_known()));
        let ids = bindings.iter();
        let ids = ids.filter_map(|binding| binding.cust_space_id.as_known().cloned());
        model.ids = Field::Known(ids.collect());
        let wabas = bindings.iter();
        let wabas: BTreeSet<String> = wabas
            .filter_map(|binding| binding.waba_id.as_known().cloned())
            .collect();
        model.waba_ids = Field::Known(wabas.into_iter().collect());
        model.complete = Field::Known(complete && unreadable.is_empty());
        model.bindings = Field::Known(bindings);
        model.unreadable = Field::Known(unreadable);
        Ok(model)
    }
}

impl Binding {
    fn new(space: Space, waba: Option<&Waba>) -> Self {
        let of = |field: fn(&Waba) -> &Option<String>| {
            Field::from(waba.and_then(|waba| field(waba).clone()))
        };
        Self {
            cust_space_id: space.cust_space_id.into(),
            instance_id: space.instance_id.into(),
            instance_name: space.instance_name.into(),
            state: space.state.into(),
            resource_group_id: space.resource_group_id.into(),
            submit_time: space.submit_time.into(),
            waba_id: Field::from(waba.map(|waba| waba.id.clone())),
            waba_name: of(|waba| &waba.name),
            account_review_status: of(|waba| &waba.account_review_status),
            business_id: of(|waba| &waba.business_id),
            business_name: of(|waba| &waba.business_name),
            currency: of(|waba| &waba.currency),
            marketing_message_lite_status: of(|waba| &waba.marketing_message_lite_status),
        }
    }
}

/// Why the bindings of the account could not be listed.
pub(super) fn list_failed(context: &Context<'_>, error: &Error) -> Diagnostic {
    context.diagnose(
        error,
        "Cannot list the WABA bindings",
        "the account",
        "bindings",
    )
}

/// Which spaces are wanted. The documentation does not say how exactly the service filters, so the rows are filtered here.
#[derive(Debug, Default)]
pub(super) struct Filter {
    ids: Option<Vec<String>>,
    waba_ids: Option<Vec<String>>,
    business_ids: Option<Vec<String>>,
    account_review_status: Option<String>,
    resource_group_id: Option<String>,
    include_unbound: bool,
}

impl Filter {
    fn of(model: &Model) -> Self {
        Self {
            ids: model.ids_filter.as_known().cloned(),
            waba_ids: model.waba_ids_filter.as_known().cloned(),
            business_ids: model.business_ids.as_known().cloned(),
            account_review_status: model.account_review_status.as_known().cloned(),
            resource_group_id: model.resource_group_id.as_known().cloned(),
            include_unbound: model
                .include_unbound
                .as_known()
                .copied()
                .unwrap_or_default(),
        }
    }

    /// The filter of a list resource.
    pub(super) fn bound(waba_ids: Option<Vec<String>>, resource_group_id: Option<String>) -> Self {
        Self {
            waba_ids,
            resource_group_id,
            ..Self::default()
        }
    }

    /// Whether a space is wanted, as far as the list tells.
    pub(super) fn takes_space(&self, space: &Space) -> bool {
        let group = self.resource_group_id.as_ref();
        wants(self.ids.as_ref(), Some(&space.cust_space_id))
            && group.is_none_or(|group| space.resource_group_id.as_ref() == Some(group))
    }

    /// Whether a space with this WABA is wanted.
    pub(super) fn takes_waba(&self, waba: Option<&Waba>) -> bool {
        let Some(waba) = waba else {
            let asks_for_a_waba = self.waba_ids.is_some()
                || self.business_ids.is_some()
                || self.account_review_status.is_some();
            return self.include_unbound && !asks_for_a_waba;
        };
        let status = self.account_review_status.as_ref();
        wants(self.waba_ids.as_ref(), Some(&waba.id))
            && wants(self.business_ids.as_ref(), waba.business_id.as_ref())
            && status.is_none_or(|status| waba.account_review_status.as_ref() == Some(status))
    }
}

/// Whether a value is among the wanted ones; without any, all are wanted.
fn wants(wanted: Option<&Vec<String>>, value: Option<&String>) -> bool {
    wanted.is_none_or(|wanted| value.is_some_and(|value| wanted.contains(value)))
}

fn binding_attributes() -> Vec<Attribute> {
    let attributes = [
        (
            "cust_space_id",
            "ID of the space (`CustSpaceId`); the channel ID of the console.",
        ),
        ("instance_id", "ID of the instance."),
        ("instance_name", "Name of the instance."),
        ("state", "State of the instance, for example `published`."),
        ("resource_group_id", "ID of the resource group."),
        (
            "submit_time",
            "When the instance was made, as the service writes it.",
        ),
        (
            "waba_id",
            "ID of the WABA at Meta; null for a space without one.",
        ),
        ("waba_name", "Name of the WABA."),
        ("account_review_status", "Meta's review of the WABA."),
        ("business_id", "ID of the Meta business portfolio."),
        ("business_name", "Name of the Meta business portfolio."),
        ("currency", "Currency of the WABA, for example `USD`."),
        (
            "marketing_message_lite_status",
            "State of Marketing Messages Lite, for example `Y`.",
        ),
    ];
    computed(&attributes)
}

fn unreadable_attributes() -> Vec<Attribute> {
    computed(&[
        ("cust_space_id", "ID of the space."),
        (
            "code",
            "The service's error code; null if its response could not be used.",
        ),
    ])
}

fn computed(attributes: &[(&'static str, &'static str)]) -> Vec<Attribute> {
    let attributes = attributes.iter();
    attributes
        .map(|(name, description)| Attribute::computed(name, Type::String).describe(*description))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_combined() {
        let space = |group: Option<&str>| Space {
            cust_space_id: "a".to_owned(),
            resource_group_id: group.map(str::to_owned),
            ..Space::default()
        };
        let texts = |texts: &[&str]| {
            Some(
                texts
                    .iter()
                    .map(|&text| text.to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        let check = |filter: Filter, group: Option<&str>, expected: bool| {
            assert_eq!(
                filter.takes_space(&space(group)),
                expected,
                "{filter:?} {group:?}"
            );
        };
        let group = || Some("g".to_owned());
        check(Filter::default(), None, true);
        check(
            Filter {
                ids: texts(&["b", "a"]),
                ..Filter::default()
            },
            None,
            true,
        );
        check(
            Filter {
                ids: texts(&[]),
                ..Filter::default()
            },
            None,
            false,
        );
        check(
            Filter {
                resource_group_id: group(),
                ..Filter::default()
            },
            Some("g"),
            true,
        );
        check(
            Filter {
                resource_group_id: group(),
                ..Filter::default()
            },
            None,
            false,
        );
        check(
            Filter {
                ids: texts(&["b"]),
                resource_group_id: group(),
                ..Filter::default()
            },
            Some("g"),
            false,
        );

        let waba = || Waba {
            id: "1".to_owned(),
            business_id: Some("p".to_owned()),
            account_review_status: Some("APPROVED".to_owned()),
            ..Waba::default()
        };
        let check = |filter: Filter, bound: bool, expected: bool| {
            let waba = bound.then(waba);
            assert_eq!(
                filter.takes_waba(waba.as_ref()),
                expected,
                "{filter:?} {bound}"
            );
        };
        let status = |status: &str| Some(status.to_owned());
        check(Filter::default(), true, true);
        check(Filter::default(), false, false);
        check(
            Filter {
                include_unbound: true,
                ..Filter::default()
            },
            false,
            true,
        );
        check(
            Filter {
                include_unbound: true,
                waba_ids: texts(&["1"]),
                ..Filter::default()
            },
            false,
            false,
        );
        check(
            Filter {
                waba_ids: texts(&["1"]),
                ..Filter::default()
            },
            true,
            true,
        );
        check(
            Filter {
                waba_ids: texts(&["2"]),
                ..Filter::default()
            },
            true,
            false,
        );
        check(
            Filter {
                business_ids: texts(&["q"]),
                ..Filter::default()
            },
            true,
            false,
        );
        check(
            Filter {
                account_review_status: status("APPROVED"),
                ..Filter::default()
            },
            true,
            true,
        );
        check(
            Filter {
                account_review_status: status("REJECTED"),
                ..Filter::default()
            },
            true,
            false,
        );
    }
}
