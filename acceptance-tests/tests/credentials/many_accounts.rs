//! Many accounts: from one provider block with a role on each resource, and from an alias for each account.
//!
//! The figures are printed; what is asserted is what has to hold on any machine.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use acceptance_tests::{
    acceptance::{Case, Ending, Failed, REQUIRED_PROVIDERS, Stage, equal},
    cases,
    emulator::{Account, Role},
    provider_binary::{self, Profile},
};

use crate::{KEY_ID, KEY_SECRET, USER, configure, keys, populate};

pub(crate) const CASES: &[Case] = cases![many_accounts:
    fifty_accounts_from_one_provider_block,
];

const ACCOUNTS: usize = 50;
const WABAS: usize = 4;

fn account(number: usize) -> String {
    format!("{}", 2_000_000_000_000_000 + number)
}

fn waba(account: usize, number: usize) -> String {
    format!("{}", 300_000_000_000_000 + account * 100 + number)
}

fn accounts(stage: &Stage) -> Ending {
    stage.emulator.reset();
    populate(stage)?;
    for number in 0..ACCOUNTS {
        let account = Account::new(&account(number)).with_role(Role::new("onboarding", &[USER]));
        stage.emulator.put_account(account)?;
    }
    Ok(())
}

/// One block; the accounts and their WABAs stand in a file.
fn one_block(stage: &Stage) -> Result<(), Failed> {
    let mut file = String::new();
    for number in 0..ACCOUNTS {
        let wabas: Vec<String> = (0..WABAS)
            .map(|index| format!("\"{}\"", waba(number, index)))
            .collect();
        let _ = writeln!(file, "\"{}\": [{}]", account(number), wabas.join(", "));
    }
    stage.directory.write("accounts.yaml", &file)?;
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
    configure(stage, &keys(), text)
}

/// An alias for each account, the way it had to be done.
fn aliases(stage: &Stage) -> Result<(), Failed> {
    let endpoint = stage.emulator.endpoint();
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
    stage.directory.write("main.tf", &text)?;
    Ok(())
}

/// What a run has cost.
struct Figures {
    wall: Duration,
    /// Provider processes that were seen; none can be counted where there is no `/proc`.
    processes: usize,
    /// The most resident memory of all of them at one time, in MiB.
    resident: u64,
}

fn apply(stage: &Stage) -> Result<Figures, Failed> {
    let binary = provider_binary::path(Profile::Dev)?;
    let watch = Watch::begin(&stage.directory.path().canonicalize()?, &binary);
    let started = Instant::now();
    stage.apply()?.expecting(0)?;
    let wall = started.elapsed();
    let (processes, resident) = watch.end();
    for number in 0..ACCOUNTS {
        let bound = stage.emulator.spaces(&account(number)).len();
        equal(format!("spaces of the account {number}"), bound, WABAS)?;
    }
    Ok(Figures {
        wall,
        processes,
        resident,
    })
}

fn fifty_accounts_from_one_provider_block(stage: &mut Stage) -> Ending {
    accounts(stage)?;
    one_block(stage)?;
    let one = apply(stage)?;
    equal("sessions", stage.calls("AssumeRole"), ACCOUNTS)?;
    equal("binds", stage.calls("ChatappBindWaba"), ACCOUNTS * WABAS)?;
    stage.plan(0)?;

    accounts(stage)?;
    fs::remove_file(stage.directory.path().join("terraform.tfstate"))?;
    aliases(stage)?;
    let many = apply(stage)?;
    for (what, figures) in [("one provider block", &one), ("50 aliases", &many)] {
        let Figures {
            wall,
            processes,
            resident,
        } = figures;
        eprintln!(
            "apply of {ACCOUNTS} accounts x {WABAS} WABAs, {what}: {processes} provider processes, {resident} MiB resident at most, {:.1} s",
            wall.as_secs_f64()
        );
    }
    if cfg!(target_os = "linux") {
        equal(
            format!("more than four processes ({})", one.processes),
            one.processes > 4,
            false,
        )?;
        equal(
            format!("as many processes with aliases ({})", many.processes),
            many.processes > ACCOUNTS,
            true,
        )?;
        equal(
            format!("{} MiB and {} MiB: a tenth", one.resident, many.resident),
            one.resident * 10 < many.resident,
            true,
        )?;
    }
    Ok(())
}

/// Watches the provider's processes of one directory, in a thread of its own.
struct Watch {
    over: Arc<AtomicBool>,
    thread: thread::JoinHandle<(usize, u64)>,
}

impl Watch {
    fn begin(directory: &Path, binary: &Path) -> Watch {
        let over = Arc::new(AtomicBool::new(false));
        let (stop, directory) = (Arc::clone(&over), directory.to_owned());
        let name = binary.file_name().map(PathBuf::from).unwrap_or_default();
        let thread = thread::spawn(move || {
            let mut seen = BTreeMap::new();
            let mut most = 0;
            while !stop.load(Ordering::Relaxed) {
                let now = resident(&directory, &name);
                most = most.max(now.values().sum());
                seen.extend(now);
                thread::sleep(Duration::from_millis(10));
            }
            (seen.len(), most >> 20)
        });
        Watch { over, thread }
    }

    fn end(self) -> (usize, u64) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// Bytes that are resident, by process, of those that run this program in this directory.
fn resident(directory: &Path, program: &Path) -> BTreeMap<u32, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let path = entry.path();
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let runs_it = fs::read_link(path.join("exe"))
            .is_ok_and(|exe| exe.file_name() == Some(program.as_os_str()))
            && fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd == directory);
        if !runs_it {
            continue;
        }
        let status = fs::read_to_string(path.join("status")).unwrap_or_default();
        let kib = status.lines().find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse::<u64>()
                .ok()
        });
        found.insert(id, kib.unwrap_or(0) * 1024);
    }
    found
}
