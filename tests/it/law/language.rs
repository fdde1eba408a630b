//! Whatever is said to people is said in Portuguese too, by the same arguments, and nothing is translated that nobody
//! says.
use std::collections::{BTreeMap, BTreeSet};

use portico::{
    language::{Pattern, entries},
    store::constraint::NAMED,
};

use super::{repository, rust_files};

/// The literal with which `text` begins, as the compiler reads it.
fn literal(text: &str) -> Option<String> {
    let mut letters = text.trim_start().strip_prefix('"')?.chars().peekable();
    let mut literal = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(literal),
            '\\' => match letters.next()? {
                'n' => literal.push('\n'),
                '\n' => while letters.next_if(|letter| letter.is_whitespace()).is_some() {},
                escaped => literal.push(escaped),
            },
            letter => literal.push(letter),
        }
    }
}

/// What the code says, tests aside.
fn said_by_code() -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    for (path, text) in rust_files("src") {
        let path = path.display().to_string();
        if path.starts_with("src/language/") || path.starts_with("src/graph/rows/differential") {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for mark in ["say!(", "Said::whole(\""] {
            for (at, _) in code.match_indices(mark) {
                let template = literal(&code[at + mark.trim_end_matches('"').len()..]);
                let line = code[..at].lines().count();
                let template = template.unwrap_or_else(|| panic!("{path}:{line} says no literal"));
                said.insert(template, format!("{path}:{line}"));
            }
        }
    }
    assert!(said.len() > 300);
    said
}

/// What the database says: the sentences that triggers refuse with.
fn said_by_triggers() -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for entry in std::fs::read_dir(repository().join("migrations")).unwrap() {
        let Ok(text) = std::fs::read_to_string(entry.unwrap().path().join("up.sql")) else { continue };
        for (mark, end) in [
            ("PERFORM ops.refuse(", ";"),
            ("EXECUTE FUNCTION ops.refuse_cycle(", ";"),
            ("MESSAGE = CASE", "END,"),
        ] {
            for (at, _) in text.match_indices(mark) {
                let refusal = text[at..].split(end).next().unwrap();
                // a semicolon stands in a sentence, too
                let whole = if refusal.matches('\'').count() % 2 == 0 {
                    refusal
                } else {
                    text[at..].split(");").next().unwrap()
                };
                let literals = whole
                    .replace("''", "’")
                    .split('\'')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect::<Vec<_>>();
                let sentences =
                    literals.into_iter().filter(|literal| literal.ends_with('.') && literal.contains(' '));
                said.extend(sentences.map(|sentence| sentence.replace('’', "'")));
            }
        }
    }
    assert!(said.len() > 50, "{said:#?}");
    said
}

/// A template as SQL has it: `At most %s people`.
fn as_sql(template: &str) -> String {
    Pattern::of(template).texts.join("%s")
}

fn files() -> BTreeMap<String, Vec<(String, String)>> {
    let folder = std::fs::read_dir(repository().join("src/language/pt-BR")).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let file: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
        assert_eq!(text.lines().count(), file.len() + 2, "{} says something twice", entry.path().display());
        (entry.file_name().display().to_string(), file.into_iter().collect())
    };
    folder.map(read).collect()
}

#[test]
fn every_sentence_has_a_translation_and_every_translation_a_sentence() {
    let (by_code, by_triggers) = (said_by_code(), said_by_triggers());
    let known: BTreeMap<String, String> = entries().into_iter().collect();
    let of_constraints: BTreeSet<&str> =
        NAMED.iter().map(|(.., said)| *said).filter(|said| !said.is_empty()).collect();

    let mut missing: Vec<String> = Vec::new();
    let untold = by_code.iter().filter(|(template, _)| !known.contains_key(*template));
    missing.extend(untold.map(|(template, place)| format!("{place}: {template}")));
    missing.extend(
        of_constraints
            .iter()
            .filter(|said| !known.contains_key(**said))
            .map(|said| format!("constraint: {said}")),
    );
    let in_sql: BTreeSet<String> = known.keys().map(|template| as_sql(template)).collect();
    missing.extend(
        by_triggers.iter().filter(|said| !in_sql.contains(*said)).map(|said| format!("trigger: {said}")),
    );
    assert!(missing.is_empty(), "not in src/language/pt-BR:\n{}", missing.join("\n"));

    let sources: String = rust_files("src").into_iter().map(|(_, text)| text).collect();
    let mut unused = Vec::new();
    for (file, sentences) in files() {
        for (template, _) in sentences {
            let is_said = match file.as_str() {
                // what async-graphql says is provoked, see `web::language`
                "async_graphql.json" => true,
                "words.json" => {
                    sources.contains(&format!("\"{}\"", template.replace(' ', "_")))
                        || sources.contains(&format!("\"{template}\""))
                }
                _ => {
                    by_code.contains_key(&template)
                        || of_constraints.contains(&*template)
                        || by_triggers.contains(&as_sql(&template))
                }
            };
            if !is_said {
                unused.push(format!("{file}: {template}"));
            }
        }
    }
    assert!(unused.is_empty(), "nobody says:\n{}", unused.join("\n"));
}

#[test]
fn a_translation_has_the_arguments_of_its_sentence() {
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    // what is the same word in both languages, or is looked for by programs
    let alike =
        ["PersistedQueryNotFound", "PersistedQueryNotSupported", "bytes", "tokens", "aliases", "null"];
    let alike_in_form = " --> {place}\n{source}  = {expected}";
    for (english, portuguese) in files().into_values().flatten() {
        let (sentence, translation) = (Pattern::of(&english), Pattern::of(&portuguese));
        let names = |pattern: &Pattern| {
            let mut names: Vec<_> = pattern.arguments.iter().map(|(name, _)| name.clone()).collect();
            names.sort();
            names
        };
        let is_named = |(name, _): &(String, String)| {
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        let mut between = sentence.texts.iter().skip(1).rev().skip(1);
        let is_translated = english != portuguese || alike.contains(&&*english) || english == alike_in_form;
        let kinds = translation.arguments.iter().all(|(_, kind)| ["", "said", "number"].contains(&&**kind));
        if names(&sentence) != names(&translation)
            || !sentence.arguments.iter().all(is_named)
            || between.any(String::is_empty)
            || !kinds
            || !is_translated
            || !known.insert(english.clone())
        {
            wrong.push(format!("{english}\n  {portuguese}"));
        }
        let backticks = |text: &str| text.matches('`').count();
        assert!(
            backticks(&portuguese) >= backticks(&english),
            "names of the API stay as they are: {portuguese}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(known.len(), entries().len(), "a file is not embedded");
}

/// Everything else is said by `say!`, which the law above sees.
#[test]
fn only_what_others_have_said_is_heard() {
    let heard = rust_files("src").into_iter().filter(|(path, text)| {
        !path.starts_with("src/language") && (text.contains("Said::heard(") || text.contains("Said::by("))
    });
    let files: Vec<String> = heard.map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(
        files.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(),
        [
            "src/domains/ops/export.rs",
            "src/domains/ops/import.rs",
            "src/domains/ops/import_error.rs",
            "src/graph/export/mod.rs",
            "src/graph/fault.rs",
            "src/graph/import/mod.rs",
            "src/graph/import/shape.rs",
            "src/graph/mutation/run.rs",
            "src/store/constraint.rs",
        ]
    );
}
