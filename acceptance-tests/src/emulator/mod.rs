//! The emulated cloud.

mod answer;
mod authentication;
mod body;
mod calls;
mod cams;
mod cloud;
mod control;
mod faults;
mod gateway;
mod limits;
mod misbehaviour;
mod oidc;
mod ram;
mod request;
mod server;
mod signature;
mod sts;
mod switches;
#[cfg(test)]
mod test_client;
mod world;

pub use calls::Call;
pub use cloud::{AccessKey, Account, OidcProvider, Role, Space, Waba};
pub use control::NewSpace;
pub use faults::{Fault, When};
pub use misbehaviour::Misbehaviour;
pub use switches::{
    BindAgain, BindAnswerWabaId, BusinessErrorStatus, Filter, KeyStyle, NothingBound,
    OpenStatusUnsubscribed, Outcome, QueryWithoutSpace, RamDenial, SpaceAnswer, SpaceIdStyle,
    SuccessFlag, Switches, Throttling,
};

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
    pub fn switches(&self) -> Switches {
        self.shared.world().switches.clone()
    }

    /// Moves switches.
    pub fn set_switches(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.shared.world().switches);
    }

    /// Adds a fault behind those that wait already; an error is a sentence about what is wrong with it.
    pub fn inject(&self, fault: Fault) -> Result<(), String> {
        self.shared.world().faults.add(fault)
    }

    /// The faults that still wait for a call.
    pub fn faults(&self) -> Vec<Fault> {
        let world = self.shared.world();
        world.faults.all().into_iter().cloned().collect()
    }

    /// Forgets all faults.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// Adds an account, or replaces the one of that ID (its spaces stay).
    pub fn put_account(&self, account: Account) -> Result<(), String> {
        self.shared.world().cloud.put_account(account)
    }

    /// Registers a WABA, or replaces the one of that ID. Start from [`Waba::derived`].
    pub fn put_waba(&self, waba: Waba) {
        let wabas = &mut self.shared.world().cloud.wabas;
        wabas.insert(waba.id.clone(), waba);
    }

    /// Makes a space as if at the console, perhaps with a WABA bound to it.
    pub fn add_space(&self, wanted: NewSpace) -> Result<Space, String> {
        let now = self.shared.now();
        control::add_space(&mut self.shared.world(), wanted, now)
    }

    /// Forgets a space altogether; what it was, if it was there.
    pub fn remove_space(&self, cust_space_id: &str) -> Option<Space> {
        self.shared.world().cloud.spaces.remove(cust_space_id)
    }

    /// Binds another WABA to a space, behind everybody's back.
    pub fn rebind(&self, cust_space_id: &str, waba_id: &str) -> Result<(), String> {
        let cloud = &mut self.shared.world().cloud;
        cloud.set_binding(cust_space_id, Some(waba_id))
    }

    /// Takes the WABA away from a space, behind everybody's back.
    pub fn unbind(&self, cust_space_id: &str) -> Result<(), String> {
        self.shared.world().cloud.set_binding(cust_space_id, None)
    }

    /// One space as it truly is, without lag.
    pub fn space(&self, cust_space_id: &str) -> Option<Space> {
        self.shared.world().cloud.spaces.get(cust_space_id).cloned()
    }

    /// All spaces of an account as they truly are, oldest first.
    pub fn spaces(&self, account: &str) -> Vec<Space> {
        let world = self.shared.world();
        let spaces = world.cloud.spaces_of(account);
        spaces.into_iter().cloned().collect()
    }

    /// The spaces of whatever account that a WABA is bound to, oldest first.
    pub fn spaces_bound_to(&self, waba_id: &str) -> Vec<Space> {
        let world = self.shared.world();
        let spaces = world.cloud.spaces_bound_to(waba_id);
        spaces.into_iter().cloned().collect()
    }

    /// The whole state without its secrets, in the form of the control interface.
    pub fn state(&self) -> Value {
        self.shared.world().cloud.snapshot()
    }

    /// The call log in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.world().calls.all().to_vec()
    }

    /// The calls of one action in the order of arrival.
    pub fn calls_of(&self, action: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| call.action == action);
        calls
    }

    /// Forgets the calls so far; their numbers go on.
    pub fn clear_calls(&self) {
        self.shared.world().calls.clear();
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

    /// Waits until that many calls of an action have arrived, answered or not; whether they have.
    pub fn wait_for_calls(&self, action: &str, count: usize, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if self.calls_of(action).len() >= count {
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
        *self.shared.world() = world::World::new();
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
