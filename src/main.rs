//! The `portico` program.
fn main() {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{}", portico::graph::schema::sdl());
}
