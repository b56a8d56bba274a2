//! The templates of a space, page by page, and seen to their end.

use std::collections::BTreeSet;

use alicloud::{
    Error, Operation,
    cams::template::{ListChatappTemplate, Page, TemplateRow},
};

/// Rows asked for in a page. The largest that the service gives is not documented.
const PAGE_SIZE: u64 = 100;

/// More pages than any space has; in case the service never says that the list is over.
const MAX_PAGES: u64 = 1_000;

/// Which templates are wanted. How exactly the service filters is not documented, so rows are filtered again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filter<'a> {
    pub(super) cust_space_id: &'a str,
    pub(super) isv_code: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) code: Option<&'a str>,
    pub(super) language: Option<&'a str>,
    pub(super) category: Option<&'a str>,
    pub(super) audit_status: Option<&'a str>,
    pub(super) template_type: Option<&'a str>,
}

/// The templates of a space.
#[derive(Clone, Debug, Default)]
pub(super) struct TemplateList {
    pub(super) rows: Vec<TemplateRow>,
    /// Whether the list was seen to its end.
    pub(super) complete: bool,
}

impl Filter<'_> {
    fn takes(&self, row: &TemplateRow) -> bool {
        let is = |wanted: Option<&str>, value: &Option<String>| {
            wanted.is_none_or(|wanted| value.as_deref() == Some(wanted))
        };
        self.code.is_none_or(|code| code == row.template_code)
            && is(self.name, &row.template_name)
            && is(self.language, &row.language)
            && is(self.category, &row.category)
            && is(self.audit_status, &row.audit_status)
            && is(self.template_type, &row.template_type)
    }

    fn page(&self, index: u64, size: u64) -> ListChatappTemplate<'_> {
        ListChatappTemplate {
            cust_space_id: self.cust_space_id,
            isv_code: self.isv_code,
            name: self.name,
            code: self.code,
            language: self.language,
            category: self.category,
            audit_status: self.audit_status,
            template_type: self.template_type,
            page: Page { index, size },
        }
    }
}

/// All templates that a filter takes, as the service sorts them.
///
/// # Errors
/// If a page could not be read: the list is never shorter without a word.
pub(super) async fn list_templates(
    operation: &Operation,
    filter: &Filter<'_>,
) -> Result<TemplateList, Error> {
    let mut list = TemplateList::default();
    let mut known = BTreeSet::new();
    let mut seen = 0_u64;
    let mut size = PAGE_SIZE;
    for index in 1..=MAX_PAGES {
        let page = operation.call(&filter.page(index, size)).await?.body;
        let count = page.templates.len() as u64;
        seen += count;
        let before = known.len();
        for row in page.templates {
            let key = (
                row.template_code.clone(),
                row.language.clone(),
                row.template_type.clone(),
            );
            if known.insert(key) && filter.takes(&row) {
                list.rows.push(row);
            }
        }
        if page.total.is_some_and(|total| seen >= total) {
            list.complete = known.len() as u64 == seen;
            break;
        }
        if count == 0 {
            list.complete = page.total.is_none();
            break;
        }
        if known.len() == before {
            // The same rows again: the service does not page as expected.
            break;
        }
        if index == 1 && count < size {
            // The service gives shorter pages than it was asked for, and counts pages by their own length.
            size = count;
        }
    }
    Ok(list)
}
