//! Tells cargo which directories become part of the binary, so that a new file in them is noticed.
use std::io::Write;

fn main() -> std::io::Result<()> {
    let mut cargo = std::io::stdout().lock();
    for directory in ["migrations", "playground/dist"] {
        writeln!(cargo, "cargo::rerun-if-changed={directory}")?;
    }
    Ok(())
}
