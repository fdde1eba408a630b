//! What was to go, and when: the one form in which a deprecation says so.
use chrono::NaiveDate;

/// What a reason for a deprecation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The coordinates of what to use instead.
    pub instead: String,
    /// From when it may be gone.
    pub removal: NaiveDate,
}

impl Announced {
    /// Reads ``Use `Deal.value`. Removal on 2027-06-01.``; nothing of any other form.
    pub fn read(reason: &str) -> Option<Self> {
        let (instead, removal) = reason.strip_prefix("Use `")?.split_once("`. Removal on ")?;
        let removal = removal.strip_suffix('.')?;
        let read: NaiveDate = removal.parse().ok()?;
        // the date alone, as it is written
        (read.to_string() == removal).then(|| Self { instead: instead.to_owned(), removal: read })
    }

    /// In words, as [`read`](Self::read) reads them.
    pub fn reason(instead: &str, removal: NaiveDate) -> String {
        format!("Use `{instead}`. Removal on {removal}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_form() {
        let day = NaiveDate::from_ymd_opt(2027, 6, 1).unwrap();
        let read = Announced::read(&Announced::reason("Deal.value", day)).unwrap();
        assert_eq!(read, Announced { instead: "Deal.value".to_owned(), removal: day });
        for other in [
            "",
            "Use Deal.value. Removal on 2027-06-01.",
            "Use `Deal.value`. Removal on 2027-06-01",
            "Use `Deal.value`. Removal on 2027-6-1.",
            "Use `Deal.value`. Removal on 2027-02-30.",
            "No longer supported",
        ] {
            assert_eq!(Announced::read(other), None, "{other}");
        }
    }
}
