//! Imports by ID and by identity.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal},
    cases,
};

use crate::{A, SPACE, template, the_template, utility, with_space};

pub(crate) const CASES: &[Case] = cases![import:
    import_by_id_fills_the_object,
    import_of_authentication_plans_empty,
    wrong_ids_are_refused,
    import_by_identity needs ImportByIdentity,
];

fn import_by_id_fills_the_object(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    let configuration = utility(
        "Hello $(a)",
        "example = { a = \"x\" }\n  buttons = [{ type = \"URL\", text = \"Shop\", url = \"https://example.com\" }]",
    );
    context.applied(&configuration)?;
    let before = context.object(A)?;
    let code = the_template(context)?.code;
    for id in [
        format!("{SPACE}:{code}:en"),
        format!("{SPACE}:{code}:en:WHATSAPP"),
    ] {
        context.directory.run(&["state", "rm", A])?.expecting(0)?;
        context.directory.run(&["import", A, &id])?.expecting(0)?;
        let mut after = context.object(A)?;
        after
            .values
            .insert("timeouts".to_owned(), before.values["timeouts"].clone());
        equal("the object", &after.values, &before.values)?;
        context.plan(0)?;
    }
    Ok(())
}

fn import_of_authentication_plans_empty(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template(
        "AUTHENTICATION",
        "footer = { code_expiration_minutes = 5 }\n  buttons = [{ type = \"COPY_CODE\", text = \"Copy\" }]",
    ))?;
    let id = context.object(A)?.text("id").to_owned();
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    context.directory.run(&["import", A, &id])?.expecting(0)?;
    context.plan(0)?;
    Ok(())
}

fn wrong_ids_are_refused(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.configure(&utility("One", ""))?;
    for (id, parts) in [
        (SPACE.to_owned(), vec!["`template_code` is missing"]),
        (format!("{SPACE}:1"), vec!["`language` is missing"]),
        (format!("{SPACE}:1:en:SMS"), vec!["`template_type` must be"]),
        (
            format!("{SPACE}:1:en"),
            vec!["Nothing to import", "has no template with the code 1"],
        ),
    ] {
        let output = context.directory.run(&["import", A, &id])?.expecting(1)?;
        // Terraform wraps the text.
        let text = output.text().replace(['│', '\n'], " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        contains(&text, &parts)?;
    }
    Ok(())
}

fn import_by_identity(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", ""))?;
    let code = the_template(context)?.code;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    let import = format!(
        "import {{\n  to = {A}\n  identity = {{\n    cust_space_id = \"{SPACE}\"\n    template_code = \"{code}\"\n    language = \
         \"en\"\n  }}\n}}\n"
    );
    let output = context.applied(&format!("{}{import}", utility("One", "")))?;
    contains(&output.text(), &["\"import\":1"])?;
    context.plan(0)?;
    Ok(())
}
