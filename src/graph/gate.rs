//! The Gate: default deny, decided once per selected field.
use super::{
    fault::{Code, Fault},
    rows::AnyId,
};
use crate::store::{
    door::Caller,
    grants::{Grants, Lack},
    select::Limits,
};

/// How far a permission extends that the caller holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Everything,
    /// To some rows: which, their conditions say.
    SomeRows,
}

/// How far `permission` extends; if to nothing, what is missing.
pub fn right(
    caller: &Caller,
    grants: &Grants,
    limits: impl FnOnce() -> Option<std::sync::Arc<Limits>>,
    permission: Option<&str>,
) -> Result<Right, Fault> {
    let Some(permission) = permission.filter(|permission| !grants.hold(permission)) else {
        return Ok(Right::Everything);
    };
    match limits() {
        Some(limits) if limits.hold(permission) => return Ok(Right::Everything),
        Some(limits) if limits.may_hold(permission) => return Ok(Right::SomeRows),
        _ => {}
    }
    if caller.is_anonymous() {
        return Err(Fault::new(Code::Unauthenticated, say!("sign in first")));
    }
    if caller.organization.is_none() {
        return Err(Fault::new(Code::TenantRequired, say!("choose an organization: sign in with its slug")));
    }
    Err(missing(grants, permission))
}

/// What somebody lacks who does not hold `permission`, or not as it is.
pub fn missing(grants: &Grants, permission: &str) -> Fault {
    match grants.lack(permission) {
        None => Fault::forbidden(permission),
        Some(Lack::SecondFactor) => Fault::second_factor(permission),
        Some(Lack::Approval { permission: given }) => {
            let given = AnyId { prefix: PERMISSION.to_owned(), uuid: given };
            Fault::approval(permission, &given.to_string())
        }
    }
}

/// What the ids of permissions begin with.
const PERMISSION: &str = "perm";
