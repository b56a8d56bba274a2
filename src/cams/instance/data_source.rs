//! Data source `alicloud_cams_instances`: the instances of an account, of every channel.

use alicloud::cams::space::Space;
use async_trait::async_trait;
use framework::{
    Attribute, Block, Diagnostics, Field, Type,
    schema::{Collection, Setting},
};
use serde::{Deserialize, Serialize};

use crate::common::{Context, data_source::CamsDataSource, space_list::list_instances};

/// The data source.
pub(crate) struct CamsInstances;

/// Filters and results.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Model {
    ids_filter: Field<Vec<String>>,
    channel_type: Field<String>,
    instance_name: Field<String>,
    resource_group_id: Field<String>,
    submit_time: Field<String>,
    ids: Field<Vec<String>>,
    instances: Field<Vec<InstanceModel>>,
    complete: Field<bool>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct InstanceModel {
    instance_id: Field<String>,
    instance_name: Field<String>,
    instance_description: Field<String>,
    channel_type: Field<String>,
    cust_space_id: Field<String>,
    state: Field<String>,
    submit_time: Field<String>,
    contact_mail: Field<String>,
    country_id: Field<String>,
    office_address: Field<String>,
    facebook_bm_id: Field<String>,
    isv_terms: Field<String>,
    resource_group_id: Field<String>,
    resource_region_id: Field<String>,
}

#[async_trait]
impl CamsDataSource for CamsInstances {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_instances";
    const TIMEOUT: &'static str = "5m";
    const RAM_ACTIONS: &'static [&'static str] = &["cams:ListInstance"];

    fn block(&self) -> Block {
        let list = || Type::List(Box::new(Type::String));
        Block::new(
            "Lists the instances (channels) of the account, also those that no configuration declares. It does not say which \
             WABA is bound to an instance; `alicloud_cams_waba_bindings` does. One call for each 50 instances.",
        )
        .attribute(
            Attribute::optional("ids_filter", list()).describe("Only the instances of these IDs."),
        )
        .attribute(
            Attribute::optional("channel_type", Type::String)
                .describe("Only instances of this channel, for example `whatsapp`, in upper or lower case."),
        )
        .attribute(
            Attribute::optional("instance_name", Type::String)
                .describe("Only instances of exactly this name."),
        )
        .attribute(
            Attribute::optional("resource_group_id", Type::String)
                .describe("Only instances of this resource group."),
        )
        .attribute(
            Attribute::optional("submit_time", Type::String)
                .describe("Only instances whose `submit_time` begins with this text, for example `2026-11-28`."),
        )
        .attribute(
            Attribute::computed("ids", list())
                .describe("The IDs of the instances in `instances`, sorted."),
        )
        .attribute(
            Attribute::nested(
                "instances",
                Collection::List,
                row_attributes(),
                Setting::Computed,
            )
            .describe("The instances, sorted by `instance_id`."),
        )
        .attribute(
            Attribute::computed("complete", Type::Bool)
                .describe("Whether the list was seen to its end. If not, the service repeated or lost pages, or listed instances without an ID; there may be more instances."),
        )
    }

    async fn read(&self, context: &Context<'_>, mut model: Model) -> Result<Model, Diagnostics> {
        let list = list_instances(&context.operation, None).await;
        let list = list.map_err(|error| {
            let summary = "Cannot list the instances of the account";
            context.diagnose(&error, summary, "the account", "instances")
        })?;
        let rows = list.spaces.into_iter().filter(|row| model.takes(row));
        let mut instances: Vec<InstanceModel> = rows.map(InstanceModel::from).collect();
        instances.sort_by(|a, b| a.instance_id.as_known().cmp(&b.instance_id.as_known()));
        let ids = instances.iter();
        let ids = ids.filter_map(|row| row.instance_id.as_known().cloned());
        model.ids = Field::Known(ids.collect());
        model.instances = Field::Known(instances);
        model.complete = Field::Known(list.complete);
        Ok(model)
    }
}

impl Model {
    /// Whether a row is wanted. How exactly the service filters is not documented, so the rows are filtered here.
    fn takes(&self, row: &Space) -> bool {
        let same = |wanted: &Field<String>, found: &Option<String>| {
            let wanted = wanted.as_deref();
            wanted.is_none_or(|wanted| found.as_deref() == Some(wanted))
        };
        let ids = self.ids_filter.as_known();
        let id = row.instance_id.as_ref();
        ids.is_none_or(|ids| id.is_some_and(|id| ids.contains(id)))
            && self.channel_type.as_deref().is_none_or(|wanted| {
                let channel = row.channel_type.as_deref();
                channel.is_some_and(|channel| channel.eq_ignore_ascii_case(wanted))
            })
            && same(&self.instance_name, &row.instance_name)
            && same(&self.resource_group_id, &row.resource_group_id)
            && self.submit_time.as_deref().is_none_or(|wanted| {
                let time = row.submit_time.as_deref();
                time.is_some_and(|time| time.starts_with(wanted))
            })
    }
}

impl From<Space> for InstanceModel {
    fn from(row: Space) -> Self {
        let text = |text: Option<String>| Field::from(text.filter(|text| !text.is_empty()));
        Self {
            instance_id: text(row.instance_id),
            instance_name: text(row.instance_name),
            instance_description: text(row.instance_description),
            channel_type: text(row.channel_type),
            cust_space_id: row.cust_space_id.into(),
            state: text(row.state),
            submit_time: text(row.submit_time),
            contact_mail: text(row.contact_mail),
            country_id: text(row.country_id),
            office_address: text(row.office_address),
            facebook_bm_id: text(row.facebook_bm_id),
            isv_terms: text(row.isv_terms),
            resource_group_id: text(row.resource_group_id),
            resource_region_id: text(row.resource_region_id),
        }
    }
}

fn row_attributes() -> Vec<Attribute> {
    let attributes = [
        ("instance_id", "ID of the instance."),
        ("instance_name", "Name of the instance."),
        ("instance_description", "Description of the instance."),
        ("channel_type", "Channel, for example `whatsapp`."),
        (
            "cust_space_id",
            "ID of the space (`CustSpaceId`); the channel ID of the console.",
        ),
        ("state", "State of the instance, for example `published`."),
        (
            "submit_time",
            "When the instance was made, as the service writes it.",
        ),
        ("contact_mail", "Mail address of the contact."),
        ("country_id", "Country code of the business."),
        ("office_address", "Address of the office."),
        ("facebook_bm_id", "ID of the business at Meta."),
        (
            "isv_terms",
            "URL or file name of the agreement between an ISV and its client.",
        ),
        ("resource_group_id", "ID of the resource group."),
        ("resource_region_id", "Region of the instance."),
    ];
    let attributes = attributes.into_iter();
    attributes
        .map(|(name, description)| Attribute::computed(name, Type::String).describe(description))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_combined() {
        let row = Space {
            cust_space_id: "s".to_owned(),
            instance_id: Some("i".to_owned()),
            instance_name: Some("shop".to_owned()),
            channel_type: Some("WHATSAPP".to_owned()),
            submit_time: Some("2026-11-28 08:00:00".to_owned()),
            resource_group_id: Some("g".to_owned()),
            ..Space::default()
        };
        let check = |change: fn(&mut Model), expected: bool| {
            let mut model = Model::default();
            change(&mut model);
            assert_eq!(model.takes(&row), expected, "{model:?}");
        };
        check(|_| {}, true);
        check(|model| model.ids_filter = vec!["i".to_owned()].into(), true);
        check(
            |model| model.ids_filter = vec!["s".to_owned()].into(),
            false,
        );
        check(|model| model.ids_filter = Vec::new().into(), false);
        check(|model| model.channel_type = "whatsapp".into(), true);
        check(|model| model.channel_type = "viber".into(), false);
        check(|model| model.instance_name = "shop".into(), true);
        check(|model| model.instance_name = "sho".into(), false);
        check(|model| model.resource_group_id = "h".into(), false);
        check(|model| model.submit_time = "2026-11-28".into(), true);
        check(|model| model.submit_time = "2026-11-29".into(), false);
        check(
            |model| {
                model.channel_type = "whatsapp".into();
                model.resource_group_id = "h".into();
            },
            false,
        );
    }
}
