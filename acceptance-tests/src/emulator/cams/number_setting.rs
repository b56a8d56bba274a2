//! What settings of a phone number share: the number that a request is about, and a value that is seen late.

use serde::{Deserialize, Serialize};

use super::super::gateway::Task;
use super::super::response::Refusal;
use super::super::state::State;
use super::phone_number::{self, Asked};

/// What a setting belongs to: the ID of the space, and the number.
pub(in crate::emulator) type NumberKey = (String, String);

/// What no page says of all settings of numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberSettingBehavior {
    /// After a write, this many reads still show the value from before.
    pub lag_reads: u32,
}

/// The number that a request is about.
pub(super) fn asked_number(state: &mut State, task: &Task<'_>) -> Result<NumberKey, Refusal> {
    let Asked {
        cust_space_id,
        phone_number,
        ..
    } = phone_number::asked_number(state, task)?;
    Ok((cust_space_id, phone_number))
}

/// A setting whose writes some reads do not see yet.
#[derive(Debug, Clone, Default)]
pub(in crate::emulator) struct Late<T> {
    value: T,
    before: Option<T>,
    blind_reads: u32,
}

impl<T: Clone> Late<T> {
    /// What is true.
    pub(in crate::emulator) fn truth(&mut self) -> &mut T {
        self.blind_reads = 0;
        &mut self.value
    }

    /// Changes it by a call, so that reads may see that later.
    pub(super) fn write(&mut self, behavior: &NumberSettingBehavior, change: impl FnOnce(&mut T)) {
        self.before = Some(self.value.clone());
        self.blind_reads = behavior.lag_reads;
        change(&mut self.value);
    }

    /// What a call sees.
    pub(super) fn read(&mut self) -> T {
        if self.blind_reads > 0 {
            self.blind_reads -= 1;
            if let Some(before) = &self.before {
                return before.clone();
            }
        }
        self.value.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{WABA, bound, call, check, emulator};

    #[test]
    fn settings_belong_to_a_number_of_the_bound_waba() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let get = |number: &str| {
            let parameters = [("CustSpaceId", space.as_str()), ("PhoneNumber", number)];
            call(&emulator, "GetCommerceSetting", &parameters)
        };
        check(&get("6580002345"), 200, "OK");
        check(&get("6580009999"), 200, "InvalidParameter.PhoneNumberError");
        emulator.unbind(&space).expect("the space is there");
        check(&get("6580002345"), 200, "InvalidParameter.PhoneNumberError");
    }

    #[test]
    fn a_write_is_seen_after_its_lag() {
        let emulator = emulator(|behavior| behavior.number_setting.lag_reads = 1);
        let space = bound(&emulator, WABA);
        let number = [
            ("CustSpaceId", space.as_str()),
            ("PhoneNumber", "6580002345"),
        ];
        let flags = [("CartEnable", "true"), ("CatalogVisible", "false")];
        let write = [number.as_slice(), flags.as_slice()].concat();
        check(&call(&emulator, "UpdateCommerceSetting", &write), 200, "OK");
        let cart =
            || call(&emulator, "GetCommerceSetting", &number).json()["Data"]["CartEnable"].clone();
        assert_eq!(cart(), false);
        assert_eq!(cart(), true);
    }
}
