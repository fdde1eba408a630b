//! Tells cargo which directories become part of the binary, so that a new file in them is noticed, and writes down which
//! columns the fields of entities read.
use std::{env, fmt::Write as _, fs, io, io::Write, path::Path};

#[path = "build/reads.rs"]
mod reads;

fn main() -> io::Result<()> {
    let mut cargo = io::stdout().lock();
    for directory in ["migrations", "playground/dist", "src/domains", "build", "build.rs"] {
        writeln!(cargo, "cargo::rerun-if-changed={directory}")?;
    }
    let mut rows = String::from("&[\n");
    read(Path::new("src/domains"), &mut rows)?;
    rows.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo says where to write"))?;
    fs::write(Path::new(&out).join("rows.rs"), rows)
}

/// Writes down the entities of all files below `directory`.
fn read(directory: &Path, rows: &mut String) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, rows)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for reads::Entity { name, columns, reads } in reads::entities(&fs::read_to_string(&path)?) {
                let reads: Vec<_> =
                    reads.iter().map(|(field, read)| format!("({field:?}, &{read:?})")).collect();
                writeln!(rows, "({name:?}, &{columns:?}, &[{}]),", reads.join(", "))
                    .map_err(io::Error::other)?;
            }
        }
    }
    Ok(())
}
