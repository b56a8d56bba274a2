//! State of another provider address, of an older release, and state that was edited.
//!
//! The binary of this provider also serves as the official provider, as if that had the resource with the same attributes.
//! The responses of the RPCs to each form of state are tested without a CLI (`rpcs`).

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET},
    provider_binary::{self, Profile},
    terraform::{Installation, WorkingDirectory},
};
use serde_json::{Value, json};

use crate::{A, BIND, WABA, binding};

pub(crate) const CASES: &[Case] = cases![state_upgrade:
    moved_block_moves_a_binding_from_another_provider,
    moved_block_rejects_state_of_another_form,
    state_of_0_1_0_plans_no_change,
    state_with_missing_attributes_is_filled_by_a_refresh,
    state_with_unknown_attributes_is_read_without_them,
    state_of_another_form_is_an_error,
];

const STATE: &str = "terraform.tfstate";

/// Both providers, with the resource in one of them.
fn configuration(resource: &str, rest: &str) -> String {
    format!(
        r#"terraform {{
  required_providers {{
    alicloud = {{
      source = "alicloud-cams/alicloud"
    }}
    official = {{
      source = "aliyun/alicloud"
    }}
  }}
}}

{resource}
{rest}
"#
    )
}

const MOVED: &str = r#"moved {
  from = alicloud_cams_waba_binding.theirs
  to   = alicloud_cams_waba_binding.a
}
"#;

/// A directory whose state has a binding of the official provider.
fn theirs(context: &TestContext) -> Result<WorkingDirectory, Failed> {
    let mut directory = context.another_directory(&Installation::DevOverrides {
        binary: provider_binary::path(Profile::tested())?,
        sources: ["alicloud-cams/alicloud", "aliyun/alicloud"]
            .map(str::to_owned)
            .to_vec(),
    })?;
    directory.set("ALIBABA_CLOUD_ENDPOINT_CAMS", context.emulator.endpoint());
    directory.set("ALIBABA_CLOUD_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID);
    directory.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET);
    let resource = format!(
        "resource \"alicloud_cams_waba_binding\" \"theirs\" {{\n  provider = official\n  waba_id  = \"{WABA}\"\n}}\n"
    );
    directory.write("main.tf", &configuration(&resource, ""))?;
    directory
        .run(&["apply", "-json", "-auto-approve"])?
        .expecting(0)?;
    Ok(directory)
}

/// Changes the only instance in a state file.
fn edit(directory: &WorkingDirectory, change: impl FnOnce(&mut Value)) -> TestResult {
    let mut state: Value = serde_json::from_str(&directory.read(STATE)?)?;
    // A state with a change needs a higher serial.
    state["serial"] = json!(state["serial"].as_u64().unwrap_or_default() + 1);
    change(&mut state["resources"][0]["instances"][0]);
    directory.write(STATE, &state.to_string())?;
    Ok(())
}

fn moved_block_moves_a_binding_from_another_provider(context: &mut TestContext) -> TestResult {
    let directory = theirs(context)?;
    let before = directory.state()?;
    let before = before
        .resource("alicloud_cams_waba_binding.theirs")
        .ok_or("nothing in state")?;
    directory.write("main.tf", &configuration(&binding(WABA, ""), MOVED))?;
    let planned = directory.plan(&[])?;
    let plan = planned.plan.ok_or("no plan")?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["no-op"])?;
    directory.run(&["apply", "-json", "tfplan"])?.expecting(0)?;
    let after = directory.state()?;
    let after = after.resource(A).ok_or("nothing in state")?;
    equal("the attributes", &after.values, &before.values)?;
    let stored: Value = serde_json::from_str(&directory.read(STATE)?)?;
    let provider = stored["resources"][0]["provider"].to_string();
    contains(&provider, &["/alicloud-cams/alicloud"])?;
    directory.plan(&[])?.output.expecting(0)?;
    equal("binds", context.calls(BIND), 1)
}

fn moved_block_rejects_state_of_another_form(context: &mut TestContext) -> TestResult {
    let directory = theirs(context)?;
    // A resource of the official provider that has the same type name and other attributes.
    edit(&directory, |instance| {
        instance["attributes"] = json!({ "waba_id": WABA, "region": "cn-hangzhou" });
    })?;
    directory.write("main.tf", &configuration(&binding(WABA, ""), MOVED))?;
    let output = directory.plan(&[])?.output.expecting(1)?;
    let error = only_error(&output)?;
    equal("summary", error.summary.as_str(), "Cannot move the state")?;
    contains(&error.text(), &["cust_space_id", "import"])?;
    equal("binds", context.calls(BIND), 1)
}

/// Version 0.1.0 had no `existing_binding`.
fn state_of_0_1_0_plans_no_change(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    edit(&context.directory, |instance| {
        if let Some(attributes) = instance["attributes"].as_object_mut() {
            attributes.remove("existing_binding");
        }
    })?;
    context.plan(0)?;
    context
        .directory
        .run(&["plan", "-refresh-only", "-detailed-exitcode"])?
        .expecting(0)?;
    context.configure(&binding(WABA, "existing_binding = \"REFUSE\""))?;
    context.emulator.clear_calls();
    context.apply()?.expecting(0)?;
    equal("binds", context.calls(BIND), 0)?;
    context.plan(0)?;
    Ok(())
}

fn state_with_missing_attributes_is_filled_by_a_refresh(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let before = context.object(A)?;
    edit(&context.directory, |instance| {
        if let Some(attributes) = instance["attributes"].as_object_mut() {
            for name in ["waba_name", "currency", "timeouts", "id"] {
                attributes.remove(name);
            }
        }
    })?;
    context.plan(0)?;
    context
        .directory
        .run(&["apply", "-refresh-only", "-auto-approve"])?
        .expecting(0)?;
    equal("the object", &context.object(A)?, &before)?;
    equal("binds", context.calls(BIND), 1)
}

fn state_with_unknown_attributes_is_read_without_them(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let before = context.object(A)?;
    edit(&context.directory, |instance| {
        instance["attributes"]["colour"] = json!({ "of": ["a", "newer", "release"] });
    })?;
    context.plan(0)?;
    // The next apply with a change writes the state in the form of today.
    context.applied(&binding(WABA, "deletion_policy = \"PREVENT\""))?;
    let mut after = context.object(A)?;
    after.values["deletion_policy"] = json!("ABANDON");
    equal("the object", &after.values, &before.values)
}

fn state_of_another_form_is_an_error(context: &mut TestContext) -> TestResult {
    type Change = fn(&mut Value);
    let cases: [(Change, &str, &str); 4] = [
        (
            |instance| instance["attributes"]["waba_id"] = json!(5),
            "Unable to read the stored state",
            "At waba_id: expected string, found number",
        ),
        (
            |instance| instance["attributes"]["timeouts"] = json!({ "create": ["5m"] }),
            "Unable to read the stored state",
            "At timeouts.create: expected string, found list",
        ),
        (
            |instance| instance["attributes"] = Value::Null,
            "Unable to read the stored state",
            "It is null, where an object was expected",
        ),
        (
            |instance| {
                if let Some(instance) = instance.as_object_mut() {
                    instance.remove("attributes");
                    instance.insert("attributes_flat".to_owned(), json!({ "id": "x" }));
                }
            },
            "Unable to read the stored state",
            "(flatmap)",
        ),
    ];
    context.applied(&binding(WABA, ""))?;
    let good = context.directory.read(STATE)?;
    for (change, summary, part) in cases {
        context.directory.write(STATE, &good)?;
        edit(&context.directory, change)?;
        let output = context.directory.plan(&[])?.output.expecting(1)?;
        let error = only_error(&output)?;
        equal("summary", error.summary.as_str(), summary)?;
        contains(&error.text(), &[part, "terraform state rm"])?;
    }
    context.directory.write(STATE, &good)?;
    context.plan(0)?;
    equal("binds", context.calls(BIND), 1)
}
