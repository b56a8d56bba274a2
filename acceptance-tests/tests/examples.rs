//! Every file in `examples/` does what it shows: it is applied or run against the emulated cloud, unchanged.
//!
//! A folder with a `main.tf` is a whole configuration. A folder below `resources/` is named after a type of resource and
//! is completed by `provider/provider.tf`. Any other file fails the test that looks for forgotten ones.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use acceptance_tests::{
    acceptance::{self, Case, Failed, TestContext, TestResult, contains, equal},
    cases,
    emulator::{
        Account, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, MessageLink,
        NewSpace, PhoneNumber, Role,
    },
    provider_binary::{self, Profile},
    terraform::{Installation, WorkingDirectory},
};

const CASES: &[Case] = cases![examples:
    whole_configurations_are_applied,
    resources_are_applied,
    data_sources_are_read,
    list_resources_are_queried needs Query,
    actions_are_invoked needs Actions,
    functions_are_evaluated needs ProviderFunctions,
    import_commands_import,
    import_blocks_by_id_import,
    import_blocks_by_identity_import needs ImportByIdentity,
    tests_of_configurations_pass needs Mocks,
    test_that_is_prevented_from_destroying_says_so needs Mocks,
    all_files_are_formatted,
    every_file_of_the_examples_is_tested,
];

fn main() -> ExitCode {
    acceptance::run(CASES)
}

/// The repository's folder of examples.
fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Files below a folder, relative to it, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Folders of whole configurations.
fn configurations() -> Result<Vec<PathBuf>, Failed> {
    let files = files(&examples())?;
    let mains = files.iter().filter(|file| file.ends_with("main.tf"));
    let folders: Vec<PathBuf> = mains
        .filter_map(|file| file.parent().map(Path::to_owned))
        .collect();
    equal("there are some", folders.is_empty(), false)?;
    Ok(folders)
}

/// Folders of resources, and the type of each.
fn resources() -> Result<Vec<(PathBuf, String)>, Failed> {
    let mut found = Vec::new();
    for entry in fs::read_dir(examples().join("resources"))? {
        let entry = entry?;
        found.push((
            entry.path(),
            entry.file_name().to_string_lossy().into_owned(),
        ));
    }
    equal("there are some", found.is_empty(), false)?;
    Ok(found)
}

/// A fresh directory where our provider stands in for the official one, too, and the environment has endpoint and keys.
fn directory(context: &TestContext) -> Result<WorkingDirectory, Failed> {
    let installation = Installation::DevOverrides {
        binary: provider_binary::path(Profile::tested())?,
        sources: ["alicloud-cams/alicloud", "aliyun/alicloud"]
            .map(str::to_owned)
            .to_vec(),
    };
    let mut directory = context.another_directory(&installation)?;
    directory.set("ALIBABA_CLOUD_ENDPOINT_CAMS", context.emulator.endpoint());
    directory.set("ALIBABA_CLOUD_ENDPOINT_STS", context.emulator.endpoint());
    directory.set("ALIBABA_CLOUD_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID);
    directory.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET);
    Ok(directory)
}

fn copy(directory: &WorkingDirectory, file: &Path) -> TestResult {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(directory.write(&name, &fs::read_to_string(file)?)?)
}

/// The text of an argument of an example.
fn value_of<'a>(example: &'a str, name: &str) -> Result<&'a str, Failed> {
    let line = example.lines().find(|line| line.trim().starts_with(name));
    let value = line.and_then(|line| line.split('"').nth(1));
    Ok(value.ok_or("an argument is missing")?)
}

/// Makes the space of the example of a template and, for an import, the template that the example declares. Nothing for
/// other resources.
fn make_template_space(
    context: &TestContext,
    folder: &Path,
    import_id: Option<&str>,
) -> TestResult {
    let resource = fs::read_to_string(folder.join("resource.tf"))?;
    if !resource.contains("resource \"alicloud_cams_chatapp_template\"") {
        return Ok(());
    }
    let value = |name: &str| value_of(&resource, name);
    let space = value("cust_space_id ")?;
    if context.emulator.space(space).is_none() {
        context.emulator.add_space(NewSpace {
            cust_space_id: Some(space.to_owned()),
            waba_id: Some("102030405060708".to_owned()),
            ..NewSpace::default()
        })?;
    }
    if let Some(code) = import_id.and_then(|id| id.split(':').nth(1)) {
        context
            .emulator
            .add_template(space, code, value("name ")?, value("language ")?);
    }
    Ok(())
}

/// Makes the spaces and numbers that an example names as texts. A WABA is bound to each space, and its numbers are verified.
fn make_what_is_named(context: &TestContext, example: &str) -> TestResult {
    let texts = |name: &str| {
        let lines = example.lines().map(str::trim);
        let values = lines.filter_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
        let values =
            values.filter_map(|value| Some(value.trim().strip_prefix('"')?.split_once('"')?.0));
        values.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let mut numbers = texts("phone_number");
    numbers.insert(NUMBER.to_owned());
    for space in texts("cust_space_id") {
        if context.emulator.space(&space).is_none() {
            context.emulator.add_space(NewSpace {
                cust_space_id: Some(space.clone()),
                waba_id: Some(WABA.to_owned()),
                ..NewSpace::default()
            })?;
        }
        for number in &numbers {
            let number = PhoneNumber::signed_up(number);
            context.emulator.put_phone_number(WABA, number);
        }
        context.emulator.sync_phone_numbers(&space)?;
    }
    Ok(())
}

/// The number of objects that name none.
const NUMBER: &str = "6580001234";

/// The WABA of spaces that an example names.
const WABA: &str = "102030405060708";

/// The example of a resource with the provider it needs, in a fresh directory.
fn with_provider(context: &TestContext, folder: &Path) -> Result<WorkingDirectory, Failed> {
    let directory = directory(context)?;
    let example = fs::read_to_string(folder.join("resource.tf"))?;
    make_what_is_named(context, &example)?;
    make_template_space(context, folder, None)?;
    copy(&directory, &examples().join("provider/provider.tf"))?;
    copy(&directory, &folder.join("resource.tf"))?;
    Ok(directory)
}

fn applies(directory: &WorkingDirectory) -> TestResult {
    directory
        .run(&["apply", "-json", "-auto-approve"])?
        .expecting(0)?;
    equal(
        "nothing is in state",
        directory.state()?.resources.is_empty(),
        false,
    )?;
    directory.plan(&[])?.output.expecting(0)?;
    Ok(())
}

/// Makes the accounts that are the keys of an example's `accounts.yaml`, if it has one, each with the role that the user
/// of the default account assumes there.
fn make_tenants(
    context: &TestContext,
    directory: &WorkingDirectory,
) -> Result<Vec<String>, Failed> {
    let text = directory.read("accounts.yaml").unwrap_or_default();
    let user = format!("acs:ram::{DEFAULT_ACCOUNT}:user/terraform");
    let keys = text
        .lines()
        .filter_map(|line| line.strip_prefix('"')?.strip_suffix("\":"));
    let mut tenants = Vec::new();
    for id in keys {
        let tenant = Account::new(id).with_role(Role::new("onboarding", &[&user]));
        context.emulator.put_account(tenant)?;
        tenants.push(id.to_owned());
    }
    Ok(tenants)
}

fn whole_configurations_are_applied(context: &mut TestContext) -> TestResult {
    for folder in configurations()? {
        // The acceptance test `onboarding` applies this one, and more.
        if folder == Path::new("onboarding") {
            continue;
        }
        context.emulator.reset();
        let directory = directory(context)?;
        let folder = examples().join(folder);
        for file in files(&folder)? {
            copy(&directory, &folder.join(file))?;
        }
        let tenants = make_tenants(context, &directory)?;
        applies(&directory)?;
        let state = directory.state()?;
        let accounts = tenants.iter().map(String::as_str).chain([DEFAULT_ACCOUNT]);
        let spaces: usize = accounts
            .map(|account| context.emulator.spaces(account).len())
            .sum();
        let managed = state.resources.iter();
        let managed = managed.filter(|resource| !resource.address.starts_with("data."));
        equal(
            format!("spaces of {}", folder.display()),
            spaces,
            managed.count(),
        )?;
        // What they put out is there.
        for (name, value) in &state.outputs {
            equal(format!("the output {name} is null"), value.is_null(), false)?;
        }
    }
    Ok(())
}

fn resources_are_applied(context: &mut TestContext) -> TestResult {
    for (folder, kind) in resources()? {
        let directory = with_provider(context, &folder)?;
        applies(&directory)?;
        let state = directory.state()?;
        let of_kind = state
            .resources
            .iter()
            .any(|resource| resource.address.starts_with(&format!("{kind}.")));
        equal(format!("{kind} is in its own example"), of_kind, true)?;
    }
    Ok(())
}

/// Makes what the examples import: the space of the first quoted or last word that looks like one, with the WABA of the
/// resource's example.
fn make_what_is_imported(context: &TestContext, id: &str, folder: &Path) -> TestResult {
    let resource = fs::read_to_string(folder.join("resource.tf"))?;
    context.emulator.reset();
    if folder.ends_with("alicloud_cams_chatapp_template") {
        return make_template_space(context, folder, Some(id));
    }
    if resource.contains("cust_space_id = ") || resource.contains("cust_space_id  ") {
        // An object of a space: the example names both.
        make_what_is_named(context, &resource)?;
        if let [space, number, code] = *id.split(':').collect::<Vec<_>>() {
            let [message, image] =
                ["prefilled_message ", "generate_qr_image "].map(|name| value_of(&resource, name));
            let link = MessageLink::new(code, message?, image?);
            let links = |links: &mut Vec<MessageLink>| links.push(link);
            context.emulator.change_message_links(space, number, links);
        }
        return Ok(());
    }
    let waba_id = resource
        .split('"')
        .find(|word| word.len() > 9 && word.bytes().all(|byte| byte.is_ascii_digit()));
    // The service itself is there in every account.
    if id == "cams" {
        return Ok(());
    }
    context.emulator.add_space(NewSpace {
        cust_space_id: Some(id.to_owned()),
        waba_id: waba_id.map(str::to_owned),
        ..NewSpace::default()
    })?;
    Ok(())
}

fn import_commands_import(context: &mut TestContext) -> TestResult {
    for (folder, _) in resources()? {
        let script = fs::read_to_string(folder.join("import.sh"))?;
        let commands: Vec<Vec<&str>> = script
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .map(|line| {
                line.split_whitespace()
                    .map(|word| word.trim_matches(['\'', '"']))
                    .collect()
            })
            .collect();
        equal("there is a command", commands.is_empty(), false)?;
        for command in commands {
            let ["terraform", arguments @ ..] = command.as_slice() else {
                return Err(format!("{command:?} does not begin with terraform").into());
            };
            make_what_is_imported(context, arguments.last().ok_or("no import ID")?, &folder)?;
            let directory = with_provider(context, &folder)?;
            directory.run(arguments)?.expecting(0)?;
            equal("objects", directory.state()?.resources.len(), 1)?;
            // Its attributes are those of the example, but for what only the configuration knows.
            let plan = directory.plan(&[])?.plan.ok_or("no plan")?;
            let in_place = plan
                .resource_changes
                .iter()
                .all(|change| change.change.is(&["update"]) || change.change.is(&["no-op"]));
            equal("the plan after the import", in_place, true)?;
        }
    }
    Ok(())
}

/// The files of examples of one kind, such as `data-sources`.
fn examples_of(kind: &str) -> Result<Vec<PathBuf>, Failed> {
    let files = files(&examples().join(kind))?;
    Ok(files
        .into_iter()
        .map(|file| Path::new(kind).join(file))
        .collect())
}

fn data_sources_are_read(context: &mut TestContext) -> TestResult {
    let files = examples_of("data-sources")?;
    equal("there are some", files.is_empty(), false)?;
    for file in files {
        let directory = directory(context)?;
        make_what_is_named(context, &fs::read_to_string(examples().join(&file))?)?;
        copy(&directory, &examples().join("provider/provider.tf"))?;
        copy(&directory, &examples().join(&file))?;
        directory.run(&["apply", "-auto-approve"])?.expecting(0)?;
        directory.plan(&[])?.output.expecting(0)?;
    }
    Ok(())
}

fn list_resources_are_queried(context: &mut TestContext) -> TestResult {
    for file in examples_of("list-resources")? {
        let directory = directory(context)?;
        copy(&directory, &examples().join("provider/provider.tf"))?;
        copy(&directory, &examples().join(&file))?;
        directory.run(&["query"])?.expecting(0)?;
    }
    Ok(())
}

fn actions_are_invoked(context: &mut TestContext) -> TestResult {
    for file in examples_of("actions")? {
        context.emulator.reset();
        let example = fs::read_to_string(examples().join(&file))?;
        make_what_is_named(context, &example)?;
        let directory = directory(context)?;
        copy(&directory, &examples().join("provider/provider.tf"))?;
        copy(&directory, &examples().join(&file))?;
        // The comment says how it is invoked.
        let command = example
            .lines()
            .find_map(|line| line.split_once("terraform apply "));
        let (_, arguments) = command.ok_or("no command in a comment")?;
        let mut arguments: Vec<&str> = arguments.split_whitespace().collect();
        if file.to_string_lossy().contains("verify_phone_number") {
            let number = context.emulator.phone_number(WABA, "6580001234");
            equal("the number is there", number.is_some(), true)?;
            context
                .emulator
                .change_phone_number(WABA, "6580001234", |number| {
                    number.verify_code = Some("123456".to_owned());
                });
        }
        arguments.splice(0..0, ["apply", "-auto-approve"]);
        directory.run(&arguments)?.expecting(0)?;
    }
    Ok(())
}

fn functions_are_evaluated(context: &mut TestContext) -> TestResult {
    let files = examples_of("functions")?;
    equal("there are some", files.is_empty(), false)?;
    for file in files {
        let directory = directory(context)?;
        copy(&directory, &examples().join("provider/provider.tf"))?;
        let example = fs::read_to_string(examples().join(&file))?;
        copy(&directory, &examples().join(&file))?;
        directory.run(&["apply", "-auto-approve"])?.expecting(0)?;
        // A comment beside a result says what it is.
        let outputs = directory.state()?.outputs;
        equal("there are results", outputs.is_empty(), false)?;
        for (name, value) in outputs {
            let value = serde_json::to_string(&value)?;
            contains(&example, &[&format!("# {value}")]).map_err(|_| {
                format!(
                    "{}: the output {name} is {value}, and no comment says so",
                    file.display()
                )
            })?;
        }
        directory.plan(&[])?.output.expecting(0)?;
    }
    Ok(())
}

/// The example with tests, in a fresh directory.
fn with_tests(context: &TestContext) -> Result<WorkingDirectory, Failed> {
    let directory = directory(context)?;
    let folder = examples().join("terraform-test");
    let files = files(&folder)?;
    let tests = files.iter().filter(|file| file.starts_with("tests"));
    equal("tests", tests.count(), 2)?;
    fs::create_dir(directory.path().join("tests"))?;
    for file in files {
        let text = fs::read_to_string(folder.join(&file))?;
        directory.write(&file.to_string_lossy(), &text)?;
    }
    Ok(directory)
}

fn tests_of_configurations_pass(context: &mut TestContext) -> TestResult {
    let directory = with_tests(context)?;
    let mocked = ["test", "-filter=tests/mocked.tftest.hcl"];
    directory.run(&mocked)?.expecting(0)?;
    equal("calls of mocks", context.emulator.calls().len(), 0)?;
    let service = ["test", "-filter=tests/service.tftest.hcl"];
    let output = directory.run(&service)?.expecting(0)?;
    contains(
        &output.text(),
        &["Destroyed WABA bindings stay in the cloud"],
    )?;
    equal("spaces", context.emulator.spaces(DEFAULT_ACCOUNT).len(), 1)
}

fn test_that_is_prevented_from_destroying_says_so(context: &mut TestContext) -> TestResult {
    let directory = with_tests(context)?;
    let prevented = [
        "test",
        "-filter=tests/service.tftest.hcl",
        "-var=deletion_policy=PREVENT",
    ];
    // Terraform ends with exit code 1, OpenTofu with 0.
    let output = directory.run(&prevented)?;
    contains(&output.text(), &["is protected by deletion_policy"])
}

const BY_STRING_ID: &str = "import-by-string-id.tf";
const BY_IDENTITY: &str = "import-by-identity.tf";

fn import_blocks_by_id_import(context: &mut TestContext) -> TestResult {
    import_blocks_import(context, BY_STRING_ID)
}

fn import_blocks_by_identity_import(context: &mut TestContext) -> TestResult {
    import_blocks_import(context, BY_IDENTITY)
}

fn import_blocks_import(context: &TestContext, name: &str) -> TestResult {
    for (folder, _) in resources()? {
        // What exists once in each account has no identity.
        let blocks = [BY_STRING_ID, BY_IDENTITY].map(|name| folder.join(name));
        let ids = blocks
            .iter()
            .filter(|block| block.exists())
            .map(|block| imported_id(block))
            .collect::<Result<BTreeSet<_>, _>>()?;
        if !folder.join(name).exists() {
            continue;
        }
        equal("objects that the blocks name", ids.len(), 1)?;
        make_what_is_imported(context, &imported_id(&folder.join(name))?, &folder)?;
        let directory = with_provider(context, &folder)?;
        copy(&directory, &folder.join(name))?;
        let output = directory.run(&["apply", "-auto-approve"])?.expecting(0)?;
        contains(&output.text(), &["1 imported, 0 added", "0 destroyed"])?;
        directory.plan(&[])?.output.expecting(0)?;
    }
    Ok(())
}

/// The texts in quotes of a block, joined by colons: an ID, or the keys of an identity.
fn imported_id(file: &Path) -> Result<String, Failed> {
    let block = fs::read_to_string(file)?;
    let lines = block.lines().filter(|line| !line.trim().starts_with('#'));
    let texts: Vec<&str> = lines
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect();
    equal("there is an import ID", texts.is_empty(), false)?;
    Ok(texts.join(":"))
}

fn all_files_are_formatted(context: &mut TestContext) -> TestResult {
    let folder = fs::canonicalize(examples())?;
    let folder = folder.to_str().ok_or("a path that is no text")?;
    context
        .directory
        .run(&["fmt", "-check", "-diff", "-recursive", folder])?
        .expecting(0)?;
    Ok(())
}

fn every_file_of_the_examples_is_tested(_: &mut TestContext) -> TestResult {
    let mut tried: BTreeSet<PathBuf> = BTreeSet::from([PathBuf::from("provider/provider.tf")]);
    for folder in configurations()? {
        tried.extend(
            files(&examples().join(&folder))?
                .into_iter()
                .map(|file| folder.join(file)),
        );
    }
    for (folder, _) in resources()? {
        let folder = folder.strip_prefix(examples())?.to_owned();
        for name in ["resource.tf", "import.sh", BY_STRING_ID] {
            tried.insert(folder.join(name));
        }
        let identity = folder.join(BY_IDENTITY);
        if examples().join(&identity).exists() {
            tried.insert(identity);
        }
    }
    for kind in ["actions", "data-sources", "functions", "list-resources"] {
        tried.extend(examples_of(kind)?);
    }
    let present: BTreeSet<PathBuf> = files(&examples())?.into_iter().collect();
    equal("files in examples/", present, tried)
}
