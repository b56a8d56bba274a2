//! Message templates: the resource, the data source, the list resource and the function `template_variables`.

mod data_source;
mod details;
mod list_resource;
mod messages;
mod model;
mod reconcile;
mod resource;
mod rules;
mod template_list;
mod variables;

pub(super) use self::{
    data_source::ChatappTemplates, list_resource::ChatappTemplateList, resource::ChatappTemplate,
    variables::TemplateVariables,
};
