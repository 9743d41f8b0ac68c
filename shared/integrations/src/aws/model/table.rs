//! The container: an index of names, and a compressed frame for each.

use std::{collections::BTreeMap, io::Read, sync::LazyLock, sync::OnceLock};

use super::{Service, decode};

static TABLE: &[u8] = include_bytes!("../../../model/sdk.tbl");
const MAGIC: &[u8] = b"segno-sdk-1\n";

/// A service's frame, and the service once somebody has asked for it.
struct Entry {
    frame: Frame,
    service: OnceLock<Service>,
}

static INDEX: LazyLock<BTreeMap<&'static str, Entry>> = LazyLock::new(|| {
    let entry = |frame| Entry {
        frame,
        service: OnceLock::new(),
    };
    let frames = frames(TABLE).into_iter();
    frames.map(|(name, frame)| (name, entry(frame))).collect()
});

pub(super) fn service(name: &str) -> Option<&'static Service> {
    let entry = INDEX.get(name)?;
    let service = entry.service.get_or_init(|| {
        let decoded = decode::service(entry.frame.unpack());
        decoded.unwrap_or_else(|| panic!("the table's service {name} ends early"))
    });
    Some(service)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    INDEX.keys().copied()
}

/// A compressed frame.
pub(super) struct Frame {
    compressed: &'static [u8],
    bytes: usize,
}

impl Frame {
    /// What is in it. It stays, as what is built of it refers to it.
    pub(super) fn unpack(&self) -> &'static [u8] {
        let mut frame = Vec::with_capacity(self.bytes);
        ruzstd::decoding::StreamingDecoder::new(self.compressed)
            .map_err(|error| error.to_string())
            .and_then(|mut decoder| {
                let read = decoder.read_to_end(&mut frame);
                read.map_err(|error| error.to_string())
            })
            .expect("a frame is what the generator wrote");
        frame.leak()
    }
}

/// The frames of a table that this was built with.
pub(super) fn frames(table: &'static [u8]) -> BTreeMap<&'static str, Frame> {
    read_index(table).expect("the table is the one that this was built with")
}

fn read_index(table: &'static [u8]) -> Option<BTreeMap<&'static str, Frame>> {
    let mut rest = table.strip_prefix(MAGIC)?;
    let count = take_u32(&mut rest)?;
    let mut places = Vec::with_capacity(count);
    for _ in 0..count {
        let (length, after) = rest.split_first()?;
        let (name, after) = after.split_at_checked(usize::from(*length))?;
        rest = after;
        let place = (
            take_u32(&mut rest)?,
            take_u32(&mut rest)?,
            take_u32(&mut rest)?,
        );
        places.push((std::str::from_utf8(name).ok()?, place));
    }
    let frame = |(offset, length, bytes): (usize, usize, usize)| {
        let compressed = rest.get(offset..offset + length)?;
        Some(Frame { compressed, bytes })
    };
    places
        .into_iter()
        .map(|(name, place)| Some((name, frame(place)?)))
        .collect()
}

fn take_u32(rest: &mut &'static [u8]) -> Option<usize> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_can_be_read() {
        let operations: usize = names()
            .map(|name| service(name).unwrap().operations.len())
            .sum();
        assert!(names().count() > 400, "{}", names().count());
        assert!(operations > 19_000, "{operations}");
    }

    #[test]
    fn a_service_that_there_is_none_of_is_none() {
        assert!(service("dynamo").is_none());
    }
}
