//! Many accounts: from one provider block with a role on each resource, and from an alias for each account.
//!
//! The figures are printed. The assertions hold on any machine.

use std::{
    fmt::Write as _,
    fs,
    time::{Duration, Instant},
};

use acceptance_tests::{
    acceptance::{Case, Failed, REQUIRED_PROVIDERS, TestContext, TestResult, equal},
    cases,
    emulator::{Account, Role},
    machine::{Seen, Watch},
    provider_binary::{self, Profile},
};

use crate::{KEY_ID, KEY_SECRET, USER, configure, keys, populate};

pub(crate) const CASES: &[Case] = cases![many_accounts:
    one_provider_block_serves_fifty_accounts,
];

const ACCOUNTS: usize = 50;
const WABAS: usize = 4;

fn account(number: usize) -> String {
    format!("{}", 2_000_000_000_000_000 + number)
}

fn waba(account: usize, number: usize) -> String {
    format!("{}", 300_000_000_000_000 + account * 100 + number)
}

fn accounts(context: &TestContext) -> TestResult {
    context.emulator.reset();
    populate(context)?;
    for number in 0..ACCOUNTS {
        let account = Account::new(&account(number)).with_role(Role::new("onboarding", &[USER]));
        context.emulator.put_account(account)?;
    }
    Ok(())
}

/// One provider block. The accounts and their WABAs are in a file.
fn one_block(context: &TestContext) -> Result<(), Failed> {
    let mut file = String::new();
    for number in 0..ACCOUNTS {
        let wabas: Vec<String> = (0..WABAS)
            .map(|index| format!("\"{}\"", waba(number, index)))
            .collect();
        let _ = writeln!(file, "\"{}\": [{}]", account(number), wabas.join(", "));
    }
    context.directory.write("accounts.yaml", &file)?;
    let text = "locals {
  wabas = merge([
    for account, wabas in yamldecode(file(\"accounts.yaml\")) : {
      for waba in wabas : waba => \"acs:ram::${account}:role/onboarding\"
    }
  ]...)
}

resource \"alicloud_cams_waba_binding\" \"all\" {
  for_each    = local.wabas
  waba_id     = each.key
  assume_role = { role_arn = each.value }
}
";
    configure(context, &keys(), text)
}

/// An alias for each account, for comparison.
fn aliases(context: &TestContext) -> Result<(), Failed> {
    let endpoint = context.emulator.endpoint();
    let mut text = REQUIRED_PROVIDERS.to_owned();
    for number in 0..ACCOUNTS {
        let wabas: Vec<String> = (0..WABAS)
            .map(|index| format!("\"{}\"", waba(number, index)))
            .collect();
        let _ = writeln!(
            text,
            "provider \"alicloud\" {{
  alias      = \"a{number}\"
  access_key = \"{KEY_ID}\"
  secret_key = \"{KEY_SECRET}\"
  endpoints {{
    cams = \"{endpoint}\"
    sts  = \"{endpoint}\"
  }}
  assume_role {{
    role_arn = \"acs:ram::{}:role/onboarding\"
  }}
}}

resource \"alicloud_cams_waba_binding\" \"a{number}\" {{
  provider = alicloud.a{number}
  for_each = toset([{}])
  waba_id  = each.key
}}
",
            account(number),
            wabas.join(", ")
        );
    }
    context.directory.write("main.tf", &text)?;
    Ok(())
}

/// Time and memory of a run.
struct Figures {
    wall: Duration,
    provider: Seen,
}

fn apply(context: &TestContext) -> Result<Figures, Failed> {
    let binary = provider_binary::path(Profile::tested())?;
    let watch = Watch::begin(&context.directory.path().canonicalize()?, &binary);
    let started = Instant::now();
    context.apply()?.expecting(0)?;
    let wall = started.elapsed();
    let provider = watch.end();
    for number in 0..ACCOUNTS {
        let bound = context.emulator.spaces(&account(number)).len();
        equal(format!("spaces of the account {number}"), bound, WABAS)?;
    }
    Ok(Figures { wall, provider })
}

fn one_provider_block_serves_fifty_accounts(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    one_block(context)?;
    let one = apply(context)?;
    equal("sessions", context.calls("AssumeRole"), ACCOUNTS)?;
    equal("binds", context.calls("ChatappBindWaba"), ACCOUNTS * WABAS)?;
    context.plan(0)?;

    accounts(context)?;
    fs::remove_file(context.directory.path().join("terraform.tfstate"))?;
    aliases(context)?;
    let many = apply(context)?;
    for (what, figures) in [("one provider block", &one), ("50 aliases", &many)] {
        let Figures { wall, provider } = figures;
        eprintln!(
            "apply of {ACCOUNTS} accounts x {WABAS} WABAs, {what}: {} provider processes, {:.0} MiB resident at most, {:.1} s",
            provider.processes,
            provider.resident,
            wall.as_secs_f64()
        );
    }
    if cfg!(target_os = "linux") {
        equal(
            format!("more than four processes ({})", one.provider.processes),
            one.provider.processes > 4,
            false,
        )?;
        equal(
            format!(
                "as many processes with aliases ({})",
                many.provider.processes
            ),
            many.provider.processes > ACCOUNTS,
            true,
        )?;
        equal(
            format!(
                "{:.0} MiB and {:.0} MiB: a tenth",
                one.provider.resident, many.provider.resident
            ),
            one.provider.resident * 10.0 < many.provider.resident,
            true,
        )?;
    }
    Ok(())
}
