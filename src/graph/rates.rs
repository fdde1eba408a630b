//! How much may be asked for in a time: points of cost, out of buckets that fill up again.
//!
//! A request takes from the bucket of whoever asks, a person in an organization, an API key or an address, and then
//! from that of the organization. The buckets are in this process's memory: with N servers behind a balancer each
//! allows what the settings say, so that all together allow up to N times that. Whoever needs the sum to hold divides
//! the settings by N; what must be exact, such as guesses of passwords, is counted in the database instead.
use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    NotUntil, Quota, RateLimiter, clock::Clock, middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use uuid::Uuid;

use super::fault::{Code, Fault};
use crate::store::{clock::Steady, door::Caller};

/// Points for one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many come back in a minute; without any limit where it is 0.
    pub per_minute: u32,
    /// How many the bucket holds.
    pub burst: u32,
}

/// The rates of all kinds of buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSettings {
    /// Of an address from which somebody asks who does not say who they are.
    pub address: Rate,
    /// Of a person in an organization.
    pub person: Rate,
    pub api_key: Rate,
    pub organization: Rate,
}

impl RateSettings {
    /// Nothing is limited.
    pub const NONE: Self = {
        let rate = Rate { per_minute: 0, burst: 0 };
        Self { address: rate, person: rate, api_key: rate, organization: rate }
    };
}

/// A bucket after a request: how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Whose it is: `address`, `person`, `api_key` or `organization`.
    pub name: &'static str,
    pub per_minute: u32,
    /// How many points it holds when it is full.
    pub limit: u32,
    pub remaining: u32,
    /// What the request took.
    pub cost: u32,
    /// When it will be full again.
    pub full_in: Duration,
}

/// Too little is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    pub balance: Balance,
    /// When there will be enough.
    pub retry_after: Duration,
}

impl Exhausted {
    pub fn fault(&self) -> Fault {
        let milliseconds = u64::try_from(self.retry_after.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
        let Balance { name, cost, remaining, per_minute, .. } = self.balance;
        let whose = name.replace('_', " ");
        let message = say!(
            "this costs {cost} points, and {remaining} are left for your {whose}, which gets {per_minute} a minute: \
             try again in {milliseconds} ms"
        );
        Fault::new(Code::RateLimited, message).with("retryAfterMs", milliseconds)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Address(IpAddr),
    Person(Option<Uuid>, Uuid),
    Key(Uuid),
    Organization(Uuid),
}

/// All buckets.
pub struct Rates {
    address: Option<Buckets>,
    person: Option<Buckets>,
    api_key: Option<Buckets>,
    organization: Option<Buckets>,
}

impl Rates {
    pub fn new(settings: &RateSettings, clock: &Steady) -> Self {
        let buckets = |name, rate| Buckets::new(name, rate, clock);
        Self {
            address: buckets("address", settings.address),
            person: buckets("person", settings.person),
            api_key: buckets("api_key", settings.api_key),
            organization: buckets("organization", settings.organization),
        }
    }

    /// Takes `cost` points for a request of `caller`. Tells how the scarcest of their buckets stands then; nothing
    /// where they have none. A key that `is_known` to nobody takes from its address alone: anybody can make one up.
    pub fn take(&self, caller: &Caller, is_known: bool, cost: usize) -> Result<Option<Balance>, Exhausted> {
        // what takes nothing from the database takes some work as well
        let cost = u32::try_from(cost.max(1)).unwrap_or(u32::MAX);
        let (buckets, whose) = match (caller.api_key.filter(|_| is_known), caller.user, caller.ip) {
            (Some(key), ..) => (&self.api_key, Whose::Key(key)),
            (None, Some(user), _) => (&self.person, Whose::Person(caller.organization, user)),
            (None, None, Some(ip)) => (&self.address, Whose::Address(network(ip))),
            (None, None, None) => return Ok(None),
        };
        let own = buckets.as_ref().map(|buckets| buckets.take(whose, cost)).transpose()?;
        // own points come first: whoever has none left does not take those of all
        let is_inside = !matches!(whose, Whose::Address(_));
        let shared = match (&self.organization, caller.organization.filter(|_| is_inside)) {
            (Some(buckets), Some(organization)) => {
                Some(buckets.take(Whose::Organization(organization), cost)?)
            }
            _ => None,
        };
        Ok(own.into_iter().chain(shared).min_by_key(|balance| balance.remaining))
    }

    /// Forgets buckets that are full.
    pub fn forget_full(&self) {
        for buckets in [&self.address, &self.person, &self.api_key, &self.organization].into_iter().flatten()
        {
            buckets.limiter.retain_recent();
            buckets.limiter.shrink_to_fit();
        }
    }
}

/// An address of IPv6 is as good as any of its network: whoever has one has them all.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

struct Buckets {
    name: &'static str,
    per_minute: u32,
    quota: Quota,
    clock: Ticks,
    limiter: RateLimiter<Whose, DashMapStateStore<Whose>, Ticks, StateInformationMiddleware>,
}

/// The clock, as the buckets ask it.
#[derive(Clone, Debug)]
struct Ticks(Steady);

impl Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Buckets {
    fn new(name: &'static str, rate: Rate, clock: &Steady) -> Option<Self> {
        let per_minute = NonZeroU32::new(rate.per_minute)?;
        let quota =
            Quota::per_minute(per_minute).allow_burst(NonZeroU32::new(rate.burst).unwrap_or(per_minute));
        let clock = Ticks(clock.clone());
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Some(Self { name, per_minute: rate.per_minute, quota, clock, limiter })
    }

    /// What costs more than the bucket holds takes all of it.
    fn take(&self, whose: Whose, cost: u32) -> Result<Balance, Exhausted> {
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN).min(self.quota.burst_size());
        match self.limiter.check_key_n(&whose, cost) {
            Ok(Ok(snapshot)) => Ok(self.balance(cost, snapshot.remaining_burst_capacity())),
            Ok(Err(not_until)) => Err(self.exhausted(cost, &not_until)),
            // it was made to fit
            Err(_) => Ok(self.balance(cost, 0)),
        }
    }

    fn exhausted(&self, cost: NonZeroU32, not_until: &NotUntil<Duration>) -> Exhausted {
        let retry_after = not_until.wait_time_from(self.clock.now());
        let missing = retry_after.as_nanos().div_ceil(self.quota.replenish_interval().as_nanos().max(1));
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        Exhausted { balance: self.balance(cost, cost.get().saturating_sub(missing)), retry_after }
    }

    fn balance(&self, cost: NonZeroU32, remaining: u32) -> Balance {
        let limit = self.quota.burst_size().get();
        Balance {
            name: self.name,
            per_minute: self.per_minute,
            limit,
            remaining,
            cost: cost.get(),
            full_in: self.quota.replenish_interval().saturating_mul(limit.saturating_sub(remaining)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_minute: 60, burst: 100 };
    const SETTINGS: RateSettings = RateSettings {
        address: RATE,
        person: RATE,
        api_key: RATE,
        organization: Rate { per_minute: 60, burst: 150 },
    };

    fn person(organization: u128, user: u128) -> Caller {
        let (organization, user) = (Some(Uuid::from_u128(organization)), Some(Uuid::from_u128(user)));
        Caller { organization, user, ip: Some(IpAddr::from([192, 0, 2, 1])), ..Caller::default() }
    }

    #[test]
    fn a_bucket_is_emptied_and_fills_up_again() {
        let clock = Steady::stopped();
        let rates = Rates::new(&SETTINGS, &clock);
        let ann = person(1, 1);
        let balance = rates.take(&ann, true, 70).unwrap().unwrap();
        assert_eq!((balance.name, balance.limit, balance.remaining, balance.cost), ("person", 100, 30, 70));
        assert_eq!(balance.full_in, Duration::from_secs(70));
        let refused = rates.take(&ann, true, 40).unwrap_err();
        assert_eq!((refused.balance.remaining, refused.retry_after), (30, Duration::from_secs(10)));
        let fault = refused.fault();
        assert_eq!(fault.code, Code::RateLimited);
        assert_eq!(fault.details, [("retryAfterMs", 10_000.into())]);
        // what was refused has taken nothing
        clock.pass(Duration::from_secs(9));
        assert_eq!(rates.take(&ann, true, 40).unwrap_err().retry_after, Duration::from_secs(1));
        clock.pass(Duration::from_secs(1));
        assert_eq!(rates.take(&ann, true, 40).unwrap().unwrap().remaining, 0);
        // it never holds more than it does
        clock.pass(Duration::from_hours(1));
        assert_eq!(rates.take(&ann, true, 1).unwrap().unwrap().remaining, 99);
    }

    #[test]
    fn each_has_a_bucket_and_shares_that_of_the_organization() {
        let rates = Rates::new(&SETTINGS, &Steady::stopped());
        let take =
            |caller: &Caller, cost| rates.take(caller, true, cost).map(|balance| balance.unwrap().name);
        assert_eq!(take(&person(1, 1), 90), Ok("person"));
        // 60 are left in the organization, fewer than of the colleague's own
        assert_eq!(take(&person(1, 2), 50), Ok("organization"));
        assert_eq!(take(&person(1, 2), 20).unwrap_err().balance.name, "organization");
        // the same person elsewhere, and somebody else elsewhere
        assert_eq!(take(&person(2, 1), 90), Ok("person"));
        let key = Caller { user: None, api_key: Some(Uuid::from_u128(9)), ..person(3, 0) };
        assert_eq!(take(&key, 100), Ok("api_key"));
        assert_eq!(take(&key, 1).unwrap_err().balance.name, "api_key");
    }

    #[test]
    fn a_key_that_is_made_up_spends_nothing_of_an_organization() {
        let rates = Rates::new(&SETTINGS, &Steady::stopped());
        let forged = Caller { user: None, api_key: Some(Uuid::from_u128(9)), ..person(1, 0) };
        assert_eq!(rates.take(&forged, false, 100).unwrap().unwrap().name, "address");
        assert_eq!(rates.take(&forged, false, 1).unwrap_err().balance.name, "address");
        let key = rates.take(&forged, true, 1).unwrap().unwrap();
        assert_eq!((key.name, key.remaining), ("api_key", 99));
        assert_eq!(rates.take(&person(1, 1), true, 1).unwrap().unwrap().remaining, 99);
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let rates = Rates::new(&SETTINGS, &Steady::stopped());
        let take = |ip: &str, cost| {
            let caller = Caller { ip: Some(ip.parse().unwrap()), ..Caller::default() };
            rates.take(&caller, true, cost).is_ok()
        };
        assert!(take("2001:db8::1", 100));
        assert!(!take("2001:db8::ffff:2", 1));
        assert!(take("2001:db8:0:1::1", 1));
        assert!(take("192.0.2.1", 100) && take("192.0.2.2", 100));
    }

    #[test]
    fn what_costs_more_than_a_bucket_holds_takes_all_of_it() {
        let clock = Steady::stopped();
        let rates = Rates::new(&SETTINGS, &clock);
        assert_eq!(rates.take(&person(1, 1), true, 1_000_000).unwrap().unwrap().remaining, 0);
        assert!(rates.take(&person(1, 1), true, 1).is_err());
        clock.pass(Duration::from_secs(100));
        rates.forget_full();
        assert!(rates.take(&person(1, 1), true, 100).is_ok());
    }

    #[test]
    fn a_rate_of_nothing_limits_nothing() {
        let rates = Rates::new(&RateSettings::NONE, &Steady::stopped());
        for _ in 0..1000 {
            assert_eq!(rates.take(&person(1, 1), true, usize::MAX), Ok(None));
        }
    }
}
