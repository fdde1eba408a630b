//! The account that PostgreSQL runs as. PostgreSQL refuses to run as root, so a server started by root (a
//! container) runs it as an unprivileged user, who must own its data and be able to reach them.
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::{Uid, User, geteuid};

/// Who runs PostgreSQL.
#[derive(Debug, Clone)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
    /// Whether this process is root and has to become that user first.
    change: bool,
}

impl Account {
    /// The user of this process, or, for root, the unprivileged user that stands in.
    pub(super) fn current() -> Result<Self> {
        let me = geteuid();
        if !me.is_root() {
            return Ok(Self { uid: me.as_raw(), gid: nix::unistd::getegid().as_raw(), change: false });
        }
        let Some(nobody) = User::from_name("nobody").context("the list of users cannot be read")? else {
            bail!(
                "PostgreSQL does not run as root, and there is no user \"nobody\" to run it as: start Portico \
                 as another user, or set DATABASE_URL to an existing PostgreSQL."
            );
        };
        Ok(Self { uid: nobody.uid.as_raw(), gid: nobody.gid.as_raw(), change: true })
    }

    /// The account that goes on with existing data: their owner. Only root may choose.
    pub(super) fn keeping(self, data: &Path) -> Result<Self> {
        let Ok(found) = fs::metadata(data) else { return Ok(self) };
        if self.change
            && found.uid() != 0
            && User::from_uid(Uid::from_raw(found.uid())).is_ok_and(|u| u.is_some())
        {
            return Ok(Self { uid: found.uid(), gid: found.gid(), change: true });
        }
        if !self.change && found.uid() != self.uid {
            bail!(
                "{} belongs to another user (id {}), probably because Portico was started as root before: \
                 start it as that user, or set PORTICO_DATA to another directory.",
                data.display(),
                found.uid()
            );
        }
        Ok(self)
    }

    /// A command of this account, free of what the caller's environment says about PostgreSQL and language.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").current_dir("/");
        if self.change {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// A directory that only this account may enter.
    pub(super) fn private(&self, directory: &Path) -> Result<()> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.and_then(
            |()| if self.change { chown(directory, Some(self.uid), Some(self.gid)) } else { Ok(()) },
        )
        .and_then(|()| fs::set_permissions(directory, Permissions::from_mode(0o700)))
        .with_context(|| format!("{} cannot be made a private directory of PostgreSQL", directory.display()))
    }

    /// Whether this account may pass through every directory on an existing path.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        path.ancestors().all(|directory| {
            fs::metadata(directory).is_ok_and(|found| {
                let mode = found.mode();
                mode & 0o001 != 0
                    || (found.uid() == self.uid && mode & 0o100 != 0)
                    || (found.gid() == self.gid && mode & 0o010 != 0)
            })
        })
    }

    /// Whether a change of user is needed, so that directories made by this process must be opened to it.
    pub(super) fn is_another(&self) -> bool {
        self.change
    }
}
