//! The Gate: default deny, decided once per selected field.
use super::fault::{Code, Fault};
use crate::store::{door::Caller, grants::Grants};

/// Whether `caller` holds `permission`; if not, what is missing.
pub fn permit(caller: &Caller, grants: &Grants, permission: Option<&str>) -> Result<(), Fault> {
    let Some(permission) = permission.filter(|permission| !grants.hold(permission)) else { return Ok(()) };
    if caller.is_anonymous() {
        return Err(Fault::new(Code::Unauthenticated, "sign in first"));
    }
    if caller.organization.is_none() {
        return Err(Fault::new(Code::TenantRequired, "choose an organization: sign in with its slug"));
    }
    Err(Fault::forbidden(permission))
}
