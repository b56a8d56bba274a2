//! The emulated cloud: a server on a loopback port that verifies each request, lags behind and fails on demand.
//!
//! It speaks the RPC gateway, Chat App Message Service (CAMS, API 2020-06-06) and Security Token Service (STS, API
//! 2015-04-01) over plain HTTP, over state in memory. Every request is verified from the bytes received: signature (V1 or
//! V3), nonce, date, key, token, version, required parameters, rights, rate. It shares no code with the client that it
//! judges. Must not contain: anything of the product, and no service that no test needs.
//!
//! # Three ways to use it
//!
//! * From Rust, in the process of a test: [`Emulator::start`], then the methods of [`Emulator`].
//! * As a program: `cargo run -p acceptance-tests --bin emulator -- --port 8080`. It prints a provider block.
//! * From any language, over HTTP, below `/_emulator/`. Bodies are JSON; an error is `{"error": "sentence"}` with status 400
//!   or 404 and says what would have been valid.
//!
//! From the start there is one account, [`DEFAULT_ACCOUNT`], with the key of a RAM user who may do everything
//! ([`DEFAULT_ACCESS_KEY_ID`], [`DEFAULT_ACCESS_KEY_SECRET`]). Every decimal WABA ID exists and may be bound.
//!
//! # Control over HTTP
//!
//! | path | does |
//! |---|---|
//! | `GET /_emulator/` | lists the paths |
//! | `GET`, `PUT /_emulator/behavior` | reads all switches; moves the named ones, all or none |
//! | `GET`, `POST`, `DELETE /_emulator/faults` | lists the faults that wait; adds one; forgets all |
//! | `GET /_emulator/accounts` | accounts, their key IDs, roles and spaces; no secrets |
//! | `PUT /_emulator/accounts/{account_id}` | adds or replaces an account: [`Account`] |
//! | `PUT /_emulator/wabas/{waba_id}` | registers a WABA: [`Waba`]; what is absent is derived, `null` is silence |
//! | `PUT /_emulator/templates/{cust_space_id}/{name}` | sets fields of a [`Template`], as Meta does: `{"audit_status": "pass"}` |
//! | `PUT /_emulator/wabas/{waba_id}/phone_numbers/{phone_number}` | signs a number up at Meta or changes it there: [`PhoneNumber`] |
//! | `POST /_emulator/sync/{cust_space_id}` | copies the numbers of a space from Meta, out of band |
//! | `PUT /_emulator/credential_endpoints` | says who gets credentials beside STS: [`CredentialEndpoints`] |
//! | `GET /_emulator/state` | everything as it truly is, without lag |
//! | `POST /_emulator/spaces` | makes a space as if at the console: [`NewSpace`] |
//! | `DELETE /_emulator/spaces/{cust_space_id}` | forgets a space |
//! | `POST /_emulator/rebind` | binds another WABA to a space, out of band |
//! | `POST /_emulator/unbind` | takes the WABA away from a space, out of band |
//! | `GET`, `DELETE /_emulator/calls` | the call log ([`Call`]), of one `?action=`, after number `?after=`; forgets it |
//! | `POST /_emulator/reset` | back to the start |
//!
//! ```sh
//! E=http://127.0.0.1:8080/_emulator
//! # drift, and disappearance
//! curl -s -X POST $E/rebind -d '{"cust_space_id": "cams-8filvjc8snw", "waba_id": "100000000000009"}'
//! curl -s -X POST $E/unbind -d '{"cust_space_id": "cams-8filvjc8snw"}'
//! # a binding that Terraform did not make
//! curl -s -X POST $E/spaces -d '{"waba_id": "100000000000008"}'
//! # the service refuses a second bind, and a bind is seen late
//! curl -s -X PUT $E/behavior -d '{"waba": {"bind_again": {"error": "Some.Code"}, "lag_queries": 2}}'
//! # the next bind is executed, but its response never arrives
//! curl -s -X POST $E/faults -d '{"action": "ChatappBindWaba", "when": "after", "fault": "cut"}'
//! # a tenth of all calls is throttled, for ever, the same tenth in every run
//! curl -s -X POST $E/faults -d '{"fault": {"throttle": {"retry_after_ms": 200}}, "times": null, "probability": 0.1, "seed": 7}'
//! # a second account, whose key may only list, and a role that the default user may assume
//! curl -s -X PUT $E/accounts/1000000000000002 -d '{
//!   "access_keys": [{"id": "lister", "secret": "lister-secret", "user": "lister", "allow": ["cams:List*"]}],
//!   "roles": [{"name": "onboarding", "trusted": ["acs:ram::1000000000000001:user/terraform"]}]
//! }'
//! curl -s "$E/calls?action=ChatappBindWaba"
//! ```
//!
//! # Credentials beside STS
//!
//! Once [`CredentialEndpoints`] names an account and a role, sessions of that role come from an instance's metadata service
//! (versions 1 and 2, `/latest/…`), a credentials URI (`/credentials-uri`), the sign-in host of CloudSSO
//! (`/cloud-credentials`) and the OAuth server (`/v1/token`, whose refresh tokens serve once, and `/v1/exchange`). They are
//! in the call log under names such as `MetadataToken`. How long sessions last is the switch `sts.lifetime_seconds`.
//!
//! # Behavior
//!
//! The fields of [`Behavior`] are groups of switches, and the documentation of a switch says what each position does. There
//! is one for each thing that no public page says: a second bind, a foreign WABA, a space without one, HTTP status of
//! business errors, lag, filters and paging of lists, unusual fields of responses. A position is a word (`"same_space"`), a number, `null`, or a word with
//! a value (`{"error": "Some.Code"}`).
//!
//! # Faults
//!
//! A [`Fault`] hits the next matching call, or the next `times`, or all (`null`). It is played on calls that would otherwise
//! succeed: a call with a wrong signature gets its own error and uses up no fault. `"when": "before"` (the default) means that
//! the operation does not run; `"after"` that it runs and its response is replaced. Kinds: `throttle`, `error`, `html`, `body`,
//! `empty_body`, `invalid_json`, `huge_body`, `redirect`, `expired_token`, `cut`, `reset`; and those that need the real
//! response, so that the operation always runs: `slow`, `drip`, `truncate`, `missing_fields`, `wrong_types`,
//! `set_fields`. See [`FaultKind`].

mod authentication;
mod behavior;
mod body;
mod calls;
mod cams;
mod control;
mod credential_endpoints;
mod entities;
mod faults;
mod gateway;
mod limits;
mod oidc;
mod ram;
mod request;
mod response;
mod server;
mod signature;
mod state;
mod sts;
#[cfg(test)]
mod test_client;

pub use behavior::Behavior;
pub use calls::Call;
pub use cams::{
    ArchivedDetail, AutomationBehavior, BindAgain, BindResponseWabaId, BusinessProfile,
    BusinessProfileBehavior, CallingKeysPlace, CommerceBehavior, CommerceSetting, ComponentOrder,
    ConversationalAutomation, DeleteBound, EmptyField, EmptyList, Filter, HealthBehavior,
    InstanceBehavior, InstanceDetails, InstanceNotFound, ListImage, MediaUrl, MessageLink,
    MessageLinkBehavior, NameFilter, NothingBound, NumberSettingBehavior, Omitted, OmittedField,
    OpenStatusUnsubscribed, Outcome, PhoneCopy, PhoneNumber, PhoneNumberBehavior,
    QueryWithoutSpace, RowWords, ServiceBehavior, Space, SpaceBehavior, SpaceIdStyle,
    SpaceResponse, StatusFilter, Template, TemplateBehavior, TemplateShape, VerticalStyle, Waba,
    WabaBehavior, WebhookEmpty, WebhookOmitted,
};
pub use control::NewSpace;
pub use credential_endpoints::{CredentialEndpoints, Metadata, Pace, UnexpectedResponse};
pub use entities::{AccessKey, Account, OidcProvider, Role};
pub use faults::{Fault, FaultKind, When};
pub use gateway::{GatewayBehavior, KeyStyle, RamDenial, Throttling};
pub use response::{BusinessErrorStatus, ResponseBehavior, SuccessFlag};
pub use sts::StsBehavior;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::oneshot;

use server::Shared;

/// ID of the account that exists from the start.
pub const DEFAULT_ACCOUNT: &str = "1000000000000001";

/// AccessKey ID of that account; a fake, and looks it.
pub const DEFAULT_ACCESS_KEY_ID: &str = "emulator-access-key-id";

/// AccessKey secret of that account; a fake, and looks it.
pub const DEFAULT_ACCESS_KEY_SECRET: &str = "emulator-access-key-secret";

/// A running emulator; it ends when this is dropped.
pub struct Emulator {
    address: SocketAddr,
    endpoint: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Emulator {
    /// Starts on a free loopback port.
    pub fn start() -> io::Result<Self> {
        Emulator::start_on(0)
    }

    /// Starts on a loopback port; 0 takes a free one.
    pub fn start_on(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new());
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("emulator".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || server::run(listener, shared, stopped)
        })?;
        Ok(Emulator {
            address,
            endpoint: format!("http://{address}"),
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, for every product.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A provider block that points here, in Terraform's language.
    pub fn provider_block(&self) -> String {
        let endpoint = &self.endpoint;
        format!(
            r#"provider "alicloud" {{
  access_key = "{DEFAULT_ACCESS_KEY_ID}"
  secret_key = "{DEFAULT_ACCESS_KEY_SECRET}"
  region     = "ap-southeast-1"
  protocol   = "HTTP"

  endpoints {{
    cams = "{endpoint}"
    sts  = "{endpoint}"
  }}
}}
"#
        )
    }

    /// The positions of all switches.
    pub fn behavior(&self) -> Behavior {
        self.shared.state().behavior.clone()
    }

    /// How many calls of an action an account may make in any second now; `None` without a limit, or an action of that name.
    pub fn limit(&self, action: &str) -> Option<u32> {
        gateway::limit(action, &self.shared.state().behavior)
    }

    /// Moves switches.
    pub fn set_behavior(&self, change: impl FnOnce(&mut Behavior)) {
        change(&mut self.shared.state().behavior);
    }

    /// Adds a fault behind those that wait already; an error is a sentence about what is wrong with it.
    pub fn inject(&self, fault: Fault) -> Result<(), String> {
        self.shared.state().faults.add(fault)
    }

    /// The faults that still wait for a call.
    pub fn faults(&self) -> Vec<Fault> {
        let state = self.shared.state();
        state.faults.all().into_iter().cloned().collect()
    }

    /// Says who gets credentials from the metadata service, the credentials URI and the sign-ins.
    pub fn set_credential_endpoints(&self, credential_endpoints: CredentialEndpoints) {
        self.shared.state().credential_endpoints = credential_endpoints;
    }

    /// What they are set to now; a renewal of OAuth tokens changes it.
    pub fn credential_endpoints(&self) -> CredentialEndpoints {
        self.shared.state().credential_endpoints.clone()
    }

    /// Forgets all faults.
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// Adds an account, or replaces the one of that ID (its spaces stay).
    pub fn put_account(&self, account: Account) -> Result<(), String> {
        self.shared.state().entities.put_account(account)
    }

    /// Registers a WABA, or replaces the one of that ID. Start from [`Waba::derived`].
    pub fn put_waba(&self, waba: Waba) {
        let wabas = &mut self.shared.state().entities.wabas;
        wabas.insert(waba.id.clone(), waba);
    }

    /// Signs a number up at Meta, or changes it there. The service learns of it by a synchronisation.
    pub fn put_phone_number(&self, waba_id: &str, number: PhoneNumber) {
        let entities = &mut self.shared.state().entities;
        entities.put_phone_number(waba_id, number);
    }

    /// Changes a number at Meta, if it is there.
    pub fn change_phone_number(
        &self,
        waba_id: &str,
        phone_number: &str,
        change: impl FnOnce(&mut PhoneNumber),
    ) {
        let entities = &mut self.shared.state().entities;
        if let Some(number) = entities.phone_number(waba_id, phone_number) {
            change(number);
        }
    }

    /// A number as Meta has it.
    pub fn phone_number(&self, waba_id: &str, phone_number: &str) -> Option<PhoneNumber> {
        let entities = &mut self.shared.state().entities;
        entities.phone_number(waba_id, phone_number).cloned()
    }

    /// Takes a number away from a WABA at Meta.
    pub fn remove_phone_number(&self, waba_id: &str, phone_number: &str) {
        let entities = &mut self.shared.state().entities;
        entities.remove_phone_number(waba_id, phone_number);
    }

    /// Copies the numbers of a space from Meta behind everybody's back.
    pub fn sync_phone_numbers(&self, cust_space_id: &str) -> Result<(), String> {
        control::sync_phone_numbers(&mut self.shared.state(), cust_space_id)
    }

    /// What the service keeps of a number in a space: its webhook above all.
    pub fn phone_copy(&self, cust_space_id: &str, phone_number: &str) -> Option<PhoneCopy> {
        let entities = &mut self.shared.state().entities;
        entities.phone_copy(cust_space_id, phone_number).cloned()
    }

    /// Changes what the service keeps of a number, such as its webhook, behind everybody's back.
    pub fn change_phone_copy(
        &self,
        cust_space_id: &str,
        phone_number: &str,
        change: impl FnOnce(&mut PhoneCopy),
    ) {
        let entities = &mut self.shared.state().entities;
        if let Some(copy) = entities.phone_copy(cust_space_id, phone_number) {
            change(copy);
        }
    }

    /// Makes a space as if at the console, perhaps with a WABA bound to it.
    pub fn add_space(&self, wanted: NewSpace) -> Result<Space, String> {
        let now = self.shared.now();
        control::add_space(&mut self.shared.state(), wanted, now)
    }

    /// Forgets a space altogether; what it was, if it was there.
    pub fn remove_space(&self, cust_space_id: &str) -> Option<Space> {
        self.shared.state().entities.spaces.remove(cust_space_id)
    }

    /// Changes a space or its instance, behind everybody's back; false if there is none.
    pub fn change_space(&self, cust_space_id: &str, change: impl FnOnce(&mut Space)) -> bool {
        let spaces = &mut self.shared.state().entities.spaces;
        let space = spaces.get_mut(cust_space_id);
        space.map(change).is_some()
    }

    /// Binds another WABA to a space, behind everybody's back.
    pub fn rebind(&self, cust_space_id: &str, waba_id: &str) -> Result<(), String> {
        let entities = &mut self.shared.state().entities;
        entities.set_binding(cust_space_id, Some(waba_id))
    }

    /// Takes the WABA away from a space, behind everybody's back.
    pub fn unbind(&self, cust_space_id: &str) -> Result<(), String> {
        self.shared
            .state()
            .entities
            .set_binding(cust_space_id, None)
    }

    /// The business profile of a number as it truly is, after a change behind everybody's back.
    pub fn change_profile(
        &self,
        cust_space_id: &str,
        number: &str,
        change: impl FnOnce(&mut BusinessProfile),
    ) -> BusinessProfile {
        let key = (cust_space_id.to_owned(), number.to_owned());
        let profiles = &mut self.shared.state().entities.profiles;
        let profile = profiles.entry(key).or_default().truth();
        change(profile);
        profile.clone()
    }

    /// The same for commerce settings.
    pub fn change_commerce_setting(
        &self,
        cust_space_id: &str,
        number: &str,
        change: impl FnOnce(&mut CommerceSetting),
    ) -> CommerceSetting {
        let key = (cust_space_id.to_owned(), number.to_owned());
        let settings = &mut self.shared.state().entities.commerce_settings;
        let setting = settings.entry(key).or_default().truth();
        change(setting);
        *setting
    }

    /// The same for prompts and commands.
    pub fn change_automation(
        &self,
        cust_space_id: &str,
        number: &str,
        change: impl FnOnce(&mut ConversationalAutomation),
    ) -> ConversationalAutomation {
        let key = (cust_space_id.to_owned(), number.to_owned());
        let automations = &mut self.shared.state().entities.automations;
        let automation = automations.entry(key).or_default().truth();
        change(automation);
        automation.clone()
    }

    /// The message links of a number, in the order in which they were made, after a change behind everybody's back.
    pub fn change_message_links(
        &self,
        cust_space_id: &str,
        number: &str,
        change: impl FnOnce(&mut Vec<MessageLink>),
    ) -> Vec<MessageLink> {
        let key = (cust_space_id.to_owned(), number.to_owned());
        let links = &mut self.shared.state().entities.message_links;
        let links = links.entry(key).or_default();
        change(links);
        links.clone()
    }

    /// One space as it truly is, without lag.
    pub fn space(&self, cust_space_id: &str) -> Option<Space> {
        self.shared
            .state()
            .entities
            .spaces
            .get(cust_space_id)
            .cloned()
    }

    /// All spaces of an account as they truly are, oldest first.
    pub fn spaces(&self, account: &str) -> Vec<Space> {
        let state = self.shared.state();
        let spaces = state.entities.spaces_of(account);
        spaces.into_iter().cloned().collect()
    }

    /// The spaces of all accounts that a WABA is bound to, oldest first.
    pub fn spaces_bound_to(&self, waba_id: &str) -> Vec<Space> {
        let state = self.shared.state();
        let spaces = state.entities.spaces_bound_to(waba_id);
        spaces.into_iter().cloned().collect()
    }

    /// Secret keys and tokens of all temporary credentials that were handed out: what must turn up nowhere.
    pub fn session_secrets(&self) -> Vec<String> {
        let state = self.shared.state();
        let sessions = state.entities.sessions.values();
        sessions
            .flat_map(|session| [session.secret.clone(), session.token.clone()])
            .collect()
    }

    /// The whole state without its secrets, in the form of the control interface.
    pub fn state(&self) -> Value {
        self.shared.state().entities.snapshot()
    }

    /// The call log in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.all().to_vec()
    }

    /// The calls of one action in the order of arrival.
    pub fn calls_of(&self, action: &str) -> Vec<Call> {
        let state = self.shared.state();
        let calls = state.calls.all().iter();
        calls
            .filter(|call| call.action == action)
            .cloned()
            .collect()
    }

    /// Forgets the calls so far; their numbers go on.
    pub fn clear_calls(&self) {
        self.shared.state().calls.clear();
    }

    /// The most calls of an action by an account that arrived within any one second.
    pub fn busiest_second(&self, account: &str, action: &str) -> usize {
        let times: Vec<u64> = self
            .calls_of(action)
            .iter()
            .filter(|call| call.account.as_deref() == Some(account))
            .map(|call| call.at_ms)
            .collect();
        limits::busiest_second(&times)
    }

    /// Waits until that many calls of an action have arrived, whether they have a response or not. Returns whether they have
    /// arrived.
    pub fn wait_for_calls(&self, action: &str, count: usize, limit: Duration) -> bool {
        self.wait_for(count, limit, |call| call.action == action)
    }

    /// The same, for calls that have a response.
    pub fn wait_for_responses(&self, action: &str, count: usize, limit: Duration) -> bool {
        self.wait_for(count, limit, |call| {
            call.action == action && call.status.is_some()
        })
    }

    fn wait_for(&self, count: usize, limit: Duration, counts: impl Fn(&Call) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let state = self.shared.state();
            let seen = state.calls.all().iter().filter(|call| counts(call)).count();
            drop(state);
            if seen >= count {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Back to the state of a fresh start.
    pub fn reset(&self) {
        *self.shared.state() = state::State::new();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may be gone already; then there is nothing left to stop.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
