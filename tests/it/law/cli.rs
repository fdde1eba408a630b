//! The command line explains itself, and the README tells all of its commands and settings.
use std::fmt::Write;

use clap::{Command, CommandFactory};
use portico::{command::Line, settings::Settings};

use super::{repository, rust_files};

/// What the README's table begins and ends with.
const TABLE: (&str, &str) = ("<!-- settings -->\n", "<!-- end of settings -->");

#[test]
fn the_command_line_has_no_contradictions() {
    Line::command().debug_assert();
}

#[test]
fn every_command_and_every_option_has_help() {
    fn look(command: &Command, bare: &mut Vec<String>) {
        let name = command.get_name();
        if command.get_about().is_none() {
            bare.push(name.to_owned());
        }
        let options = command.get_arguments().filter(|option| option.get_help().is_none());
        bare.extend(options.map(|option| format!("{name} {}", option.get_id())));
        let shown = command.clone().render_help().to_string();
        assert!(shown.contains("Usage:"), "{name}: {shown}");
        command.get_subcommands().for_each(|below| look(below, bare));
    }
    let mut line = Line::command();
    line.build();
    let mut bare = Vec::new();
    look(&line, &mut bare);
    assert!(bare.is_empty(), "without help: {bare:?}");
}

#[test]
fn the_readme_names_every_command() {
    let readme = readme();
    let line = Line::command();
    let missing: Vec<&str> = line
        .get_subcommands()
        .map(Command::get_name)
        .filter(|name| !readme.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "the README does not name {missing:?}");
}

#[test]
fn the_readme_has_every_setting_as_the_program_prints_it() {
    let mut table = "| Variable | Default | Meaning |\n| --- | --- | --- |\n".to_owned();
    for setting in Settings::read([], None).unwrap().list() {
        let default =
            if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) };
        let meaning = setting.meaning.replace('|', "\\|");
        writeln!(table, "| `{}` | {default} | {meaning} |", setting.env).unwrap();
    }
    let readme = readme();
    let (before, rest) = readme.split_once(TABLE.0).expect("the README has the mark where the table begins");
    let (written, after) = rest.split_once(TABLE.1).expect("the README has the mark where the table ends");
    if std::env::var_os("UPDATE").is_some() {
        let readme = format!("{before}{}{table}{}{after}", TABLE.0, TABLE.1);
        return std::fs::write(repository().join("README.md"), readme).unwrap();
    }
    assert_eq!(written, table, "the README's settings are not those of the program: UPDATE=1 cargo test cli");
}

#[test]
fn every_setting_is_obeyed() {
    let files = rust_files("src");
    let read = |name: &str| {
        let field = format!(".{name}");
        let others = files.iter().filter(|(path, _)| !path.ends_with("src/settings/mod.rs"));
        others.flat_map(|(_, text)| text.split(&field).skip(1)).any(|after| {
            !after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == '(')
        })
    };
    let unread: Vec<_> =
        Settings::read([], None).unwrap().list().into_iter().map(|setting| setting.name).collect();
    let unread: Vec<_> = unread.into_iter().filter(|name| !read(name)).collect();
    assert!(unread.is_empty(), "nothing reads {unread:?}");
}

fn readme() -> String {
    std::fs::read_to_string(repository().join("README.md")).unwrap()
}
