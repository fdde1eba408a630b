//! How the answer may look: the `Accept` header, read for the three forms that an answer has, and `Accept-Language`, read
//! for the languages in which people are told what is wrong.
use std::cmp::Reverse;

use axum::http::{HeaderMap, header};

use crate::{graph::schema::Kind, language::Language};

/// A form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/graphql-response+json`: the status tells whether the request could be executed.
    GraphQl,
    /// `application/json`: the status is 200 whenever the request was well-formed.
    Json,
    /// `text/event-stream`: one event per answer.
    Events,
}

impl Media {
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Events => "text/event-stream; charset=utf-8",
        }
    }
}

/// How much the client wants each form, in thousandths; 0 is not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accept {
    graphql: u16,
    json: u16,
    events: u16,
}

impl Accept {
    pub fn of(headers: &HeaderMap) -> Self {
        let mut accept = Self::default();
        let mut wildcard = None;
        let mut json = None;
        let mut said = false;
        let values = headers.get_all(header::ACCEPT).iter();
        for range in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            if name.is_empty() {
                continue;
            }
            said = true;
            let weight = weight(parts);
            match name.as_str() {
                "application/graphql-response+json" => accept.graphql = weight,
                "application/json" => json = Some(weight),
                "text/event-stream" => accept.events = weight,
                // whoever takes anything gets what everybody can read
                "*/*" | "application/*" => wildcard = wildcard.max(Some(weight)),
                _ => {}
            }
        }
        accept.json = json.or(wildcard).unwrap_or(if said { 0 } else { 1000 });
        accept
    }

    /// The form for an operation of this kind; none when the client takes none that it can have.
    pub fn choose(self, kind: Option<Kind>) -> Option<Media> {
        if kind == Some(Kind::Subscription) && self.events > 0 {
            return Some(Media::Events);
        }
        let forms = [(self.graphql, Media::GraphQl), (self.json, Media::Json), (self.events, Media::Events)];
        // the first of those that are wanted most
        let most = forms.iter().map(|(weight, _)| *weight).max().filter(|most| *most > 0)?;
        forms.into_iter().find(|(weight, _)| *weight == most).map(|(_, media)| media)
    }
}

/// The language that a request asks for.
pub fn language(headers: &HeaderMap) -> Language {
    let mut values = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    match (values.next(), values.next()) {
        (None, _) => Language::default(),
        (Some(only), None) => wanted(only),
        (Some(first), Some(second)) => {
            wanted(&[first, second].into_iter().chain(values).collect::<Vec<_>>().join(","))
        }
    }
}

/// Of our languages the one that is wanted most, and of several the first: `pt-BR, en;q=0.8`. English where none is.
pub fn wanted(ranges: &str) -> Language {
    let ranges = || {
        ranges.split(',').map(|range| {
            let mut parts = range.split(';').map(str::trim);
            (parts.next().unwrap_or_default(), weight(parts))
        })
    };
    // a language that is named is wanted as it says there, any other one as `*` says
    let wanted = |language: Language| {
        let named = ranges().enumerate().filter(|(_, (tag, _))| Language::named(tag) == Some(language));
        let named = named.map(|(at, (_, weight))| (weight, Reverse(at))).max();
        let any = || ranges().find(|(tag, _)| *tag == "*").map(|(_, weight)| (weight, Reverse(usize::MAX)));
        named.or_else(any).filter(|(weight, _)| *weight > 0)
    };
    match wanted(Language::Portuguese) > wanted(Language::English) {
        true => Language::Portuguese,
        false => Language::English,
    }
}

/// The weight that the parameters of a media range say; another encoding than UTF-8 cannot be had.
fn weight<'p>(parameters: impl Iterator<Item = &'p str>) -> u16 {
    let mut weight = 1000;
    for parameter in parameters {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => weight = thousandths(value).unwrap_or(1000),
            "charset" if !is_utf8(value) => return 0,
            _ => {}
        }
    }
    weight
}

/// `0.25` as 250.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    Some(whole.parse::<u16>().ok()?.checked_mul(1000)?.checked_add(fraction)?.min(1000))
}

pub fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(accept: &str, kind: Kind) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        Accept::of(&headers).choose(Some(kind))
    }

    #[test]
    fn the_form_that_is_wanted_most_is_chosen() {
        for (accept, media) in [
            ("application/graphql-response+json, application/json", Some(Media::GraphQl)),
            ("application/json, application/graphql-response+json;q=0.9", Some(Media::Json)),
            ("application/json;q=0.25, application/graphql-response+json;q=0.3", Some(Media::GraphQl)),
            ("*/*", Some(Media::Json)),
            ("application/*", Some(Media::Json)),
            ("text/html, */*;q=0.1", Some(Media::Json)),
            ("application/graphql-response+json, */*;q=0.8", Some(Media::GraphQl)),
            ("Application/JSON; Charset=\"UTF-8\"", Some(Media::Json)),
            ("application/json; charset=latin1", None),
            ("application/json;q=0, */*", None),
            ("text/html", None),
            ("text/event-stream", Some(Media::Events)),
            ("application/json, text/event-stream", Some(Media::Json)),
        ] {
            assert_eq!(choose(accept, Kind::Query), media, "{accept}");
        }
        assert_eq!(Accept::of(&HeaderMap::new()).choose(None), Some(Media::Json));
    }

    #[test]
    fn the_language_that_is_wanted_most_is_chosen() {
        let (english, portuguese) = (Language::English, Language::Portuguese);
        for (ranges, language) in [
            ("", english),
            ("pt", portuguese),
            ("pt-BR", portuguese),
            ("PT-br", portuguese),
            ("pt-PT", portuguese),
            ("en-GB", english),
            ("de, fr;q=0.5", english),
            ("de, pt;q=0.1", portuguese),
            ("en;q=0.9, pt;q=0.8", english),
            ("en;q=0.8, pt;q=0.9", portuguese),
            ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", portuguese),
            ("pt, en", portuguese),
            ("en, pt", english),
            ("*", english),
            ("pt;q=0.5, *;q=0.1", portuguese),
            ("pt;q=0.1, *;q=0.5", english),
            ("en;q=0, *", portuguese),
            ("pt;q=0", english),
            ("pt;q=0, en;q=0", english),
            ("pt;q=2", portuguese),
            ("ptolemy", english),
            (";;q=,,=, pt-BR ;q=x", portuguese),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, ranges.parse().unwrap());
            assert_eq!(super::language(&headers), language, "{ranges}");
        }
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT_LANGUAGE, "de".parse().unwrap());
        headers.append(header::ACCEPT_LANGUAGE, "pt".parse().unwrap());
        assert_eq!(super::language(&headers), portuguese);
        assert_eq!(super::language(&HeaderMap::new()), english);
    }

    #[test]
    fn a_subscription_takes_the_only_form_that_can_carry_it() {
        let accept = "application/json, text/event-stream;q=0.1";
        assert_eq!(choose(accept, Kind::Subscription), Some(Media::Events));
        assert_eq!(choose("application/json", Kind::Subscription), Some(Media::Json));
    }
}
