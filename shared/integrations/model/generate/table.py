"""The container: an index of names, and a compressed frame for each.

    magic | u32 count | count × (u8 length, name, u32 offset, u32 compressed bytes, u32 bytes) | frames

Numbers are little endian; offsets count from the end of the index.
"""

import struct

import zstandard

MAGIC = b"segno-sdk-1\n"


def pack(frames):
    compressor = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters.from_level(22, write_checksum=False)
    )
    index, packed, offset = bytearray(), [], 0
    for name, frame in sorted(frames.items()):
        data = compressor.compress(frame)
        index += bytes([len(name)]) + name.encode() + struct.pack("<III", offset, len(data), len(frame))
        packed.append(data)
        offset += len(data)
    return MAGIC + struct.pack("<I", len(frames)) + bytes(index) + b"".join(packed)


def number(value):
    """A varint: seven bits a byte, the lowest first."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def text(value):
    data = (value or "").encode()
    return number(len(data)) + data
