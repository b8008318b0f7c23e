// SPDX-License-Identifier: Apache-2.0

//! Tables of entries, bounded in memory, of which none is made twice at once.

use std::{hash::Hash, time::Duration};

use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle, GuardResult},
};

/// A table, to be used by any number of threads.
pub(crate) type Table<K, V, W> = Cache<K, V, W>;

/// The longest that a thread waits for an entry that another makes. If that fails, the next that
/// waits tries, and the others go on waiting: without an end they would wait for as long as each
/// attempt takes, one after another.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Makes a table for so many bytes, as `weight` counts them, of about so many items. None for no
/// bytes.
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

/// The entry, made where there is none that is `good`, and whether another thread made it. Of
/// several threads one makes it, and the others wait, or make one for themselves where that takes
/// too long. An error is not remembered, and the next of those that wait tries.
pub(crate) fn get_or_compute<K, V, W, E>(
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
    match table.get_value_or_guard(key, Some(MAX_WAIT)) {
        GuardResult::Value(entry) if good(&entry) => Ok((entry, true)),
        // Made meanwhile, by a thread whose clock is ahead or for which other entries are good; or
        // not made yet.
        GuardResult::Value(_) | GuardResult::Timeout => Ok((make()?, false)),
        GuardResult::Guard(guard) => {
            let entry = make()?;
            // Not remembered if it does not fit; those that wait get it all the same.
            let _ = guard.insert(entry.clone());
            Ok((entry, false))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[derive(Clone)]
    struct One;

    impl Weighter<u8, u8> for One {
        fn weight(&self, _: &u8, _: &u8) -> u64 {
            1
        }
    }

    /// As when a key store does not answer.
    #[test]
    fn waiting_is_bounded() {
        let table = table(100, 100, One).unwrap();
        let make = |made| get_or_compute(&table, &1, |_| true, made);
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let (second, second_made) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                make(Box::new(move || {
                    begun.send(()).unwrap();
                    let _ = may_end.recv();
                    Err("broken")
                }) as Box<dyn FnOnce() -> Result<u8, &'static str>>)
            });
            has_begun.recv().unwrap();
            scope.spawn(move || second.send(make(Box::new(|| Ok(2)))).unwrap());
            let made = second_made.recv_timeout(Duration::from_secs(30));
            end.send(()).unwrap();
            assert_eq!(made, Ok(Ok((2, false))));
        });
    }
}
