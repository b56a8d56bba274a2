//! The attributes of an instance.

use alicloud::{
    cams::{
        instance::{Instance, InstanceSettings},
        space::Space,
    },
    is_id,
};
use framework::{
    Attribute, Block, Field, Type,
    schema::{Equality, Validator},
};
use serde::{Deserialize, Serialize};

/// The attribute that names an instance.
pub(super) const INSTANCE_ID: &str = "instance_id";

pub(super) const INSTANCE_ID_DESCRIPTION: &str = "ID of the instance.";

/// An instance, as configuration and state hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(super) channel_type: Field<String>,
    pub(super) instance_name: Field<String>,
    pub(super) instance_description: Field<String>,
    pub(super) contact_mail: Field<String>,
    pub(super) country_id: Field<String>,
    pub(super) office_address: Field<String>,
    pub(super) facebook_bm_id: Field<String>,
    pub(super) isv_terms: Field<String>,
    pub(super) is_confirm_audit: Field<String>,
    pub(super) resource_group_id: Field<String>,
    pub(super) instance_id: Field<String>,
    pub(super) cust_space_id: Field<String>,
    pub(super) state: Field<String>,
    pub(super) cust_type: Field<String>,
    pub(super) resource_region_id: Field<String>,
    pub(super) submit_time: Field<String>,
}

/// What the service says of an instance: the query, and the row of the list, which alone has space and state.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) instance: Instance,
    pub(super) row: Option<Space>,
}

impl Model {
    /// The object as the service describes it now. What it never returns stays as it is stored.
    pub(super) fn read(&self, found: &Found) -> Self {
        let Found { instance, row } = found;
        let of_row = |stored: &Field<String>, value: fn(&Space) -> &Option<String>| match row {
            Some(row) => shown(stored, value(row)),
            None => stored.clone(),
        };
        let space = row.as_ref().map(|row| row.cust_space_id.clone());
        Self {
            channel_type: shown(&self.channel_type, &instance.channel_type),
            instance_name: shown(&self.instance_name, &instance.instance_name),
            instance_description: shown(&self.instance_description, &instance.instance_description),
            contact_mail: shown(&self.contact_mail, &instance.contact_mail),
            country_id: shown(&self.country_id, &instance.country_id),
            office_address: shown(&self.office_address, &instance.office_address),
            facebook_bm_id: shown(&self.facebook_bm_id, &instance.facebook_bm_id),
            isv_terms: shown(&self.isv_terms, &instance.isv_terms),
            is_confirm_audit: self.is_confirm_audit.clone(),
            resource_group_id: shown(&self.resource_group_id, &instance.resource_group_id),
            instance_id: Field::from(&*instance.instance_id),
            cust_space_id: match space {
                Some(space) => space.into(),
                None => self.cust_space_id.clone(),
            },
            state: of_row(&self.state, |row| &row.state),
            cust_type: shown(&self.cust_type, &instance.cust_type),
            resource_region_id: shown(&self.resource_region_id, &instance.resource_region_id),
            submit_time: shown(&self.submit_time, &instance.submit_time),
        }
        .without_unknowns()
    }

    /// What was planned, completed by what the service says: a planned value must not come back as another one.
    pub(super) fn completed_by(&self, found: &Self) -> Self {
        let choose = |planned: &Field<String>, found: &Field<String>| match planned {
            Field::Unknown => found.clone(),
            planned => planned.clone(),
        };
        Self {
            channel_type: choose(&self.channel_type, &found.channel_type),
            instance_name: choose(&self.instance_name, &found.instance_name),
            instance_description: choose(&self.instance_description, &found.instance_description),
            contact_mail: choose(&self.contact_mail, &found.contact_mail),
            country_id: choose(&self.country_id, &found.country_id),
            office_address: choose(&self.office_address, &found.office_address),
            facebook_bm_id: choose(&self.facebook_bm_id, &found.facebook_bm_id),
            isv_terms: choose(&self.isv_terms, &found.isv_terms),
            is_confirm_audit: choose(&self.is_confirm_audit, &found.is_confirm_audit),
            resource_group_id: choose(&self.resource_group_id, &found.resource_group_id),
            instance_id: choose(&self.instance_id, &found.instance_id),
            cust_space_id: choose(&self.cust_space_id, &found.cust_space_id),
            state: choose(&self.state, &found.state),
            cust_type: choose(&self.cust_type, &found.cust_type),
            resource_region_id: choose(&self.resource_region_id, &found.resource_region_id),
            submit_time: choose(&self.submit_time, &found.submit_time),
        }
    }

    /// Nothing of it is known later than now.
    pub(super) fn without_unknowns(&self) -> Self {
        self.completed_by(&Self::default())
    }

    /// The arguments that the service does not show as they were sent.
    pub(super) fn differences(&self, found: &Self) -> Vec<&'static str> {
        let mut names = Vec::new();
        let pairs = [
            ("instance_name", &self.instance_name, &found.instance_name),
            (
                "instance_description",
                &self.instance_description,
                &found.instance_description,
            ),
            ("contact_mail", &self.contact_mail, &found.contact_mail),
            ("country_id", &self.country_id, &found.country_id),
            (
                "office_address",
                &self.office_address,
                &found.office_address,
            ),
            (
                "facebook_bm_id",
                &self.facebook_bm_id,
                &found.facebook_bm_id,
            ),
            ("isv_terms", &self.isv_terms, &found.isv_terms),
            (
                "resource_group_id",
                &self.resource_group_id,
                &found.resource_group_id,
            ),
        ];
        for (name, planned, found) in pairs {
            if planned.is_known() && planned != found {
                names.push(name);
            }
        }
        names
    }

    /// What a create or an update sends: all that is known.
    pub(super) fn settings(&self) -> InstanceSettings<'_> {
        InstanceSettings {
            instance_name: self.instance_name.as_deref().unwrap_or_default(),
            instance_description: self.instance_description.as_deref(),
            contact_mail: self.contact_mail.as_deref(),
            country_id: self.country_id.as_deref(),
            office_address: self.office_address.as_deref(),
            facebook_bm_id: self.facebook_bm_id.as_deref(),
            isv_terms: self.isv_terms.as_deref(),
            is_confirm_audit: self.is_confirm_audit.as_deref(),
        }
    }

    /// The ID, for messages.
    pub(super) fn id(&self) -> &str {
        self.instance_id.as_deref().unwrap_or("(unknown)")
    }
}

/// A text of the service. An empty one is none, but where the configuration has an empty one.
fn shown(stored: &Field<String>, found: &Option<String>) -> Field<String> {
    match found.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => Field::from(text),
        None if stored.as_deref() == Some("") => stored.clone(),
        None => Field::Null,
    }
}

/// The attributes of the resource.
pub(super) fn block() -> Block {
    let block = Block::new(
        "Manages an instance, which the console calls a channel. For WhatsApp, import the instance that a bind has made, to \
         name it and to put it into a resource group: making one does not help to bind a WABA, since \
         `alicloud_cams_waba_binding` takes no instance. **Deleting an instance is final**, and the service does not say what \
         becomes of a WABA that is bound to it, so it needs `deletion_policy = \"DELETE\"`.",
    )
    .attribute(
        Attribute::required("channel_type", Type::String)
            .describe("Channel of the instance: `whatsapp`, `messenger`, `instagram` or `viber`, in upper or lower case. A change makes another instance.")
            .requires_replace()
            .equality(Equality::IgnoreCase)
            .validate(Validator::text(not_empty)),
    )
    .attribute(
        Attribute::required("instance_name", Type::String)
            .describe("Name of the instance.")
            .validate(Validator::text(not_empty)),
    );
    let settings = [
        ("instance_description", "Description of the instance."),
        ("contact_mail", "Mail address of the contact."),
        ("country_id", "Country code of the business."),
        ("office_address", "Address of the office."),
        ("facebook_bm_id", "ID of the business at Meta."),
        (
            "isv_terms",
            "URL or file name of the agreement between an ISV and its client.",
        ),
    ];
    let block = settings
        .into_iter()
        .fold(block, |block, (name, description)| {
            block.attribute(
                Attribute::optional_computed(name, Type::String)
                    .describe(format!(
                        "{description} Left out, it stays as it is at the service; an empty text is sent as one."
                    ))
                    .use_state_for_unknown(),
            )
        })
        .attribute(
            Attribute::optional("is_confirm_audit", Type::String)
                .describe("`Y` to confirm the audit, else `N`. The service never returns it, so a change outside Terraform is not seen.")
                .validate(Validator::one_of(&["Y", "N"])),
        )
        .attribute(
            Attribute::optional_computed("resource_group_id", Type::String)
                .describe("ID of the resource group. A change moves the instance.")
                .use_state_for_unknown()
                .validate(Validator::text(not_empty)),
        )
        .attribute(
            Attribute::computed(INSTANCE_ID, Type::String)
                .describe(INSTANCE_ID_DESCRIPTION)
                .use_state_for_unknown()
                .validate(Validator::text(check_id)),
        );
    let computed = [
        (
            "cust_space_id",
            "ID of the space (`CustSpaceId`); the channel ID of the console.",
        ),
        ("state", "State of the instance, for example `published`."),
        (
            "cust_type",
            "The service's field `CustType`, for example `01`. The service does not describe it.",
        ),
        ("resource_region_id", "Region of the instance."),
        (
            "submit_time",
            "When the instance was made, as the service writes it.",
        ),
    ];
    computed
        .into_iter()
        .fold(block, |block, (name, description)| {
            block.attribute(
                Attribute::computed(name, Type::String)
                    .describe(description)
                    .use_state_for_unknown(),
            )
        })
}

fn not_empty(text: &str) -> Result<(), String> {
    match text.trim().is_empty() {
        true => Err("must not be empty".to_owned()),
        false => Ok(()),
    }
}

/// Whether a text may be the ID of an instance. Samples have digits, or `cams-` with letters and digits.
fn check_id(text: &str) -> Result<(), String> {
    if is_id(text) {
        return Ok(());
    }
    Err(format!(
        "must be the ID of an instance, of letters, digits and hyphens, for example \"cams-8filvjc8snw\", but is \"{}\"",
        text.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_texts_are_none_unless_they_are_configured() {
        let check = |stored: Field<String>, found: Option<&str>, expected: Field<String>| {
            assert!(
                shown(&stored, &found.map(str::to_owned)) == expected,
                "{found:?}"
            );
        };
        check(Field::Null, None, Field::Null);
        check(Field::Null, Some(""), Field::Null);
        check("a".into(), Some(""), Field::Null);
        check("".into(), None, "".into());
        check("".into(), Some("a"), "a".into());
        check(Field::Unknown, Some("a"), "a".into());
        check(Field::Unknown, None, Field::Null);
    }

    #[test]
    fn found_values_complete_the_plan_and_are_compared() {
        let planned = Model {
            instance_name: "shop".into(),
            contact_mail: "a@example.com".into(),
            country_id: Field::Unknown,
            ..Model::default()
        };
        let found = Model {
            instance_name: "shop".into(),
            contact_mail: "b@example.com".into(),
            country_id: "SG".into(),
            instance_description: "made by hand".into(),
            ..Model::default()
        };
        assert_eq!(planned.differences(&found), ["contact_mail"]);
        let whole = planned.completed_by(&found);
        assert_eq!(whole.contact_mail.as_deref(), Some("a@example.com"));
        assert_eq!(whole.country_id.as_deref(), Some("SG"));
        assert!(whole.instance_description.is_null());
    }

    #[test]
    fn space_and_state_stay_where_the_list_has_no_row() {
        let stored = Model {
            cust_space_id: "cams-1".into(),
            state: "published".into(),
            ..Model::default()
        };
        let instance = Instance {
            instance_id: "1".to_owned(),
            ..Instance::default()
        };
        let read = |row: Option<Space>| {
            stored.read(&Found {
                instance: instance.clone(),
                row,
            })
        };
        let without = read(None);
        assert_eq!(without.cust_space_id.as_deref(), Some("cams-1"));
        assert_eq!(without.state.as_deref(), Some("published"));
        let row = Space {
            cust_space_id: "cams-2".to_owned(),
            ..Space::default()
        };
        let with = read(Some(row));
        assert_eq!(with.cust_space_id.as_deref(), Some("cams-2"));
        assert!(with.state.is_null());
    }
}
