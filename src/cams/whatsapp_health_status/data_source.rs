//! Data source `alicloud_cams_whatsapp_health_status`. Each read asks Meta, so its result changes from run to run: it is for
//! postconditions and checks.

use alicloud::cams::health::{Entity, GetWhatsappHealthStatus};
use async_trait::async_trait;
use framework::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, Field, Type,
    schema::{Collection, Setting, Validator},
};
use serde::{Deserialize, Serialize};

use crate::common::{
    Context,
    data_source::CamsDataSource,
    space::{CUST_SPACE_ID, argument},
};

/// The data source.
pub(crate) struct WhatsappHealthStatus;

/// The node and its health.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Model {
    cust_space_id: Field<String>,
    node_type: Field<String>,
    waba_id: Field<String>,
    phone_number: Field<String>,
    template_code: Field<String>,
    language: Field<String>,
    can_send_message: Field<String>,
    entities: Field<Vec<EntityModel>>,
}

/// Something that messages of the node depend on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct EntityModel {
    entity_type: Field<String>,
    can_send_message: Field<String>,
    business_id: Field<String>,
    waba_id: Field<String>,
    phone_number: Field<String>,
    template_code: Field<String>,
    language: Field<String>,
    errors: Field<Vec<ErrorModel>>,
}

/// Why not all messages can be sent.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ErrorModel {
    error_code: Field<String>,
    error_description: Field<String>,
    possible_solution: Field<String>,
}

const WABA: &str = "waba";
const PHONE: &str = "phone";
const TEMPLATE: &str = "template";

#[async_trait]
impl CamsDataSource for WhatsappHealthStatus {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_whatsapp_health_status";
    const TIMEOUT: &'static str = "2m";
    const RAM_ACTIONS: &'static [&'static str] = &["cams:GetWhatsappHealthStatus"];

    fn block(&self) -> Block {
        Block::new(
            "Asks Meta whether a WABA, a phone number or a template can send messages at this moment, and why not. The result \
             changes from run to run, so use it in postconditions and `check` blocks, not in the arguments of resources. One \
             call; the service allows five a second, and Meta has a limit of its own.",
        )
        .attribute(argument())
        .attribute(
            Attribute::required("node_type", Type::String)
                .describe("What is asked about: `waba`, `phone` or `template`.")
                .validate(Validator::one_of(&[WABA, PHONE, TEMPLATE])),
        )
        .attribute(
            Attribute::optional("waba_id", Type::String)
                .describe("ID of the WABA. Required with `node_type = \"waba\"`."),
        )
        .attribute(
            Attribute::optional("phone_number", Type::String)
                .describe("The phone number: country code and number, digits only. Required with `node_type = \"phone\"`."),
        )
        .attribute(
            Attribute::optional("template_code", Type::String)
                .describe("Code of the template. Required with `node_type = \"template\"`."),
        )
        .attribute(
            Attribute::optional("language", Type::String)
                .describe("Language of the template. Required with `node_type = \"template\"`."),
        )
        .attribute(
            Attribute::computed("can_send_message", Type::String)
                .describe("Whether messages can be sent, the worst of `entities`: `AVAILABLE`, `LIMITED` or `BLOCKED`."),
        )
        .attribute(
            Attribute::nested(
                "entities",
                Collection::List,
                entity_attributes(),
                Setting::Computed,
            )
            .describe("The node and what its messages depend on, sorted by type and ID."),
        )
    }

    fn validate(&self, config: &Model) -> Diagnostics {
        let needed: &[(&'static str, &Field<String>)] = match config.node_type.as_deref() {
            Some(WABA) => &[("waba_id", &config.waba_id)],
            Some(PHONE) => &[("phone_number", &config.phone_number)],
            Some(TEMPLATE) => &[
                ("template_code", &config.template_code),
                ("language", &config.language),
            ],
            _ => &[],
        };
        let node = config.node_type.as_deref().unwrap_or_default();
        let mut diagnostics = Diagnostics::new();
        for (name, value) in needed {
            if value.is_null() {
                diagnostics.push(missing(name, node));
            }
        }
        diagnostics
    }

    async fn read(&self, context: &Context<'_>, mut config: Model) -> Result<Model, Diagnostics> {
        let node = config.node_type.as_deref().unwrap_or_default();
        let (subject, attribute) = match node {
            WABA => (&config.waba_id, "waba_id"),
            PHONE => (&config.phone_number, "phone_number"),
            _ => (&config.template_code, "template_code"),
        };
        let subject = format!("{node} {}", subject.as_deref().unwrap_or_default());
        let action = GetWhatsappHealthStatus {
            cust_space_id: config.cust_space_id.as_deref().unwrap_or_default(),
            node_type: node,
            waba_id: config.waba_id.as_deref(),
            phone_number: config.phone_number.as_deref(),
            template_code: config.template_code.as_deref(),
            language: config.language.as_deref(),
        };
        let found = context.operation.call(&action).await;
        let health = found
            .map_err(|error| {
                let summary = format!("Cannot read the health of {subject}");
                let at = match error.code() {
                    Some("Unknown.ResourceOwnerId") => CUST_SPACE_ID,
                    _ => attribute,
                };
                context.diagnose(&error, &summary, &subject, at)
            })?
            .body;
        let mut entities = health.entities;
        entities.sort_by_cached_key(|it| {
            [
                &it.entity_type,
                &it.business_id,
                &it.waba_id,
                &it.phone_number,
                &it.template_code,
                &it.language,
            ]
            .map(Clone::clone)
        });
        config.can_send_message = health.can_send_message.into();
        config.entities = Field::Known(entities.into_iter().map(EntityModel::from).collect());
        Ok(config)
    }
}

impl From<Entity> for EntityModel {
    fn from(entity: Entity) -> Self {
        let errors = entity.errors.into_iter().map(|error| ErrorModel {
            error_code: error.error_code.into(),
            error_description: error.error_description.into(),
            possible_solution: error.possible_solution.into(),
        });
        Self {
            entity_type: entity.entity_type.into(),
            can_send_message: entity.can_send_message.into(),
            business_id: entity.business_id.into(),
            waba_id: entity.waba_id.into(),
            phone_number: entity.phone_number.into(),
            template_code: entity.template_code.into(),
            language: entity.language.into(),
            errors: Field::Known(errors.collect()),
        }
    }
}

fn missing(name: &'static str, node: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{name} is missing"),
        format!(
            "With `node_type = \"{node}\"` the service needs `{name}`, to know which {node} is meant.\n\n  Code:  \
             Provider.InvalidConfiguration"
        ),
    )
    .at(AttributePath::attribute(name))
}

fn entity_attributes() -> Vec<Attribute> {
    let mut attributes = computed(&[
        (
            "entity_type",
            "For example `PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP` or `MESSAGE_TEMPLATE`.",
        ),
        ("can_send_message", "`AVAILABLE`, `LIMITED` or `BLOCKED`."),
        ("business_id", "ID of the Meta business portfolio."),
        ("waba_id", "ID of the WABA."),
        ("phone_number", "The phone number."),
        ("template_code", "Code of the template."),
        ("language", "Language of the template."),
    ]);
    let errors = computed(&[
        ("error_code", "Meta's code, for example `141006`."),
        ("error_description", "What is wrong."),
        ("possible_solution", "What to do about it."),
    ]);
    attributes.push(
        Attribute::nested("errors", Collection::List, errors, Setting::Computed)
            .describe("Why not all messages can be sent."),
    );
    attributes
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
    fn each_node_needs_its_arguments() {
        let check = |model: Model, expected: &[&str]| {
            let found = WhatsappHealthStatus.validate(&model);
            let found: Vec<&str> = found.iter().map(|it| &*it.summary).collect();
            assert_eq!(found, expected, "{:?}", model.node_type.as_deref());
        };
        let node = |node: &str| Model {
            node_type: node.into(),
            ..Model::default()
        };
        check(node(WABA), &["waba_id is missing"]);
        check(node(PHONE), &["phone_number is missing"]);
        check(
            node(TEMPLATE),
            &["template_code is missing", "language is missing"],
        );
        check(
            Model {
                waba_id: Field::Unknown,
                ..node(WABA)
            },
            &[],
        );
        check(
            Model {
                phone_number: "6580001234".into(),
                ..node(PHONE)
            },
            &[],
        );
        check(Model::default(), &[]);
    }
}
