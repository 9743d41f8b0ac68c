//! Payloads as services return them: JSON that zstd makes three to four times smaller.

use serde_json::{Value, json};

/// Draws numbers, the same from the same seed.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }

    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 16] = [
            "ba", "ke", "lo", "mi", "nu", "ra", "se", "ti", "vo", "za", "chi", "dor", "fel", "gan",
            "hus", "pri",
        ];
        let syllables = 2 + self.below(3);
        (0..syllables)
            .map(|_| SYLLABLES[self.below(16) as usize])
            .collect()
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    fn line(&mut self) -> Value {
        json!({
            "articleNumber": format!("A-{:06}", self.below(1_000_000)),
            "description": format!("{} {} {}", self.word(), self.word(), self.word()),
            "quantity": 1 + self.below(20),
            "unitPrice": self.below(50_000) as f64 / 100.0,
            "currency": self.one_of(&["EUR", "USD", "GBP"]),
            "warehouse": self.one_of(&["north", "south", "east", "west"]),
            "isFragile": self.below(2) == 0,
            "shipAfter": format!("2026-{:02}-{:02}T{:02}:00:00Z", 1 + self.below(12), 1 + self.below(28), self.below(24)),
        })
    }

    /// An order whose JSON has so many bytes.
    pub(crate) fn order(&mut self, bytes: usize) -> Value {
        let mut order = json!({ "orderId": self.below(u64::MAX), "lines": [] });
        let length = |order: &Value| order.to_string().len();
        while length(&order) + 260 < bytes {
            let line = self.line();
            order["lines"].as_array_mut().unwrap().push(line);
        }
        order["note"] = "".into();
        let missing = bytes - length(&order);
        let mut note = String::new();
        while note.len() < missing {
            note.push_str(&self.word());
            note.push(' ');
        }
        note.truncate(missing);
        order["note"] = note.into();
        order
    }
}

/// How many times smaller zstd makes a text at its usual level.
pub(crate) fn ratio(text: &str) -> f64 {
    let compressed = zstd::bulk::compress(text.as_bytes(), 3).unwrap();
    text.len() as f64 / compressed.len() as f64
}
