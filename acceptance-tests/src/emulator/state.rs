//! Everything that the emulator holds in memory, in one place behind one lock.
//!
//! Must not contain: operations of the cloud; each stands with its product.

use fastrand::Rng;
use time::{Duration, OffsetDateTime};

use super::behavior::Behavior;
use super::calls::CallLog;
use super::credential_endpoints::CredentialEndpoints;
use super::entities::{Account, Entities};
use super::faults::Faults;
use super::limits::{Nonces, Windows};
use super::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT};

/// A reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// Milliseconds since the start of the emulator; never jumps.
    pub(super) since_start_ms: u64,
    /// Date and time, moved by the switch for it.
    pub(super) utc: OffsetDateTime,
}

/// The whole state.
pub(super) struct State {
    pub(super) behavior: Behavior,
    pub(super) entities: Entities,
    pub(super) credential_endpoints: CredentialEndpoints,
    pub(super) faults: Faults,
    pub(super) calls: CallLog,
    pub(super) windows: Windows,
    pub(super) nonces: Nonces,
    /// Makes IDs; seeded, so that a run has the same ones each time.
    pub(super) rng: Rng,
}

impl State {
    /// The default account and nothing else.
    pub(super) fn new() -> Self {
        let account = Account::new(DEFAULT_ACCOUNT)
            .with_key(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET);
        let mut entities = Entities::default();
        entities.accounts.insert(account.id.clone(), account);
        State {
            behavior: Behavior::default(),
            entities,
            credential_endpoints: CredentialEndpoints::default(),
            faults: Faults::default(),
            calls: CallLog::default(),
            windows: Windows::default(),
            nonces: Nonces::default(),
            rng: Rng::with_seed(20_200_606),
        }
    }

    /// The reading as the emulated cloud has it.
    pub(super) fn clock(&self, now: Now) -> Now {
        let offset = Duration::seconds(self.behavior.gateway.clock_offset_seconds);
        Now {
            utc: now.utc.checked_add(offset).unwrap_or(now.utc),
            ..now
        }
    }

    /// That many letters out of an alphabet.
    pub(super) fn random_text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| char::from(alphabet[self.rng.usize(..alphabet.len())]))
            .collect()
    }
}
