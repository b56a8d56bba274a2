//! The spaces of an account, page by page, and seen to their end.

use std::collections::BTreeSet;

use super::error_diagnostics::is_permission;
use alicloud::{
    Error, ErrorKind, Operation, Page,
    cams::space::{ListInstance, Space},
};

/// Rows asked for in a page. The largest that the service gives is not documented; this is an ordinary one.
const PAGE_SIZE: u32 = 50;

/// More pages than any account has; in case the service never says that the list is over.
const MAX_PAGES: u32 = 1_000;

/// The spaces of an account.
#[derive(Clone, Default)]
pub(crate) struct SpaceList {
    /// The youngest first.
    pub(crate) spaces: Vec<Space>,
    /// Whether the list was seen to its end.
    pub(crate) complete: bool,
}

/// All spaces of the account that a WABA can be bound to, the youngest first.
///
/// # Errors
/// If a page could not be read: the list is never shorter without a word.
pub(crate) async fn list_spaces(operation: &Operation) -> Result<SpaceList, Error> {
    let mut list = list_rows(operation, None).await?.0;
    list.spaces.retain(Space::is_whatsapp);
    Ok(list)
}

/// All instances of the account, of every channel, the youngest first; with an ID, that instance alone, if it exists.
///
/// # Errors
/// If a page could not be read: the list is never shorter without a word.
pub(crate) async fn list_instances(
    operation: &Operation,
    instance_id: Option<&str>,
) -> Result<SpaceList, Error> {
    let (mut list, unnamed) = list_rows(operation, instance_id).await?;
    list.complete &= !unnamed;
    if let Some(id) = instance_id {
        // How exactly the service filters is not documented.
        list.spaces
            .retain(|row| row.instance_id.as_deref() == Some(id));
    }
    Ok(list)
}

/// The rows, and whether some were left out since they have no identifier.
async fn list_rows(
    operation: &Operation,
    instance_id: Option<&str>,
) -> Result<(SpaceList, bool), Error> {
    let mut spaces: Vec<Space> = Vec::new();
    let mut known = BTreeSet::new();
    let mut rows_seen = 0;
    let mut unnamed = false;
    let mut complete = false;
    for page in 1..=MAX_PAGES {
        let action = ListInstance {
            page_index: page,
            page_size: PAGE_SIZE,
            bind_id: None,
            instance_id,
        };
        let response = operation.call(&action).await?.body;
        let (rows, total) = (response.row_count, response.total_count);
        rows_seen += rows as u64;
        let before = spaces.len();
        let named = response.spaces.len();
        unnamed |= named < rows;
        spaces.extend(
            response
                .spaces
                .into_iter()
                .filter(|space| known.insert(space.cust_space_id.clone())),
        );
        if rows == 0 {
            complete = total.is_none_or(|total| rows_seen >= total);
            break;
        }
        if named > 0 && spaces.len() == before {
            // The same rows again: the service does not page as expected.
            break;
        }
        if total.is_some_and(|total| rows_seen >= total) {
            complete = true;
            break;
        }
    }
    youngest_first(&mut spaces);
    Ok((SpaceList { spaces, complete }, unnamed))
}

/// A WABA may be in an older space and in the one that a bind has just made; the latter is searched for. The list's order is
/// not documented. Spaces of the same second stay in the reverse of it.
fn youngest_first(spaces: &mut [Space]) {
    spaces.reverse();
    spaces.sort_by(|a, b| b.submit_time.cmp(&a.submit_time));
}

/// Whether the failure says nothing of other spaces: a refusal of this request, such as for a space that needs another ISV
/// code, or a response that cannot be used.
pub(crate) fn concerns_one_space(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(_) => !is_permission(error),
        ErrorKind::Decode { .. }
        | ErrorKind::Page {
            page: Page::Empty, ..
        } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_youngest_space_comes_first() {
        let space = |id: &str, time: Option<&str>| Space {
            cust_space_id: id.to_owned(),
            submit_time: time.map(str::to_owned),
            ..Space::default()
        };
        let mut spaces = [
            space("a", Some("2026-01-01 00:00:00")),
            space("b", Some("2026-01-02 00:00:00")),
            space("c", Some("2026-01-02 00:00:00")),
            space("d", None),
        ];
        youngest_first(&mut spaces);
        let ids: Vec<&str> = spaces.iter().map(|space| &*space.cust_space_id).collect();
        assert_eq!(ids, ["c", "b", "a", "d"]);
    }
}
