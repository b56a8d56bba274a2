//! A plan of many onboarded spaces of one account at the documented limits, beside the time that the limits dictate.
//!
//! Each space has a binding, four numbers with webhook and business profile, and six templates. They are applied without limits;
//! the plan that is measured refreshes them all and changes nothing. It is measured twice: with IDs of spaces written out, so that
//! nothing waits for anything; and with references between the resources, as in `examples/onboarding`. There the CLI reads all
//! bindings before the first object that refers to one, so that the times of the two stages add up.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, time::Duration};

use acceptance_tests::{
    acceptance::REQUIRED_PROVIDERS,
    emulator::{
        DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Emulator, PhoneNumber,
    },
    plugin_host::HostError,
    terraform::{Cli, Installation, WorkingDirectory},
};

use crate::{
    figures::Report,
    plans::MAX_WAIT,
    refreshes::{phone_number, ride, waba},
    starts::ms,
};

const NUMBERS: usize = 4;
const TEMPLATES: usize = 6;

/// All objects at a time. A read that waits for its turn holds one of the CLI's places, and the CLI takes objects up type by type:
/// with its default of ten places one type waits for the other, and the times of the actions add up.
const ALL: &str = "-parallelism=1000";

const DEFAULT: &str = "-parallelism=10";

/// What reads a binding.
const BINDING: &str = "QueryChatappBindWaba";

/// How the resources of a configuration name their space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spaces<'a> {
    /// By reference to the binding.
    Referred,
    /// Written out; one ID for each WABA, in order.
    Written(&'a [String]),
}

/// Plans of so many spaces, with IDs written out and with references.
pub(crate) fn onboarding(
    report: &mut Report,
    cli: &Cli,
    binary: &Path,
    spaces: usize,
) -> Result<(), HostError> {
    report.section("terraform plan of onboarded spaces of one account at the documented limits")?;
    let emulator = Emulator::start()?;
    for number in 0..spaces * NUMBERS {
        let signed_up = PhoneNumber::signed_up(&phone_number(number));
        emulator.put_phone_number(&waba(number / NUMBERS), signed_up);
    }
    emulator.set_behavior(|behavior| {
        behavior.gateway.cams_calls_per_second = None;
        behavior.template.review_after_ms = Some(0);
    });
    let installation = Installation::filesystem_mirror(binary.to_owned());
    let mut directory = WorkingDirectory::new(cli, &installation)?;
    directory.wait_at_most(MAX_WAIT);
    let unlimited = "requests_per_second = 1000000";
    directory.write(
        "main.tf",
        &configuration(&emulator, unlimited, spaces, Spaces::Referred),
    )?;
    directory.run(&["init"])?.expecting(0)?;
    directory.run(&["apply", "-auto-approve"])?.expecting(0)?;
    let objects = spaces * (1 + 3 * NUMBERS + TEMPLATES);
    let what = format!("{spaces} spaces, {objects} objects");
    let plan = |parallelism: &str| -> Result<f64, HostError> {
        let command = ["plan", "-detailed-exitcode", "-input=false", parallelism];
        let output = directory.run(&command)?.expecting(0)?;
        Ok(ms(output.elapsed) / 1e3)
    };
    report.value(
        &format!("{what}: wall time without limits"),
        "s",
        Some(plan(ALL)?),
        None,
    )?;

    emulator.set_behavior(|behavior| behavior.gateway.cams_calls_per_second = Some(10));
    let of_account = emulator.spaces(DEFAULT_ACCOUNT).into_iter();
    let ids: BTreeMap<String, String> = of_account
        .filter_map(|space| Some((space.waba_id?, space.cust_space_id)))
        .collect();
    let ids: Vec<String> = (0..spaces)
        .filter_map(|number| ids.get(&waba(number)).cloned())
        .collect();
    for (how, named) in [
        ("IDs written out", Spaces::Written(&ids)),
        ("references", Spaces::Referred),
    ] {
        directory.write("main.tf", &configuration(&emulator, "", spaces, named))?;
        // The calls so far have used the limits of this second, which the plan's process cannot know.
        std::thread::sleep(Duration::from_secs(2));
        emulator.clear_calls();
        let took = plan(ALL)?;
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        for call in emulator.calls() {
            *calls.entry(call.action).or_default() += 1;
        }
        let counted: Vec<Calls<'_>> = calls
            .iter()
            .filter_map(|(action, calls)| {
                let limit = emulator.limit(action)?;
                Some(Calls {
                    action,
                    calls: *calls,
                    limit,
                })
            })
            .collect();
        let stages: &[&[&str]] = match named {
            Spaces::Referred => &[&[BINDING]],
            Spaces::Written(_) => &[],
        };
        let ideal = dictated(&counted, stages);
        let what = format!("{what}, {how}");
        for one in &counted {
            let name = format!("{what}: calls of {}", one.action);
            report.value(&name, "calls", Some(one.calls as f64), None)?;
        }
        ride(report, &what, took, ideal, 1.05, &emulator)?;
        std::thread::sleep(Duration::from_secs(2));
        let name = format!("{what}: wall time with {DEFAULT}");
        report.value(&name, "s", Some(plan(DEFAULT)?), None)?;
    }
    Ok(())
}

/// What was called, and how often it may be called in any second.
#[derive(Clone, Copy, Debug)]
struct Calls<'a> {
    action: &'a str,
    calls: usize,
    limit: u32,
}

/// The shortest time, in seconds, that the limits leave: in each stage that of the slowest action, and one stage after the other.
/// Each of `stages` names its actions; the rest is the last stage.
///
/// A service that takes `limit` calls in any second takes the first ones at once, and after each full second as many again.
fn dictated(calls: &[Calls<'_>], stages: &[&[&str]]) -> f64 {
    let shortest = |one: &Calls<'_>| one.calls.saturating_sub(1) / one.limit.max(1) as usize;
    let slowest = |stage: &dyn Fn(&str) -> bool| {
        let of_stage = calls.iter().filter(|one| stage(one.action));
        of_stage.map(shortest).max().unwrap_or_default()
    };
    let early: usize = stages
        .iter()
        .map(|stage| slowest(&|action| stage.contains(&action)))
        .sum();
    let last = slowest(&|action| !stages.iter().any(|stage| stage.contains(&action)));
    (early + last) as f64
}

/// The configuration of so many spaces, in Terraform's language.
fn configuration(emulator: &Emulator, limit: &str, spaces: usize, named: Spaces<'_>) -> String {
    let endpoint = emulator.endpoint();
    let mut text = format!(
        "{REQUIRED_PROVIDERS}
provider \"alicloud\" {{
  access_key = \"{DEFAULT_ACCESS_KEY_ID}\"
  secret_key = \"{DEFAULT_ACCESS_KEY_SECRET}\"
  {limit}
  endpoints {{
    cams = \"{endpoint}\"
  }}
}}

locals {{
  # Keys of wabas, each as often as a space has numbers and templates.
  numbers   = {{ for number in range({numbers}) : tostring({first} + number) => tostring({waba} + floor(number / {NUMBERS})) }}
  templates = {{ for number in range({templates}) : \"notice_${{number}}\" => tostring({waba} + floor(number / {TEMPLATES})) }}
  wabas     = {{
",
        numbers = spaces * NUMBERS,
        templates = spaces * TEMPLATES,
        first = phone_number(0),
        waba = waba(0),
    );
    for number in 0..spaces {
        let id = match named {
            Spaces::Referred => "",
            Spaces::Written(ids) => ids.get(number).map_or("", String::as_str),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    \"{}\" = \"{id}\"", waba(number));
    }
    text.push_str("  }\n}\n");
    let (space, number) = match named {
        Spaces::Referred => (
            "alicloud_cams_waba_binding.all[each.value].cust_space_id",
            "alicloud_cams_phone_number.all[each.key].phone_number",
        ),
        Spaces::Written(_) => ("local.wabas[each.value]", "each.key"),
    };
    let _ = write!(
        text,
        "
resource \"alicloud_cams_waba_binding\" \"all\" {{
  for_each = local.wabas
  waba_id  = each.key
}}

resource \"alicloud_cams_phone_number\" \"all\" {{
  for_each      = local.numbers
  cust_space_id = {space}
  phone_number  = each.key
}}

resource \"alicloud_cams_phone_webhook\" \"all\" {{
  for_each            = local.numbers
  cust_space_id       = {space}
  phone_number        = {number}
  status_callback_url = \"https://shop.example.com/${{each.key}}/status\"
  up_callback_url     = \"https://shop.example.com/${{each.key}}/inbound\"
}}

resource \"alicloud_cams_phone_business_profile\" \"all\" {{
  for_each      = local.numbers
  cust_space_id = {space}
  phone_number  = {number}
  about         = \"We answer within the hour\"
  vertical      = \"RETAIL\"
  websites      = [\"https://shop.example.com/${{each.key}}\"]
}}

resource \"alicloud_cams_chatapp_template\" \"all\" {{
  for_each      = local.templates
  cust_space_id = {space}
  name          = each.key
  language      = \"en\"
  category      = \"UTILITY\"
  body          = {{ text = \"Hello $(customer), your order $(order) is on its way to you.\" }}
  example       = {{ customer = \"Ana\", order = \"4711\" }}
}}
"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{Calls, dictated};

    #[test]
    fn limits_dictate_the_time_of_the_slowest_action_of_each_stage() {
        let check = |calls: &[(&'static str, usize, u32)], stages: &[&[&str]], expected: f64| {
            let calls: Vec<Calls<'_>> = calls
                .iter()
                .map(|&(action, calls, limit)| Calls {
                    action,
                    calls,
                    limit,
                })
                .collect();
            assert_eq!(dictated(&calls, stages), expected, "{calls:?} {stages:?}");
        };
        check(&[], &[], 0.0);
        check(&[("A", 0, 10)], &[], 0.0);
        check(&[("A", 10, 10)], &[], 0.0);
        check(&[("A", 11, 10)], &[], 1.0);
        check(&[("A", 300, 5)], &[], 59.0);
        let all = [("Bind", 50, 10), ("Detail", 300, 5), ("List", 51, 10)];
        check(&all, &[], 59.0);
        check(&all, &[&["Bind"]], 63.0);
        check(&all, &[&["Bind", "List"], &["None"]], 64.0);
    }
}
