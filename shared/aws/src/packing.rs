//! How texts are stored: compressed with zstd and a trained dictionary.
//!
//! The first byte names the dictionary; the rest is a frame. What every execution repeats is in the
//! dictionary: the names of a checkpoint's members, of history events, of services.

use std::sync::LazyLock;

use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
    zstd_safe::get_frame_content_size,
};

use crate::failure::Unreadable;

/// Texts are small, and written once: what is saved by compressing better is paid for by the kilobyte.
const LEVEL: i32 = 12;

/// Bytes that a text may have: more than ever is in one place, and less than a damaged frame may ask for.
const TEXT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The dictionary that this release writes with, and its number. One that was released stays, so that what
/// was written with it can be read; `examples/train_dictionary.rs` makes others.
const NEWEST: (u8, &[u8]) = (1, include_bytes!("../dictionary/v1"));

static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(NEWEST.1, LEVEL));

static DECODER: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(NEWEST.1));

/// Compresses a text.
pub(crate) fn pack(text: &[u8]) -> Vec<u8> {
    let mut packed = vec![NEWEST.0];
    packed.extend(frame(text).expect("there is memory for it"));
    packed
}

fn frame(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = Compressor::with_prepared_dictionary(&ENCODER)?;
    // The first byte says so.
    compressor.include_dictid(false)?;
    compressor.compress(text)
}

/// The text.
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let (dictionary, frame) = packed.split_first().ok_or(Unreadable::Parts)?;
    if *dictionary != NEWEST.0 {
        return Err(Unreadable::Dictionary(*dictionary));
    }
    let bytes = get_frame_content_size(frame).ok().flatten();
    let bytes = bytes.filter(|bytes| *bytes <= TEXT_BYTES_MAX);
    let bytes = usize::try_from(bytes.ok_or(Unreadable::Parts)?).map_err(|_| Unreadable::Parts)?;
    let text = Decompressor::with_prepared_dictionary(&DECODER)
        .and_then(|mut decompressor| decompressor.decompress(frame, bytes));
    text.map_err(Unreadable::Compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_it_was() {
        let large = br#"{"events":7}"#.repeat(50_000);
        for text in [&b""[..], b"{}", &large] {
            assert_eq!(unpack(&pack(text)).unwrap(), text);
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let packed = pack(b"{\"events\":1}");
        assert!(matches!(unpack(&[]), Err(Unreadable::Parts)));
        let other = [&[9], &packed[1..]].concat();
        assert!(matches!(unpack(&other), Err(Unreadable::Dictionary(9))));
        assert!(unpack(&packed[..packed.len() - 1]).is_err());
    }
}
