#!/usr/bin/env python3
"""Reads a stopped journal and checks it, from docs/journal-format.md alone.

A second implementation: it shares no line with holdfast, needs no key and nothing beyond Python 3's standard library. It walks
every segment, checks headers, lengths, checksums, positions, groups, personal parts, each tenant's sequence and chain, and every
checkpoint with its signature. Prints a line for each tenant; of the first fault it says file and offset and ends with status 1.

    journal_reader.py DIRECTORY... [--public-key FILE]

DIRECTORY holds the segments of one journal. FILE is checkpoint.pub; without it all checkpoints must be signed with one and the same key.
"""

import argparse
import hashlib
import os
import re
import struct
import sys
import zlib

SEGMENT_NAME = re.compile(r"\d{10}\.journal")
SEGMENT_MAGIC = b"HOLDFAST"
SEGMENT_HEADER = struct.Struct("<8sIIQQQ")
FRAME_MAGIC = b"\xf5hf1"
FRAME_HEADER = struct.Struct("<4sIIIQI16s")
PARTS_BYTES_MAX = 65_536
ENTRY_HEADER = struct.Struct("<BBH4s16sQq32s16sQBB16sB")
HEAD = struct.Struct("<16sQ32s")
HEADS_MAX = 1_000
ERASED = b"\xee"


class Fault(Exception):
    """What is wrong, and where."""

    def __init__(self, file, offset, what, tenant=None, sequence=None):
        whose = "tenant unknown" if tenant is None else f"tenant {tenant_name(tenant)}"
        which = "" if sequence is None else f", sequence {sequence}"
        super().__init__(f"{whose}{which}, {file} at offset {offset}: {what}")


class NoFrame(Exception):
    """No whole frame begins here."""


class Frame:
    """A frame whose checksum holds."""

    def __init__(self, data, offset):
        if data[offset : offset + 4] != FRAME_MAGIC:
            raise NoFrame("no frame begins here")
        if offset + FRAME_HEADER.size > len(data):
            raise NoFrame("the segment ends inside the frame")
        _, covered, personal, checksum, self.lsn, self.group_place, stream = FRAME_HEADER.unpack_from(data, offset)
        if covered + personal > PARTS_BYTES_MAX:
            raise NoFrame("its length is more than an entry may have")
        digest = 32 if personal else 0
        begin = offset + FRAME_HEADER.size
        middle = begin + digest + covered
        self.end = middle + personal
        if self.end > len(data):
            raise NoFrame("the segment ends inside the frame")
        if zlib.crc32(data[offset + 16 : middle], zlib.crc32(data[offset : offset + 12])) != checksum:
            raise NoFrame("its checksum does not match its bytes")
        self.stream = int.from_bytes(stream, "little")
        self.digest = data[begin : begin + digest]
        self.covered = data[begin + digest : middle]
        self.personal = data[middle : self.end]

    @property
    def group_first(self):
        return self.lsn - self.group_place

    def is_erased(self):
        return bool(self.personal) and self.personal == ERASED * len(self.personal)

    def is_personal_whole(self):
        return not self.personal or self.is_erased() or hashlib.sha256(self.personal).digest() == self.digest


def later_group(data, offset, expected):
    """Whether behind a bad place a frame of a later group is whole: then the bad place was synced once."""
    at = data.find(FRAME_MAGIC, offset)
    while at >= 0:
        try:
            if Frame(data, at).group_first > expected:
                return True
        except NoFrame:
            pass
        at = data.find(FRAME_MAGIC, at + 1)
    return False


class Tenant:
    """What a tenant's chain comes to."""

    def __init__(self):
        self.sequence = 0
        self.head = bytes(32)
        self.hashes = [None]
        self.erased = 0


class Reader:
    def __init__(self, directory, public_key):
        self.directory = directory
        self.public_key = public_key
        self.tenants = {}
        self.lsn = 1
        self.group_place = None
        self.epoch = 0
        self.checkpoints = 0
        self.torn = None

    def run(self):
        names = sorted(name for name in os.listdir(self.directory) if SEGMENT_NAME.fullmatch(name))
        empty = None
        suspended = None
        for number, name in enumerate(names, 1):
            path = os.path.join(self.directory, name)
            if int(name[:10]) != number:
                raise Fault(path, 0, f"segment {number} is missing")
            with open(path, "rb") as file:
                data = file.read()
            if not data.strip(b"\0"):
                empty = empty or path
                continue
            if empty:
                raise Fault(empty, 0, "it is empty, but a later segment is not")
            if suspended:
                raise suspended
            suspended = self.segment(number, path, data)

    def segment(self, number, path, data):
        """Walks a segment. A torn tail comes back as the fault that it is if another segment follows."""
        try:
            offset = self.header(number, path, data)
        except NoFrame as flaw:
            return self.torn_or_damaged(path, data, 0, flaw)
        while True:
            try:
                frame = Frame(data, offset)
                if frame.lsn != self.lsn:
                    raise Fault(path, offset, f"position {frame.lsn} stands where {self.lsn} is next", frame.stream)
                if not frame.is_personal_whole():
                    raise NoFrame("its personal part neither matches its digest nor is erased")
            except NoFrame as flaw:
                # After the last frame there are only zeros.
                if data.count(b"\0", offset) == len(data) - offset:
                    return None
                return self.torn_or_damaged(path, data, offset, flaw)
            self.frame(path, offset, frame)
            self.lsn += 1
            offset = frame.end

    def torn_or_damaged(self, path, data, offset, flaw):
        fault = Fault(path, offset, flaw)
        if later_group(data, offset, self.lsn):
            raise fault
        self.torn = (path, offset)
        return fault

    def header(self, number, path, data):
        if len(data) < SEGMENT_HEADER.size:
            raise NoFrame("the segment's header is damaged")
        magic, version, checksum, own, first, epoch = SEGMENT_HEADER.unpack_from(data)
        if magic != SEGMENT_MAGIC or zlib.crc32(data[16:40], zlib.crc32(data[:12])) != checksum:
            raise NoFrame("the segment's header is damaged")
        if version != 1:
            raise Fault(path, 8, f"format {version} is not known; a newer holdfast wrote it")
        if own != number:
            raise Fault(path, 16, f"it is segment {own} under another name")
        if first != self.lsn:
            raise Fault(path, 24, f"it begins with position {first} where {self.lsn} is next")
        if epoch < max(self.epoch, 1):
            raise Fault(path, 32, f"epoch {epoch} follows {self.epoch}")
        self.epoch = epoch
        return SEGMENT_HEADER.size

    def frame(self, path, offset, frame):
        def fault(what, sequence=None):
            return Fault(path, offset, what, frame.stream, sequence)

        if frame.group_place != 0 and self.group_place is not None and frame.group_place != self.group_place + 1:
            raise fault("its place in its group does not follow")
        self.group_place = frame.group_place
        covered = frame.covered
        if len(covered) < 4:
            raise fault("the entry is too short")
        version, kind, schema = struct.unpack_from("<BBH", covered)
        if version != 1 or kind not in (1, 2) or schema != 1:
            raise fault(f"version {version}, kind {kind}, schema {schema} is not known; a newer holdfast wrote it")
        if len(covered) < ENTRY_HEADER.size:
            raise fault("the entry is too short")
        fields = ENTRY_HEADER.unpack_from(covered)
        tenant_id = int.from_bytes(fields[4], "little")
        sequence, previous, asked, scope, flags = fields[5], fields[7], fields[10], fields[11], fields[13]
        if tenant_id != frame.stream:
            raise fault("the entry is another tenant's", sequence)
        if asked not in (0, 1) or scope > 3:
            raise fault("who asked is not known", sequence)
        if flags != (1 if frame.personal else 0):
            raise fault("its flags do not say whether it has a personal part", sequence)
        tenant = self.tenants.setdefault(frame.stream, Tenant())
        if sequence != tenant.sequence + 1:
            raise fault(f"sequence {sequence} stands where {tenant.sequence + 1} is next", sequence)
        if previous != tenant.head:
            raise fault("it does not carry the hash of the entry before it", sequence)
        if kind == 2:
            self.checkpoint(fault, frame, covered, sequence)
        tenant.sequence = sequence
        tenant.head = hashlib.sha256(covered + frame.digest).digest()
        tenant.hashes.append(tenant.head)
        tenant.erased += frame.is_erased()

    def checkpoint(self, fault, frame, covered, sequence):
        if frame.stream != 0 or frame.personal:
            raise fault("a checkpoint stands where none may", sequence)
        begin = ENTRY_HEADER.size
        if len(covered) < begin + 40 + 64:
            raise fault("the checkpoint is too short", sequence)
        public = covered[begin : begin + 32]
        part, parts, count = struct.unpack_from("<HHI", covered, begin + 32)
        heads = begin + 40
        end = heads + HEAD.size * count
        if count > HEADS_MAX or part >= parts or len(covered) != end + 64:
            raise fault("the checkpoint is not well formed", sequence)
        if self.public_key is None:
            self.public_key = public
        if public != self.public_key:
            raise fault("the checkpoint is signed with another key", sequence)
        if not ed25519_verify(public, b"holdfast/1 checkpoint" + covered[:end], covered[end:]):
            raise fault("the checkpoint's signature does not hold", sequence)
        for at in range(heads, end, HEAD.size):
            whose, head_sequence, head_hash = HEAD.unpack_from(covered, at)
            seen = self.tenants.get(int.from_bytes(whose, "little"))
            if seen is None or not 0 < head_sequence <= seen.sequence or seen.hashes[head_sequence] != head_hash:
                raise fault("the checkpoint saw an entry that is not there", sequence)
        self.checkpoints += 1


def tenant_name(tenant):
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    return "tenant_" + "".join(digits[tenant >> shift & 31] for shift in range(125, -1, -5))


# Ed25519 (RFC 8032, section 5.1.7) in extended coordinates, for verification only: nothing secret is handled.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def point_add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_mul(scalar, p):
    q = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            q = point_add(q, p)
        p = point_add(p, p)
        scalar >>= 1
    return q


def point_decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(public, message, signature):
    a, r = point_decompress(public), point_decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = point_mul(s, BASE), point_add(r, point_mul(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def main():
    arguments = argparse.ArgumentParser(description="Reads a stopped journal and checks it, without any key.")
    arguments.add_argument("directory", nargs="+", help="where the segments of a journal lie")
    arguments.add_argument("--public-key", help="checkpoint.pub")
    given = arguments.parse_args()
    public_key = None
    if given.public_key:
        with open(given.public_key, encoding="ascii") as file:
            public_key = bytes.fromhex(file.read().strip())
    return max([check(directory, public_key) for directory in given.directory])


def check(directory, public_key):
    reader = Reader(directory, public_key)
    try:
        reader.run()
    except Fault as fault:
        print(f"journal_reader: {fault}", file=sys.stderr)
        return 1
    for tenant, state in sorted(reader.tenants.items()):
        print(f"tenant={tenant_name(tenant)} sequence={state.sequence} chain={state.head.hex()} erased={state.erased}")
    if reader.torn:
        print("torn file={} offset={}".format(*reader.torn))
    print(f"total tenants={len(reader.tenants)} position={reader.lsn - 1} checkpoints={reader.checkpoints}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
