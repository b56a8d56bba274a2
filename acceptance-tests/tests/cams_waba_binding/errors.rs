//! Errors with a code of the service: the four documented codes and those of the gateway, on bind and on read. The tests
//! check what a user needs: the action, the code, the request ID, what to do, and that the state is kept.

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{
        AccessKey, Account, BusinessErrorStatus, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET,
        DEFAULT_ACCOUNT, Fault, FaultKind, KeyStyle, RamDenial, Waba,
    },
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![errors:
    account_without_the_service_is_named,
    permission_denied_by_the_product_shows_a_policy,
    permission_denied_by_the_gateway_shows_a_policy,
    throttling_that_lasts_is_an_error,
    throttling_that_ends_is_retried,
    refused_connection_is_retried,
    waba_or_space_of_another_account_is_an_error,
    wrong_secret_is_named,
    unknown_access_key_is_named,
    disabled_access_key_is_named,
    large_clock_offset_is_named,
    codes_are_read_under_every_status_and_spelling,
    unknown_code_is_shown,
    errors_name_the_attribute,
    network_error_says_that_nothing_was_sent,
    one_failed_bind_does_not_stop_the_others,
];

/// Gives the default account a key that may do only these actions.
fn allow(context: &TestContext, actions: &[&str]) -> TestResult {
    context.emulator.put_account(Account {
        access_keys: vec![AccessKey {
            id: DEFAULT_ACCESS_KEY_ID.to_owned(),
            secret: DEFAULT_ACCESS_KEY_SECRET.to_owned(),
            user: Some("terraform".to_owned()),
            allow: actions.iter().map(|&action| action.to_owned()).collect(),
            active: true,
        }],
        ..Account::new(DEFAULT_ACCOUNT)
    })?;
    Ok(())
}

fn subscribe(context: &TestContext, subscribed: bool) -> TestResult {
    let account =
        Account::new(DEFAULT_ACCOUNT).with_key(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET);
    context.emulator.put_account(Account {
        subscribed,
        ..account
    })?;
    Ok(())
}

/// Applies. The bind must fail without a retry, with one error that contains these parts.
fn refuses_the_bind(context: &TestContext, parts: &[&str]) -> TestResult {
    refuses(context, parts, BIND)
}

/// The same where the credentials are refused: the look before the bind shows it, and no bind is sent.
fn refuses_the_credentials(context: &TestContext, parts: &[&str]) -> TestResult {
    refuses(context, parts, "ListInstance")
}

fn refuses(context: &TestContext, parts: &[&str], action: &str) -> TestResult {
    context.emulator.clear_calls();
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    contains(&error.summary, &[&format!("Cannot bind WABA {WABA}: ")])?;
    contains(&error.text(), &[action, WABA, "Request ID:"])?;
    contains(&error.text(), parts)?;
    equal(
        "an ambiguity that is none",
        error.text().contains("is unknown"),
        false,
    )?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    equal(
        "bound spaces",
        context.emulator.spaces(DEFAULT_ACCOUNT).len(),
        0,
    )?;
    equal("binds", context.calls(BIND), usize::from(action == BIND))?;
    equal("reads", context.calls(QUERY), 0)
}

/// Plans. The read must fail and the object must stay in the state.
fn refuses_the_read(context: &TestContext, parts: &[&str]) -> TestResult {
    let before = context.object(A)?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    let error = only_error(&output)?;
    let summary = format!("Cannot read the binding of {}: ", before.text("id"));
    contains(&error.summary, &[&summary])?;
    contains(
        &error.text(),
        &[
            "QueryChatappBindWaba",
            before.text("id"),
            "Request ID:",
            "stays in the state",
        ],
    )?;
    contains(&error.text(), parts)?;
    context
        .directory
        .run(&["apply", "-auto-approve"])?
        .expecting(1)?;
    equal("the object", context.object(A)?, before)
}

fn account_without_the_service_is_named(context: &mut TestContext) -> TestResult {
    let parts = [
        "HTTP status: 400",
        "Code: Product.Unsubscript",
        "Activate Chat App Message Service",
        "console",
        "emul…y-id",
    ];
    context.configure(&binding(WABA, ""))?;
    subscribe(context, false)?;
    refuses_the_bind(context, &parts[..4])?;
    subscribe(context, true)?;
    context.apply()?.expecting(0)?;
    subscribe(context, false)?;
    refuses_the_read(context, &parts[..4])?;
    subscribe(context, true)?;
    context.plan(0)?;
    Ok(())
}

fn permission_denied(context: &mut TestContext, denial: RamDenial, parts: &[&str]) -> TestResult {
    context
        .emulator
        .set_behavior(|behavior| behavior.gateway.ram_denial = denial);
    context.configure(&binding(WABA, ""))?;
    // The actions of the system policy for readers.
    allow(context, &["cams:Get*", "cams:List*"])?;
    refuses_the_bind(context, parts)?;
    refuses_the_bind(
        context,
        &["`cams:ChatappBindWaba`", POLICY, "permission denied"],
    )?;
    allow(context, &["*"])?;
    context.apply()?.expecting(0)?;
    allow(context, &["cams:Get*", "cams:List*"])?;
    refuses_the_read(context, parts)?;
    refuses_the_read(
        context,
        &[
            "`cams:QueryChatappBindWaba`",
            POLICY_TO_READ,
            "permission denied",
        ],
    )?;
    // The policies of the messages are sufficient.
    allow(context, &["cams:QueryChatappBindWaba", "cams:ListInstance"])?;
    context.plan(0)?;
    allow(
        context,
        &[
            "cams:ChatappBindWaba",
            "cams:QueryChatappBindWaba",
            "cams:ListInstance",
        ],
    )?;
    context.plan(0)?;
    Ok(())
}

/// The policies that a user copies into the RAM console.
const POLICY: &str = "\"Action\": [ \"cams:ChatappBindWaba\", \"cams:QueryChatappBindWaba\", \"cams:ListInstance\" ],";
const POLICY_TO_READ: &str =
    "\"Action\": [ \"cams:QueryChatappBindWaba\", \"cams:ListInstance\" ],";

const OF_BOTH: [&str; 2] = [
    "AliyunCamsReadOnlyAccess is not enough",
    "\"Effect\": \"Allow\"",
];

fn permission_denied_by_the_product_shows_a_policy(context: &mut TestContext) -> TestResult {
    let parts = ["HTTP status: 400", "Code: Ram.PermissionDeny"];
    permission_denied(
        context,
        RamDenial::Product,
        &[&parts[..], &OF_BOTH].concat(),
    )
}

fn permission_denied_by_the_gateway_shows_a_policy(context: &mut TestContext) -> TestResult {
    let parts = [
        "HTTP status: 403",
        "Code: NoPermission",
        "Access denied:",
        "ImplicitDeny",
    ];
    permission_denied(
        context,
        RamDenial::GatewayNoPermission,
        &[&parts[..], &OF_BOTH].concat(),
    )?;
    context
        .emulator
        .set_behavior(|behavior| behavior.gateway.ram_denial = RamDenial::GatewayForbiddenRam);
    allow(context, &[])?;
    refuses_the_read(context, &["HTTP status: 403", "Code: Forbidden.RAM"])
}

fn throttle(code: &str) -> FaultKind {
    FaultKind::Throttle {
        code: code.to_owned(),
        status: 400,
        retry_after_ms: None,
    }
}

fn throttling_that_lasts_is_an_error(context: &mut TestContext) -> TestResult {
    let timeouts = "timeouts {\n    create = \"2s\"\n    read   = \"2s\"\n  }";
    context.configure(&binding(WABA, timeouts))?;
    context
        .emulator
        .inject(Fault::new(BIND, throttle("System.LimitControl")).always())?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Code: System.LimitControl",
            "10 calls a second",
            "Raise timeouts.create",
            "-parallelism",
            "Request ID:",
        ],
    )?;
    equal("retried", context.calls(BIND) > 1, true)?;
    equal(
        "bound spaces",
        context.emulator.spaces(DEFAULT_ACCOUNT).len(),
        0,
    )?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;

    context.emulator.clear_faults();
    context.apply()?.expecting(0)?;
    context
        .emulator
        .inject(Fault::new(QUERY, throttle("System.LimitControl")).always())?;
    refuses_the_read(
        context,
        &["Code: System.LimitControl", "Raise timeouts.read"],
    )?;
    context.emulator.clear_faults();
    context.plan(0)?;
    Ok(())
}

fn throttling_that_ends_is_retried(context: &mut TestContext) -> TestResult {
    let codes = [
        ("System.LimitControl", None),
        ("Throttling.User", Some(50)),
        ("Throttling.Api", None),
    ];
    for action in [BIND, QUERY] {
        for (code, retry_after_ms) in codes {
            let fault = FaultKind::Throttle {
                code: code.to_owned(),
                status: 400,
                retry_after_ms,
            };
            context.emulator.inject(Fault::new(action, fault))?;
        }
    }
    let output = context.applied(&binding(WABA, ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    for action in [BIND, QUERY] {
        let calls = context.emulator.calls_of(action);
        equal("attempts", calls.len(), 4)?;
        // Every attempt has its own signature: a repeated nonce would be refused.
        let mut nonces: Vec<_> = calls.iter().filter_map(|call| call.nonce.clone()).collect();
        nonces.sort_unstable();
        nonces.dedup();
        equal("nonces", nonces.len(), 4)?;
        let executed = calls.iter().filter(|call| call.executed).count();
        equal("executed", executed, 1)?;
    }
    context.space_of(WABA)?;
    Ok(())
}

fn refused_connection_is_retried(context: &mut TestContext) -> TestResult {
    let unavailable = || FaultKind::Error {
        status: 503,
        code: "ServiceUnavailable".to_owned(),
        message: "The request has failed due to a temporary failure of the server.".to_owned(),
        retry_after_ms: None,
    };
    context.emulator.inject(Fault::new(BIND, unavailable()))?;
    context.emulator.inject(Fault::new(QUERY, unavailable()))?;
    context.applied(&binding(WABA, ""))?;
    equal("binds", context.calls(BIND), 2)?;
    equal("reads", context.calls(QUERY), 2)?;
    context.space_of(WABA)?;
    Ok(())
}

fn waba_or_space_of_another_account_is_an_error(context: &mut TestContext) -> TestResult {
    let parts = [
        "Code: Unknown.ResourceOwnerId",
        "right account",
        "embedded signup",
        "`emul",
    ];
    context
        .emulator
        .put_account(Account::new("2000000000000002"))?;
    let owned = |owner: &str| Waba {
        owner: Some(owner.to_owned()),
        ..Waba::derived(WABA, "APPROVED")
    };
    context.emulator.put_waba(owned("2000000000000002"));
    context.configure(&binding(WABA, ""))?;
    refuses_the_bind(context, &parts)?;
    // The message has the first and the last characters of the key, and nothing of the secret.
    let output = context.apply()?.expecting(1)?;
    equal(
        "the whole key",
        output.stdout.contains(DEFAULT_ACCESS_KEY_ID),
        false,
    )?;

    context.emulator.put_waba(owned(DEFAULT_ACCOUNT));
    context.apply()?.expecting(0)?;
    let space = context.space_of(WABA)?;
    context.emulator.remove_space(&space);
    refuses_the_read(context, &parts)
}

/// Configures another key. Every operation must fail with it.
fn another_key(
    context: &TestContext,
    access_key: &str,
    secret_key: &str,
    parts: &[&str],
) -> TestResult {
    let block = context.provider_block_of(access_key, secret_key, "");
    let write = |block: &str| -> Result<(), Failed> {
        let text = format!(
            "{}\n{block}\n{}",
            acceptance_tests::acceptance::REQUIRED_PROVIDERS,
            binding(WABA, "")
        );
        Ok(context.directory.write("main.tf", &text)?)
    };
    write(&block)?;
    refuses_the_credentials(context, parts)?;
    let output = context.apply()?.expecting(1)?;
    equal(
        "the secret in the error",
        only_error(&output)?.text().contains(secret_key),
        false,
    )?;
    write(&context.provider_block(""))?;
    context.apply()?.expecting(0)?;
    write(&block)?;
    refuses_the_read(context, parts)
}

fn wrong_secret_is_named(context: &mut TestContext) -> TestResult {
    let parts = [
        "Code: SignatureDoesNotMatch",
        "secret does not belong to the AccessKey",
        "without blanks",
    ];
    another_key(
        context,
        DEFAULT_ACCESS_KEY_ID,
        "not-the-secret-of-it",
        &parts,
    )
}

fn unknown_access_key_is_named(context: &mut TestContext) -> TestResult {
    let parts = [
        "HTTP status: 404",
        "Code: InvalidAccessKeyId.NotFound",
        "there is no such AccessKey",
        "other site",
    ];
    another_key(context, "LTAI-nobody-knows-it", "some-secret-of-it", &parts)
}

fn disabled_access_key_is_named(context: &mut TestContext) -> TestResult {
    let mut account =
        Account::new(DEFAULT_ACCOUNT).with_key(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET);
    for key in &mut account.access_keys {
        key.active = false;
    }
    context.emulator.put_account(account)?;
    context.configure(&binding(WABA, ""))?;
    refuses_the_credentials(
        context,
        &["Code: InvalidAccessKeyId.Inactive", "is disabled"],
    )
}

fn large_clock_offset_is_named(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    context
        .emulator
        .set_behavior(|behavior| behavior.gateway.clock_offset_seconds = 3600);
    refuses_the_read(
        context,
        &[
            "Code: InvalidTimeStamp.Expired",
            "clock of this machine",
            "NTP",
        ],
    )?;
    context
        .emulator
        .set_behavior(|behavior| behavior.gateway.clock_offset_seconds = -3600);
    refuses_the_read(context, &["Code: InvalidTimeStamp.Expired"])?;
    context
        .emulator
        .set_behavior(|behavior| behavior.gateway.clock_offset_seconds = 800);
    context.plan(0)?;
    Ok(())
}

fn codes_are_read_under_every_status_and_spelling(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    context.emulator.put_waba(Waba {
        owner: Some("2000000000000002".to_owned()),
        ..Waba::derived(WABA, "APPROVED")
    });
    for (status, shown) in [
        (BusinessErrorStatus::Always200, "HTTP status: 200"),
        (BusinessErrorStatus::Always400, "HTTP status: 400"),
    ] {
        context
            .emulator
            .set_behavior(|behavior| behavior.response.business_error_status = status);
        refuses_the_bind(context, &[shown, "Code: Unknown.ResourceOwnerId"])?;
    }
    context
        .emulator
        .set_behavior(|behavior| behavior.gateway.error_keys = KeyStyle::Camel);
    allow(context, &[])?;
    refuses_the_bind(
        context,
        &["HTTP status: 403", "Code: NoPermission", "Access denied:"],
    )
}

fn unknown_code_is_shown(context: &mut TestContext) -> TestResult {
    let fault = FaultKind::Error {
        status: 400,
        code: "Waba.Of.Tomorrow".to_owned(),
        message: "Something that no document names.".to_owned(),
        retry_after_ms: None,
    };
    context.emulator.inject(Fault::new(BIND, fault.clone()))?;
    context.configure(&binding(WABA, ""))?;
    refuses_the_bind(
        context,
        &[
            "Code: Waba.Of.Tomorrow",
            "Message: Something that no document names.",
            "error center",
        ],
    )?;
    context.apply()?.expecting(0)?;
    context.emulator.inject(Fault::new(QUERY, fault).always())?;
    refuses_the_read(context, &["Code: Waba.Of.Tomorrow"])
}

fn errors_name_the_attribute(context: &mut TestContext) -> TestResult {
    context.emulator.put_waba(Waba {
        owner: Some("2000000000000002".to_owned()),
        ..Waba::derived(WABA, "APPROVED")
    });
    context.configure(&binding(WABA, ""))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal("address", error.address.as_deref(), Some(A))?;
    contains(error.points_at(), &["waba_id", WABA])
}

fn network_error_says_that_nothing_was_sent(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, "timeouts {\n    create = \"2s\"\n  }"))?;
    let text = context.directory.read("main.tf")?;
    // A port that nobody listens on.
    let closed = "127.0.0.1:1";
    let text = text.replace(&context.emulator.address().to_string(), closed);
    context.directory.write("main.tf", &text)?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    contains(
        &error.text(),
        &["Cannot bind WABA", "Nothing was sent", closed, "endpoints"],
    )?;
    equal(
        "an ambiguity that is none",
        error.text().contains("is unknown"),
        false,
    )
}

fn one_failed_bind_does_not_stop_the_others(context: &mut TestContext) -> TestResult {
    context.emulator.put_waba(Waba {
        owner: Some("2000000000000002".to_owned()),
        ..Waba::derived("100000000000002", "APPROVED")
    });
    context.configure(
        r#"
resource "alicloud_cams_waba_binding" "a" {
  for_each = toset(["100000000000001", "100000000000002", "100000000000003"])
  waba_id  = each.value
}
"#,
    )?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    let address = format!("{A}[\"100000000000002\"]");
    equal("address", error.address.as_deref(), Some(&*address))?;
    let state = context.directory.state()?;
    equal("objects", state.resources.len(), 2)?;
    for waba_id in ["100000000000001", "100000000000003"] {
        context.object(&format!("{A}[\"{waba_id}\"]"))?;
    }
    Ok(())
}
