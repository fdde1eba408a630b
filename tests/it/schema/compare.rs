//! What is said of a change, rule by rule.
use chrono::NaiveDate;
use portico::graph::{
    schema::sdl,
    sdl::{Sdl, compare::compare},
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// All changes, as `portico schema --compare` prints them.
fn changes(before: &str, after: &str, today: &str) -> Vec<String> {
    let read = |text: &str| Sdl::read(text).unwrap();
    let changes = compare(&read(before), &read(after), day(today));
    changes.iter().map(|change| change.to_string().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Before, after, and what is said of it.
const RULES: &[(&str, &str, &[&str])] = &[
    // nothing
    ("type A { a: Int }", "\"About it.\" type A { a: Int }", &[]),
    // types
    ("type A { a: Int } type B { a: Int }", "type A { a: Int }", &["BREAKING B: the type was removed"]),
    (
        "type A { a: Int }",
        "type A { a: Int } enum B { C } input D { e: Int } union F = A interface G { a: Int } scalar H",
        &[
            "SAFE B: the enum was added",
            "SAFE D: the input was added",
            "SAFE F: the union was added",
            "SAFE G: the interface was added",
            "SAFE H: the scalar was added",
        ],
    ),
    ("type A { a: Int }", "interface A { a: Int }", &["BREAKING A: the type became interface"]),
    // fields
    ("type A { a: Int b: Int }", "type A { a: Int }", &["BREAKING A.b: the field was removed"]),
    ("interface A { a: Int b: Int }", "interface A { a: Int }", &["BREAKING A.b: the field was removed"]),
    ("type A { a: Int }", "type A { a: Int b: Int! }", &["SAFE A.b: the field was added"]),
    // what is read may become more certain
    ("type A { a: Int }", "type A { a: Int! }", &["SAFE A.a: the type was `Int` and is `Int!`"]),
    ("type A { a: Int! }", "type A { a: Int }", &["BREAKING A.a: the type was `Int!` and is `Int`"]),
    ("type A { a: [Int] }", "type A { a: [Int!]! }", &["SAFE A.a: the type was `[Int]` and is `[Int!]!`"]),
    ("type A { a: [Int!] }", "type A { a: [Int] }", &["BREAKING A.a: the type was `[Int!]` and is `[Int]`"]),
    ("type A { a: Int }", "type A { a: [Int] }", &["BREAKING A.a: the type was `Int` and is `[Int]`"]),
    ("type A { a: Int }", "type A { a: Float }", &["BREAKING A.a: the type was `Int` and is `Float`"]),
    // arguments
    ("type A { a(b: Int): Int }", "type A { a: Int }", &["BREAKING A.a(b:): the argument was removed"]),
    (
        "type A { a: Int }",
        "type A { a(b: Int!): Int }",
        &["BREAKING A.a(b:): the required argument was added"],
    ),
    (
        "type A { a: Int }",
        "type A { a(b: Int! = 1, c: Int): Int }",
        &[
            "DANGEROUS A.a(b:): the optional argument was added",
            "DANGEROUS A.a(c:): the optional argument was added",
        ],
    ),
    // what is given may become less certain
    (
        "type A { a(b: Int!): Int }",
        "type A { a(b: Int): Int }",
        &["SAFE A.a(b:): the type was `Int!` and is `Int`"],
    ),
    (
        "type A { a(b: Int): Int }",
        "type A { a(b: Int!): Int }",
        &["BREAKING A.a(b:): the type was `Int` and is `Int!`"],
    ),
    (
        "type A { a(b: [Int!]!): Int }",
        "type A { a(b: [Int]): Int }",
        &["SAFE A.a(b:): the type was `[Int!]!` and is `[Int]`"],
    ),
    (
        "type A { a(b: Int = 1, c: Int, d: Int = 1, e: Int! = 1): Int }",
        "type A { a(b: Int = 2, c: Int = 1, d: Int, e: Int!): Int }",
        &[
            "BREAKING A.a(e:): the default `1` was removed, so that it is required",
            "DANGEROUS A.a(b:): the default was `1` and is `2`",
            "DANGEROUS A.a(c:): the default is `1` now",
            "DANGEROUS A.a(d:): the default `1` was removed",
        ],
    ),
    // inputs
    ("input A { a: Int b: Int }", "input A { a: Int }", &["BREAKING A.b: the input field was removed"]),
    (
        "input A { a: Int }",
        "input A { a: Int b: Int! }",
        &["BREAKING A.b: the required input field was added"],
    ),
    (
        "input A { a: Int }",
        "input A { a: Int b: Int! = 1 c: Int }",
        &[
            "DANGEROUS A.b: the optional input field was added",
            "DANGEROUS A.c: the optional input field was added",
        ],
    ),
    ("input A { a: Int! }", "input A { a: Int }", &["SAFE A.a: the type was `Int!` and is `Int`"]),
    ("input A { a: Int }", "input A { a: Int! }", &["BREAKING A.a: the type was `Int` and is `Int!`"]),
    ("input A { a: Int = 1 }", "input A { a: Int = 2 }", &["DANGEROUS A.a: the default was `1` and is `2`"]),
    (
        "input A { a: Int b: Int }",
        "input A @oneOf { a: Int b: Int }",
        &["BREAKING A: takes just one of its fields now"],
    ),
    (
        "input A @oneOf { a: Int b: Int }",
        "input A { a: Int b: Int }",
        &["SAFE A: takes more than one of its fields now"],
    ),
    // enums, unions, interfaces
    (
        "enum A { B C }",
        "enum A { B D }",
        &["BREAKING A.C: the value was removed", "DANGEROUS A.D: the value was added"],
    ),
    (
        "type A { a: Int } type B { a: Int } type C { a: Int } union U = A | B",
        "type A { a: Int } type B { a: Int } type C { a: Int } union U = A | C",
        &["BREAKING U: the member B was removed", "DANGEROUS U: the member C was added"],
    ),
    (
        "interface I { a: Int } interface J { a: Int } type A implements I { a: Int }",
        "interface I { a: Int } interface J { a: Int } type A implements J { a: Int }",
        &["BREAKING A: does not implement I any more", "DANGEROUS A: implements J now"],
    ),
    // directives
    (
        "directive @d on FIELD",
        "type A { a: Int }",
        &["BREAKING @d: the directive was removed", "SAFE A: the type was added"],
    ),
    (
        "directive @d(a: Int) repeatable on FIELD | QUERY",
        "directive @d(b: Int!) on FIELD | MUTATION",
        &[
            "BREAKING @d: is not allowed at QUERY any more",
            "BREAKING @d: may not be repeated any more",
            "BREAKING @d(a:): the argument was removed",
            "BREAKING @d(b:): the required argument was added",
            "SAFE @d: is allowed at MUTATION now",
        ],
    ),
    // what is needed, and when it is null
    (
        "type A { a: Int b: Int @requires(anyOf: [\"x\"]) }",
        "type A { a: Int @requires(anyOf: [\"x\"]) b: Int }",
        &["DANGEROUS A.a: needs `x` now", "SAFE A.b: needs no permission any more"],
    ),
    (
        "type A @requires(anyOf: [\"x\"]) { a: Int }",
        "type A @requires(anyOf: [\"y\"]) { a: Int }",
        &["DANGEROUS A: needs `y` now, and no longer `x`"],
    ),
    (
        "type A { a: Int @semanticNonNull b: Int }",
        "type A { a: Int b: Int @semanticNonNull }",
        &[
            "DANGEROUS A.a: may be null without an error now",
            "SAFE A.b: is null only together with an error now",
        ],
    ),
    // deprecations
    (
        "type A { a(b: Int): Int } enum E { F } input I { a: Int }",
        "type A { a(b: Int @deprecated(reason: \"Why.\")): Int @deprecated(reason: \"Why.\") }
         enum E { F @deprecated(reason: \"Why.\") } input I { a: Int @deprecated(reason: \"Why.\") }
         directive @deprecated(reason: String) on FIELD_DEFINITION",
        &[
            "SAFE A.a: is deprecated: \"Why.\"",
            "SAFE A.a(b:): is deprecated: \"Why.\"",
            "SAFE E.F: is deprecated: \"Why.\"",
            "SAFE I.a: is deprecated: \"Why.\"",
        ],
    ),
    ("type A { a: Int @deprecated }", "type A { a: Int }", &["SAFE A.a: is not deprecated any more"]),
];

#[test]
fn every_rule_is_held() {
    for (before, after, said) in RULES {
        assert_eq!(changes(before, after, "2027-01-01"), *said, "{before}\n{after}");
    }
}

const ANNOUNCED: &str = "
    type A { new: Int old(b: Old): Only @deprecated(reason: \"Use `A.new`. Removal on 2027-06-01.\") }
    type Only { below: Below } type Below { a: Int only: Only } enum Old { X }
    enum E { F @deprecated(reason: \"Use `E.G`. Removal on 2027-06-01.\") G }
    input I { a: Int @deprecated(reason: \"Use `I.b`. Removal on 2027-06-01.\") b: Int }";
const REMOVED: &str = "type A { new: Int } enum E { G } input I { b: Int }";

#[test]
fn what_was_announced_may_go_when_its_day_has_come() {
    assert_eq!(
        changes(ANNOUNCED, REMOVED, "2027-06-01"),
        [
            "SAFE A.old: the field was removed, as was announced for 2027-06-01",
            "SAFE Below: the type was removed with all that used it, as was announced",
            "SAFE E.F: the value was removed, as was announced for 2027-06-01",
            "SAFE I.a: the input field was removed, as was announced for 2027-06-01",
            "SAFE Old: the type was removed with all that used it, as was announced",
            "SAFE Only: the type was removed with all that used it, as was announced",
        ]
    );
}

#[test]
fn and_not_before() {
    let early = changes(ANNOUNCED, REMOVED, "2027-05-31");
    assert_eq!(early.iter().filter(|line| line.starts_with("BREAKING")).count(), 6, "{early:#?}");
    assert!(early[0].contains("before its time: \"Use `A.new`. Removal on 2027-06-01.\""), "{early:#?}");
}

#[test]
fn a_type_that_something_else_used_does_not_go_with_what_was_announced() {
    let used = format!("{ANNOUNCED} type Other {{ only: Only }}");
    let removed = format!("{REMOVED} type Other {{ a: Int }}");
    let said = changes(&used, &removed, "2028-01-01");
    for line in ["BREAKING Only: the type was removed", "BREAKING Below: the type was removed"] {
        assert!(said.iter().any(|said| said == line), "{said:#?}");
    }
}

#[test]
fn our_own_schema_is_as_it_is() {
    let own = sdl();
    assert_eq!(changes(&own, &own, "2027-01-01"), [""; 0]);
    let without = own.replacen("  daysInPipeline: Int\n", "  daysSold: Int\n", 1);
    let said = changes(&own, &without, "2027-01-01");
    let removed = "BREAKING Deal.daysInPipeline: the field was removed";
    assert_eq!(said, [removed, "SAFE Deal.daysSold: the field was added"]);
}

#[test]
fn what_is_no_schema_is_refused() {
    assert!(Sdl::read("type A {").is_err());
    assert!(Sdl::read("{ deals { id } }").is_err());
}

#[test]
fn extensions_belong_to_what_they_extend() {
    assert_eq!(
        changes("type A { a: Int } extend type A { b: Int }", "type A { a: Int b: Int }", "2027-01-01"),
        [""; 0]
    );
}
