//! A call of intrinsic functions.

#![no_main]

use libfuzzer_sys::fuzz_target;
use segno_asl::data::expression::Expression;
use segno_fuzz::{evaluated, parts};

fuzz_target!(|text: &str| {
    let (call, document) = parts(text);
    if let Ok(call) = Expression::compile(call) {
        evaluated(&document, |scope| call.evaluate("x.$", scope));
    }
});
