//! What a request uses that is on its way out of the schema, told in headers too: `Deprecation` (RFC 9745), `Sunset`
//! (RFC 8594), and where to read what to use instead.
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::graph::deprecated::Deprecated;

pub const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
pub const SUNSET: HeaderName = HeaderName::from_static("sunset");

const READ_MORE: HeaderValue =
    HeaderValue::from_static("</docs#deprecated>; rel=\"deprecation\"; type=\"text/html\"");

/// None where nothing is; else since when the first of it is, and when the first of it goes.
pub fn headers(list: &[&Deprecated]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let (since, removal) = (list.iter().map(|one| one.since).min(), list.iter().map(|one| one.removal).min());
    let (Some(since), Some(removal)) = (since, removal) else { return headers };
    let since = format!("@{}", since.and_time(chrono::NaiveTime::MIN).and_utc().timestamp());
    let removal = removal.format("%a, %d %b %Y 00:00:00 GMT").to_string();
    for (name, value) in [(DEPRECATION, since), (SUNSET, removal)] {
        headers.extend(HeaderValue::from_str(&value).ok().map(|value| (name, value)));
    }
    headers.insert(header::LINK, READ_MORE);
    headers
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn the_first_of_it_is_told() {
        let day = |month: u32, day: u32| NaiveDate::from_ymd_opt(2027, month, day).unwrap();
        let one = Deprecated { what: "A.b", instead: "A.c", since: day(1, 2), removal: day(8, 1) };
        let two = Deprecated { what: "A.d", instead: "A.c", since: day(1, 1), removal: day(9, 1) };
        let told = headers(&[&one, &two]);
        assert_eq!(told["deprecation"], "@1798761600");
        assert_eq!(told["sunset"], "Sun, 01 Aug 2027 00:00:00 GMT");
        assert!(told["link"].to_str().unwrap().contains("rel=\"deprecation\""));
        assert!(headers(&[]).is_empty());
    }
}
