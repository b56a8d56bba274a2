//! Errors that the service names: the four documented codes and those of the gateway, on bind and on read. What is
//! looked at is what a practitioner needs: what was attempted, the code, the request ID, what to do, and the state kept.

use acceptance_tests::{
    acceptance::{Case, Ending, Failed, Stage, contains, equal, only_error},
    cases,
    emulator::{
        AccessKey, Account, BusinessErrorStatus, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET,
        DEFAULT_ACCOUNT, Fault, KeyStyle, Misbehaviour, RamDenial, Waba,
    },
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![errors:
    an_account_without_the_service,
    permission_denied_by_the_product,
    permission_denied_by_the_gateway,
    throttled_for_too_long,
    throttled_for_a_while_goes_through,
    a_refused_connection_of_the_product_goes_through,
    a_waba_or_space_of_somebody_else,
    a_wrong_secret,
    an_unknown_access_key,
    a_disabled_access_key,
    a_clock_that_is_off,
    codes_are_found_under_every_status_and_spelling,
    a_code_that_nobody_knows_passes_through,
    the_attribute_in_fault_is_pointed_at,
    no_network_says_that_nothing_was_sent,
    one_bad_waba_does_not_stop_the_others,
];

/// The default account with a key that may do only this.
fn allow(stage: &Stage, actions: &[&str]) -> Ending {
    stage.emulator.put_account(Account {
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

fn subscribe(stage: &Stage, subscribed: bool) -> Ending {
    let account =
        Account::new(DEFAULT_ACCOUNT).with_key(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET);
    stage.emulator.put_account(Account {
        subscribed,
        ..account
    })?;
    Ok(())
}

/// Applies, which must fail in the bind, for good and at once, with these parts in the one error.
fn refuses_the_bind(stage: &Stage, parts: &[&str]) -> Ending {
    stage.emulator.clear_calls();
    let output = stage.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        format!("Cannot bind WABA {WABA}"),
    )?;
    contains(&error.text(), &["ChatappBindWaba", WABA, "Request ID:"])?;
    contains(&error.text(), parts)?;
    equal(
        "an ambiguity that is none",
        error.text().contains("is unknown"),
        false,
    )?;
    equal("objects", stage.directory.state()?.resources.len(), 0)?;
    equal(
        "bound spaces",
        stage.emulator.spaces(DEFAULT_ACCOUNT).len(),
        0,
    )?;
    equal("binds", stage.calls(BIND), 1)?;
    equal("reads", stage.calls(QUERY), 0)
}

/// Plans, which must fail in the read of an object that stays as it is.
fn refuses_the_read(stage: &Stage, parts: &[&str]) -> Ending {
    let before = stage.object(A)?;
    let output = stage.directory.plan(&[])?.output.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Unable to read the binding of the WhatsApp Business Account",
    )?;
    contains(
        &error.text(),
        &[
            "QueryChatappBindWaba",
            before.text("id"),
            "Request ID:",
            "The object stays in state as it was",
        ],
    )?;
    contains(&error.text(), parts)?;
    stage
        .directory
        .run(&["apply", "-auto-approve"])?
        .expecting(1)?;
    equal("the object", stage.object(A)?, before)
}

fn an_account_without_the_service(stage: &mut Stage) -> Ending {
    let parts = [
        "HTTP status: 400",
        "Code: Product.Unsubscript",
        "Activate Chat App Message Service",
        "console",
        "emul…y-id",
    ];
    stage.configure(&binding(WABA, ""))?;
    subscribe(stage, false)?;
    refuses_the_bind(stage, &parts[..4])?;
    subscribe(stage, true)?;
    stage.apply()?.expecting(0)?;
    subscribe(stage, false)?;
    refuses_the_read(stage, &parts[..4])?;
    subscribe(stage, true)?;
    stage.plan(0)?;
    Ok(())
}

fn permission_denied(stage: &mut Stage, denial: RamDenial, parts: &[&str]) -> Ending {
    stage
        .emulator
        .set_switches(|switches| switches.ram_denial = denial);
    stage.configure(&binding(WABA, ""))?;
    // What the system policy for readers allows.
    allow(stage, &["cams:Get*", "cams:List*"])?;
    refuses_the_bind(stage, parts)?;
    refuses_the_bind(stage, &["`cams:ChatappBindWaba`"])?;
    allow(stage, &["*"])?;
    stage.apply()?.expecting(0)?;
    allow(stage, &["cams:Get*", "cams:List*"])?;
    refuses_the_read(stage, parts)?;
    refuses_the_read(stage, &["`cams:QueryChatappBindWaba`"])?;
    // The policy that the message shows is enough.
    allow(
        stage,
        &[
            "cams:ChatappBindWaba",
            "cams:QueryChatappBindWaba",
            "cams:ListInstance",
        ],
    )?;
    stage.plan(0)?;
    Ok(())
}

/// What a practitioner pastes into the RAM console.
const POLICY: [&str; 3] = [
    "AliyunCamsReadOnlyAccess is not enough",
    "\"Action\": [\"cams:ChatappBindWaba\", \"cams:QueryChatappBindWaba\", \"cams:ListInstance\"]",
    "\"Effect\": \"Allow\"",
];

fn permission_denied_by_the_product(stage: &mut Stage) -> Ending {
    let parts = ["HTTP status: 400", "Code: Ram.PermissionDeny"];
    permission_denied(stage, RamDenial::Product, &[&parts[..], &POLICY].concat())
}

fn permission_denied_by_the_gateway(stage: &mut Stage) -> Ending {
    let parts = [
        "HTTP status: 403",
        "Code: NoPermission",
        "Access denied:",
        "ImplicitDeny",
    ];
    permission_denied(
        stage,
        RamDenial::GatewayNoPermission,
        &[&parts[..], &POLICY].concat(),
    )?;
    stage
        .emulator
        .set_switches(|switches| switches.ram_denial = RamDenial::GatewayForbiddenRam);
    allow(stage, &[])?;
    refuses_the_read(stage, &["HTTP status: 403", "Code: Forbidden.RAM"])
}

fn throttle(code: &str) -> Misbehaviour {
    Misbehaviour::Throttle {
        code: code.to_owned(),
        status: 400,
        retry_after_ms: None,
    }
}

fn throttled_for_too_long(stage: &mut Stage) -> Ending {
    let timeouts = "timeouts {\n    create = \"2s\"\n    read   = \"2s\"\n  }";
    stage.configure(&binding(WABA, timeouts))?;
    stage
        .emulator
        .inject(Fault::new(BIND, throttle("System.LimitControl")).always())?;
    let output = stage.apply()?.expecting(1)?;
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
    equal("repeated", stage.calls(BIND) > 1, true)?;
    equal(
        "bound spaces",
        stage.emulator.spaces(DEFAULT_ACCOUNT).len(),
        0,
    )?;
    equal("objects", stage.directory.state()?.resources.len(), 0)?;

    stage.emulator.clear_faults();
    stage.apply()?.expecting(0)?;
    stage
        .emulator
        .inject(Fault::new(QUERY, throttle("System.LimitControl")).always())?;
    refuses_the_read(stage, &["Code: System.LimitControl", "Raise timeouts.read"])?;
    stage.emulator.clear_faults();
    stage.plan(0)?;
    Ok(())
}

fn throttled_for_a_while_goes_through(stage: &mut Stage) -> Ending {
    let codes = [
        ("System.LimitControl", None),
        ("Throttling.User", Some(50)),
        ("Throttling.Api", None),
    ];
    for action in [BIND, QUERY] {
        for (code, retry_after_ms) in codes {
            let fault = Misbehaviour::Throttle {
                code: code.to_owned(),
                status: 400,
                retry_after_ms,
            };
            stage.emulator.inject(Fault::new(action, fault))?;
        }
    }
    let output = stage.applied(&binding(WABA, ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    for action in [BIND, QUERY] {
        let calls = stage.emulator.calls_of(action);
        equal("attempts", calls.len(), 4)?;
        // Every attempt is signed anew: a repeated nonce would be refused.
        let mut nonces: Vec<_> = calls.iter().filter_map(|call| call.nonce.clone()).collect();
        nonces.sort_unstable();
        nonces.dedup();
        equal("nonces", nonces.len(), 4)?;
        let executed = calls.iter().filter(|call| call.executed).count();
        equal("executed", executed, 1)?;
    }
    stage.space_of(WABA)?;
    Ok(())
}

fn a_refused_connection_of_the_product_goes_through(stage: &mut Stage) -> Ending {
    let unavailable = || Misbehaviour::Error {
        status: 503,
        code: "ServiceUnavailable".to_owned(),
        message: "The request has failed due to a temporary failure of the server.".to_owned(),
        retry_after_ms: None,
    };
    stage.emulator.inject(Fault::new(BIND, unavailable()))?;
    stage.emulator.inject(Fault::new(QUERY, unavailable()))?;
    stage.applied(&binding(WABA, ""))?;
    equal("binds", stage.calls(BIND), 2)?;
    equal("reads", stage.calls(QUERY), 2)?;
    stage.space_of(WABA)?;
    Ok(())
}

fn a_waba_or_space_of_somebody_else(stage: &mut Stage) -> Ending {
    let parts = [
        "Code: Unknown.ResourceOwnerId",
        "right account",
        "embedded signup",
        "`emul",
    ];
    stage
        .emulator
        .put_account(Account::new("2000000000000002"))?;
    let owned = |owner: &str| Waba {
        owner: Some(owner.to_owned()),
        ..Waba::derived(WABA, "APPROVED")
    };
    stage.emulator.put_waba(owned("2000000000000002"));
    stage.configure(&binding(WABA, ""))?;
    refuses_the_bind(stage, &parts)?;
    // The key is named by its ends, never whole, and the secret not at all.
    let output = stage.apply()?.expecting(1)?;
    equal(
        "the whole key",
        output.stdout.contains(DEFAULT_ACCESS_KEY_ID),
        false,
    )?;

    stage.emulator.put_waba(owned(DEFAULT_ACCOUNT));
    stage.apply()?.expecting(0)?;
    let space = stage.space_of(WABA)?;
    stage.emulator.remove_space(&space);
    refuses_the_read(stage, &parts)
}

/// Rewrites the provider block with another key, and expects that no operation gets through with it.
fn another_key(stage: &Stage, access_key: &str, secret_key: &str, parts: &[&str]) -> Ending {
    let block = stage.provider_block_of(access_key, secret_key, "");
    let write = |block: &str| -> Result<(), Failed> {
        let text = format!(
            "{}\n{block}\n{}",
            acceptance_tests::acceptance::REQUIRED_PROVIDERS,
            binding(WABA, "")
        );
        Ok(stage.directory.write("main.tf", &text)?)
    };
    write(&block)?;
    refuses_the_bind(stage, parts)?;
    let output = stage.apply()?.expecting(1)?;
    equal(
        "the secret in the error",
        only_error(&output)?.text().contains(secret_key),
        false,
    )?;
    write(&stage.provider_block(""))?;
    stage.apply()?.expecting(0)?;
    write(&block)?;
    refuses_the_read(stage, parts)
}

fn a_wrong_secret(stage: &mut Stage) -> Ending {
    let parts = [
        "Code: SignatureDoesNotMatch",
        "secret does not belong to the AccessKey",
        "without blanks",
    ];
    another_key(stage, DEFAULT_ACCESS_KEY_ID, "not-the-secret-of-it", &parts)
}

fn an_unknown_access_key(stage: &mut Stage) -> Ending {
    let parts = [
        "HTTP status: 404",
        "Code: InvalidAccessKeyId.NotFound",
        "there is no such AccessKey",
        "other site",
    ];
    another_key(stage, "LTAI-nobody-knows-it", "some-secret-of-it", &parts)
}

fn a_disabled_access_key(stage: &mut Stage) -> Ending {
    let mut account =
        Account::new(DEFAULT_ACCOUNT).with_key(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET);
    for key in &mut account.access_keys {
        key.active = false;
    }
    stage.emulator.put_account(account)?;
    stage.configure(&binding(WABA, ""))?;
    refuses_the_bind(stage, &["Code: InvalidAccessKeyId.Inactive", "is disabled"])
}

fn a_clock_that_is_off(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, ""))?;
    stage
        .emulator
        .set_switches(|switches| switches.clock_offset_seconds = 3600);
    refuses_the_read(
        stage,
        &[
            "Code: InvalidTimeStamp.Expired",
            "clock of this machine",
            "NTP",
        ],
    )?;
    stage
        .emulator
        .set_switches(|switches| switches.clock_offset_seconds = -3600);
    refuses_the_read(stage, &["Code: InvalidTimeStamp.Expired"])?;
    stage
        .emulator
        .set_switches(|switches| switches.clock_offset_seconds = 800);
    stage.plan(0)?;
    Ok(())
}

fn codes_are_found_under_every_status_and_spelling(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, ""))?;
    stage.emulator.put_waba(Waba {
        owner: Some("2000000000000002".to_owned()),
        ..Waba::derived(WABA, "APPROVED")
    });
    for (status, shown) in [
        (BusinessErrorStatus::Always200, "HTTP status: 200"),
        (BusinessErrorStatus::Always400, "HTTP status: 400"),
    ] {
        stage
            .emulator
            .set_switches(|switches| switches.business_error_status = status);
        refuses_the_bind(stage, &[shown, "Code: Unknown.ResourceOwnerId"])?;
    }
    stage
        .emulator
        .set_switches(|switches| switches.gateway_error_keys = KeyStyle::Camel);
    allow(stage, &[])?;
    refuses_the_bind(
        stage,
        &["HTTP status: 403", "Code: NoPermission", "Access denied:"],
    )
}

fn a_code_that_nobody_knows_passes_through(stage: &mut Stage) -> Ending {
    let fault = Misbehaviour::Error {
        status: 400,
        code: "Waba.Of.Tomorrow".to_owned(),
        message: "Something that no document names.".to_owned(),
        retry_after_ms: None,
    };
    stage.emulator.inject(Fault::new(BIND, fault.clone()))?;
    stage.configure(&binding(WABA, ""))?;
    refuses_the_bind(
        stage,
        &[
            "Code: Waba.Of.Tomorrow",
            "Message: Something that no document names.",
            "error center",
        ],
    )?;
    stage.apply()?.expecting(0)?;
    stage.emulator.inject(Fault::new(QUERY, fault).always())?;
    refuses_the_read(stage, &["Code: Waba.Of.Tomorrow"])
}

fn the_attribute_in_fault_is_pointed_at(stage: &mut Stage) -> Ending {
    stage.emulator.put_waba(Waba {
        owner: Some("2000000000000002".to_owned()),
        ..Waba::derived(WABA, "APPROVED")
    });
    stage.configure(&binding(WABA, ""))?;
    let output = stage.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal("address", error.address.as_deref(), Some(A))?;
    contains(error.points_at(), &["waba_id", WABA])
}

fn no_network_says_that_nothing_was_sent(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, "timeouts {\n    create = \"2s\"\n  }"))?;
    let text = stage.directory.read("main.tf")?;
    // A port that nobody listens on: it was free a moment ago and is closed again.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let text = text.replace(&stage.emulator.address().to_string(), &closed.to_string());
    stage.directory.write("main.tf", &text)?;
    let output = stage.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    contains(
        &error.text(),
        &[
            "Cannot bind WABA",
            "Nothing was sent",
            &closed.to_string(),
            "endpoints",
        ],
    )?;
    equal(
        "an ambiguity that is none",
        error.text().contains("is unknown"),
        false,
    )
}

fn one_bad_waba_does_not_stop_the_others(stage: &mut Stage) -> Ending {
    stage.emulator.put_waba(Waba {
        owner: Some("2000000000000002".to_owned()),
        ..Waba::derived("100000000000002", "APPROVED")
    });
    stage.configure(
        r#"
resource "alicloud_cams_waba_binding" "a" {
  for_each = toset(["100000000000001", "100000000000002", "100000000000003"])
  waba_id  = each.value
}
"#,
    )?;
    let output = stage.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    let address = format!("{A}[\"100000000000002\"]");
    equal("address", error.address.as_deref(), Some(&*address))?;
    let state = stage.directory.state()?;
    equal("objects", state.resources.len(), 2)?;
    for waba_id in ["100000000000001", "100000000000003"] {
        stage.object(&format!("{A}[\"{waba_id}\"]"))?;
    }
    Ok(())
}
