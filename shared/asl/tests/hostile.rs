//! Input that means harm: whatever it is, an answer comes soon, and takes little memory and stack.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(
    clippy::disallowed_methods,
    reason = "it measures how long things take"
)]

use std::time::{Duration, Instant};

use segno_asl::{
    data::{
        expression::Expression,
        json_path::JsonPath,
        scope::{Nowhere, Scope},
        value::Value,
    },
    definition::{MachineType, check, parse, places::Document, tokens},
    json,
    jsonata::{Jsonata, Offered},
    limits,
};

/// Far more than anything here takes, in a build without optimisation on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all tests of this file together may come to hold at any time.
const MEMORY_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;

/// Does it in a thread with the stack of a server's, and watches time and memory.
#[track_caller]
fn bounded<T: Send>(what: impl FnOnce() -> T + Send) -> T {
    let begin = Instant::now();
    let answer = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        let thread = builder.spawn_scoped(scope, what).unwrap();
        thread.join().unwrap()
    });
    assert!(begin.elapsed() < PATIENCE, "took {:?}", begin.elapsed());
    if let Some(peak) = peak_bytes() {
        assert!(peak < MEMORY_BYTES_MAX, "held {peak} bytes");
    }
    answer
}

/// The most memory that this process has held so far, where the system says so.
fn peak_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn evaluated(text: &str) -> Result<Value, String> {
    let jsonata =
        Jsonata::compile(text, Offered::Nothing).map_err(|refused| format!("{refused:?}"))?;
    let scope = Scope {
        document: &Value::Null,
        surroundings: &Nowhere,
    };
    jsonata
        .evaluate("Output", &scope)
        .map_err(|error| error.detail)
}

/// As deep as a text of the size of a definition can be.
const DEEPEST: usize = limits::DEFINITION_BYTES_MAX / 2;

#[test]
fn a_definition_that_is_nested_deeply_is_no_json() {
    for levels in [200, 10_000, DEEPEST] {
        for text in [
            "[".repeat(levels),
            format!("{}{}", "[".repeat(levels), "]".repeat(levels)),
            r#"{"a":"#.repeat(levels.min(DEEPEST / 3)),
            format!(r#"{{"StartAt":{}"#, "[".repeat(levels)),
        ] {
            bounded(|| {
                assert!(parse(&text).is_err());
                assert!(check(&text, MachineType::Standard)[0].is_error());
                assert!(Document::json(&tokens::quote(&text)).is_err());
                assert!(serde_json::from_str::<Value>(&text).is_err());
            });
        }
    }
}

#[test]
fn a_definition_in_yaml_that_is_nested_deeply_is_refused() {
    for levels in [200, 10_000, DEEPEST] {
        let indented = |levels: usize| -> String {
            let line = |level| format!("{}a:\n", " ".repeat(level));
            (0..levels).map(line).collect()
        };
        for text in [
            "[".repeat(levels),
            "{a: ".repeat(levels.min(DEEPEST / 2)),
            "- ".repeat(levels),
            "? ".repeat(levels),
            "&a ".repeat(levels.min(DEEPEST / 2)),
            "!".repeat(levels),
            format!("&a [{}]", "*a,".repeat(levels.min(DEEPEST / 2))),
            indented(levels.min(1_400)),
        ] {
            bounded(|| assert!(Document::yaml(&text).is_err(), "{}", &text[..20]));
        }
    }
}

#[test]
fn a_text_that_is_too_long_is_not_read() {
    let long = "[".repeat(64 * limits::DEFINITION_BYTES_MAX);
    bounded(|| {
        for refused in [Document::json(&long), Document::yaml(&long)] {
            let message = refused.unwrap_err().message;
            assert!(message.contains("longer than"), "{message}");
        }
        let refused = parse(&long).unwrap_err().to_string();
        assert!(
            refused.contains("must be at most 1048576 bytes"),
            "{refused}"
        );
    });
}

#[test]
fn aliases_of_aliases_do_not_fill_the_memory() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..100 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        text += &format!("a{n}: &a{n} [{aliases}]\n");
    }
    let refused = bounded(|| Document::yaml(&text).unwrap_err());
    assert_eq!(refused.message, "too many values");
    let long = "x".repeat(limits::DEFINITION_BYTES_MAX / 2);
    let text = format!("a: &a {long}\nb: [{}]\n", ["*a"; 1_000].join(", "));
    let refused = bounded(|| Document::yaml(&text).unwrap_err());
    assert_eq!(refused.message, "too many values");
}

#[test]
fn a_text_full_of_what_could_be_tokens_is_read_once() {
    for text in [
        format!("{}}}", "${".repeat(DEEPEST)),
        format!("\"{}}}\"", "${".repeat(DEEPEST - 2)),
        "${a}".repeat(DEEPEST / 2),
    ] {
        bounded(|| assert_eq!(tokens::quote(&text).len(), text.len()));
    }
}

#[test]
fn a_definition_of_many_states_is_checked_in_time() {
    const STATES: usize = 9_000;
    // Backwards, so that what goes through them in order learns one state each time.
    let chain = |wrong: &str| {
        let states: Vec<String> = (0..STATES)
            .map(|n| {
                format!(
                    r#""state-number-{n}{wrong}":{{"Type":"Pass","Next":"state-number-{}"}}"#,
                    n + 1
                )
            })
            .chain([format!(r#""state-number-{STATES}":{{"Type":"Succeed"}}"#)])
            .rev()
            .collect();
        format!(
            r#"{{"StartAt":"state-number-0{wrong}","States":{{{}}}}}"#,
            states.join(",")
        )
    };
    let found = bounded(|| check(&chain(""), MachineType::Standard));
    assert_eq!(found, []);
    // Each transition leads to a name that is much like all others.
    let found = bounded(|| check(&chain("x"), MachineType::Standard));
    assert!(found.iter().all(|found| found.is_error()) && found.len() > STATES / 2);
}

#[test]
fn a_name_that_is_as_long_as_a_definition_is_compared_with_nothing() {
    let long = |letter: &str| letter.repeat(DEEPEST - 100);
    let text = format!(
        r#"{{"StartAt":"{}","States":{{"{}":{{"Type":"Succeed"}}}}}}"#,
        long("a"),
        long("b")
    );
    let found = bounded(|| check(&text, MachineType::Standard));
    assert!(found.iter().any(|found| found.is_error()));
}

#[test]
fn a_path_may_be_nested_as_deep_as_it_likes() {
    let document = json!({ "a": [{ "a": 1 }] });
    for levels in [200, 10_000, DEEPEST / 8] {
        for text in [
            format!("${}{}", "[?(@.a".repeat(levels), ")]".repeat(levels)),
            format!("${}", "[?(@.a".repeat(levels)),
            format!("$[?({}@.a{})]", "(".repeat(levels), ")".repeat(levels)),
            format!("$[?(@.a{})]", " && @.a".repeat(levels)),
            format!("${}", "..a".repeat(levels)),
            format!("${}", "[".repeat(levels)),
            format!("${}{}", "[".repeat(levels), "]".repeat(levels)),
            format!("$[{}]", "0,".repeat(levels)),
        ] {
            bounded(|| {
                if let Ok(path) = JsonPath::compile(&text) {
                    let _ = path.read(&document);
                }
            });
        }
    }
}

#[test]
fn a_regular_expression_in_a_path_takes_no_exponential_time() {
    let document = json!({ "list": [{ "x": "a".repeat(250_000) }] });
    for pattern in [
        "(a+)+b",
        "(a|a)*b",
        "(a*)*b",
        "a*a*a*a*a*a*b",
        "(.*)(.*)(.*)(.*)b",
    ] {
        let path = format!("$.list[?(@.x =~ /{pattern}/)]");
        bounded(|| {
            if let Ok(found) = JsonPath::compile(&path).unwrap().read(&document) {
                assert_eq!(*found, json!([]));
            }
        });
    }
    for pattern in [
        "(a{1000}){1000}",
        &"(".repeat(100_000),
        &"a{999}".repeat(10_000),
    ] {
        let path = format!("$.list[?(@.x =~ /{pattern}/)]");
        bounded(|| assert!(JsonPath::compile(&path).is_err()));
    }
}

#[test]
fn calls_inside_one_another_are_counted_before_they_are_made() {
    for levels in [11, 10_000, DEEPEST / 16] {
        for text in [
            format!("{}{}", "States.Array(".repeat(levels), ")".repeat(levels)),
            "States.Array(".repeat(levels),
            format!("States.Array({})", "1,".repeat(levels)),
        ] {
            bounded(|| assert!(Expression::compile(&text).is_err(), "{}", &text[..20]));
        }
    }
}

#[test]
fn an_expression_may_be_nested_as_deep_as_it_likes() {
    for levels in [200, 10_000, DEEPEST / 8] {
        for (open, inner, close) in [
            ("(", "1", ")"),
            ("[", "1", "]"),
            ("{'a':", "1", "}"),
            ("-", "1", ""),
            ("$string(", "1", ")"),
            ("function($x){", "1", "}"),
            ("1?", "1", ":1"),
            ("1?1:", "1", ""),
            ("$a:=", "1", ""),
            ("", "1", "+1"),
            ("1+", "1", ""),
            ("", "'a'", "&'a'"),
            ("", "$a", ".a"),
            ("", "$a", "[0]"),
            ("", "$a", "[]"),
            ("", "$a", "()"),
            ("", "$a", "~>$a"),
            ("", "$a", "^(a)"),
            ("", "1", " and 1"),
            ("(", "1", ""),
            ("[", "1", ""),
            ("/*", "", ""),
            ("|a|", "a", ""),
            ("", "$a", "{'a':1}"),
        ] {
            let text = format!("{}{inner}{}", open.repeat(levels), close.repeat(levels));
            bounded(|| drop(evaluated(&text)));
        }
        let text = format!(
            "$match('a', /{}a{}/)",
            "(".repeat(levels),
            ")".repeat(levels)
        );
        bounded(|| drop(evaluated(&text)));
    }
}

#[test]
fn what_an_expression_nests_is_given_up_with_little_stack() {
    for levels in [200, 10_000, 100_000] {
        for text in [
            format!(
                "($f := function($o, $n){{ $n = 0 ? $o : $f([$o], $n - 1) }}; $f([], {levels}))"
            ),
            format!(
                "($f := function($o, $n){{ $n = 0 ? $o : $f({{'a': $o}}, $n - 1) }}; $f([], {levels}))"
            ),
            format!(
                "($f := function($o, $n){{ $n = 0 ? $o : $f([$o], $n - 1) }}; $count($f([], {levels})))"
            ),
            format!(
                "($f := function($o, $n){{ $n = 0 ? $o : $f([$o], $n - 1) }}; $string($f([], {levels})))"
            ),
            format!("$parse($join([1..{levels}].('['), ''))"),
        ] {
            bounded(|| drop(evaluated(&text)));
        }
    }
}

#[test]
fn a_regular_expression_in_an_expression_is_stopped() {
    let text = "$pad('', 40, 'a') & '!'";
    for expression in [
        format!("$match({text}, /^(a+)+$/)"),
        format!("$contains({text}, /^(a|a)+$/)"),
        format!("$replace({text}, /^(a*)*$/, 'b')"),
        format!("$split({text}, /(a+)+b/)"),
        format!("[{text}][$contains(/^(([a-z])+.)+[A-Z]([a-z])+$/)]"),
    ] {
        let error = bounded(|| evaluated(&expression));
        if let Err(error) = error {
            assert!(error.contains("Expression evaluation timeout"), "{error}");
        }
    }
}
