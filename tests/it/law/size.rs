//! No file is longer than a reader's patience.
use super::rust_files;

/// Files still to be split, and how long they are: the list and the numbers may only shrink.
const LONG: &[(&str, usize)] =
    &[("src/graph/rows/differential.rs", 575), ("src/store/select.rs", 530), ("src/store/door.rs", 625)];

#[test]
fn no_file_has_more_than_500_lines() {
    let long: Vec<String> = ["src", "tests"]
        .into_iter()
        .flat_map(rust_files)
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > 500)
        .filter(|(path, lines)| !LONG.iter().any(|(known, most)| path.ends_with(known) && lines <= most))
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "split these:\n{}", long.join("\n"));
}
