//! Money: an amount and its currency, never one without the other.
use async_graphql::InputObject;
use rust_decimal::Decimal;

use crate::{
    graph::{
        rows::{Fields, Object},
        user_error::{Outcome, UserError, UserErrorCode},
    },
    store::value::Currency,
};

/// An amount of money.
pub struct Money {
    pub amount: Decimal,
    pub currency: Currency,
}

impl Money {
    pub const fn of(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }
}

impl From<(Decimal, Currency)> for Money {
    fn from((amount, currency): (Decimal, Currency)) -> Self {
        Self::of(amount, currency)
    }
}

impl Object for Money {
    const NAME: &'static str = "Money";

    fn about() -> String {
        "An amount of money. Amounts of different currencies are never added.".to_owned()
    }

    fn fields(money: &mut Fields<Self>) {
        money.column("amount", |money| &money.amount).about("How much, exactly.");
        money.column("currency", |money| &money.currency).about("Of which currency.");
    }
}

/// An amount of money.
#[derive(Clone, InputObject)]
pub struct MoneyInput {
    /// How much, exactly.
    pub amount: Decimal,
    /// Of which currency.
    pub currency: Currency,
}

impl MoneyInput {
    /// How much it is, where only one currency makes sense; `field` is where the input has it.
    pub fn amount_in(self, currency: Currency, field: &str) -> Outcome<Decimal> {
        if self.currency == currency {
            return Ok(self.amount);
        }
        let message = say!("the amount has to be in {currency}, not in {given}", given = self.currency);
        Err(UserError::new(UserErrorCode::CurrencyMismatch, message, &["input", field, "currency"]).into())
    }
}
