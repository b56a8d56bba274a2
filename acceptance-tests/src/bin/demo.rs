//! Three acts, narrated: the life of a few bindings, the onboarding of an account, and the report of a night. The real CLI and
//! the release build of the provider run against the emulated cloud.
//!
//! Every step checks what it claims, by exit codes, by the state, and by what the cloud has seen; the first claim that
//! does not hold ends the demo with a failure.
//!
//! Must not contain: a way around the CLI. Only drift, and the binding to be imported, are made in the cloud directly.

use std::{
    env, fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use acceptance_tests::{
    emulator::{
        Account, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Emulator,
        NewSpace, PhoneNumber, Role,
    },
    provider_binary::{self, Profile},
    terraform::{
        Cli, Echo, Group, Installation, Output, PATH_VARIABLE, StateResource, WorkingDirectory,
    },
};
use serde_json::Value;

const HELP: &str = "\
Drives the real terraform (or tofu) through the life of WhatsApp Business Account bindings, the
onboarding of an account, and the report of a night (which needs jq), with this provider, against
an emulated cloud on this machine.

Usage: cargo demo [--keep]
       (short for: cargo run -p acceptance-tests --bin demo -- [--keep])

  --keep   keeps the directory with the configuration, and says where it is
  --help   this text

Nothing is left running, and no cloud account is used.
";

const NAME: &str = "alicloud_cams_waba_binding";

/// The configuration at the beginning.
const MAIN: &str = r#"terraform {
  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}

provider "alicloud" {}

locals {
  shops = {
    berlin = "100000000000001"
    lagos  = "100000000000002"
    lima   = "100000000000003"
  }
}

resource "alicloud_cams_waba_binding" "shop" {
  for_each = local.shops
  waba_id  = each.value
}

output "spaces" {
  value = { for name, binding in alicloud_cams_waba_binding.shop : name => binding.cust_space_id }
}
"#;

/// What is added for the binding that Terraform did not make.
const IMPORTED: &str = r#"resource "alicloud_cams_waba_binding" "from_console" {
  waba_id = "100000000000004"
}
"#;

/// The second act: a WABA in another account, with all that it needs to send and receive.
const ONBOARDING: &str = r#"terraform {
  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}

provider "alicloud" {}

locals {
  assume_role = {
    role_arn = "acs:ram::1000000000000002:role/onboarding"
  }
}

resource "alicloud_cams_waba_binding" "shop" {
  waba_id     = "100000000000005"
  assume_role = local.assume_role
}

resource "alicloud_cams_phone_number" "orders" {
  cust_space_id = alicloud_cams_waba_binding.shop.cust_space_id
  phone_number  = "6580001234"
  assume_role   = local.assume_role
}

resource "alicloud_cams_phone_webhook" "orders" {
  cust_space_id       = alicloud_cams_phone_number.orders.cust_space_id
  phone_number        = alicloud_cams_phone_number.orders.phone_number
  up_callback_url     = "https://shop.example.com/inbound"
  status_callback_url = "https://shop.example.com/status"
  assume_role         = local.assume_role
}

resource "alicloud_cams_chatapp_template" "shipped" {
  cust_space_id = alicloud_cams_waba_binding.shop.cust_space_id
  name          = "order_shipped_v1"
  language      = "en"
  category      = "UTILITY"
  body          = { text = "Hello $(customer), your order $(order) is on its way to you." }
  example       = { customer = "Ana", order = "4711" }
  assume_role   = local.assume_role
}

# What is there, also what nobody declared.
data "alicloud_cams_waba_bindings" "all" {
  assume_role = local.assume_role
}

data "alicloud_cams_phone_numbers" "shop" {
  cust_space_id = alicloud_cams_waba_binding.shop.cust_space_id
  assume_role   = local.assume_role
}
"#;

const TENANT: &str = "1000000000000002";
const TENANT_WABA: &str = "100000000000005";
const NUMBER: &str = "6580001234";
const INBOUND: &str = "https://shop.example.com/inbound";
const TEMPLATE: &str = "order_shipped_v1";

const LAGOS_WABA: &str = "100000000000002";
const WRONG_WABA: &str = "100000000000099";
const CONSOLE_WABA: &str = "100000000000004";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Help,
    Run { keep: bool },
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut keep = false;
    for argument in arguments {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Wish::Help),
            "--keep" => keep = true,
            other => {
                return Err(format!(
                    "unknown argument \"{other}\"; --help shows them all"
                ));
            }
        }
    }
    Ok(Wish::Run { keep })
}

fn main() -> ExitCode {
    let keep = match parse(env::args().skip(1)) {
        Ok(Wish::Run { keep }) => keep,
        Ok(Wish::Help) => {
            // A reader that has gone away needs no help.
            let _ = io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(sentence) => return refuse(&sentence),
    };
    let cli = match Cli::all() {
        Ok(clis) => clis.into_iter().next(),
        Err(error) => {
            return refuse(&format!("{error}\n{PATH_VARIABLE} names the CLI to use."));
        }
    };
    let Some(cli) = cli else {
        return refuse(&format!(
            "neither terraform nor tofu is on PATH. Install one \
             (https://developer.hashicorp.com/terraform/install, https://opentofu.org/docs/intro/install), or name one:\n\n  \
             {PATH_VARIABLE}=/path/to/terraform cargo demo"
        ));
    };
    let interrupted = watch_for_interrupt();
    let ending = Demo::new(&cli, Arc::clone(&interrupted)).and_then(|mut demo| {
        let acted = demo.run_acts();
        let ended = demo.end(keep);
        acted.and(ended)
    });
    match ending {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if interrupted.load(Ordering::Relaxed) => {
            eprintln!("\ndemo: interrupted");
            ExitCode::from(130)
        }
        Err(failure) => {
            eprintln!("\ndemo: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn refuse(sentence: &str) -> ExitCode {
    eprintln!("demo: {sentence}");
    ExitCode::from(2)
}

/// Ctrl-C reaches the CLI, too, which ends in its own time; the demo waits for it and goes on to clean up.
fn watch_for_interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&interrupted);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // Without the watch Ctrl-C does what it does to any program.
        let Ok(runtime) = runtime else { return };
        while runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            seen.store(true, Ordering::Relaxed);
        }
    });
    interrupted
}

/// A claim that does not hold, or something that could not even be tried.
type Failure = Box<dyn std::error::Error>;

/// The state of the demo.
struct Demo {
    emulator: Emulator,
    directory: WorkingDirectory,
    screen: Arc<Mutex<dyn Write + Send>>,
    coloured: bool,
    interrupted: Arc<AtomicBool>,
    begun: Instant,
    steps: Vec<Step>,
}

/// A step of the story.
struct Step {
    title: &'static str,
    begun: Instant,
    took: Duration,
}

impl Demo {
    fn new(cli: &Cli, interrupted: Arc<AtomicBool>) -> Result<Self, Failure> {
        let stdout = io::stdout();
        let coloured = stdout.is_terminal() && env::var_os("NO_COLOR").is_none();
        let profile = Profile::shown();
        if profile == Profile::Release {
            eprintln!(
                "Building the provider as it is shipped (cargo build --release); the first time this takes minutes."
            );
        }
        let binary = provider_binary::path(profile)?;
        let emulator = Emulator::start()?;
        let mut directory = WorkingDirectory::new(cli, &Installation::filesystem_mirror(binary))?;
        for product in ["CAMS", "STS"] {
            let variable = format!("ALIBABA_CLOUD_ENDPOINT_{product}");
            directory.set(&variable, emulator.endpoint());
        }
        directory.set("ALIBABA_CLOUD_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID);
        directory.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET);
        if coloured {
            directory.allow_colour();
        }
        Ok(Self {
            emulator,
            directory,
            screen: Arc::new(Mutex::new(stdout)),
            coloured,
            interrupted,
            begun: Instant::now(),
            steps: Vec::new(),
        })
    }

    fn run_acts(&mut self) -> Result<(), Failure> {
        let introduction = format!(
            "{} and terraform-provider-alicloud {} against an emulated cloud at {}.\n\
             The provider is installed from a directory; endpoint and AccessKey come from the environment.\n",
            self.directory.cli(),
            env!("CARGO_PKG_VERSION"),
            self.emulator.endpoint(),
        );
        self.say(&introduction)?;
        self.prepare()?;
        self.bind()?;
        self.drift()?;
        self.import()?;
        self.destroy()?;
        self.onboard()?;
        self.redirect()?;
        self.report()?;
        self.finish_step();
        self.summarise()
    }

    fn prepare(&mut self) -> Result<(), Failure> {
        self.step("Three WABAs, one resource with for_each")?;
        self.write("main.tf", MAIN)?;
        self.run(&["init"], 0)?;
        self.claim(
            "the CLI has installed the provider",
            self.directory.path().join(".terraform.lock.hcl").is_file(),
        )?;

        self.step("Plan")?;
        let output = self.run(&["plan"], 0)?;
        self.claim(
            "three bindings are planned",
            output
                .text()
                .contains("3 to add, 0 to change, 0 to destroy"),
        )?;
        self.claim(
            "planning has asked nothing of the cloud",
            self.emulator.calls().is_empty(),
        )
    }

    fn bind(&mut self) -> Result<(), Failure> {
        self.step("Apply: bind them")?;
        self.run(&["apply", "-auto-approve"], 0)?;
        let bound = self.bound_as_in_state()?;
        self.claim(
            "three spaces in the cloud, the same as in state",
            bound == 3,
        )?;
        self.claim(
            "three calls of ChatappBindWaba",
            self.emulator.calls_of("ChatappBindWaba").len() == 3,
        )?;

        self.step("Plan again: nothing to do")?;
        self.run(&["plan", "-detailed-exitcode"], 0)?;
        self.claim("exit code 0: the second plan has no changes", true)
    }

    fn drift(&mut self) -> Result<(), Failure> {
        self.step("Drift: somebody binds another WABA to the space of lagos")?;
        let space = self.shop("lagos")?.text("cust_space_id").to_owned();
        self.emulator.rebind(&space, WRONG_WABA)?;
        self.say(&format!(
            "In the cloud, behind Terraform's back: {space} now has WABA {WRONG_WABA}.\n"
        ))?;
        self.run(&["plan", "-detailed-exitcode", "-out=heal.tfplan"], 2)?;
        let plan = self.directory.saved_plan("heal.tfplan")?;
        let change = plan
            .change(&address("lagos"))
            .ok_or("the plan says nothing of lagos")?;
        let before_and_after = (
            change.change.before["waba_id"].as_str(),
            change.change.after["waba_id"].as_str(),
        );
        self.claim(
            "exit code 2: the plan replaces lagos, and names both WABAs",
            change.change.is(&["delete", "create"])
                && before_and_after == (Some(WRONG_WABA), Some(LAGOS_WABA)),
        )?;

        self.step("Apply: heal it")?;
        self.run(&["apply", "heal.tfplan"], 0)?;
        let healed = self.shop("lagos")?;
        let new_space = healed.text("cust_space_id").to_owned();
        self.claim(
            "WABA of lagos is bound again, to a space of its own",
            new_space != space && self.bound_to(&new_space).as_deref() == Some(LAGOS_WABA),
        )?;
        self.claim(
            "the other space was left as it was",
            self.bound_to(&space).as_deref() == Some(WRONG_WABA),
        )?;
        self.run(&["plan", "-detailed-exitcode"], 0)?;
        self.claim("exit code 0: no changes", true)
    }

    fn import(&mut self) -> Result<(), Failure> {
        self.step("Import: a binding that Terraform did not make")?;
        let space = self.emulator.add_space(NewSpace {
            waba_id: Some(CONSOLE_WABA.to_owned()),
            ..NewSpace::default()
        })?;
        let id = space.cust_space_id;
        self.say(&format!(
            "In the cloud, made at the console: {id} with WABA {CONSOLE_WABA}.\n"
        ))?;
        self.write("imported.tf", IMPORTED)?;
        let imported = format!("{NAME}.from_console");
        self.run(&["import", &imported, &id], 0)?;
        self.claim(
            "it is in state",
            self.object(&imported)?.text("waba_id") == CONSOLE_WABA,
        )?;
        self.run(&["plan", "-detailed-exitcode"], 0)?;
        self.claim(
            "exit code 0: the imported binding matches its configuration",
            true,
        )
    }

    fn destroy(&mut self) -> Result<(), Failure> {
        self.step("Destroy: the service cannot unbind, so this warns")?;
        let spaces = self.emulator.spaces(DEFAULT_ACCOUNT);
        let output = self.run(&["destroy", "-auto-approve"], 0)?;
        self.claim(
            "the warning says what stays",
            output
                .text()
                .contains("Destroyed WABA bindings stay in the cloud"),
        )?;
        self.claim(
            "nothing is left in state",
            self.directory.state()?.resources.is_empty(),
        )?;
        self.claim(
            "everything is left in the cloud",
            self.emulator.spaces(DEFAULT_ACCOUNT) == spaces,
        )
    }

    fn onboard(&mut self) -> Result<(), Failure> {
        self.step("Onboarding: a WABA in another account, its number, webhook and template")?;
        let user = format!("acs:ram::{DEFAULT_ACCOUNT}:user/terraform");
        let tenant = Account::new(TENANT).with_role(Role::new("onboarding", &[&user]));
        self.emulator.put_account(tenant)?;
        // Meta's embedded signup has brought the number.
        self.emulator
            .put_phone_number(TENANT_WABA, PhoneNumber::signed_up(NUMBER));
        fs::remove_file(self.directory.path().join("imported.tf"))?;
        self.write("main.tf", ONBOARDING)?;
        self.run(&["apply", "-auto-approve"], 0)?;
        let number = self.emulator.phone_number(TENANT_WABA, NUMBER);
        self.claim(
            "the number is registered at Meta, in the account of the role",
            number.is_some_and(|number| number.status == "CONNECTED")
                && self.emulator.spaces(TENANT).len() == 1,
        )?;
        self.claim(
            "messages of customers go to the URL of the configuration",
            self.inbound_url()?.as_deref() == Some(INBOUND),
        )?;
        let templates = self.emulator.templates(&self.tenant_space()?);
        self.claim(
            "the template is in Meta's review",
            templates.len() == 1 && templates[0].audit_status == "auditing",
        )?;

        self.step("Plan again: nothing to do, and nothing but reads")?;
        let before = self.emulator.calls().len();
        self.run(&["plan", "-detailed-exitcode"], 0)?;
        let calls = self.emulator.calls().split_off(before);
        let reads = |action: &str| {
            ["Query", "List", "Get", "AssumeRole"]
                .iter()
                .any(|verb| action.starts_with(verb))
        };
        self.claim(
            "exit code 0, and each call of the plan reads",
            !calls.is_empty() && calls.iter().all(|call| reads(&call.action)),
        )
    }

    fn redirect(&mut self) -> Result<(), Failure> {
        self.step("Drift: somebody sends messages of customers to another server")?;
        self.change_inbound_url("https://thief.example/inbound")?;
        self.run(&["plan", "-detailed-exitcode", "-out=heal.tfplan"], 2)?;
        let plan = self.directory.saved_plan("heal.tfplan")?;
        let change = plan
            .change("alicloud_cams_phone_webhook.orders")
            .ok_or("the plan says nothing of the webhook")?;
        self.claim(
            "exit code 2: the plan changes the webhook in place, and shows both URLs",
            change.change.is(&["update"])
                && change.change.before["up_callback_url"] == "https://thief.example/inbound"
                && change.change.after["up_callback_url"] == INBOUND,
        )?;
        self.run(&["apply", "heal.tfplan"], 0)?;
        self.claim(
            "healed: messages go to the URL of the configuration again",
            self.inbound_url()?.as_deref() == Some(INBOUND),
        )
    }

    /// The report of a night: `examples/drift/drift.sh` on what was onboarded.
    fn report(&mut self) -> Result<(), Failure> {
        self.step("A night later: the report of examples/drift/drift.sh")?;
        let jq = Command::new("jq")
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !jq.is_ok_and(|status| status.success()) {
            return self.say("jq is not installed, so the report is left out.\n");
        }
        let space = self.tenant_space()?;
        self.change_inbound_url("https://thief.example/inbound")?;
        let cloud = &self.emulator;
        cloud.change_templates(&space, TEMPLATE, |template| {
            template.review("fail", Some("The text promises a prize."));
        });
        cloud.change_phone_number(TENANT_WABA, NUMBER, |number| {
            number.quality_rating = Some("RED".to_owned());
        });
        cloud.put_phone_number(TENANT_WABA, PhoneNumber::signed_up("6580009999"));
        cloud.sync_phone_numbers(&space)?;
        let unmanaged = cloud.add_space(NewSpace {
            account: Some(TENANT.to_owned()),
            waba_id: Some("100000000000006".to_owned()),
            ..NewSpace::default()
        })?;
        self.say(
            "Meta rejects the template and rates the number RED. At the console somebody binds another WABA, and adds a number.\n",
        )?;
        let script = self.directory.path().join("drift.sh");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/drift/drift.sh");
        fs::copy(example, &script)?;
        let cli = format!("-cli={}", self.directory.cli().path.display());
        let arguments = [&*cli, "--markdown", "night.md", "--json", "night.json"];
        let line = format!("./drift.sh {}", arguments.map(quoted).join(" "));
        self.say(&format!("\n{}\n", self.bold(&format!("$ {line}"))))?;
        let output = self.directory.run_program(&script, &arguments)?;
        if self.interrupted.load(Ordering::Relaxed) {
            return Err("interrupted".into());
        }
        if output.code != Some(2) {
            return Err(format!("the script should end with exit code 2, but {output}").into());
        }
        self.claim("exit code 2: there is drift", true)?;
        let report = self.directory.read("night.md")?;
        self.say(&format!("\n{}\n{report}", self.bold("$ cat night.md")))?;
        let json: Value = serde_json::from_str(&self.directory.read("night.json")?)?;
        let lists = &json["accounts"][0];
        let counts = ["changed", "reviews", "unmanaged", "errors"]
            .map(|list| lists[list].as_array().map_or(0, Vec::len));
        self.claim(
            "JSON: in one account a webhook and a number changed, a review ended, a WABA and a number are unmanaged",
            lists["account"] == TENANT && counts == [2, 1, 2, 0],
        )?;
        self.claim(
            "the report names the URL, the reason and the space",
            [
                "https://thief.example/inbound",
                "The text promises a prize.",
                &unmanaged.cust_space_id,
            ]
            .iter()
            .all(|part| report.contains(part)),
        )
    }

    fn tenant_space(&self) -> Result<String, Failure> {
        let spaces = self.emulator.spaces_bound_to(TENANT_WABA);
        let space = spaces.into_iter().next();
        Ok(space.ok_or("the WABA is not bound")?.cust_space_id)
    }

    /// Where messages of customers go, as the cloud has it.
    fn inbound_url(&self) -> Result<Option<String>, Failure> {
        let copy = self.emulator.phone_copy(&self.tenant_space()?, NUMBER);
        Ok(copy.map(|copy| copy.up_callback_url))
    }

    /// Sends them elsewhere, behind Terraform's back.
    fn change_inbound_url(&self, url: &str) -> Result<(), Failure> {
        self.emulator
            .change_phone_copy(&self.tenant_space()?, NUMBER, |copy| {
                copy.up_callback_url = url.to_owned();
            });
        self.say(&format!(
            "In the cloud, behind Terraform's back: messages to {NUMBER} now go to {url}.\n"
        ))
    }

    /// The summary.
    fn summarise(&self) -> Result<(), Failure> {
        let mut text = format!("\n{}\n", self.bold("Everything was as claimed."));
        for step in &self.steps {
            text += &format!("  {:>6.2} s  {}\n", step.took.as_secs_f64(), step.title);
        }
        let calls = |action| self.emulator.calls_of(action).len();
        text += &format!(
            "  {:>6.2} s  in all: {} steps, {} binds, {} reads\n",
            self.begun.elapsed().as_secs_f64(),
            self.steps.len(),
            calls("ChatappBindWaba"),
            calls("QueryChatappBindWaba"),
        );
        self.say(&text)
    }

    /// Stops the cloud and removes the directory, or says where it is.
    fn end(self, keep: bool) -> Result<(), Failure> {
        if !keep {
            return Ok(());
        }
        let Self {
            directory, screen, ..
        } = self;
        let path: PathBuf = directory.keep();
        let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(
            screen,
            "\nKept, with the configuration in work/: {}",
            path.display()
        )?;
        Ok(())
    }

    fn step(&mut self, title: &'static str) -> Result<(), Failure> {
        self.finish_step();
        self.steps.push(Step {
            title,
            begun: Instant::now(),
            took: Duration::ZERO,
        });
        let line = format!(
            "\n{}\n",
            self.bold(&format!("── {}. {title}", self.steps.len()))
        );
        self.say(&line)
    }

    fn finish_step(&mut self) {
        if let Some(step) = self.steps.last_mut() {
            step.took = step.begun.elapsed();
        }
    }

    /// Runs a command as a user would, in plain sight, and expects an exit code.
    fn run(&self, arguments: &[&str], code: i32) -> Result<Output, Failure> {
        let line = [self.directory.cli().program.name()]
            .iter()
            .chain(arguments)
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" ");
        self.say(&format!("\n{}\n", self.bold(&format!("$ {line}"))))?;
        let echo: Echo = self.screen.clone();
        let output = self
            .directory
            .start_in(arguments, Group::Shared, Some(&echo))?
            .finish()?;
        if self.interrupted.load(Ordering::Relaxed) {
            return Err("interrupted".into());
        }
        if output.code == Some(code) {
            return Ok(output);
        }
        let found = output
            .code
            .map_or_else(|| "a signal".to_owned(), |found| found.to_string());
        Err(format!("`{line}` should end with exit code {code}, but ended with {found}").into())
    }

    fn claim(&self, claim: &str, holds: bool) -> Result<(), Failure> {
        if !holds {
            return Err(format!("this does not hold: {claim}").into());
        }
        let line = format!("✓ {claim}\n");
        self.say(&if self.coloured {
            format!("\x1b[32m{line}\x1b[0m")
        } else {
            line
        })
    }

    /// How many spaces of the cloud hold what the state says; an error if one does not.
    fn bound_as_in_state(&self) -> Result<usize, Failure> {
        let resources = self.directory.state()?.resources;
        for resource in &resources {
            let bound = self.bound_to(resource.text("cust_space_id"));
            if bound.as_deref() != Some(resource.text("waba_id")) {
                return Err(
                    format!("{} is bound to {bound:?} in the cloud", resource.address).into(),
                );
            }
        }
        Ok(resources.len())
    }

    /// What the cloud itself says of a space.
    fn bound_to(&self, space: &str) -> Option<String> {
        self.emulator.space(space)?.waba_id
    }

    fn shop(&self, name: &str) -> Result<StateResource, Failure> {
        self.object(&address(name))
    }

    fn object(&self, address: &str) -> Result<StateResource, Failure> {
        let state = self.directory.state()?;
        let object = state.resource(address).cloned();
        object.ok_or_else(|| format!("{address} is not in state").into())
    }

    /// Writes a file of the configuration, in plain sight.
    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.directory.write(name, text)?;
        self.say(&format!(
            "\n{}\n{text}",
            self.bold(&format!("$ cat {name}"))
        ))
    }

    fn bold(&self, text: &str) -> String {
        if self.coloured {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        screen.write_all(text.as_bytes())?;
        screen.flush()?;
        Ok(())
    }
}

fn address(shop: &str) -> String {
    format!("{NAME}.shop[\"{shop}\"]")
}

/// A word as a shell needs it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<Wish, &str>) {
        let found = parse(arguments.iter().map(|&argument| argument.to_owned()));
        match (found, expected) {
            (Err(sentence), Err(part)) => assert!(sentence.contains(part), "{sentence}"),
            (found, expected) => assert_eq!(found, expected.map_err(str::to_owned)),
        }
    }

    #[test]
    fn arguments_are_read_or_refused() {
        check(&[], Ok(Wish::Run { keep: false }));
        check(&["--keep"], Ok(Wish::Run { keep: true }));
        check(&["--keep", "-h"], Ok(Wish::Help));
        check(&["keep"], Err("\"keep\""));
    }

    #[test]
    fn arguments_are_quoted_where_a_shell_needs_it() {
        let check = |word: &str, expected: &str| assert_eq!(quoted(word), expected);
        check("-out=heal.tfplan", "-out=heal.tfplan");
        check("a.b[\"c\"]", "'a.b[\"c\"]'");
        check("it's", r"'it'\''s'");
        check("", "''");
    }
}
