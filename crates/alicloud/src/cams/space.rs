//! A space, which the console calls a channel and the API an instance: what `CustSpaceId` names.

use serde::{Deserialize, Serialize};

use crate::json::{Fields, UnexpectedResponse};
use crate::{Action, CAMS, Product};

/// Lists the spaces of the account, one page a call. The largest page size is not documented.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListInstance<'a> {
    /// The page, counted from 1.
    pub page_index: u32,
    /// Spaces a page.
    pub page_size: u32,
    /// By its name, only the space that this WABA is bound to. Not described by the service, so it may do nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_id: Option<&'a str>,
    /// Only the instance of this ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<&'a str>,
}

/// A page of spaces.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct ListInstanceResponse {
    /// How many rows all pages have together, if the service says so.
    pub total_count: Option<u64>,
    /// How many rows this page has.
    pub row_count: usize,
    /// The rows. Left out are those of other channels than WhatsApp that have no identifier.
    pub spaces: Vec<Space>,
}

/// A space. It does not say which WABA is bound to it; [`QueryChatappBindWaba`](super::waba::QueryChatappBindWaba) does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// What other actions take as `CustSpaceId`. Where the row has none, its `InstanceId`: for direct customers, says the
    /// documentation, they are the same.
    pub cust_space_id: String,
    /// ID of the instance.
    pub instance_id: Option<String>,
    /// Name of the instance.
    pub instance_name: Option<String>,
    /// `whatsapp`, in either case, or another channel.
    pub channel_type: Option<String>,
    /// State of the instance, such as `published`.
    pub state: Option<String>,
    /// When the instance was made, as `YYYY-MM-DD hh:mm:ss`, which sorts by time.
    pub submit_time: Option<String>,
    /// ID of the resource group.
    pub resource_group_id: Option<String>,
    /// Region of the resource.
    pub resource_region_id: Option<String>,
    /// Description of the instance.
    pub instance_description: Option<String>,
    /// Mail address of the contact.
    pub contact_mail: Option<String>,
    /// Country code.
    pub country_id: Option<String>,
    /// Address of the office.
    pub office_address: Option<String>,
    /// ID of the business at Meta.
    pub facebook_bm_id: Option<String>,
    /// URL or file name of the agreement between ISV and client.
    pub isv_terms: Option<String>,
}

impl Action for ListInstance<'_> {
    const NAME: &'static str = "ListInstance";
    const PRODUCT: &'static Product = &CAMS;
    // No limit is documented for this action. Most actions of the product have this one.
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = ListInstanceResponse;
}

impl Space {
    /// Whether a WABA can be bound to it. A row that names no channel counts. The documentation spells the values of the
    /// request's filter in two ways, so the rows are filtered instead.
    pub fn is_whatsapp(&self) -> bool {
        self.channel_type
            .as_deref()
            .is_none_or(|channel| channel.is_empty() || channel.eq_ignore_ascii_case("whatsapp"))
    }
}

impl TryFrom<Fields> for ListInstanceResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let rows = body.required_objects("Data")?;
        let mut spaces = Vec::with_capacity(rows.len());
        for row in &rows {
            let instance_id = row.identifier("InstanceId")?;
            let cust_space_id = row.identifier("CustSpaceId")?;
            let space = Space {
                cust_space_id: cust_space_id
                    .or_else(|| instance_id.clone())
                    .unwrap_or_default(),
                instance_id,
                instance_name: row.text("InstanceName"),
                channel_type: row.identifier("ChannelType")?,
                state: row.text("State"),
                submit_time: row.text("SubmitTime"),
                resource_group_id: row.text("ResourceGroupId"),
                resource_region_id: row.text("ResourceRegionId"),
                instance_description: row.text("InstanceDescription"),
                contact_mail: row.text("ContactMail"),
                country_id: row.text("CountryId"),
                office_address: row.text("OfficeAddress"),
                facebook_bm_id: row.text("FacebookBmId"),
                isv_terms: row.text("IsvTerms"),
            };
            match space.cust_space_id.is_empty() {
                false => spaces.push(space),
                true if space.is_whatsapp() => {
                    return Err(row.missing("`CustSpaceId` and no `InstanceId`"));
                }
                true => {}
            }
        }
        Ok(Self {
            total_count: body.count("TotalCount"),
            row_count: rows.len(),
            spaces,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::ListInstanceResponse;

    #[test]
    fn a_page_lists_whatsapp_spaces() {
        let check = |body: Value, expected: Result<(Option<u64>, usize, &[&str]), &str>| {
            let found = serde_json::from_value::<ListInstanceResponse>(body.clone());
            let found = found.map_err(|error| error.to_string());
            let found = found.map(|page| {
                let whatsapp = page.spaces.into_iter().filter(|space| space.is_whatsapp());
                let ids: Vec<String> = whatsapp.map(|space| space.cust_space_id).collect();
                (page.total_count, page.row_count, ids)
            });
            let expected = expected
                .map(|(total, rows, ids)| {
                    (total, rows, ids.iter().map(|&id| id.to_owned()).collect())
                })
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{body}");
        };
        check(json!({}), Err("it has no `Data`"));
        check(json!({"TotalCount": 0}), Err("it has no `Data`"));
        check(json!({"Data": []}), Ok((None, 0, &[])));
        check(json!({"TotalCount": 0, "Data": []}), Ok((Some(0), 0, &[])));
        check(
            json!({"TotalCount": "3", "Data": [
                {"CustSpaceId": "a", "InstanceId": "1", "ChannelType": "WHATSAPP"},
                {"InstanceId": 2},
                {"CustSpaceId": "v", "ChannelType": "viber"},
            ]}),
            Ok((Some(3), 3, &["a", "2"])),
        );
        check(
            json!({"Data": [{"ChannelType": "viber"}]}),
            Ok((None, 1, &[])),
        );
        check(json!({"Data": {}}), Err("`Data` is not a list"));
        check(json!({"Data": [1]}), Err("`Data[0]` is not an object"));
        check(
            json!({"Data": [{"ChannelType": "whatsapp"}]}),
            Err("`Data[0]` has no `CustSpaceId` and no `InstanceId`"),
        );
        check(
            json!({"Data": [{"CustSpaceId": ["a"]}]}),
            Err("`Data[0].CustSpaceId` is neither text nor a number"),
        );
    }
}
