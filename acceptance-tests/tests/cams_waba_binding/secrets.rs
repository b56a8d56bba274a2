//! Secrets are not in logs, messages or plans. In the state they are only in the attributes that the user set.

use acceptance_tests::{
    acceptance::{Case, REQUIRED_PROVIDERS, TestContext, TestResult, contains, equal},
    cases,
    emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, Fault, FaultKind},
    terraform::Output,
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![secrets:
    secrets_are_not_in_the_trace_of_a_successful_run,
    secrets_are_not_in_the_trace_of_a_failed_run,
    secrets_are_not_in_the_text_of_a_plan,
    state_has_the_isv_code_in_its_attribute_and_no_key,
];

const ISV_CODE: &str = "isv-code-that-nobody-may-see";
const TOKEN: &str = "security-token-that-nobody-may-see";

/// Fails if the output of a command has a secret, plain or in an encoding that requests use.
fn keeps_quiet(output: &Output, secrets: &[&str]) -> TestResult {
    let text = format!("{}\n{}", output.stdout, output.stderr);
    for secret in secrets {
        if let Some(line) = text.lines().find(|line| line.contains(secret)) {
            return Err(format!("`{}` wrote \"{secret}\":\n{line}", output.command).into());
        }
    }
    // Neither the signature nor its parts.
    for part in ["Signature=", "Signature\":", "authorization: ACS3"] {
        if let Some(line) = text.lines().find(|line| line.contains(part)) {
            return Err(format!("`{}` wrote a signature:\n{line}", output.command).into());
        }
    }
    Ok(())
}

fn secrets_are_not_in_the_trace_of_a_successful_run(context: &mut TestContext) -> TestResult {
    let secrets = [DEFAULT_ACCESS_KEY_SECRET, ISV_CODE];
    context.directory.set("TF_LOG", "trace");
    for version in ["v1", "v3"] {
        let sign = format!("  sign_version {{\n    cams = \"{version}\"\n  }}");
        context.configure_with(&sign, &binding(WABA, &format!("isv_code = \"{ISV_CODE}\"")))?;
        let planned = context
            .directory
            .run(&["plan", "-out=tfplan"])?
            .expecting(0)?;
        // The log has lines of the provider, so that the check can fail.
        contains(&planned.stderr, &["[TRACE]", "tf_rpc=PlanResourceChange"])?;
        // The log has the shape of the configuration, but not its values.
        contains(
            &planned.stderr,
            &["Received value", "value=configuration", "waba_id"],
        )?;
        keeps_quiet(&planned, &secrets)?;
        keeps_quiet(
            &context.directory.run(&["apply", "tfplan"])?.expecting(0)?,
            &secrets,
        )?;
        keeps_quiet(&context.directory.run(&["show"])?.expecting(0)?, &secrets)?;
        keeps_quiet(
            &context
                .directory
                .run(&["destroy", "-auto-approve"])?
                .expecting(0)?,
            &secrets,
        )?;
    }
    Ok(())
}

fn secrets_are_not_in_the_trace_of_a_failed_run(context: &mut TestContext) -> TestResult {
    let secrets = [DEFAULT_ACCESS_KEY_SECRET, ISV_CODE, TOKEN];
    context.directory.set("TF_LOG", "trace");
    context.applied(&binding(WABA, &format!("isv_code = \"{ISV_CODE}\"")))?;
    for fault in [
        FaultKind::InvalidJson,
        FaultKind::Redirect {
            status: 302,
            location: "http://127.0.0.1:1/?Signature=x".to_owned(),
        },
        FaultKind::Error {
            status: 400,
            code: "SignatureDoesNotMatch".to_owned(),
            message: "Specified signature is not matched with our calculation.".to_owned(),
            retry_after_ms: None,
        },
    ] {
        context.emulator.clear_faults();
        context.emulator.inject(Fault::new(QUERY, fault).always())?;
        let output = context.directory.run(&["plan"])?.expecting(1)?;
        for secret in secrets {
            equal(
                format!("{secret} in {}", output.command),
                output.stdout.contains(secret) || output.stderr.contains(secret),
                false,
            )?;
        }
    }

    // A token that the service refuses.
    let block = context.provider_block_of(
        "STS.some-temporary-key",
        DEFAULT_ACCESS_KEY_SECRET,
        &format!("  security_token = \"{TOKEN}\""),
    );
    context.directory.write(
        "main.tf",
        &format!("{REQUIRED_PROVIDERS}\n{block}\n{}", binding(WABA, "")),
    )?;
    keeps_quiet(&context.directory.run(&["plan"])?.expecting(1)?, &secrets)?;

    // A port that nobody listens on: the error names hosts, but no URL with its query.
    let text = context.directory.read("main.tf")?;
    context.directory.write(
        "main.tf",
        &text.replace(&context.emulator.address().to_string(), "127.0.0.1:1"),
    )?;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    keeps_quiet(
        &context
            .directory
            .run(&["apply", "-auto-approve"])?
            .expecting(1)?,
        &secrets,
    )?;
    equal("binds", context.calls(BIND), 1)
}

fn secrets_are_not_in_the_text_of_a_plan(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, &format!("isv_code = \"{ISV_CODE}\"")))?;
    context
        .directory
        .run(&["plan", "-out=tfplan"])?
        .expecting(0)?;
    let shown = context.directory.run(&["show", "tfplan"])?.expecting(0)?;
    contains(&shown.text(), &["isv_code = (sensitive value)"])?;
    keeps_quiet(&shown, &[ISV_CODE, DEFAULT_ACCESS_KEY_SECRET])
}

fn state_has_the_isv_code_in_its_attribute_and_no_key(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, &format!("isv_code = \"{ISV_CODE}\"")))?;
    let state = context.directory.read("terraform.tfstate")?;
    for key in [DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCESS_KEY_ID] {
        equal(format!("{key} in state"), state.contains(key), false)?;
    }
    equal("isv_code in state", state.matches(ISV_CODE).count(), 1)?;
    equal("isv_code", context.object(A)?.text("isv_code"), ISV_CODE)
}
