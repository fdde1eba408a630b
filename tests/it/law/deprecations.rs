//! Law: what is on its way out of the schema says what to use instead and from when it may be gone, half a year ahead at
//! least; and when that day has come, it goes.
use chrono::{Months, NaiveDate, Utc};
use portico::graph::{
    deprecated::{DEPRECATED, Deprecated},
    schema::sdl,
    sdl::{Sdl, announced::Announced},
};

/// What is wrong with what a schema says of `list`.
fn complaints(sdl: &Sdl, list: &[Deprecated], today: NaiveDate) -> Vec<String> {
    let mut complaints = Vec::new();
    let said = sdl.deprecated();
    for (at, reason) in &said {
        match Announced::read(reason) {
            None => complaints.push(format!("{at} does not say \"Use `X`. Removal on DATE.\": {reason}")),
            Some(Announced { instead, .. }) if !sdl.has(&instead) => {
                complaints.push(format!("{at} is to be replaced by {instead}, which is not there"));
            }
            Some(Announced { instead, .. }) if said.iter().any(|(leaving, _)| *leaving == instead) => {
                complaints.push(format!("{at} is to be replaced by {instead}, which goes too"));
            }
            Some(_) => {}
        }
        if !list.iter().any(|one| one.what == at) {
            complaints.push(format!("{at} is deprecated, and is not on the list"));
        }
    }
    for one in list {
        let Deprecated { what, since, removal, .. } = one;
        if !said.iter().any(|(at, reason)| at == what && *reason == one.reason()) {
            complaints.push(format!("{what} is on the list, and the schema does not say so"));
        }
        if *since > today
            || since.checked_add_months(Months::new(6)).is_none_or(|earliest| *removal < earliest)
        {
            complaints.push(format!("{what} is to go on {removal}, less than six months after {since}"));
        }
        if *removal <= today {
            complaints
                .push(format!("{what} was to go on {removal}: take it out of the schema and of the list"));
        }
    }
    complaints
}

#[test]
fn what_is_deprecated_says_until_when_and_goes_then() {
    let complaints = complaints(&Sdl::read(&sdl()).unwrap(), DEPRECATED, Utc::now().date_naive());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_gate_closes() {
    let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
    let text = "type A { new: Int old: Int @deprecated(reason: \"Use `A.new`. Removal on 2027-07-01.\") }";
    let one = |removal: &str| {
        [Deprecated { what: "A.old", instead: "A.new", since: day("2027-01-01"), removal: day(removal) }]
    };
    let say = |text: &str, list: &[Deprecated], today: &str| {
        complaints(&Sdl::read(text).unwrap(), list, day(today)).join("; ")
    };
    assert_eq!(say(text, &one("2027-07-01"), "2027-06-30"), "");
    assert!(say(text, &one("2027-07-01"), "2027-07-01").contains("A.old was to go on 2027-07-01"));
    assert!(say(text, &one("2027-07-01"), "2026-12-31").contains("less than six months after"));
    let hasty = text.replace("2027-07-01", "2027-06-30");
    assert!(say(&hasty, &one("2027-06-30"), "2027-02-01").contains("less than six months after"));
    assert!(say(text, &[], "2027-02-01").contains("is not on the list"));
    assert!(
        say("type A { new: Int old: Int }", &one("2027-07-01"), "2027-02-01").contains("does not say so")
    );
    for (other, said) in [
        ("No.", "does not say"),
        ("Use `A.newer`. Removal on 2027-07-01.", "which is not there"),
        ("Use `A.old`. Removal on 2027-07-01.", "which goes too"),
    ] {
        let text = text.replace("Use `A.new`. Removal on 2027-07-01.", other);
        assert!(say(&text, &one("2027-07-01"), "2027-02-01").contains(said), "{other}");
    }
}
