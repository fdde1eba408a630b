//! No file is longer than a reader's patience.
use super::rust_files;

const LONGEST: usize = 500;

#[test]
fn no_file_has_more_than_500_lines() {
    let long: Vec<String> = ["src", "tests", "benches/load/src"]
        .into_iter()
        .flat_map(rust_files)
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "split these:\n{}", long.join("\n"));
}
