//! The gateway in front of the products: which operation is meant, who calls, and whether it may go on.
//!
//! Statuses and codes are those of the vendor's public pages on RPC gateway errors. Must not contain: what an operation
//! does.

use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use super::answer::Refusal;
use super::ram::Caller;
use super::request::Received;
use super::switches::{RamDenial, Throttling};
use super::world::{Now, World};
use super::{cams, sts};

/// A product behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    Cams,
    Sts,
}

impl Product {
    fn version(self) -> &'static str {
        match self {
            Product::Cams => "2020-06-06",
            Product::Sts => "2015-04-01",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Product::Cams => "cams",
            Product::Sts => "sts",
        }
    }
}

/// What the gateway knows about an operation.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) product: Product,
    /// Parameters without which the call never reaches the product.
    pub(super) required: &'static [&'static str],
    pub(super) access: Access,
    pub(super) run: fn(&mut World, &Task<'_>) -> Result<Value, Refusal>,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Whom RAM allows it.
    Allowed,
    /// Everybody with a key.
    Signed,
    /// Everybody.
    Anonymous,
}

/// A call that has passed the gateway.
pub(super) struct Task<'a> {
    pub(super) received: &'a Received,
    /// Absent only where [`Access::Anonymous`] lets it.
    pub(super) caller: Option<&'a Caller>,
    pub(super) now: Now,
    pub(super) request_id: &'a str,
}

/// Every operation there is.
fn operations() -> impl Iterator<Item = &'static Operation> {
    cams::OPERATIONS.iter().chain(&sts::OPERATIONS)
}

/// The action that a request names, in a header or a parameter.
pub(super) fn action(received: &Received) -> &str {
    received
        .parameter("Action")
        .or_else(|| received.header("x-acs-action"))
        .unwrap_or_default()
}

/// Which operation is meant.
pub(super) fn operation(world: &World, received: &Received) -> Result<&'static Operation, Refusal> {
    match received.method.as_str() {
        "POST" => {}
        "GET" if world.switches.accepts_get => {}
        method => {
            return Err(Refusal::gateway(
                400,
                "UnsupportedHTTPMethod",
                format!("This http method {method} is not supported."),
            ));
        }
    }
    if received.path != "/" {
        return Err(Refusal::gateway(
            404,
            "InvalidApi.NotFound",
            "Specified api is not found, please check your url and method.",
        ));
    }
    let action = action(received);
    if action.is_empty() {
        return Err(missing("Action"));
    }
    let header = received.header("x-acs-action");
    if header.is_some_and(|header| header != action) {
        return Err(invalid("Action"));
    }
    let version = received
        .parameter("Version")
        .or_else(|| received.header("x-acs-version"))
        .ok_or_else(|| missing("Version"))?;
    if !operations().any(|operation| operation.product.version() == version) {
        return Err(Refusal::gateway(
            404,
            "InvalidVersion",
            "Specified parameter Version is not valid.",
        ));
    }
    if let Some(format) = received.parameter("Format")
        && !["json", "xml"].contains(&format.to_ascii_lowercase().as_str())
    {
        return Err(Refusal::gateway(
            400,
            "InvalidParameter.Format",
            format!("The parameter Format is neither JSON nor XML but \"{format}\"."),
        ));
    }
    operations()
        .find(|operation| operation.name == action && operation.product.version() == version)
        .ok_or_else(|| {
            Refusal::gateway(
                404,
                "InvalidAction.NotFound",
                "Specified api is not found, please check your url and method.",
            )
        })
}

/// Whether the call may go on to its product: parameters, rights, rate.
pub(super) fn authorise(
    world: &mut World,
    operation: &Operation,
    task: &Task<'_>,
) -> Result<(), Refusal> {
    for name in operation.required {
        if task.received.parameter(name).is_none_or(str::is_empty) {
            return Err(missing(name));
        }
    }
    let product = operation.product;
    // The anonymous calls of everybody share one window: there is no account to count them for.
    let account = task.caller.map_or("", |caller| &caller.account);
    let limit = match product {
        Product::Cams => world.switches.cams_calls_per_second,
        Product::Sts => world.switches.sts_calls_per_second,
    };
    if let Some(limit) = limit
        && !world
            .windows
            .admit(account, operation.name, limit, task.now.since_start_ms)
    {
        return Err(throttled(world, product));
    }
    let Some(caller) = task.caller else {
        return Ok(());
    };
    if operation.access == Access::Allowed
        && let Err(detail) = caller.may(&format!("{}:{}", product.code(), operation.name))
    {
        return Err(denied(world, product, detail));
    }
    let subscribed = world.cloud.accounts.get(account);
    if product == Product::Cams
        && operation.name != "GetChatappOpenStatus"
        && !subscribed.is_some_and(|account| account.subscribed)
    {
        return Err(Refusal::product("Product.Unsubscript"));
    }
    Ok(())
}

/// `Missing…`, 400.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::gateway(
        400,
        &format!("Missing{name}"),
        format!("{name} is mandatory for this action."),
    )
}

/// `Invalid…`, 400.
pub(super) fn invalid(name: &str) -> Refusal {
    Refusal::gateway(
        400,
        &format!("Invalid{name}"),
        format!("Specified parameter {name} is not valid."),
    )
}

fn throttled(world: &World, product: Product) -> Refusal {
    let retry_after_ms = world.switches.throttling_retry_after_ms;
    match (world.switches.throttling, product) {
        (Throttling::Product, Product::Cams) => {
            let mut refusal = Refusal::product("System.LimitControl");
            if let Refusal::Product {
                retry_after_ms: wait,
                ..
            } = &mut refusal
            {
                *wait = retry_after_ms;
            }
            refusal
        }
        _ => Refusal::Gateway {
            status: 400,
            code: "Throttling.User".to_owned(),
            message: "Request was denied due to user flow control.".to_owned(),
            access_denied_detail: None,
            retry_after_ms,
        },
    }
}

fn denied(world: &World, product: Product, detail: Value) -> Refusal {
    let code = match (world.switches.ram_denial, product) {
        (RamDenial::Product, Product::Cams) => return Refusal::product("Ram.PermissionDeny"),
        (RamDenial::GatewayForbiddenRam, _) => "Forbidden.RAM",
        _ => "NoPermission",
    };
    Refusal::Gateway {
        status: 403,
        code: code.to_owned(),
        message: "You are not authorized to do this action. You should be authorized by RAM."
            .to_owned(),
        access_denied_detail: Some(Box::new(detail)),
        retry_after_ms: None,
    }
}

/// `YYYY-MM-DDThh:mm:ssZ`, the only form of dates here.
pub(super) fn iso_date(date: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    // Every component of this format exists for every date.
    date.format(format).unwrap_or_default()
}
