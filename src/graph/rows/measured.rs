//! The fields of an aggregate: what the values of one field amount to.
use std::marker::PhantomData;

use futures_util::{FutureExt, future::BoxFuture};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{
    aggregate::{Aggregate, Function, Kind, Measure, may_use},
    declare::{Entity, Object},
    face::TypeOf,
    plan::{Asked, Env},
    relation::{Gathered, Leaves, Loaded, Relation, loaded},
};
use crate::{
    graph::scalar::Scalar,
    store::{
        select::{Amount, Extreme},
        value::{Currency, Date},
    },
};

/// Means are rounded to so many digits behind the point.
const DIGITS: u32 = 4;

/// One function of one measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// The place of the measure.
    pub at: usize,
    pub measure: Measure,
    pub function: Function,
}

impl Measured {
    /// The type of a field that is not money.
    pub fn ty(self) -> TypeOf {
        Box::new(match (self.function, self.measure.kind) {
            (Function::Average, _) | (_, Kind::Decimal | Kind::Money) => <Option<Decimal>>::register,
            (_, Kind::Int) => <Option<i64>>::register,
            (_, Kind::Date) => <Option<Date>>::register,
            (_, Kind::Time) => <Option<chrono::DateTime<chrono::Utc>>>::register,
        })
    }

    fn extreme(self, amount: &Amount) -> Option<Extreme> {
        if self.function == Function::Least { amount.least } else { amount.most }
    }

    fn number(self, amount: &Amount) -> Option<Decimal> {
        match self.function {
            Function::Sum => amount.sum,
            Function::Average => {
                amount.sum?.checked_div(amount.count.into()).map(|mean| mean.round_dp(DIGITS))
            }
            Function::Least | Function::Most => match self.extreme(amount)? {
                Extreme::Number(number) => Some(number),
                Extreme::Date(_) | Extreme::Time(_) => None,
            },
        }
    }
}

impl<U> Aggregate<U> {
    /// The place of a measure among those that were asked for.
    fn place(&self, measure: usize) -> Option<usize> {
        self.measures.iter().position(|asked| *asked == measure)
    }

    /// What all values of a measure amount to.
    fn amount(&self, measure: usize) -> Amount {
        let place = self.place(measure);
        let all = self.amounts.iter().filter_map(|amounts| amounts.of.get(place?));
        all.fold(Amount::default(), Amount::and)
    }
}

impl<U: Entity> Relation<Aggregate<U>> for Measured {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [Aggregate<U>],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            may_use::<U>(env, self.measure.field)?;
            let amounts = rows.iter().map(|row| row.amount(self.at));
            let pos = asked.pos();
            match (self.function, self.measure.kind) {
                (Function::Average, _) | (_, Kind::Decimal | Kind::Money) => {
                    loaded(Leaves { values: amounts.map(|amount| Ok(self.number(&amount))).collect(), pos })
                }
                (_, Kind::Int) => {
                    let whole = |amount: Amount| self.number(&amount).and_then(|number| number.to_i64());
                    loaded(Leaves { values: amounts.map(|amount| Ok(whole(amount))).collect(), pos })
                }
                (_, Kind::Date) => {
                    let day = |amount: Amount| match self.extreme(&amount) {
                        Some(Extreme::Date(day)) => Some(day),
                        _ => None,
                    };
                    loaded(Leaves { values: amounts.map(|amount| Ok(day(amount))).collect(), pos })
                }
                (_, Kind::Time) => {
                    let time = |amount: Amount| match self.extreme(&amount) {
                        Some(Extreme::Time(time)) => Some(time),
                        _ => None,
                    };
                    loaded(Leaves { values: amounts.map(|amount| Ok(time(amount))).collect(), pos })
                }
            }
        }
        .boxed()
    }
}

/// The same of amounts of money: one for each currency.
pub struct MoneyOf<M>(Measured, PhantomData<fn() -> M>);

impl<M> MoneyOf<M> {
    pub(super) const fn new(measured: Measured) -> Self {
        Self(measured, PhantomData)
    }
}

impl<U: Entity, M: Object + From<(Decimal, Currency)>> Relation<Aggregate<U>> for MoneyOf<M> {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [Aggregate<U>],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            may_use::<U>(env, self.0.measure.field)?;
            let mut money = Gathered::with_capacity(rows.len());
            for row in rows {
                let place = row.place(self.0.at);
                let of_currency = row
                    .amounts
                    .iter()
                    .filter_map(|amounts| Some((amounts.currency?, self.0.number(amounts.of.get(place?)?)?)));
                let mut all: Vec<_> = of_currency.collect();
                all.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
                money.add(all.into_iter().map(|(currency, amount)| M::from((amount, currency))));
            }
            money.planned(env, asked, true).await
        }
        .boxed()
    }
}
