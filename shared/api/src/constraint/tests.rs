//! Each kind of member, within its bounds and beyond them.

use serde_json::json;

use super::*;

static WORDS: List = List {
    of: Kind::text(1, 3),
    element: "Word",
    min: 1,
    max: 2,
};
static PAIR: &[Member] = &[
    Member::new("left", Kind::text(1, 3)).required(),
    Member::new("right", Kind::Integer { min: 0, max: 9 }),
];
static PAIRS: List = List {
    of: Kind::Structure(PAIR),
    element: "Pair",
    min: 0,
    max: 2,
};
static ALL: &[Member] = &[
    Member::new("name", Kind::text(1, 5)).required(),
    Member::new("secret", Kind::Data).sensitive(),
    Member::new("word", Kind::Enum(&["ONE", "TWO"])),
    Member::new(
        "ratio",
        Kind::Float {
            min: 0.0,
            max: 100.0,
        },
    ),
    Member::new("flag", Kind::Boolean),
    Member::new("words", Kind::List(&WORDS)),
    Member::new("pairs", Kind::List(&PAIRS)),
    Member::new("pair", Kind::Structure(PAIR)),
];

fn refused(request: &Value) -> String {
    read(ALL, request.to_string().as_bytes(), Some(4))
        .unwrap_err()
        .to_string()
}

/// The one constraint that a request violates, which has a name otherwise.
fn violation(mut request: Value) -> String {
    if request.get("name").is_none() {
        request["name"] = "n".into();
    }
    let refused = refused(&request);
    let message = refused.strip_prefix("ValidationException: 1 validation error detected: ");
    message.unwrap_or_else(|| panic!("{refused}")).to_owned()
}

#[test]
fn what_is_within_its_bounds_is_read() {
    let request = json!({
        "name": "äöüßx", "secret": "four", "word": "TWO", "ratio": 100, "flag": false, "words": ["a", "abc"],
        "pairs": [{ "left": "a", "right": 9 }, { "left": "b" }], "unknown": [1],
    });
    let mut with_null = request.clone();
    with_null["pair"] = Value::Null;
    with_null["pairs"][1]["right"] = Value::Null;
    assert_eq!(
        read(ALL, with_null.to_string().as_bytes(), Some(4)).unwrap(),
        request
    );
    assert_eq!(read(PAIRS_ONLY, b" ", None).unwrap(), json!({}));
}

#[test]
fn data_may_be_without_bounds() {
    let request = json!({ "name": "n", "secret": "longer than four" });
    assert!(read(ALL, request.to_string().as_bytes(), None).is_ok());
}

static PAIRS_ONLY: &[Member] = &[Member::new("pairs", Kind::List(&PAIRS))];

#[test]
fn each_constraint_has_the_words_of_aws() {
    let failed = "failed to satisfy constraint: Member must";
    for (request, message) in [
        (
            json!({ "name": null }),
            format!("Value null at 'name' {failed} not be null"),
        ),
        (
            json!({ "name": "" }),
            format!("Value '' at 'name' {failed} have length greater than or equal to 1"),
        ),
        (
            json!({ "name": "abcdef" }),
            format!("Value 'abcdef' at 'name' {failed} have length less than or equal to 5"),
        ),
        (
            json!({ "secret": "äöü" }),
            format!(
                "Value at 'secret' {failed} have size less than or equal to 4 bytes in UTF-8 encoding"
            ),
        ),
        (
            json!({ "word": "one" }),
            format!("Value 'one' at 'word' {failed} satisfy enum value set: [ONE, TWO]"),
        ),
        (
            json!({ "ratio": 100.5 }),
            format!("Value '100.5' at 'ratio' {failed} have value less than or equal to 100"),
        ),
        (
            json!({ "pair": { "left": "a", "right": -1 } }),
            format!("Value '-1' at 'pair.right' {failed} have value greater than or equal to 0"),
        ),
        (
            json!({ "pair": {} }),
            format!("Value null at 'pair.left' {failed} not be null"),
        ),
        (
            json!({ "words": [] }),
            format!("Value '[]' at 'words' {failed} have length greater than or equal to 1"),
        ),
        (
            json!({ "words": ["a", "long"] }),
            format!(
                "Value 'long' at 'words.2.member' {failed} have length less than or equal to 3"
            ),
        ),
        (
            json!({ "pairs": [{ "left": "a", "right": 1 }, { "left": "b" }, { "left": "c" }] }),
            format!(
                "Value '[Pair(left=a, right=1), Pair(left=b, right=null), Pair(left=c, right=null)]' at 'pairs' {failed} have length less than or equal to 2"
            ),
        ),
        (
            json!({ "pairs": [{ "left": "a" }, { "left": "long" }] }),
            format!(
                "Value 'long' at 'pairs.2.member.left' {failed} have length less than or equal to 3"
            ),
        ),
    ] {
        assert_eq!(violation(request), message);
    }
}

#[test]
fn all_violations_are_told_in_the_order_of_members() {
    let failed = "failed to satisfy constraint: Member must";
    assert_eq!(
        refused(&json!({ "pair": { "right": 10 }, "word": "THREE" })),
        format!(
            "ValidationException: 4 validation errors detected: Value null at 'name' {failed} not be null; \
             Value 'THREE' at 'word' {failed} satisfy enum value set: [ONE, TWO]; \
             Value null at 'pair.left' {failed} not be null; \
             Value '10' at 'pair.right' {failed} have value less than or equal to 9"
        )
    );
}

#[test]
fn another_json_type_is_told_before_any_constraint() {
    for (request, message) in [
        (
            json!({ "name": 7 }),
            "'name' must be a string, and is a number",
        ),
        (
            json!({ "name": "", "flag": "true" }),
            "'flag' must be a boolean, and is a string",
        ),
        (
            json!({ "pair": { "right": 1.5 } }),
            "'pair.right' must be an integer, and is a number",
        ),
        (
            json!({ "words": "a" }),
            "'words' must be a list, and is a string",
        ),
        (
            json!({ "words": [null] }),
            "'words.1.member' must be a string, and is null",
        ),
        (
            json!({ "pairs": [[]] }),
            "'pairs.1.member' must be an object, and is a list",
        ),
        (json!([]), "the request must be an object, and is a list"),
    ] {
        assert_eq!(
            refused(&request),
            format!("SerializationException: {message}")
        );
    }
    let error = read(ALL, b"{", None).unwrap_err();
    assert!(
        error.to_string().starts_with("SerializationException: EOF"),
        "{error}"
    );
}
