//! One instance, from the two operations that know it.

use alicloud::{Error, ErrorKind, Operation, cams::instance::QueryInstance};

use super::model::Found;
use crate::common::space_list::{concerns_one_space, list_instances};

/// What the service says of an instance; `None` if it does not exist.
///
/// How the service responds for an instance that does not exist is not documented. It counts as gone where a complete list
/// does not have it, and the query either names none or is refused for this instance.
pub(super) async fn query(operation: &Operation, id: &str) -> Result<Option<Found>, Error> {
    let queried = operation
        .call(&QueryInstance { instance_id: id })
        .await
        .map(|response| response.body.instance);
    if let Err(error) = queried.as_ref()
        && !(matches!(error.kind(), ErrorKind::Api(_)) && concerns_one_space(error))
    {
        return queried.map(|_| None);
    }
    let list = list_instances(operation, Some(id)).await?;
    let row = list.spaces.into_iter().next();
    match (queried, row) {
        (Ok(Some(instance)), row) => Ok(Some(Found { instance, row })),
        // The list has it: the query's failure is one.
        (Err(error), Some(_)) => Err(error),
        (Err(error), None) if !list.complete => Err(error),
        (Ok(None), Some(row)) => Ok(Some(Found {
            instance: of_row(&row, id),
            row: Some(row),
        })),
        (_, None) => Ok(None),
    }
}

/// What the row of a list says of an instance: all but `CustType`.
pub(super) fn of_row(
    row: &alicloud::cams::space::Space,
    id: &str,
) -> alicloud::cams::instance::Instance {
    alicloud::cams::instance::Instance {
        instance_id: id.to_owned(),
        instance_name: row.instance_name.clone(),
        instance_description: row.instance_description.clone(),
        channel_type: row.channel_type.clone(),
        cust_type: None,
        contact_mail: row.contact_mail.clone(),
        country_id: row.country_id.clone(),
        office_address: row.office_address.clone(),
        facebook_bm_id: row.facebook_bm_id.clone(),
        isv_terms: row.isv_terms.clone(),
        resource_group_id: row.resource_group_id.clone(),
        resource_region_id: row.resource_region_id.clone(),
        submit_time: row.submit_time.clone(),
    }
}
