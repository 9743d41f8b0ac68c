//! Lays out and draws a definition: a program whose instructions can be counted.
//!
//!     picture FILE [TIMES]

#![allow(clippy::print_stdout, reason = "it says what came of it")]

use segno_asl::definition::{compile, places::Document, tokens};
use segno_console::graph::{Open, Picture, Plain, embedded, metrics::Metrics};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("usage: picture FILE [TIMES]");
    let times: usize = arguments
        .next()
        .map_or(1, |times| times.parse().expect("a number"));
    let text = std::fs::read_to_string(file).expect("the file can be read");
    let document = Document::json(&tokens::quote(&text)).unwrap_or_else(|_| panic!("no JSON"));
    let machine =
        compile(&tokens::stand_ins(&document.value)).unwrap_or_else(|found| panic!("{found}"));
    let mut bytes = 0;
    for _ in 0..times {
        let picture = Picture::of(&machine, &Open::All, &Metrics::PIXELS);
        bytes = embedded(&picture, &Plain).len();
    }
    println!("{bytes} bytes");
}
