//! Values that stand for others: whoever lacks the server's secret can neither turn them back nor guess them by trying.
use aws_lc_rs::hmac;
use uuid::Uuid;

use super::{Keys, text::base32};

impl Keys {
    /// What stands for `value` in an organization, for one purpose; always the same.
    pub fn pseudonym(&self, organization: Uuid, purpose: &str, value: &str) -> String {
        let mut context = hmac::Context::with_key(&self.masking);
        for part in [organization.as_bytes().as_slice(), purpose.as_bytes(), &[0], value.as_bytes()] {
            context.update(part);
        }
        let tag = context.sign();
        base32(tag.as_ref().get(..10).unwrap_or_default())
    }
}
