//! How the answer may look: the `Accept` header, read for the three forms that an answer has.
use axum::http::{HeaderMap, header};

use crate::graph::schema::Kind;

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
    fn a_subscription_takes_the_only_form_that_can_carry_it() {
        let accept = "application/json, text/event-stream;q=0.1";
        assert_eq!(choose(accept, Kind::Subscription), Some(Media::Events));
        assert_eq!(choose("application/json", Kind::Subscription), Some(Media::Json));
    }
}
