//! How texts are stored: compressed with zstd and a trained dictionary.
//!
//! The first byte names the dictionary; the rest is a frame. What every execution repeats is in the
//! dictionary: the names of a checkpoint's members, of history events, of services.

use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe::get_frame_content_size,
};

use crate::failure::Unreadable;

/// Texts are small, and written once: what is saved by compressing better is paid for by the kilobyte.
const LEVEL: i32 = 12;

/// Bytes that a text may have: more than ever is in one place, and less than a damaged frame may ask for.
const TEXT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Names the dictionary that this release writes with.
const NEWEST: u8 = 0;

/// Compresses a text.
pub(crate) fn pack(text: &[u8]) -> Vec<u8> {
    let mut packed = vec![NEWEST];
    let frame = Compressor::new(LEVEL).and_then(|mut c| c.compress(text));
    packed.extend(frame.expect("there is memory for it"));
    packed
}

/// The text.
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let (dictionary, frame) = packed.split_first().ok_or(Unreadable::Parts)?;
    let mut decompressor = match dictionary {
        0 => Decompressor::new(),
        other => return Err(Unreadable::Dictionary(*other)),
    }
    .map_err(Unreadable::Compressed)?;
    let bytes = get_frame_content_size(frame).ok().flatten();
    let bytes = bytes.filter(|bytes| *bytes <= TEXT_BYTES_MAX);
    let bytes = usize::try_from(bytes.ok_or(Unreadable::Parts)?).map_err(|_| Unreadable::Parts)?;
    let text = decompressor.decompress(frame, bytes);
    text.map_err(Unreadable::Compressed)
}
