//! Chance that repeats itself: the same numbers and ids for the same beginning, on every machine.
use chrono::{DateTime, Utc};
use uuid::{Builder, Uuid};

/// `SplitMix64`: small, fast, and good enough to make data look alive.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// A beginning made of a name, so that each organization has its own.
    pub(super) fn named(name: &str) -> Self {
        // FNV-1a.
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap_or_default() + 1;
        low + i64::try_from(self.next() % span).unwrap_or_default()
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of several; the default value when there is none.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).unwrap_or_default().max(1);
        let place = usize::try_from(self.next() % count).unwrap_or_default();
        from.get(place).copied().unwrap_or_default()
    }
}

/// Ids as the server makes them (`UUIDv7`), but for a given time and always the same.
#[derive(Debug)]
pub(super) struct Ids {
    dice: Dice,
    count: u16,
}

impl Ids {
    pub(super) fn named(name: &str) -> Self {
        Self { dice: Dice::named(name), count: 0 }
    }

    /// A new id of that time; of two with the same time, the later one sorts after the earlier.
    pub(super) fn at(&mut self, time: DateTime<Utc>) -> Uuid {
        self.count = self.count.wrapping_add(1);
        let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default();
        let tail = u128::from(self.count) << 64 | u128::from(self.dice.next());
        let [_, _, _, _, _, _, tail @ ..] = tail.to_be_bytes();
        Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_beginning_gives_the_same_course() {
        let course = |name| {
            let mut dice = Dice::named(name);
            [dice.between(-5, 5), dice.between(-5, 5), dice.between(-5, 5), dice.between(0, 1_000_000)]
        };
        assert_eq!(course("aether"), course("aether"));
        assert_ne!(course("aether"), course("nimbus"));
        assert_eq!(Dice::named("").pick::<u8>(&[]), 0);
    }

    #[test]
    fn ids_carry_their_time_and_sort_by_it() {
        let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let mut ids = Ids::named("aether");
        let (late, early, after) = (ids.at(time(2_000)), ids.at(time(1_000)), ids.at(time(1_000)));
        assert!(early < after && after < late);
        assert_eq!(late.get_version_num(), 7);
        assert_eq!(late.get_timestamp().unwrap().to_unix().0, 2_000);
        assert_eq!(Ids::named("aether").at(time(2_000)), late);
    }
}
