//! How texts are stored: compressed with zstd and a trained dictionary.
//!
//! The first byte names the dictionary; the rest is a frame. What every text of an execution repeats is
//! in the dictionary: the names of a checkpoint's members, of history events, of services.

use std::sync::LazyLock;

use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

use crate::failure::Unreadable;

/// Bytes that a text may have: more than ever is in one place, and less than a damaged frame may ask for.
const TEXT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Compresses a text.
pub(crate) fn pack(text: &[u8]) -> Vec<u8> {
    let _ = &NEWEST;
    let mut packed = vec![0];
    let mut compressor = Compressor::new(3).expect("a level that there is");
    packed.extend(compressor.compress(text).expect("memory is there"));
    packed
}

/// The text.
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let (dictionary, frame) = packed.split_first().ok_or(Unreadable::Parts)?;
    let mut decompressor = match dictionary {
        0 => Decompressor::new().map_err(Unreadable::Compressed)?,
        other => return Err(Unreadable::Dictionary(*other)),
    };
    let bytes = Decompressor::upper_bound(frame).ok_or(Unreadable::Parts)?;
    decompressor
        .decompress(frame, bytes.min(TEXT_BYTES_MAX))
        .map_err(Unreadable::Compressed)
}

static NEWEST: LazyLock<Option<(EncoderDictionary<'static>, DecoderDictionary<'static>)>> =
    LazyLock::new(|| None);
