//! Who may use a mutation.
use crate::{
    graph::{
        fault::{Code, Fault},
        gate::{self, Right},
    },
    store::door::Write,
};

/// Who may use a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody: who may was forgotten.
    Undeclared,
    Permission(&'static str),
    /// Whoever holds it, and administrators of the platform.
    PermissionOrAdmin(&'static str),
    /// Everybody who is signed in.
    Person,
    PlatformAdmin,
    Public,
}

impl Access {
    /// The permission it takes, where it takes one.
    pub const fn permission(self) -> Option<&'static str> {
        match self {
            Self::Permission(permission) | Self::PermissionOrAdmin(permission) => Some(permission),
            _ => None,
        }
    }

    /// What the audit trail says was missing.
    pub(super) const fn missing(self) -> &'static str {
        match self {
            Self::Permission(permission) | Self::PermissionOrAdmin(permission) => permission,
            Self::PlatformAdmin => PLATFORM_ADMIN,
            Self::Undeclared | Self::Person | Self::Public => "a person who is signed in",
        }
    }

    pub(super) async fn permit(self, write: &mut Write) -> Result<(), Fault> {
        let caller = write.caller().clone();
        match self {
            Self::Public => Ok(()),
            Self::PlatformAdmin | Self::PermissionOrAdmin(_) if write.is_platform_admin().await? => Ok(()),
            Self::Permission(permission) | Self::PermissionOrAdmin(permission) => {
                let right = gate::right(&caller, write.grants(), || write.limits(), Some(permission))?;
                if right == Right::SomeRows {
                    write.only_where(permission);
                }
                Ok(())
            }
            Self::Person if caller.user.is_some() => Ok(()),
            _ if caller.is_anonymous() => Err(Fault::new(Code::Unauthenticated, say!("sign in first"))),
            Self::PlatformAdmin => Err(Fault::forbidden(PLATFORM_ADMIN)),
            Self::Person => {
                Err(Fault::new(Code::Forbidden, say!("only a person can do this, not an API key")))
            }
            Self::Undeclared => Err(Fault::internal("a mutation says nobody who may use it")),
        }
    }
}

/// Stands where a permission would: no role has it, the list of administrators decides.
const PLATFORM_ADMIN: &str = "platform.administrator";
