//! List resource `alicloud_cams_chatapp_template`: templates for `terraform query`, which can write import blocks and
//! configurations for those that nobody declared.

use async_trait::async_trait;
use framework::{Attribute, Block, Diagnostic, Diagnostics, Field, Type};
use serde::{Deserialize, Serialize};

use super::{
    model::{Model, WHATSAPP},
    resource::{ChatappTemplate, detail},
    template_list::{Filter, list_templates},
};
use crate::common::{
    Context,
    list_resource::{CamsListResource, Found, Gaps},
    space::{check_id, isv_code_attribute},
    space_list::{concerns_one_space, list_spaces},
};
use alicloud::cams::template::TemplateRow;

/// The list resource.
pub(crate) struct ChatappTemplateList;

/// The `config` block.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Config {
    cust_space_ids: Field<Vec<String>>,
    language: Field<String>,
    audit_status: Field<String>,
    template_type: Field<String>,
    isv_code: Field<String>,
}

#[async_trait]
impl CamsListResource for ChatappTemplateList {
    type Resource = ChatappTemplate;
    type Config = Config;

    const TIMEOUT: &'static str = "10m";
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:ListInstance",
        "cams:ListChatappTemplate",
        "cams:GetChatappTemplateDetail",
    ];

    fn resource(&self) -> ChatappTemplate {
        ChatappTemplate
    }

    fn block(&self) -> Block {
        let filter =
            |name, description: &str| Attribute::optional(name, Type::String).describe(description);
        Block::new(
            "Lists the message templates of the account's spaces, also those that no configuration declares, for `terraform \
             query`. Needs Terraform 1.14. One call for each 100 templates of a space; with `include_resource` one more for each \
             template, of which the service allows 5 a second.",
        )
        .attribute(
            Attribute::optional("cust_space_ids", Type::List(Box::new(Type::String)))
                .describe("Only templates of these spaces. Default: all spaces of the account."),
        )
        .attribute(filter("language", "Only templates in this language."))
        .attribute(filter("audit_status", "Only templates with this result of Meta's review: `pass`, `fail`, `auditing` or `unaudit`."))
        .attribute(filter("template_type", "Only templates of this type: `WHATSAPP` or `VIBER`."))
        .attribute(isv_code_attribute())
    }

    async fn list(
        &self,
        context: &Context<'_>,
        config: Config,
        found: &mut Found<'_, ChatappTemplate>,
    ) -> Result<(), Diagnostics> {
        let mut complete = true;
        let spaces = match config.cust_space_ids.as_known() {
            Some(spaces) => {
                for space in spaces {
                    check_id(space).map_err(|why| no_space(&why))?;
                }
                spaces.clone()
            }
            None => {
                let listed = list_spaces(&context.operation).await;
                let listed = listed.map_err(|error| {
                    context.diagnose(
                        &error,
                        "Cannot list the spaces of the account",
                        "the account",
                        "cust_space_ids",
                    )
                })?;
                complete = listed.complete;
                listed
                    .spaces
                    .into_iter()
                    .map(|space| space.cust_space_id)
                    .collect()
            }
        };
        let mut unreadable = Vec::new();
        for space in &spaces {
            let filter = Filter {
                cust_space_id: space,
                isv_code: config.isv_code.as_deref(),
                language: config.language.as_deref(),
                audit_status: config.audit_status.as_deref(),
                template_type: config.template_type.as_deref(),
                ..Filter::default()
            };
            let failed = |error: &alicloud::Error| {
                let summary = format!("Cannot list the templates of space {space}");
                context.diagnose(error, &summary, &format!("space {space}"), "cust_space_ids")
            };
            let list = match list_templates(&context.operation, &filter).await {
                Ok(list) => list,
                Err(error) if concerns_one_space(&error) => {
                    unreadable.push(format!(
                        "{space} ({})",
                        error.code().unwrap_or("no usable response")
                    ));
                    continue;
                }
                Err(error) => return Err(failed(&error).into()),
            };
            complete &= list.complete;
            for row in list.rows {
                let mut model = Model {
                    cust_space_id: space.as_str().into(),
                    isv_code: config.isv_code.clone(),
                    ..of_row(&row)
                };
                if found.include_resource {
                    match detail(context, &model).await {
                        Ok(template) => model = model.with_content(&template),
                        Err(error) if concerns_one_space(&error) => {
                            let code = error.code().unwrap_or("no usable response");
                            unreadable.push(format!("{space}:{} ({code})", row.template_code));
                            continue;
                        }
                        Err(error) => return Err(failed(&error).into()),
                    }
                }
                if found.push(&model, display_name(&row)).await.is_break() {
                    return Ok(());
                }
            }
        }
        for warning in GAPS.warnings(complete, &unreadable) {
            context.warn(warning);
        }
        Ok(())
    }
}

/// What a row tells of a template.
fn of_row(row: &TemplateRow) -> Model {
    Model {
        template_code: row.template_code.clone().into(),
        name: row.template_name.clone().into(),
        language: row.language.clone().into(),
        template_type: row.template_type.as_deref().unwrap_or(WHATSAPP).into(),
        ..Model::default()
    }
}

fn display_name(row: &TemplateRow) -> String {
    let name = row.template_name.as_deref().unwrap_or(&row.template_code);
    format!("{name} ({})", row.language.as_deref().unwrap_or("?"))
}

fn no_space(why: &str) -> Diagnostic {
    Diagnostic::error(
        "Invalid value in cust_space_ids",
        format!("An element of `cust_space_ids` {why}. Nothing was read.\n\n  Code:  Provider.InvalidConfiguration"),
    )
    .at(framework::AttributePath::attribute("cust_space_ids"))
}

/// What the list may lack.
const GAPS: Gaps = Gaps {
    objects: "templates",
    list: "a list",
    unreadable: "Some spaces or templates could not be read",
    advice: "The service refused to read these, which may hold templates. A space without a WABA has none; a space of an ISV's \
               sub-customer needs `isv_code`.",
    label: "Unreadable",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_list_is_a_warning() {
        let check = |complete: bool, unreadable: &[&str], expected: &[&str]| {
            let unreadable: Vec<String> = unreadable.iter().map(|&id| id.to_owned()).collect();
            let found = GAPS.warnings(complete, &unreadable);
            let found: Vec<&str> = found.iter().map(|it| &*it.summary).collect();
            assert_eq!(found, expected);
        };
        check(true, &[], &[]);
        check(false, &[], &["The list of templates may be incomplete"]);
        check(
            true,
            &["a (X)"],
            &["Some spaces or templates could not be read"],
        );
    }
}
