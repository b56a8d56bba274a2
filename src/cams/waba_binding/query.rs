//! The WABA of a space.

use alicloud::{
    Error, Operation,
    cams::waba::{QueryChatappBindWaba, Waba},
};

/// The WABA that is bound to a space, `None` if there is none.
pub(super) async fn query(
    operation: &Operation,
    cust_space_id: &str,
    isv_code: Option<&str>,
) -> Result<Option<Box<Waba>>, Error> {
    let action = QueryChatappBindWaba {
        cust_space_id,
        isv_code,
    };
    Ok(operation.call(&action).await?.body.waba.map(Box::new))
}

/// A WABA of which nothing but the ID is known.
pub(super) fn unread(id: &str) -> Box<Waba> {
    Box::new(Waba {
        id: id.to_owned(),
        ..Waba::default()
    })
}
