//! Destroy and replace under each policy. Deleting is final.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{DEFAULT_ACCOUNT, DeleteBound, Fault, FaultKind, InstanceNotFound, NewSpace},
};

use crate::{A, DELETE, instance};

pub(crate) const CASES: &[Case] = cases![destroy:
    prevent_is_the_default_and_refuses_destruction_and_replacement,
    abandon_leaves_the_instance_with_a_warning,
    delete_warns_in_the_plan_and_deletes,
    bound_instance_that_cannot_be_deleted_stays_in_the_state,
    delete_of_an_instance_that_is_gone_succeeds,
    instance_deleted_elsewhere_is_planned_as_a_create,
    spelling_of_a_channel_is_no_replacement,
];

fn prevent_is_the_default_and_refuses_destruction_and_replacement(
    context: &mut TestContext,
) -> TestResult {
    context.applied(&instance(""))?;
    let output = context
        .directory
        .run(&["plan", "-destroy", "-json"])?
        .expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["protected by deletion_policy"],
    )?;
    context.configure(&instance("").replace("\"whatsapp\"", "\"viber\""))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["channel_type", "would replace it"],
    )?;
    equal("deletes", context.calls(DELETE), 0)
}

fn abandon_leaves_the_instance_with_a_warning(context: &mut TestContext) -> TestResult {
    context.applied(&instance("deletion_policy = \"ABANDON\""))?;
    context.configure("")?;
    let output = context.apply()?.expecting(0)?;
    equal("in plan and apply", output.warnings().len(), 2)?;
    for warning in output.warnings() {
        contains(&warning.text(), &["stays at the service"])?;
    }
    equal(
        "instances",
        context.emulator.spaces(DEFAULT_ACCOUNT).len(),
        1,
    )?;
    equal("deletes", context.calls(DELETE), 0)
}

fn delete_warns_in_the_plan_and_deletes(context: &mut TestContext) -> TestResult {
    context.applied(&instance("deletion_policy = \"DELETE\""))?;
    let planned = context.directory.plan(&["-destroy"])?.output.expecting(2)?;
    contains(
        &only_warning(&planned)?.text(),
        &["for good", "cannot be undone"],
    )?;
    context
        .directory
        .run(&["apply", "-json", "tfplan"])?
        .expecting(0)?;
    equal(
        "instances",
        context.emulator.spaces(DEFAULT_ACCOUNT).len(),
        0,
    )?;
    equal("deletes", context.calls(DELETE), 1)
}

fn bound_instance_that_cannot_be_deleted_stays_in_the_state(
    context: &mut TestContext,
) -> TestResult {
    context.emulator.set_behavior(|behavior| {
        behavior.instance.delete_instance_bound = DeleteBound::Refuse("Instance.Bound".to_owned());
    });
    let space = context.emulator.add_space(NewSpace {
        waba_id: Some("100000000000001".to_owned()),
        ..NewSpace::default()
    })?;
    context.configure(&instance("deletion_policy = \"DELETE\""))?;
    context
        .directory
        .run(&["import", A, &space.instance_id])?
        .expecting(0)?;
    context.apply()?.expecting(0)?;
    context.configure("")?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Instance.Bound", "stays in the state"],
    )?;
    equal(
        "the state",
        context.object(A)?.text("id"),
        &space.instance_id,
    )
}

fn delete_of_an_instance_that_is_gone_succeeds(context: &mut TestContext) -> TestResult {
    for not_found in [
        InstanceNotFound::Error("Instance.NotExist".to_owned()),
        InstanceNotFound::DataNull,
    ] {
        context.emulator.set_behavior(|behavior| {
            behavior.instance.instance_not_found = not_found.clone();
        });
        context.applied(&instance("deletion_policy = \"DELETE\""))?;
        // The first attempt deletes, and its response is lost; the second finds nothing.
        context
            .emulator
            .inject(Fault::new(DELETE, FaultKind::Cut).after())?;
        context.applied("")?;
        equal(
            "instances",
            context.emulator.spaces(DEFAULT_ACCOUNT).len(),
            0,
        )?;
    }
    Ok(())
}

fn instance_deleted_elsewhere_is_planned_as_a_create(context: &mut TestContext) -> TestResult {
    for not_found in [
        InstanceNotFound::Error("Unknown.ResourceOwnerId".to_owned()),
        InstanceNotFound::DataNull,
    ] {
        context.emulator.set_behavior(|behavior| {
            behavior.instance.instance_not_found = not_found.clone();
        });
        context.applied(&instance(""))?;
        let id = context.object(A)?.text("cust_space_id").to_owned();
        context.emulator.remove_space(&id).ok_or("no instance")?;
        let (plan, output) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change")?.change;
        equal("actions", change.actions.as_slice(), ["create"])?;
        contains(&only_warning(&output)?.text(), &["is gone"])?;
    }
    Ok(())
}

fn spelling_of_a_channel_is_no_replacement(context: &mut TestContext) -> TestResult {
    context.applied(&instance("").replace("\"whatsapp\"", "\"WHATSAPP\""))?;
    let id = context.object(A)?.text("cust_space_id").to_owned();
    context
        .emulator
        .change_space(&id, |it| it.channel_type = "Whatsapp".to_owned());
    context.plan(0)?;
    context.configure(&instance(""))?;
    context.plan(0)?;
    Ok(())
}
