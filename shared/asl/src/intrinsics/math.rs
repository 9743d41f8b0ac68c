//! `States.MathAdd` and `States.MathRandom`.

use std::borrow::Cow;

use super::evaluation::{Failure, unexpected};
use crate::data::{
    scope::{Purpose, Surroundings},
    value::Value,
};

pub(super) fn add(augend: &Value, addend: &Value) -> Result<Value, Failure> {
    let sum = int(augend, 1)? + int(addend, 2)?;
    Ok(sum.into())
}

/// From `start`, included, to `end`, excluded; with a seed always the same.
pub(super) fn random(
    start: &Value,
    end: &Value,
    seed: Option<&Cow<'_, Value>>,
    surroundings: &dyn Surroundings,
) -> Result<Value, Failure> {
    let (start, end) = (int(start, 1)?, int(end, 2)?);
    if start >= end {
        return Err(Failure::new("Argument 1 must be less than argument 2"));
    }
    let number = match seed {
        Some(seed) => JavaRandom::new(integer(seed, 3)?).between(start, end),
        None => {
            let span = u128::from((end - start).unsigned_abs());
            let bits = u128::from(surroundings.random(Purpose::MathRandom));
            start + ((bits * span) >> 64) as i64
        }
    };
    Ok(number.into())
}

/// From 0, included, to 1, excluded; with the same seed always the same.
pub(crate) fn seeded_fraction(seed: i64) -> f64 {
    JavaRandom::new(seed).fraction()
}

/// Argument number `position`, counted from 1, rounded as by Java's `Math.round`: half goes up.
pub(super) fn integer(value: &Value, position: usize) -> Result<i64, Failure> {
    if let Some(integer) = value.as_i64() {
        return Ok(integer);
    }
    let number = value
        .as_f64()
        .ok_or_else(|| unexpected(value, position, "a number"))?;
    let floor = number.floor();
    let up = if number - floor >= 0.5 { 1.0 } else { 0.0 };
    Ok((floor + up) as i64)
}

/// The same, in the range of a Java `int`.
fn int(value: &Value, position: usize) -> Result<i64, Failure> {
    let integer = integer(value, position)?;
    if i32::try_from(integer).is_err() {
        let (min, max) = (i32::MIN, i32::MAX);
        return Err(Failure(format!(
            "Argument {position} must be between {min} and {max}"
        )));
    }
    Ok(integer)
}

/// Java's `java.util.Random`. That AWS draws from it is judged from the language that it is
/// written in.
///
/// Spec: [Random](https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Random.html).
struct JavaRandom {
    state: u64,
}

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    fn new(seed: i64) -> Self {
        Self {
            state: (seed as u64 ^ Self::MULTIPLIER) & Self::MASK,
        }
    }

    /// The upper `bits` of the next 48.
    fn next(&mut self, bits: u32) -> i32 {
        let product = self.state.wrapping_mul(Self::MULTIPLIER);
        self.state = product.wrapping_add(0xB) & Self::MASK;
        (self.state >> (48 - bits)) as i32
    }

    /// `nextDouble`.
    fn fraction(&mut self) -> f64 {
        let (high, low) = (i64::from(self.next(26)), i64::from(self.next(27)));
        ((high << 27) + low) as f64 / (1_u64 << 53) as f64
    }

    /// From `start` up to but not including `end`, which are `int`s.
    fn between(&mut self, start: i64, end: i64) -> i64 {
        match i32::try_from(end - start) {
            Ok(bound) => start + i64::from(self.below(bound)),
            // At least every second draw is in a span as wide as that.
            Err(_) => loop {
                let number = i64::from(self.next(32));
                if (start..end).contains(&number) {
                    return number;
                }
            },
        }
    }

    /// From 0 up to but not including `bound`, which is positive.
    fn below(&mut self, bound: i32) -> i32 {
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(self.next(31))) >> 31) as i32;
        }
        loop {
            let bits = self.next(31);
            let number = bits % bound;
            // Overflows in the last, shorter stretch of multiples: those would come up too often.
            if bits
                .checked_sub(number)
                .and_then(|base| base.checked_add(bound - 1))
                .is_some()
            {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::super::tests::{answers, evaluated, failure};
    use super::*;

    #[test]
    fn half_is_rounded_up() {
        for (number, rounded) in [
            (2.5, 3),
            (2.4, 2),
            (-2.5, -2),
            (-2.6, -3),
            (0.499_999_999_999_999_94, 0),
            (1e300, i64::MAX),
        ] {
            assert_eq!(integer(&json!(number), 1), Ok(rounded), "{number}");
        }
    }

    #[test]
    fn each_number_is_rounded_before_they_are_added() {
        answers("States.MathAdd(0.5, 0.5)", json!({}), json!(2));
        answers("States.MathAdd($, -1)", json!(3), json!(2));
    }

    #[test]
    fn a_sum_may_leave_the_range_of_its_arguments() {
        answers(
            "States.MathAdd(2147483647, 1)",
            json!({}),
            json!(2_147_483_648_i64),
        );
        assert_eq!(
            failure("States.MathAdd(1, 2147483648)", json!({})),
            "Argument 2 must be between -2147483648 and 2147483647"
        );
    }

    #[test]
    fn only_numbers_are_added() {
        assert_eq!(
            failure("States.MathAdd(1, '1')", json!({})),
            "Argument 2 must be a number, but was a string"
        );
    }

    struct Bits(u64);

    impl Surroundings for Bits {
        fn context(&self) -> &Value {
            &Value::Null
        }

        fn variable(&self, _name: &str) -> Option<&Value> {
            None
        }

        fn random(&self, purpose: Purpose) -> u64 {
            assert_eq!(purpose, Purpose::MathRandom);
            self.0
        }
    }

    #[test]
    fn the_start_is_included_and_the_end_is_not() {
        let drawn = |bits| random(&json!(-1), &json!(3), None, &Bits(bits));
        assert_eq!(drawn(0), Ok(json!(-1)));
        assert_eq!(drawn(u64::MAX / 2), Ok(json!(0)));
        assert_eq!(drawn(u64::MAX), Ok(json!(2)));
    }

    #[test]
    fn a_seed_decides_the_number_as_in_java() {
        // `new Random(seed).nextInt(bound)`, from Java.
        answers("States.MathRandom(0, 10, 42)", json!({}), json!(0));
        answers("States.MathRandom(0, 100, 0)", json!({}), json!(60));
        answers("States.MathRandom(0, 100, 1)", json!({}), json!(85));
        answers("States.MathRandom(0, 16, 42)", json!({}), json!(11));
    }

    #[test]
    fn a_seeded_number_stays_within_the_widest_bounds() {
        for seed in 0..100 {
            let call = format!("States.MathRandom(-2147483648, 2147483647, {seed})");
            assert!(evaluated(&call, json!({})).unwrap().as_i64().is_some());
            let call = format!("States.MathRandom(7, 8, {seed})");
            answers(&call, json!({}), json!(7));
        }
    }

    #[test]
    fn the_start_is_before_the_end() {
        for call in ["States.MathRandom(1, 1)", "States.MathRandom(2, 1, 42)"] {
            assert_eq!(
                failure(call, json!({})),
                "Argument 1 must be less than argument 2"
            );
        }
    }
}
