//! The container: an index of names, and a compressed frame for each.

use std::{collections::BTreeMap, io::Read, sync::LazyLock, sync::OnceLock};

use super::{Service, decode};

static TABLE: &[u8] = include_bytes!("../../../model/sdk.tbl");
const MAGIC: &[u8] = b"segno-sdk-1\n";

/// Where a service's frame is, and the service once somebody has asked for it.
struct Entry {
    frame: &'static [u8],
    bytes: usize,
    service: OnceLock<Service>,
}

static INDEX: LazyLock<BTreeMap<&'static str, Entry>> =
    LazyLock::new(|| read_index(TABLE).expect("the table is the one that this was built with"));

pub(super) fn service(name: &str) -> Option<&'static Service> {
    let entry = INDEX.get(name)?;
    Some(entry.service.get_or_init(|| {
        let mut frame = Vec::with_capacity(entry.bytes);
        ruzstd::decoding::StreamingDecoder::new(entry.frame)
            .map_err(|error| error.to_string())
            .and_then(|mut decoder| {
                decoder
                    .read_to_end(&mut frame)
                    .map_err(|error| error.to_string())
            })
            .and_then(|_| decode::service(frame.leak()).ok_or_else(|| "it ends early".into()))
            .unwrap_or_else(|error: String| {
                panic!("the table's service {name} cannot be read: {error}")
            })
    }))
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    INDEX.keys().copied()
}

fn read_index(table: &'static [u8]) -> Option<BTreeMap<&'static str, Entry>> {
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
    let entry = |(offset, length, bytes): (usize, usize, usize)| {
        Some(Entry {
            frame: rest.get(offset..offset + length)?,
            bytes,
            service: OnceLock::new(),
        })
    };
    places
        .into_iter()
        .map(|(name, place)| Some((name, entry(place)?)))
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
