//! The `portico` program: reads the command line and runs one command.
use std::process::ExitCode;

use clap::Parser;
use portico::command::{self, Line};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::run(Line::parse())
}
