//! JSONata expressions: what they come to, what they may not do, and what they may cost.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(
    clippy::disallowed_methods,
    reason = "it measures how long things take"
)]

use std::time::{Duration, Instant};

use segno_asl::{
    data::{
        scope::{Purpose, Scope, Surroundings},
        value::Value,
    },
    errors::EvaluationError,
    json,
    jsonata::{Expected, InvalidJsonata, Jsonata, Offered},
};

/// An execution with some variables.
struct Execution {
    context: Value,
    variables: Value,
}

impl Surroundings for Execution {
    fn context(&self) -> &Value {
        &self.context
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    fn random(&self, purpose: Purpose) -> u64 {
        assert_eq!(purpose, Purpose::JsonataRandom);
        7
    }

    fn now(&self) -> i64 {
        1_704_067_200_000
    }
}

fn evaluated(text: &str) -> Result<Value, EvaluationError> {
    let surroundings = Execution {
        context: json!({ "State": { "Name": "A" } }),
        variables: json!({ "total": 3, "list": [1, 2], "split": "taken" }),
    };
    let document = json!({
        "n": 5, "whole": 2.0, "items": [1, 2, 3],
        "orders": [{ "kind": "a", "price": 2 }, { "kind": "a", "price": 3 }],
    });
    let jsonata = Jsonata::compile(text, Offered::Nothing).unwrap();
    jsonata.evaluate(
        "Output",
        &Scope {
            document: &document,
            surroundings: &surroundings,
        },
    )
}

#[track_caller]
fn comes_to(text: &str, expected: Value) {
    assert_eq!(evaluated(text), Ok(expected), "{text}");
}

/// The end of the sentence in which it fails, which begins with the expression and the field.
#[track_caller]
fn failure(text: &str) -> String {
    let error = evaluated(text).unwrap_err();
    assert_eq!(error.name, "States.QueryEvaluationError");
    assert_eq!(error.location.as_deref(), Some("Output"));
    let begin = format!("The JSONata expression '{text}' specified for the field 'Output' ");
    error.detail.strip_prefix(&begin).unwrap().to_owned()
}

fn refusals(text: &str, offered: Offered) -> Vec<InvalidJsonata> {
    Jsonata::compile(text, offered).map_or_else(|refused| refused, |_| Vec::new())
}

#[track_caller]
fn is_unsupported(text: &str, message: &str) {
    let expected = vec![InvalidJsonata::Unsupported(message.into())];
    assert_eq!(refusals(text, Offered::Nothing), expected, "{text}");
}

#[test]
fn the_input_the_context_and_the_variables_are_read() {
    comes_to("$states.input.n + $total", json!(8));
    comes_to("$states.context.State.Name", json!("A"));
    comes_to("$sum($states.input.orders[kind = 'a'].price)", json!(5));
    comes_to("$states.input.items", json!([1, 2, 3]));
}

#[test]
fn an_array_of_one_or_none_stays_an_array() {
    comes_to("[]", json!([]));
    comes_to("[1]", json!([1]));
}

#[test]
fn names_alone_are_read_as_by_the_engine() {
    // The second of each is evaluated: a block is more than a name.
    for text in [
        "$states.input",
        "$states.input.orders",
        "$states.input.orders.kind",
        "$states.input.n",
        "$states.input.whole",
        "$states.context.State",
        "$list",
        "$total",
    ] {
        assert_eq!(evaluated(text), evaluated(&format!("({text})")), "{text}");
    }
    assert_eq!(
        failure("$states.input.n.deeper"),
        "returned nothing (undefined)."
    );
}

#[test]
fn an_expression_may_be_nested_as_deep_as_the_parser_takes_it() {
    for levels in 980..1_010 {
        let text = format!(
            "{}$keys($states.input){}",
            "(".repeat(levels),
            ")".repeat(levels)
        );
        let _ = Jsonata::compile(&text, Offered::Nothing);
    }
}

#[test]
fn a_variable_takes_the_name_of_a_function() {
    comes_to("$split", json!("taken"));
    comes_to("$split & $string($distinct([1, 1]))", json!("taken[1]"));
}

#[test]
fn whole_numbers_have_no_fraction() {
    comes_to("$states.input.whole", json!(2));
    comes_to("6 / 2", json!(3));
    comes_to("1 / 4", json!(0.25));
}

#[test]
fn what_is_undefined_or_a_function_fails() {
    assert_eq!(
        failure("$states.input.missing"),
        "returned nothing (undefined)."
    );
    assert_eq!(failure("$nothing"), "returned nothing (undefined).");
    assert_eq!(failure("$sum"), "returned an unsupported result type.");
    assert_eq!(
        failure("function($x){ $x }"),
        "returned an unsupported result type."
    );
}

#[test]
fn an_error_has_a_code() {
    assert_eq!(
        failure("$sqrt(-4)"),
        "threw an error during evaluation. D3060: The sqrt function cannot be applied to a negative number: -4"
    );
    assert_eq!(
        failure("$replace(1, 'a', 'b')"),
        "threw an error during evaluation. T0410: Argument 1 of function \"replace\" does not match function signature"
    );
}

#[test]
fn an_unknown_function_fails_when_it_is_called() {
    assert_eq!(refusals("$missing(1)", Offered::Nothing), []);
    assert_eq!(
        failure("$missing(1)"),
        "threw an error during evaluation. T1006: Attempted to invoke a non-function"
    );
    comes_to("false ? $missing(1) : 2", json!(2));
}

#[test]
fn an_unknown_variable_is_nothing() {
    assert_eq!(refusals("$unknown", Offered::Nothing), []);
    assert_eq!(failure("$unknown"), "returned nothing (undefined).");
    comes_to("$exists($unknown)", json!(false));
}

#[test]
fn an_infinite_number_in_a_result_is_a_text() {
    comes_to("1/0", json!("Infinity"));
    comes_to("-1/0", json!("-Infinity"));
    comes_to("1e308 * 10", json!("Infinity"));
    comes_to("-1e308 - 1e308", json!("-Infinity"));
    comes_to("[1/0, 2]", json!(["Infinity", 2]));
    comes_to(
        "{'a': $states.input.n / 0, 'b': $total / 2}",
        json!({ "a": "Infinity", "b": 1.5 }),
    );
    comes_to(
        "($zero := 0; $total > 1 ? 1 / $zero : 'é' / 0)",
        json!("Infinity"),
    );
}

#[test]
fn an_infinite_number_that_is_worked_with_is_an_error() {
    for text in [
        "1/0 + 1",
        "$string(1/0)",
        "$map([0], function($n) { 1/$n })",
    ] {
        let failure = failure(text);
        assert!(
            failure.starts_with("threw an error during evaluation. D1001: "),
            "{text}: {failure}"
        );
    }
    // What is no number is said to be none, also beside one that is infinite.
    let failure = failure("[1/0, 'a' / 2]");
    assert!(
        failure.starts_with("threw an error during evaluation. T2001: "),
        "{failure}"
    );
}

#[test]
fn a_value_of_another_type_is_shown() {
    let jsonata = Jsonata::compile("{'a': 'b'}", Offered::Nothing).unwrap();
    let scope = Scope {
        document: &Value::Null,
        surroundings: &segno_asl::data::scope::Nowhere,
    };
    let error = jsonata
        .evaluate_as(Expected::Boolean, "Choices[0]/Condition", &scope)
        .unwrap_err();
    assert_eq!(
        error.detail,
        "The JSONata expression '{'a': 'b'}' specified for the field 'Choices[0]/Condition' returned an \
         unexpected result type. Expected 'boolean', but was 'object' for value: {\"a\":\"b\"}"
    );
}

#[test]
fn aws_adds_functions() {
    comes_to("$partition([1, 2, 3], 2)", json!([[1, 2], [3]]));
    comes_to("$partition([1, 2], 2.9)", json!([[1, 2]]));
    comes_to("$range(1, 6, 2)", json!([1, 3, 5]));
    comes_to("$range(3, 1, -1)", json!([3, 2, 1]));
    comes_to("$range(1, 9, 9)", json!(1));
    comes_to(
        "$hash('a', 'MD5')",
        json!("0cc175b9c0f1b6a831c399e269772661"),
    );
    comes_to("$parse('{\"a\": [1]}').a", json!([1]));
}

#[test]
fn what_is_random_is_decided_from_outside() {
    let first = evaluated("[$uuid(), $uuid(), $random(), $shuffle([1..9])]").unwrap();
    assert_eq!(
        evaluated("[$uuid(), $uuid(), $random(), $shuffle([1..9])]"),
        Ok(first.clone())
    );
    assert_ne!(first[0], first[1]);
    assert_eq!(first[0].as_str().unwrap().as_bytes()[14], b'4');
    assert!((0.0..1.0).contains(&first[2].as_f64().unwrap()));
    // `new Random(42).nextDouble()`, from Java.
    comes_to("$random(42)", json!(0.727_563_680_032_868_1));
}

#[test]
fn the_clock_is_that_of_the_event() {
    comes_to("$now()", json!("2024-01-01T00:00:00.000Z"));
    comes_to("$millis()", json!(1_704_067_200_000_i64));
}

#[test]
fn eval_is_no_function() {
    assert_eq!(
        failure("$eval('1 + 1')"),
        "threw an error during evaluation. T1006: Attempted to invoke a non-function"
    );
}

#[test]
fn there_is_no_input_document() {
    for (text, name) in [
        ("phone", "phone"),
        ("$.phone", "$"),
        ("$$", "$$"),
        ("*", "*"),
        ("**.phone", "**"),
        ("$map($states.input, function($v){ $v * rate })", "rate"),
        ("{'a': phone}", "phone"),
        ("$states.input.a[b = $$.c]", "$$"),
    ] {
        let message = format!("Reference to '{name}' at the top level is not supported.");
        is_unsupported(text, &message);
    }
    for text in [
        "$states.input.items[$ > 1]",
        "$states.input.orders.(price * 2)",
        "$states.input.orders{kind: $sum(price)}",
        "$states.input.orders^(price)",
        "$states.input ~> |orders|{'price': price + 1}|",
        "$missing(1)",
    ] {
        assert_eq!(refusals(text, Offered::Nothing), [], "{text}");
    }
}

#[test]
fn operators_that_came_later_are_refused() {
    is_unsupported("$a ?: 1", "The operator '?:' is not supported.");
    is_unsupported("$a ?? 1", "The operator '??' is not supported.");
}

#[test]
fn result_and_error_output_are_offered_here_and_there() {
    for (text, offered) in [
        ("$states.result.x", Offered::Result),
        ("$states.errorOutput.Error", Offered::ErrorOutput),
    ] {
        assert_eq!(refusals(text, offered), []);
        assert_eq!(refusals(text, Offered::Nothing).len(), 1, "{text}");
    }
    assert_eq!(refusals("$states.result", Offered::ErrorOutput).len(), 1);
}

#[test]
fn a_syntax_error_has_no_code() {
    for (text, message) in [
        ("1 +", "Unexpected end of expression"),
        ("$a[1,2)", "Expected \"]\", got \",\""),
        (
            "\"open",
            "String literal must be terminated by a matching quote",
        ),
    ] {
        let expected = vec![InvalidJsonata::Syntax(message.into())];
        assert_eq!(refusals(text, Offered::Nothing), expected);
    }
}

#[test]
fn an_expression_fills_its_string() {
    assert_eq!(Jsonata::text_in("{% 1 %}"), Ok(Some("1")));
    assert_eq!(Jsonata::text_in("{%%}"), Ok(Some("")));
    for text in [" {% 1 %} ", "{ % 1 % }", "", "50 %"] {
        assert_eq!(Jsonata::text_in(text), Ok(None), "{text}");
    }
    for text in ["{%}", "{% 1", "1 %}", " {% 1 %}", "{% 1 %} "] {
        assert!(Jsonata::text_in(text).is_err(), "{text}");
    }
}

#[test]
fn only_free_variables_are_read() {
    let variables = |text| -> Vec<String> {
        let jsonata = Jsonata::compile(text, Offered::Nothing).unwrap();
        jsonata.variables().map(str::to_owned).collect()
    };
    assert_eq!(
        variables("($a := 1; $map($b, function($v){ $v + $a + $c.d }))"),
        ["b", "c"]
    );
    assert_eq!(variables("$partition($states.input, $uuid())"), [""; 0]);
}

/// The longest that an evaluation may take here: far more than it does.
const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
fn is_stopped(text: &str, message: &str) {
    let begin = Instant::now();
    assert_eq!(
        failure(text),
        format!("threw an error during evaluation: {message}")
    );
    assert!(begin.elapsed() < PATIENCE, "{text}: {:?}", begin.elapsed());
}

#[test]
fn what_has_no_end_is_stopped() {
    for text in [
        "($f := function($x){ $f($x + 1) }; $f(1))",
        "$match($pad('a', 40, 'a') & '!', /^(a+)+$/)",
        "$map([1..100000], function($i){ $hash($pad('x', 6000000), 'SHA-512') })",
        "$sort([1..800000], function($a, $b){ $a < $b })",
    ] {
        is_stopped(
            text,
            "Expression evaluation timeout: Check for infinite loop",
        );
    }
}

#[test]
fn what_recurses_too_deep_is_stopped() {
    comes_to(
        "($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(100))",
        json!(100),
    );
    is_stopped(
        "($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(100000))",
        "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive",
    );
}

#[test]
fn a_limit_of_memory_has_no_code() {
    is_stopped(
        "$pad('x', 1000000000)",
        "Expression evaluation memory limit exceeded: Check for excessive memory usage",
    );
}

#[test]
fn keys_and_distinct_take_no_quadratic_time() {
    let begin = Instant::now();
    comes_to("$count($distinct([1..200000]))", json!(200_000));
    comes_to(
        "$count($keys($merge($map([1..50000], function($i){ {$string($i): 1} }))))",
        json!(50_000),
    );
    assert!(begin.elapsed() < PATIENCE);
}

#[test]
fn guarded_functions_know_sequences_from_arrays() {
    comes_to("$distinct($states.input.orders.kind)", json!("a"));
    comes_to("$distinct([1, 1])", json!([1]));
    comes_to("$keys({'a': 1})", json!("a"));
    comes_to("$map([{'a': 1}, {'b': 1}], $keys)", json!([["a"], ["b"]]));
    comes_to("'aab' ~> $replace('a', 'c')", json!("ccb"));
    comes_to("$replace('aaa', /a/, 'b', 2)", json!("bba"));
}
