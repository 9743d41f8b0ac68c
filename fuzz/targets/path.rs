//! A path over a document; as a reference path, what is written is found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use segno_asl::{
    data::{json_path::JsonPath, path::Path, reference_path::ReferencePath},
    json,
};
use segno_fuzz::{evaluated, parts};

fuzz_target!(|text: &str| {
    let (text, document) = parts(text);
    if let Ok(path) = Path::compile(text) {
        evaluated(&document, |scope| {
            Ok::<_, ()>(path.read(scope).map_err(drop)?.into_owned())
        });
    }
    let Ok(path) = ReferencePath::compile(text) else {
        return;
    };
    if let Ok(written) = path.write(&document, json!("new")) {
        let read = JsonPath::compile(text).expect("a reference path is a path");
        assert_eq!(read.read(&written).as_deref(), Ok(&json!("new")));
    }
});
