//! `States.UUID`.

use crate::data::{
    scope::{Purpose, Surroundings},
    value::Value,
};

/// Version 4: 122 random bits.
pub(super) fn uuid(surroundings: &dyn Surroundings) -> Value {
    let high = surroundings.random(Purpose::Uuid);
    uuid_of(high, surroundings.random(Purpose::Uuid)).into()
}

/// The UUID of these 128 bits, of which version and variant overwrite six.
pub(crate) fn uuid_of(high: u64, low: u64) -> String {
    let high = high & !0xF000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF,
    )
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Hands out these bits, one draw after the other.
    struct Bits(Cell<Vec<u64>>);

    impl Surroundings for Bits {
        fn context(&self) -> &Value {
            &Value::Null
        }

        fn variable(&self, _name: &str) -> Option<&Value> {
            None
        }

        fn random(&self, purpose: Purpose) -> u64 {
            assert_eq!(purpose, Purpose::Uuid);
            let mut rest = self.0.take();
            let first = rest.remove(0);
            self.0.set(rest);
            first
        }
    }

    #[test]
    fn a_uuid_is_random_but_for_its_version_and_variant() {
        let made = |bits: Vec<u64>| uuid(&Bits(Cell::new(bits)));
        assert_eq!(made(vec![0, 0]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(
            made(vec![u64::MAX, u64::MAX]),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(
            made(vec![0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]),
            "01234567-89ab-4def-bedc-ba9876543210"
        );
    }
}
