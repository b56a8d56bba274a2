//! Data source `alicloud_cams_chatapp_templates`: the templates of a space, also those that no configuration declares.

use alicloud::cams::template::{GetChatappTemplateDetail, TemplateRow};
use async_trait::async_trait;
use framework::{
    Attribute, Block, Diagnostics, Field, Type,
    schema::{Collection, Setting},
};
use serde::{Deserialize, Serialize};

use super::{
    model::{LANGUAGE_DESCRIPTION, TEMPLATE_CODE_DESCRIPTION, WHATSAPP},
    template_list::{Filter, TemplateList, list_templates},
};
use crate::common::{
    Context,
    data_source::CamsDataSource,
    space::{self, CUST_SPACE_ID, isv_code_attribute},
    space_list::concerns_one_space,
};

/// The data source.
pub(crate) struct ChatappTemplates;

/// Filters and results.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Model {
    cust_space_id: Field<String>,
    name: Field<String>,
    code: Field<String>,
    language: Field<String>,
    category: Field<String>,
    audit_status: Field<String>,
    template_type: Field<String>,
    details: Field<bool>,
    isv_code: Field<String>,
    ids: Field<Vec<String>>,
    templates: Field<Vec<Row>>,
    unreadable: Field<Vec<Unreadable>>,
    complete: Field<bool>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Row {
    id: Field<String>,
    template_code: Field<String>,
    template_name: Field<String>,
    template_type: Field<String>,
    category: Field<String>,
    language: Field<String>,
    audit_status: Field<String>,
    reason: Field<String>,
    last_update_time: Field<i64>,
    quality_score: Field<String>,
    allow_send: Field<bool>,
    category_change_paused: Field<bool>,
    message_send_ttl_seconds: Field<i64>,
    components: Field<String>,
}

/// A template whose details the service refused.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Unreadable {
    id: Field<String>,
    code: Field<String>,
}

#[async_trait]
impl CamsDataSource for ChatappTemplates {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_chatapp_templates";
    const TIMEOUT: &'static str = "5m";
    const RAM_ACTIONS: &'static [&'static str] =
        &["cams:ListChatappTemplate", "cams:GetChatappTemplateDetail"];

    fn block(&self) -> Block {
        let filter =
            |name, description: &str| Attribute::optional(name, Type::String).describe(description);
        let ids = || Type::List(Box::new(Type::String));
        Block::new(
            "Lists the message templates of a space, also those that no configuration declares. One call for each 100 \
             templates; with `details` one more for each template, of which the service allows 5 a second.",
        )
        .attribute(space::argument())
        .attribute(filter("name", "Only templates of this name."))
        .attribute(filter("code", "Only templates with this code."))
        .attribute(filter("language", "Only templates in this language."))
        .attribute(filter("category", "Only templates that are in this category now."))
        .attribute(filter("audit_status", "Only templates with this result of Meta's review: `pass`, `fail`, `auditing` or `unaudit`."))
        .attribute(filter("template_type", "Only templates of this type: `WHATSAPP` or `VIBER`."))
        .attribute(
            Attribute::optional("details", Type::Bool)
                .describe("Whether each template is read, too. Without it the attributes that say so are null. Default: `false`."),
        )
        .attribute(isv_code_attribute())
        .attribute(Attribute::computed("ids", ids()).describe("The import IDs of the templates, sorted."))
        .attribute(
            Attribute::nested("templates", Collection::List, row_attributes(), Setting::Computed)
                .describe("The templates, sorted by `id`."),
        )
        .attribute(
            Attribute::nested(
                "unreadable",
                Collection::List,
                vec![
                    Attribute::computed("id", Type::String).describe("Import ID of the template."),
                    Attribute::computed("code", Type::String)
                        .describe("The service's error code; null if its response could not be used."),
                ],
                Setting::Computed,
            )
            .describe("Templates whose details the service refused. They are in `templates`, without their details."),
        )
        .attribute(
            Attribute::computed("complete", Type::Bool).describe(
                "Whether the list was seen to its end, and each of its templates was read if `details` asks for it.",
            ),
        )
    }

    async fn read(&self, context: &Context<'_>, mut model: Model) -> Result<Model, Diagnostics> {
        let space = model
            .cust_space_id
            .as_deref()
            .unwrap_or_default()
            .to_owned();
        let isv_code = model.isv_code.as_deref().map(str::to_owned);
        let filter = Filter {
            cust_space_id: &space,
            isv_code: isv_code.as_deref(),
            name: model.name.as_deref(),
            code: model.code.as_deref(),
            language: model.language.as_deref(),
            category: model.category.as_deref(),
            audit_status: model.audit_status.as_deref(),
            template_type: model.template_type.as_deref(),
        };
        let failed = |error: &alicloud::Error| {
            let summary = format!("Cannot list the templates of space {space}");
            context.diagnose(error, &summary, &format!("space {space}"), CUST_SPACE_ID)
        };
        let listed = list_templates(&context.operation, &filter).await;
        let TemplateList { rows, complete } = listed.map_err(|error| failed(&error))?;
        let mut templates: Vec<Row> = rows.into_iter().map(|row| Row::new(&space, row)).collect();
        templates.sort_by(|a, b| a.id.as_known().cmp(&b.id.as_known()));
        let mut unreadable = Vec::new();
        if model.details == Field::Known(true) {
            for row in &mut templates {
                match row.read(context, &space, isv_code.as_deref()).await {
                    Ok(()) => {}
                    Err(error) if concerns_one_space(&error) => unreadable.push(Unreadable {
                        id: row.id.clone(),
                        code: Field::from(error.code().map(str::to_owned)),
                    }),
                    Err(error) => return Err(failed(&error).into()),
                }
            }
        }
        let ids = templates
            .iter()
            .filter_map(|row| row.id.as_known().cloned());
        model.ids = Field::Known(ids.collect());
        model.complete = Field::Known(complete && unreadable.is_empty());
        model.templates = Field::Known(templates);
        model.unreadable = Field::Known(unreadable);
        Ok(model)
    }
}

impl Row {
    fn new(space: &str, row: TemplateRow) -> Self {
        let template_type = row.template_type.unwrap_or_else(|| WHATSAPP.to_owned());
        let language = row.language.unwrap_or_default();
        Self {
            id: format!("{space}:{}:{language}:{template_type}", row.template_code).into(),
            template_code: row.template_code.into(),
            template_name: row.template_name.into(),
            template_type: template_type.into(),
            category: row.category.into(),
            language: language.into(),
            audit_status: row.audit_status.into(),
            reason: row.reason.into(),
            last_update_time: row.last_update_time.into(),
            ..Self::default()
        }
    }

    async fn read(
        &mut self,
        context: &Context<'_>,
        space: &str,
        isv_code: Option<&str>,
    ) -> Result<(), alicloud::Error> {
        let action = GetChatappTemplateDetail {
            cust_space_id: space,
            isv_code,
            template_code: self.template_code.as_deref().unwrap_or_default(),
            language: self.language.as_deref().unwrap_or_default(),
            template_type: self.template_type.as_deref().unwrap_or_default(),
        };
        let found = context.operation.call(&action).await?.body;
        self.quality_score = found.quality_score.into();
        self.allow_send = found.allow_send.into();
        self.category_change_paused = found.category_change_paused.into();
        self.message_send_ttl_seconds = found.message_send_ttl_seconds.into();
        self.components = Field::from(serde_json::to_string(&found.components).ok());
        Ok(())
    }
}

fn row_attributes() -> Vec<Attribute> {
    let text =
        |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    vec![
        text(
            "id",
            "Import ID: `cust_space_id:template_code:language:template_type`.",
        ),
        text("template_code", TEMPLATE_CODE_DESCRIPTION),
        text("template_name", "Name of the template."),
        text("template_type", "`WHATSAPP` or `VIBER`."),
        text("category", "The present category."),
        text("language", LANGUAGE_DESCRIPTION),
        text(
            "audit_status",
            "Meta's review: `auditing`, `pass`, `fail` or `unaudit`.",
        ),
        text("reason", "Why Meta rejected the template."),
        Attribute::computed("last_update_time", Type::Number)
            .describe("When the template was changed last, in milliseconds since 1970."),
        text(
            "quality_score",
            "Meta's quality score: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`. With `details`.",
        ),
        Attribute::computed("allow_send", Type::Bool)
            .describe("Whether the template may be sent. With `details`."),
        Attribute::computed("category_change_paused", Type::Bool)
            .describe("Whether sending stops when Meta changes the category. With `details`."),
        Attribute::computed("message_send_ttl_seconds", Type::Number)
            .describe("For how long delivery is tried, in seconds. With `details`."),
        text(
            "components",
            "The components as JSON text, with the names of the API. With `details`.",
        ),
    ]
}
