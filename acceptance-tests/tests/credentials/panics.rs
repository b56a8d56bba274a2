//! Panics of a provider show no secret. The provider here panics on purpose, with the real block, sources and process.
//!
//! This executable is that provider when a CLI starts it. Its one resource gets credentials as any resource does, and
//! then panics with the `Debug` text of an object that it has.

use std::{
    env, fs,
    path::Path,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal},
    cases,
    emulator::CredentialEndpoints,
    terraform::Installation,
};
use alicloud::RoleClients;
use async_trait::async_trait;
use framework::{
    Attribute, Block, Diagnostic, Diagnostics, Object, Provider, Resource, Schema, Type,
    provider::ConfigureRequest,
    resource::{
        CreateRequest, DeleteRequest, ImportRequest, ReadRequest, StateResponse, UpdateRequest,
    },
};
use terraform_provider_alicloud::{
    common::Connection,
    plugin::{self, ProviderInfo, ProviderService},
    provider::Alicloud,
};

use crate::{
    configure, populate,
    secrets::{hidden, keeps_quiet, sources},
    stand_ins,
};

pub(crate) const CASES: &[Case] = cases![panics: panics_show_no_secret];

/// Whether a CLI has started this executable.
pub(crate) fn is_the_provider() -> bool {
    env::var_os("TF_PLUGIN_MAGIC_COOKIE").is_some()
}

/// Serves the provider.
pub(crate) fn serve() -> ExitCode {
    let about = ProviderInfo {
        name: "alicloud",
        version: env!("CARGO_PKG_VERSION"),
        commit: None,
        target: None,
        address: "registry.terraform.io/alicloud-cams/alicloud",
        log_variable: "TF_LOG_PROVIDER_ALICLOUD",
        summary: "nothing but defects",
        crates: &[],
    };
    plugin::run(about, || {
        ProviderService::new(Defective {
            provider: Alicloud::new(),
        })
    })
}

struct Defective {
    provider: Alicloud,
}

/// A connection, and the `Debug` text of the request that led to it.
struct Configured {
    connection: Connection,
    request: String,
}

#[async_trait]
impl Provider for Defective {
    type Client = Configured;

    fn schema(&self) -> Schema {
        self.provider.schema()
    }

    fn resources(&self) -> Vec<Box<dyn Resource<Client = Configured>>> {
        vec![Box::new(Defect::default())]
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Configured, Diagnostics> {
        let text = format!("{request:?}");
        Ok(Configured {
            connection: self.provider.configure(request).await?,
            request: text,
        })
    }

    fn stop(&self, configured: &Configured) {
        self.provider.stop(&configured.connection);
    }
}

/// Panics with what its attribute `holds` names, when it is created or, with `later`, when it is refreshed.
#[derive(Default)]
struct Defect {
    // Poisoned by the first panic.
    lock: Mutex<()>,
}

const HELD: [&str; 8] = [
    "accounts",
    "client",
    "settings",
    "source",
    "credentials",
    "error",
    "operation",
    "request",
];

impl Defect {
    async fn panic(&self, configured: &Configured, state: &Object) {
        let Connection::Ready { accounts, .. } = &configured.connection else {
            return;
        };
        let accounts: &RoleClients = accounts;
        let client = accounts.client(None);
        let outcome = client.credentials().credentials().await;
        let what = state.text("holds").unwrap_or_default();
        let text = match what {
            "accounts" => format!("{accounts:?}"),
            "client" => format!("{client:?}"),
            "settings" => format!("{:?}", client.config()),
            "source" => format!("{:?}", client.credentials()),
            "credentials" => format!("{:?}", outcome.as_ref().ok()),
            "error" => format!("{:?}", outcome.as_ref().err()),
            "operation" => format!("{:?}", client.operation(Duration::from_secs(1))),
            _ => format!("{} {state:?}", configured.request),
        };
        let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        panic!("holding {what}: {text}");
    }
}

#[async_trait]
impl Resource for Defect {
    type Client = Configured;

    fn type_name(&self) -> &'static str {
        "alicloud_defect"
    }

    fn schema(&self) -> Schema {
        Schema::new(
            Block::new("A defect.")
                .attribute(Attribute::required("holds", Type::String))
                .attribute(Attribute::required("later", Type::Bool))
                .attribute(Attribute::computed("id", Type::String).use_state_for_unknown()),
        )
    }

    async fn create(
        &self,
        configured: &Configured,
        request: CreateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let mut state = request.planned;
        state.set("id", "made");
        response.state = Some(state.clone());
        if *state.get("later") != true.into() {
            self.panic(configured, &state).await;
        }
        Ok(())
    }

    async fn read(
        &self,
        configured: &Configured,
        request: ReadRequest,
        _: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        self.panic(configured, &request.state).await;
        Ok(())
    }

    async fn update(
        &self,
        _: &Configured,
        _: UpdateRequest,
        _: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        Ok(())
    }

    async fn delete(
        &self,
        _: &Configured,
        _: DeleteRequest,
        _: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn import(&self, _: ImportRequest) -> Result<Object, Diagnostics> {
        Err(Diagnostic::error("No", "A defect is not imported.").into())
    }
}

fn defects(later: bool) -> String {
    format!(
        "resource \"alicloud_defect\" \"all\" {{\n  for_each = toset({HELD:?})\n  holds    = each.key\n  later    = {later}\n}}\n"
    )
}

/// Makes the CLI use this executable as the provider.
fn install(context: &mut TestContext, folder: &Path) -> TestResult {
    let name = format!("terraform-provider-alicloud{}", env::consts::EXE_SUFFIX);
    let binary = folder.join(name);
    fs::copy(env::current_exe()?, &binary)?;
    context.directory = context.another_directory(&Installation::dev_overrides(binary))?;
    Ok(())
}

fn panics_show_no_secret(context: &mut TestContext) -> TestResult {
    let folder = tempfile::tempdir()?;
    install(context, folder.path())?;
    populate(context)?;
    stand_ins(context);
    context.directory.set("TF_LOG", "trace");
    let hidden = hidden();
    let panicked = |what: &str, stderr: &str, held: &[&str]| -> Result<(), Failed> {
        for held in held {
            contains(stderr, &[&format!("panic: holding {held}: ")])
                .map_err(|_| format!("{what}: nothing panicked that held {held}"))?;
        }
        Ok(())
    };
    for (what, block) in &sources(context)? {
        // With credentials.
        configure(context, block, &defects(false))?;
        let output = context.apply()?.expecting(1)?;
        equal("errors", output.errors().len(), HELD.len())?;
        panicked(what, &output.stderr, &HELD)?;
        contains(
            &output.stderr,
            &["holding credentials: Some(Credentials {", "temporary: true"],
        )?;
        keeps_quiet(context, what, &output, &hidden)?;

        // Without credentials, for objects that are in the state.
        configure(context, block, &defects(true))?;
        fs::remove_file(context.directory.path().join("terraform.tfstate"))?;
        context.apply()?.expecting(0)?;
        let state = context.directory.read("terraform.tfstate")?;
        let credential_endpoints = context.emulator.credential_endpoints();
        context
            .emulator
            .set_credential_endpoints(CredentialEndpoints::default());
        let output = context
            .directory
            .run(&["apply", "-json", "-auto-approve"])?;
        let output = output.expecting(1)?;
        panicked(what, &output.stderr, &HELD)?;
        keeps_quiet(context, what, &output, &hidden)?;
        equal(
            "state after a panic",
            context.directory.read("terraform.tfstate")?,
            state,
        )?;
        context
            .emulator
            .set_credential_endpoints(credential_endpoints);
        fs::remove_file(context.directory.path().join("terraform.tfstate"))?;
    }
    Ok(())
}
