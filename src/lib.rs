//! A Terraform provider for WhatsApp Business Account (WABA) onboarding on Alibaba Cloud Chat App Message Service (CAMS).
//!
//! This page is the map. Read it, then [`resources`]' `cams_waba_binding.rs`, and you have seen the whole idea.
//!
//! # Rooms
//!
//! | room | what it knows | may import | must never contain |
//! |---|---|---|---|
//! | [`framework`] | Terraform and no cloud: values, schemas, plan logic, the server behind the RPCs | itself, serialisation crates | gRPC, an async runtime, HTTP, the name of a cloud |
//! | [`framework::protocol`] | the plugin process: handshake, mutual TLS, gRPC, logs, signals, the end | `framework`, tonic, prost, tokio, TLS | a decision about plans or state |
//! | [`alicloud`] | Alibaba Cloud and no Terraform: credentials, signatures, limits, retries, transport | itself, HTTP and crypto crates | a Terraform term, the environment |
//! | [`resources`] | the only place where both meet: one file a resource type | `framework`, `alicloud` | a socket, a clock, another resource |
//! | [`provider`] | the door: the provider block and the environment become a client | all of these | |
//!
//! `main.rs` hands the provider to [`framework::protocol::run`], and that is all it does. The emulated cloud, the drivers
//! of the real CLIs, the benchmark and the acceptance tests are the package `acceptance-tests`. What judges this package
//! there shares no code with it, so that no mistake can be made twice in the same way; one test alone builds a provider
//! that panics out of it. Its fault matrix and its soak show that nothing is lost, doubled or leaked
//! (`cargo test -p acceptance-tests --test fault_matrix`, `--test soak`), and `cargo bench-provider` what the provider
//! costs. The import rules are a test (`tidy.rs`). `tests/conformance` holds plan and apply to the rules by which Terraform
//! judges them; `fuzz/` throws any bytes at every place where bytes of others come in.
//!
//! # The way of one `terraform apply`
//!
//! 1. `framework::protocol`: the magic cookie is checked, a certificate made, the socket bound, one line written to stdout.
//!    From here stdout is never written again, and logs go to stderr.
//! 2. `GetProviderSchema`: `service.rs` → `server.rs` → [`provider`] and each entry of [`resources::all`].
//! 3. `ConfigureProvider`: [`provider`] reads block and environment, chooses the source of credentials and builds the
//!    client. No network, no file: those wait for the first call.
//! 4. `ValidateResourceConfig` (`validate.rs`), `UpgradeResourceState` (`upgrade.rs`, `json.rs`), `ReadResource` (the
//!    resource's `read`), `PlanResourceChange` (`plan.rs`, then the resource's own hook). Values come and go through
//!    `msgpack.rs`; beside each state travels the object's identity (`identity.rs`), which is read off the state.
//! 5. `ApplyResourceChange`: `server/apply.rs` sees from what is null whether to create, update or delete, and calls the
//!    resource, which calls the cloud through an [`alicloud::Operation`].
//! 6. `alicloud`: valid credentials, a breaker that is closed, a turn under the rate limit of their account, a signature
//!    for this one attempt, the call, the judgement of the answer; the table in `retry.rs` says again or enough. After a
//!    bind without an answer the resource's state machine (`cams_waba_binding/bind.rs`) finds out whether it took place.
//! 7. The resource puts what it learned into the response at once. The server returns state *and* diagnostics, so a
//!    failure after the bind leaves a tainted object or a warning, never an orphan.
//! 8. `StopProvider`: waits end, a call in flight may finish. `Shutdown`: the process leaves.
//!
//! # What holds everywhere
//!
//! * Once a remote object exists, nothing loses it: no later failure, no panic, no dropped request, no signal that a
//!   process can catch.
//! * What cannot be done is a diagnostic that says what was attempted, what the service answered and what to do next;
//!   never a transport error.
//! * A plan is a pure function of what Terraform sends.
//! * An object keeps its identity for life; stored state becomes the right object or a clear error, never a lesser object
//!   without a word.
//! * Every RPC and every field of the protocol is handled, or stands in a table with the reason why not (`coverage.rs`).
//! * Secrets are in no log, no diagnostic, no `Debug`, no URL of an error, and in no state but their own attribute.
//! * Nobody but the host that started the process can talk to it.
//! * Time, nonces and jitter are parameters; the environment is read in `provider` and in the handshake only.
//!
//! # Adding a resource
//!
//! One file in `resources/` with schema, actions and operations; one line in [`resources::all`]; an example in
//! `examples/resources/`, a page in `docs/resources/`, and an acceptance test. `tidy.rs` fails while one of them is missing.
//! An action that a second file needs moves to `alicloud/`.
//!
//! A schema whose stored state has to be rewritten gets a step ([`framework::Schema::upgraded_by`]); the number of steps
//! is its version. The same holds for the identity of a resource.
//!
//! # Deliberately absent
//!
//! Cargo features, macros of our own beyond a file, mocks, traits that exist for a test, global state, a generated SDK,
//! data sources, functions, ephemeral and list resources, actions, state stores (their RPCs answer UNIMPLEMENTED with a
//! sentence), a JSON encoder for values.

pub mod alicloud;
pub mod framework;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod provider;
pub mod resources;

#[cfg(test)]
mod tidy;
