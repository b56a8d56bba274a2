//! Whole plans under the real CLI: how long people wait, beside a plan of nothing in the same run.
//!
//! Must not contain: the applying of plans. States are written as the CLI writes them, after the model of one that it wrote.

use std::path::Path;

use acceptance_tests::{
    acceptance::REQUIRED_PROVIDERS,
    emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, Emulator, NewSpace},
    plugin_host::HostError,
    terraform::{Cli, Installation, WorkingDirectory},
};
use serde_json::{Value, json};

use crate::{
    figures::{Report, Samples},
    refreshes::{ride, waba, without_limits},
    starts::ms,
};

/// How often short plans are repeated, and longer ones.
const SHORT: usize = 31;
const LONG: usize = 5;

/// Longer than any command of the benchmark takes: 10 000 bindings keep the CLI itself busy for minutes.
pub(crate) const MAX_WAIT: std::time::Duration = std::time::Duration::from_secs(1800);

/// A directory with a configuration of so many bindings, all of which exist in state and cloud.
struct Estate {
    directory: WorkingDirectory,
}

impl Estate {
    fn new(
        cli: &Cli,
        binary: &Path,
        emulator: &Emulator,
        count: usize,
        requests_per_second: u32,
    ) -> Result<Estate, HostError> {
        let estate = Estate::planned(cli, binary, emulator, count, requests_per_second)?;
        if count > 0 {
            estate.adopt(emulator, count)?;
        }
        Ok(estate)
    }

    /// The same, but nothing exists yet.
    fn planned(
        cli: &Cli,
        binary: &Path,
        emulator: &Emulator,
        count: usize,
        requests_per_second: u32,
    ) -> Result<Estate, HostError> {
        let installation = Installation::filesystem_mirror(binary.to_owned());
        let mut directory = WorkingDirectory::new(cli, &installation)?;
        directory.wait_at_most(MAX_WAIT);
        let endpoint = emulator.endpoint();
        let text = format!(
            "{REQUIRED_PROVIDERS}
provider \"alicloud\" {{
  access_key          = \"{DEFAULT_ACCESS_KEY_ID}\"
  secret_key          = \"{DEFAULT_ACCESS_KEY_SECRET}\"
  requests_per_second = {requests_per_second}
  endpoints {{
    cams = \"{endpoint}\"
  }}
}}

# The CLI evaluates for_each again for every instance, so it is a reference to something that is evaluated once.
locals {{
  wabas = {{ for number in range({count}) : tostring({first} + number) => number }}
}}

resource \"alicloud_cams_waba_binding\" \"all\" {{
  for_each = local.wabas
  waba_id  = each.key
}}
",
            first = waba(0),
        );
        let text = if count == 0 {
            "locals {\n  nothing = 1\n}\n".to_owned()
        } else {
            text
        };
        directory.write("main.tf", &text)?;
        directory.run(&["init"])?.expecting(0)?;
        Ok(Estate { directory })
    }

    /// Makes the spaces in the cloud, and writes the state that applying would have left behind.
    fn adopt(&self, emulator: &Emulator, count: usize) -> Result<(), HostError> {
        let target = format!("alicloud_cams_waba_binding.all[\"{}\"]", waba(0));
        let apply = ["apply", "-auto-approve", "-target", &target];
        self.directory.run(&apply)?.expecting(0)?;
        let mut state: Value = serde_json::from_str(&self.directory.read("terraform.tfstate")?)?;
        let instances = state["resources"][0]["instances"]
            .as_array_mut()
            .ok_or("the state has no instances")?;
        let model = instances.pop().ok_or("the state has no instance")?;
        for number in 0..count {
            let (space, waba) = (format!("cams-bench{number}"), waba(number));
            if number > 0 {
                emulator.add_space(NewSpace {
                    cust_space_id: Some(space.clone()),
                    waba_id: Some(waba.clone()),
                    ..NewSpace::default()
                })?;
            }
            let mut instance = model.clone();
            if number > 0 {
                // The model's own says which space it was about.
                instance["private"] = Value::Null;
                instance["index_key"] = json!(waba);
                instance["attributes"]["id"] = json!(space);
                instance["attributes"]["cust_space_id"] = json!(space);
                instance["attributes"]["waba_id"] = json!(waba);
            }
            instances.push(instance);
        }
        self.directory
            .write("terraform.tfstate", &state.to_string())?;
        Ok(())
    }

    /// One plan, in milliseconds; its exit code says whether it sees what it must.
    fn plan(&self, code: i32) -> Result<f64, HostError> {
        let command = ["plan", "-detailed-exitcode", "-input=false"];
        let output = self.directory.run(&command)?.expecting(code)?;
        Ok(ms(output.elapsed))
    }
}

fn samples(values: Vec<f64>) -> Result<Samples, HostError> {
    Samples::of(values).ok_or_else(|| "no plan was measured".into())
}

/// Plans of nothing, of one binding, and of many; without limits.
pub(crate) fn plans(report: &mut Report, cli: &Cli, binary: &Path) -> Result<(), HostError> {
    report.section("terraform plan, provider installed by init, without limits")?;
    const UNLIMITED: u32 = 1_000_000;
    let emulator = Emulator::start()?;
    without_limits(&emulator);
    let empty = Estate::new(cli, binary, &emulator, 0, UNLIMITED)?;
    let new = Estate::planned(cli, binary, &emulator, 1, UNLIMITED)?;
    let one = Estate::new(cli, binary, &emulator, 1, UNLIMITED)?;
    let [mut nothing, mut created, mut existing] = [const { Vec::new() }; 3];
    for run in 0..=SHORT {
        // In turn, so that whatever else the machine does hits all of them alike.
        let took = (empty.plan(0)?, new.plan(2)?, one.plan(0)?);
        if run > 0 {
            nothing.push(took.0);
            created.push(took.1);
            existing.push(took.2);
        }
    }
    let (nothing, created, existing) = (samples(nothing)?, samples(created)?, samples(existing)?);
    report.add("no resource, no provider", "ms", &nothing, None)?;
    report.add("1 binding to be created", "ms", &created, None)?;
    report.add("1 binding, refreshed, no change", "ms", &existing, None)?;
    let part = |of: &Samples| Some(of.median() / nothing.median());
    report.value(
        "1 binding to be created, beside nothing",
        "ratio",
        part(&created),
        Some(2.2),
    )?;
    report.value(
        "1 binding, refreshed, beside nothing",
        "ratio",
        part(&existing),
        Some(2.2),
    )?;
    for count in [100, 1_000] {
        let emulator = Emulator::start()?;
        without_limits(&emulator);
        let many = Estate::new(cli, binary, &emulator, count, UNLIMITED)?;
        let took: Result<Vec<f64>, HostError> = (0..LONG).map(|_| many.plan(0)).collect();
        let name = format!("{count} bindings, refreshed, no change");
        report.add(&name, "ms", &samples(took?)?, None)?;
    }
    Ok(())
}

/// How the time of a plan grows with the number of bindings.
pub(crate) fn growth(
    report: &mut Report,
    cli: &Cli,
    binary: &Path,
    full: bool,
) -> Result<(), HostError> {
    report.section("growth of terraform plan, without limits")?;
    let counts: &[usize] = if full {
        &[100, 1_000, 10_000]
    } else {
        &[100, 1_000]
    };
    for &count in counts {
        let emulator = Emulator::start()?;
        without_limits(&emulator);
        let many = Estate::new(cli, binary, &emulator, count, 1_000_000)?;
        let took = many.plan(0)?;
        let name = format!("{count} bindings: wall time for each");
        report.value(&name, "ms", Some(took / count as f64), None)?;
    }
    Ok(())
}

/// A plan that refreshes 1 000 bindings of one account at the documented limit.
pub(crate) fn at_the_limit(report: &mut Report, cli: &Cli, binary: &Path) -> Result<(), HostError> {
    const COUNT: usize = 1_000;
    let ideal = COUNT as f64 / 10.0;
    let emulator = Emulator::start()?;
    let many = Estate::new(cli, binary, &emulator, COUNT, 0)?;
    // The apply that served as the model has used the limit of this second, which the plan's process cannot know.
    std::thread::sleep(std::time::Duration::from_secs(2));
    emulator.clear_calls();
    let took = many.plan(0)? / 1e3;
    let what = format!("terraform plan of {COUNT} bindings of one account");
    ride(report, &what, took, ideal, 1.03, &emulator)
}
