"""Prometheus remote write 1.0 on the wire: a protobuf WriteRequest in one snappy block.

https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from apps.core.late import late
from apps.integrations.ports import Line

pyarrow = late("pyarrow")

HEADERS = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
}
LENGTH, FIXED64, VARINT = 2, 1, 0


def request(lines: Sequence[Line]) -> bytes:
    """The body: every series with its samples in order of time, labels by name."""
    series: dict[tuple[tuple[str, str], ...], list[Line]] = {}
    for line in lines:
        series.setdefault(_labels(line.name, line.labels), []).append(line)
    parts = [_field(1, _series(labels, found)) for labels, found in series.items()]
    return bytes(pyarrow.compress(b"".join(parts), codec="snappy", asbytes=True))


def _labels(name: str, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    whole = {**labels, "__name__": name}
    return tuple(sorted((key, value) for key, value in whole.items() if value))


def _series(labels: Sequence[tuple[str, str]], lines: Sequence[Line]) -> bytes:
    named = [
        _field(1, _field(1, key.encode()) + _field(2, value.encode())) for key, value in labels
    ]
    ordered = sorted(lines, key=lambda line: line.sample.at)
    return b"".join(named + [_field(2, _sample(line)) for line in ordered])


def _sample(line: Line) -> bytes:
    stamp = int(line.sample.at.timestamp() * 1000)
    value = struct.pack("<d", line.sample.value)
    return bytes([1 << 3 | FIXED64]) + value + bytes([2 << 3 | VARINT]) + _varint(stamp)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | LENGTH]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; a negative number as its 64-bit complement."""
    rest, out = value & (2**64 - 1), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)
