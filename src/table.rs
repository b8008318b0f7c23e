// SPDX-License-Identifier: Apache-2.0

//! Tables of what is kept, bounded in memory, for which nothing is made twice at once.

use std::{hash::Hash, time::Duration};

use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle, GuardResult},
};

/// A table, to be used by any number of threads.
pub(crate) type Table<K, V, W> = Cache<K, V, W>;

/// Makes a table for so many bytes, as `weight` counts them, laid out at first for so many items.
/// None for no bytes.
pub(crate) fn table<K, V, W>(bytes: usize, items: usize, weight: W) -> Option<Table<K, V, W>>
where
    K: Eq + Hash,
    V: Clone,
    W: Weighter<K, V> + Clone,
{
    let options = OptionsBuilder::new()
        .weight_capacity(u64::try_from(bytes).unwrap_or(u64::MAX))
        .estimated_items_capacity(items)
        .build();
    options.ok().filter(|_| bytes > 0).map(|options| {
        let hasher = DefaultHashBuilder::default();
        Table::with_options(options, weight, hasher, DefaultLifecycle::default())
    })
}

/// The entry where there was none that is `good`: of those who come, one makes it, and the others
/// wait. With whether another made it. An error is not kept, and the next of those who wait tries.
pub(crate) fn make_once<K, V, W, E>(
    table: &Table<K, V, W>,
    key: &K,
    good: impl Fn(&V) -> bool,
    make: impl FnOnce() -> Result<V, E>,
) -> Result<(V, bool), E>
where
    K: Clone + Eq + Hash,
    V: Clone,
    W: Weighter<K, V> + Clone,
{
    table.remove_if(key, |entry| !good(entry));
    match table.get_value_or_guard(key, None::<Duration>) {
        GuardResult::Value(entry) if good(&entry) => Ok((entry, true)),
        // Made meanwhile, by a thread whose clock is ahead or that has another idea of good.
        GuardResult::Value(_) | GuardResult::Timeout => Ok((make()?, false)),
        GuardResult::Guard(guard) => {
            let entry = make()?;
            // Not kept if it does not fit; those who wait have it all the same.
            let _ = guard.insert(entry.clone());
            Ok((entry, false))
        }
    }
}
