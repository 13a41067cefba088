#!/usr/bin/env python3
"""Draws picture files that hold an orientation in every form that Pillow knows, and some that it does not, and records
how the reference turns each: `file.NAME` holds a file's bytes, `image.NAME` its picture by diffusers' load_image, which is
empty where load_image refuses the file.

Usage: orientations.py OUTPUT.safetensors SEED COUNT, with the Python of the reference environment (ci/setup --reference).
data/orientations.safetensors is seed 0, 160 files.
"""

import io
import pathlib
import random
import struct
import sys
import tempfile
import warnings
import zlib

import numpy
import torch
from diffusers.utils import load_image
from PIL import Image
from safetensors.torch import save_file

XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 99: 4}


class Draw:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, probability):
        return self.random.random() < probability

    def orientation(self):
        return self.random.choice([1, 2, 3, 4, 5, 6, 7, 8] * 4 + [0, 9, 255, 6 << 8])

    def value(self, kind, order):
        value = self.orientation()
        if kind in (5, 10):
            times = self.random.choice([1, 1, 2, 7, 0])
            return struct.pack(order + "2L", value * times + self.random.choice([0, 0, 0, 1]), times)
        if kind in (11, 12):
            return struct.pack(order + ("f" if kind == 11 else "d"), value + self.random.choice([0, 0, 0, 0.5]))
        if kind == 2:
            return str(value).encode()[:1]
        if kind in (6, 8, 9) and self.chance(0.2):
            return struct.pack(order + {6: "b", 8: "h", 9: "l"}[kind], -self.random.randint(1, 8))
        return (value % 256 ** SIZES[kind]).to_bytes(SIZES[kind], "big" if order == ">" else "little")

    def tiff(self):
        """A TIFF file with up to five entries, most of them sound; perhaps another directory with an orientation."""
        order = self.random.choice("<>")
        entries = []
        if self.chance(0.4):
            entries.append((0x0112, 3, 1, struct.pack(order + "H", self.random.randint(1, 8))))
        for _ in range(0 if entries else self.random.randint(1, 5)):
            tag = self.random.choice([0x0112] * 3 + [0x010F, 0x0128, 0x0131, 0x8769])
            kind = self.random.choice([3] * 6 + list(SIZES))
            count = self.random.choice([1] * 6 + [0, 2, 3, 50])
            entries.append((tag, kind, count, b"".join(self.value(kind, order) for _ in range(min(count, 50)))))
        if self.chance(0.8):
            entries.sort(key=lambda entry: entry[0])
        start = 8 + self.random.choice([0, 0, 0, 2])
        place = start + 2 + 12 * len(entries) + 4
        directory, far = struct.pack(order + "H", len(entries) + self.random.choice([0] * 9 + [1])), b""
        for tag, kind, count, data in entries:
            if len(data) > 4:
                offset = self.random.choice([place + len(far)] * 8 + [10**6])
                far += data
                data = struct.pack(order + "L", offset)
            count = self.random.choice([count] * 15 + [2**31])
            directory += struct.pack(order + "HHL", tag, kind, count) + data.ljust(4, b"\0")
        directory += struct.pack(order + "L", place + len(far))  # the next directory, which does not count
        other = struct.pack(order + "HHHLHHL", 1, 0x0112, 3, 1, 5, 0, 0)
        head = {"<": [b"II*\0"] * 8 + [b"II\0*"], ">": [b"MM\0*"] * 8 + [b"MM*\0", b"MM\0+"]}[order]
        whole = self.random.choice(head) + struct.pack(order + "L", start)
        whole += b"\0" * (start - 8) + directory + far + other
        if self.chance(0.08):
            whole = whole[: self.random.randint(0, len(whole))]
        if self.chance(0.03):
            whole = b"junk" + whole
        return whole

    def xmp(self):
        value = self.random.choice([1, 2, 3, 4, 5, 6, 7, 8] * 3 + [0, 9])
        text = self.random.choice([
            f'<rdf:Description tiff:Orientation="{value}"/>', f"<tiff:Orientation>{value}</tiff:Orientation>",
            f"<rdf:Description tiff:Orientation='{value}'/>", f'<rdf:Description tiff:Orientation = "{value}"/>',
            f"<tiff:Orientation> {value}</tiff:Orientation>", f'<x tiff:Orientation="x"/><y tiff:Orientation="{value}"/>',
            f"<exif:Orientation>{value}</exif:Orientation>", f'<x tiff:Orientation="{value}7"/>', ""])
        filler = self.random.choice(["", "ä", "\n" * 9])
        packet = f"<x:xmpmeta>{filler}{text}</x:xmpmeta>".encode(self.random.choice(["utf-8"] * 5 + ["latin-1"]))
        return packet if text else b""

    def raw_profile(self):
        exif = b"Exif\0\0" + self.tiff()
        text = exif.hex()
        lines = "\n".join(text[k : k + 72] for k in range(0, len(text), 72))
        return f"\nexif\n{len(exif):8}\n{lines}\n".encode()


def chunk(kind, data, sound=True):
    checksum = zlib.crc32(kind + data) ^ (0 if sound else 1)
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", checksum)


def png(draw, picture):
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    plain = stream.getvalue()
    chunks = []
    for _ in range(draw.random.randint(1, 3)):
        form = draw.random.choice(["exif", "xmp", "xmp", "raw", "other"])
        if form == "exif":
            if draw.chance(0.8):
                chunks.append((b"eXIf", draw.random.choice([b"", b"", b"Exif\0\0"]) + draw.tiff()))
            else:
                chunks.append((b"tEXt", b"exif\0" + draw.tiff()))
            continue
        keyword, text = {"xmp": lambda: (b"XML:com.adobe.xmp", draw.xmp()),
                         "raw": lambda: (b"Raw profile type exif", draw.raw_profile()),
                         "other": lambda: (b"Raw profile type APP1", draw.raw_profile())}[form]()
        kind = draw.random.choice([b"tEXt", b"zTXt", b"iTXt", b"iTXt"])
        if kind == b"tEXt":
            data = keyword + b"\0" + text
        elif kind == b"zTXt":
            data = keyword + b"\0\0" + zlib.compress(text)
        elif draw.chance(0.5):
            packed = zlib.compress(text)
            cut = draw.random.choice([len(packed)] * 6 + [len(packed) - 5])
            data = keyword + b"\0\1\0" + b"en\0titre\0" + packed[:cut]
        else:
            data = keyword + b"\0\0\0" + b"en\0titre\0" + text
        chunks.append((kind, data))
    before, behind = b"", b""
    for kind, data in chunks:
        made = chunk(kind, data, sound=draw.chance(0.97))
        if draw.chance(0.7):
            before += made
        else:
            behind += made
    at, end = plain.index(b"IDAT") - 4, plain.index(b"IEND") - 4
    return plain[:at] + before + plain[at:end] + behind + plain[end:]


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(draw, picture):
    stream = io.BytesIO()
    picture.save(stream, "JPEG", **draw.random.choice([{}, {"dpi": (72, 72)}]))
    plain = stream.getvalue()
    made = b""
    for _ in range(draw.random.randint(1, 3)):
        form = draw.random.choice(["exif", "exif", "split", "xmp", "xmp", "alone", "fill", "junk", "other"])
        if form == "exif":
            made += segment(0xE1, b"Exif\0\0" * draw.random.choice([1, 1, 2]) + draw.tiff())
        elif form == "split":
            whole = draw.tiff()
            cut = draw.random.randint(0, len(whole))
            made += segment(0xE1, b"Exif\0\0" + whole[:cut]) + segment(0xE1, b"Exif\0\0" + whole[cut:])
        elif form == "xmp":
            made += segment(0xE1, XMP_MARK + draw.xmp())
        elif form == "alone":
            made += bytes([0xFF, draw.random.randint(0xD0, 0xD7)])
        elif form == "fill":
            made += b"\xff" * draw.random.randint(1, 5) + segment(0xFE, b"a comment")
        elif form == "junk":
            made += b"\0\1\2"
        else:
            made += segment(draw.random.choice([0xE2, 0xE1]), b"else\0\0" + draw.tiff())
    return plain[:20] + made + plain[20:]  # behind JFIF's segment


def webp(draw, picture):
    stream = io.BytesIO()
    picture.save(stream, "WEBP", lossless=True)
    image = stream.getvalue()[12:]
    chunks, features = [], 0
    for _ in range(draw.random.randint(1, 3)):
        kind, bit, data = draw.random.choice([(b"EXIF", 8, draw.tiff()), (b"XMP ", 4, draw.xmp())])
        if not data:
            continue
        features |= bit if draw.chance(0.9) else 0
        chunks.append(kind + struct.pack("<L", len(data)) + data + b"\0" * (len(data) % 2))
    sides = b"".join((side - 1).to_bytes(3, "little") for side in picture.size)
    body = b"WEBPVP8X" + struct.pack("<LL", 10, features) + sides + image + b"".join(chunks)
    return b"RIFF" + struct.pack("<L", len(body)) + body


def main():
    output, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("ignore")
    y, x = numpy.mgrid[0:2, 0:3]
    picture = Image.fromarray(numpy.stack([80 * x, 200 * y, 255 - 60 * (x + y)], -1).astype(numpy.uint8))
    draw = Draw(seed)
    recorded = {}
    with tempfile.TemporaryDirectory() as folder:
        for index in range(count):
            kind, write = draw.random.choice([("png", png)] * 4 + [("jpg", jpeg)] * 4 + [("webp", webp)])
            file = pathlib.Path(folder) / f"{index}.{kind}"
            file.write_bytes(write(draw, picture))
            try:
                image = numpy.array(load_image(str(file)))
            except Exception:  # Pillow refuses damaged files with whatever its parsers happen to raise
                image = numpy.zeros((0, 0, 3), numpy.uint8)
            recorded[f"file.{file.name}"] = torch.tensor(list(file.read_bytes()), dtype=torch.uint8)
            recorded[f"image.{file.name}"] = torch.from_numpy(image.copy())
    save_file(recorded, output)


if __name__ == "__main__":
    main()
