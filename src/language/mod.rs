//! What is said to people: written in English where it is said, and put into their language where the answer is written.
//!
//! A sentence is made by `say!`, which is `format!` that does not forget: beside its English text it keeps the template
//! in the source. By it the sentence is found in the [`catalogue`] of another language, and by it the arguments are
//! found in the text. Nothing of this is done for whoever reads English.
mod catalogue;

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use catalogue::{Pattern, entries};

/// A language in which people are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    /// That of Brazil.
    Portuguese,
}

impl Language {
    /// As HTTP names it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Portuguese => "pt-BR",
        }
    }

    /// What somebody reads who asks for `tag`: whoever reads `pt-PT` reads what is written in Brazil, too.
    pub fn named(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        [Self::English, Self::Portuguese]
            .into_iter()
            .find(|language| language.tag().get(..2).is_some_and(|own| own.eq_ignore_ascii_case(primary)))
    }
}

/// A sentence for people, like `format!`. Its placeholders have names, by which translations place them.
macro_rules! say {
    ($template:literal $($arguments:tt)*) => {
        $crate::language::Said::new($template, format_args!($template $($arguments)*))
    };
}

/// A sentence, in English until it is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// As it stands in the source; none where somebody else has written it: the database, async-graphql.
    template: Option<&'static str>,
    text: Cow<'static, str>,
}

impl Said {
    /// What `say!` makes.
    pub fn new(template: &'static str, filled: fmt::Arguments<'_>) -> Self {
        let text = match filled.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(fmt::format(filled)),
        };
        Self { template: Some(template), text }
    }

    /// A sentence from a table.
    pub const fn whole(text: &'static str) -> Self {
        Self { template: Some(text), text: Cow::Borrowed(text) }
    }

    /// What somebody else has said: its template is looked for by its text once it is translated.
    pub fn heard(text: impl Into<Cow<'static, str>>) -> Self {
        Self { template: None, text: text.into() }
    }

    /// What was said by `template`, where it is known.
    pub fn by(template: Option<&'static str>, text: String) -> Self {
        Self { template, text: text.into() }
    }

    pub const fn template(&self) -> Option<&'static str> {
        self.template
    }

    /// As it is logged, and told to programs.
    pub fn english(&self) -> &str {
        &self.text
    }

    /// As it is told; what has no translation is told in English.
    pub fn in_language(&self, language: Language) -> Cow<'_, str> {
        let translated = match (language, self.template) {
            (Language::English, _) => None,
            (Language::Portuguese, Some(template)) => catalogue::translate(template, &self.text),
            (Language::Portuguese, None) => catalogue::recognize(&self.text),
        };
        translated.unwrap_or(Cow::Borrowed(&self.text))
    }

    /// The same, to be told in `language` wherever it is told.
    #[must_use]
    pub fn put_into(&self, language: Language) -> Self {
        match language {
            Language::English => self.clone(),
            Language::Portuguese => Self::heard(self.in_language(language).into_owned()),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

/// As it is kept for a repetition, in whichever language that is asked for: a text where that says it all.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Kept<'s> {
    Text(Cow<'s, str>),
    Filled { template: Cow<'s, str>, text: Cow<'s, str> },
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Cow::Borrowed(&*self.text);
        let kept = match self.template {
            Some(template) if template != self.text => Kept::Filled { template: template.into(), text },
            _ => Kept::Text(text),
        };
        kept.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Kept::deserialize(deserializer)? {
            Kept::Text(text) => Self::heard(text.into_owned()),
            Kept::Filled { template, text } => Self::by(catalogue::template(&template), text.into_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_told_in_the_language_of_whoever_reads_it() {
        let (kind, id) = ("Deal", "deal_01");
        let said = say!("there is no {kind} `{id}`");
        assert_eq!(said.in_language(Language::English), "there is no Deal `deal_01`");
        assert_eq!(said.in_language(Language::Portuguese), "não existe Deal `deal_01`");
        let late = say!("the server is busy: try again");
        let told = say!("{late}; nothing was changed").in_language(Language::Portuguese).into_owned();
        assert_eq!(told, "o servidor está ocupado: tente novamente; nada foi alterado");
        let (found, limit) = ("60,000", "50,000");
        let costly = say!("the operation may cost {limit} points at most, and this one {found}");
        let told = costly.in_language(Language::Portuguese).into_owned();
        assert_eq!(told, "a operação pode custar no máximo 50.000 pontos, e esta custa 60.000");
        assert_eq!(say!("sign in first").in_language(Language::Portuguese), "entre primeiro");
    }

    #[test]
    fn what_somebody_else_has_said_is_recognized() {
        for (heard, told) in [
            ("At most 3 people may hold this role.", "No máximo 3 pessoas podem ter este papel."),
            ("Unknown field \"x\" on type \"Y\".", "Campo desconhecido \"x\" no tipo \"Y\"."),
            (
                "Failed to parse \"Date\": expected a day such as `2026-11-21`, got `x`: premature end of input \
                 (occurred while parsing \"DateFilter\") (occurred while parsing \"DealFilter\")",
                "Não foi possível ler \"Date\": era esperado um dia como `2026-11-21`, mas veio `x`: o valor termina \
                 antes do esperado (ao ler \"DateFilter\") (ao ler \"DealFilter\")",
            ),
            ("requires the permission `deal.read` at `deals`", "requer a permissão `deal.read` em `deals`"),
            ("nobody has written this", "nobody has written this"),
        ] {
            assert_eq!(Said::heard(heard).in_language(Language::Portuguese), told);
        }
    }

    #[test]
    fn what_was_kept_is_told_in_either_language() {
        let id = "deal_01";
        for said in [say!("sign in first"), say!("there is no {kind} `{id}`", kind = "Deal")] {
            let kept = serde_json::to_value(&said).unwrap();
            let again: Said = serde_json::from_value(kept).unwrap();
            assert_eq!(again.english(), said.english());
            let language = Language::Portuguese;
            assert_eq!(again.in_language(language), said.in_language(language));
        }
        // as it was kept before there were languages
        let old: Said = serde_json::from_str("\"there is no Deal `deal_01`\"").unwrap();
        assert_eq!(old.in_language(Language::Portuguese), "não existe Deal `deal_01`");
    }

    #[test]
    fn a_sentence_without_arguments_takes_no_memory() {
        let said = allocation_counter::measure(|| drop(say!("sign in first")));
        assert_eq!(said.count_total, 0);
        let limit = 1234;
        let formatted = allocation_counter::measure(|| drop(format!("the body has more than {limit} bytes")));
        let said = allocation_counter::measure(|| drop(say!("the body has more than {limit} bytes")));
        assert_eq!(said.count_total, formatted.count_total);
    }
}
