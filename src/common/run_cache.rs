//! Values that types share during a run. A run is the time between two configurations of the provider: one plan or one apply.

use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

type Entries = BTreeMap<(TypeId, Option<String>), Arc<dyn Any + Send + Sync>>;

/// One value of each Rust type and account, made when it is first asked for.
#[derive(Default)]
pub struct RunCache {
    entries: Mutex<Entries>,
    serves_one_run: bool,
}

impl RunCache {
    /// An empty one. `serves_one_run`: no second run of the CLI uses it, so an error that one object gets fails the run of
    /// all others.
    #[must_use]
    pub fn new(serves_one_run: bool) -> Self {
        Self {
            entries: Mutex::default(),
            serves_one_run,
        }
    }

    pub(super) fn serves_one_run(&self) -> bool {
        self.serves_one_run
    }

    /// The value of this type for an account; `None` stands for the account of the provider's own credentials.
    pub(crate) fn of_account<T>(&self, account: Option<&str>) -> Arc<T>
    where
        T: Any + Default + Send + Sync,
    {
        // Only whole entries are added, so a poisoned map is still whole.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries
            .entry((TypeId::of::<T>(), account.map(str::to_owned)))
            .or_insert_with(|| Arc::new(T::default()));
        Arc::clone(entry)
            .downcast()
            .expect("the key holds the type of the value")
    }
}

/// What was said once in this run.
#[derive(Default)]
struct Said(Mutex<BTreeSet<(&'static str, &'static str)>>);

impl RunCache {
    /// Whether this is the first time that something is said of a type. Terraform prints the warnings of objects without
    /// configuration one by one; two hundred of the same are no help.
    pub(crate) fn is_first(&self, type_name: &'static str, what: &'static str) -> bool {
        let said = self.of_account::<Said>(None);
        let mut said = said.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.insert((type_name, what))
    }
}

impl fmt::Debug for RunCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_a_value_of_each_type() {
        let cache = RunCache::default();
        let own = cache.of_account::<Mutex<u8>>(None);
        *own.lock().expect("not poisoned") = 1;
        let value = |account| {
            *cache
                .of_account::<Mutex<u8>>(account)
                .lock()
                .expect("not poisoned")
        };
        assert_eq!((value(None), value(Some("2"))), (1, 0));
        assert_eq!(
            *cache
                .of_account::<Mutex<u16>>(None)
                .lock()
                .expect("not poisoned"),
            0
        );
    }
}
