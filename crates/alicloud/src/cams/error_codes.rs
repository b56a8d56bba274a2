//! The error codes of CAMS. Source: the error tables of the action pages and the error-code page of the product, which
//! gives code and meaning only. There are more codes than these, so an unknown one says nothing.

use crate::error_codes::{
    ErrorCause::{Account, Object, ObjectPermission, Permission, Rate, Value},
    ErrorCode, row,
};

/// The codes of the product.
#[rustfmt::skip]
pub(crate) const ERROR_CODES: &[ErrorCode] = &[
    // Of nearly all actions, with HTTP status 400.
    row("Product.Unsubscript", Account, "Chat App Message Service is not active for the account",
        "Activate Chat App Message Service for the account of the AccessKey {key}: in the console \
         (https://chatapp.console.alibabacloud.com, for accounts of the China site https://chatapp.console.aliyun.com) \
         or with the API action OpenChatappService. The account has to be enterprise-verified. If the service was active \
         before, look for an overdue payment."),
    row("Ram.PermissionDeny", Permission, "the caller lacks a RAM action", ""),
    row("System.LimitControl", Rate, "flow control of the product", ""),
    row("Unknown.ResourceOwnerId", Object, "the object does not belong to the account",
        "To the account of the AccessKey {key}, {subject} does not exist, or it belongs to another account. Check the ID, \
         and that these are the credentials of the right account. A WABA can be bound once its owner has finished Meta's \
         embedded signup with the app of this account. An ISV also needs the authorization of the sub-customer \
         (`isv_code`)."),
    row("Authentication.NoAuth", ObjectPermission, "the caller may not do this to the object", ""),

    // Message templates.
    row("InvalidParameter.MessageInvalid", Value, "the text has a raw {{number}} placeholder or an unsupported text", ""),
    row("InvalidParameter.FooterHaveVariable", Value, "the footer has a variable", ""),
    row("InvalidParameter.HeaderMoreVarable", Value, "the header has more than one variable", ""),
    row("InvalidParameter.HeaderMoreVariable", Value, "the header has more than one variable", ""),
    row("InvalidParameter.HeaderTypeNotSupport", Value, "the header type is not supported", ""),
    row("InvalidParameter.ButtonTextHaveVariable", Value, "the text of a button has a variable", ""),
    row("InvalidParameter.UrlMoreVarable", Value, "a URL has more than one variable", ""),
    row("InvalidParameter.UrlMoreVariable", Value, "a URL has more than one variable", ""),
    row("InvalidParameter.TemplateNameExist", Value, "the template name is taken", ""),
    row("InvalidParameter.CreateError", Value, "the template was not created", ""),
    row("InvalidParameter.LanguageNotSupport", Value, "the language is not supported", ""),
    row("InvalidParameter.AuditStatusNotSupport", Value, "the audit status is not supported", ""),
    row("InvalidParameter.TemplateTypeNotSupport", Value, "the template type is not supported", ""),
    row("DelError.TemplateNotExist", Object, "there is no such template", ""),
    row("DetailError.TemplateNotExist", Object, "there is no such template", ""),
    row("TemplateListError.QueryError", Value, "the templates could not be listed", ""),

    // Phone numbers and lists.
    row("InvalidParameter.PhoneNumberError", Value, "the phone number is wrong", ""),
    row("InvalidParameter.PageInvalid", Value, "the page is wrong", ""),
    row("InvalidParameter.ChannelTypeNotSupport", Value, "the channel type is not supported", ""),
];
