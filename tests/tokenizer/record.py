#!/usr/bin/env python3
"""Records Qwen2's whole tokenizer, and the ids that the reference's fast tokenizer gives to many texts.

usage: record.py QWEN.TIKTOKEN OUT_DIR

OUT_DIR/tokenizer.json is built from the published ranks (151,643 tokens) and Qwen2.5's added tokens.
OUT_DIR/texts.json holds {"texts": [...], "ids": [[...]]}: scripts, code, emoji, white space, added tokens, decoded noise.
"""

import base64
import json
import pathlib
import random
import sys
import sysconfig
import unicodedata

from transformers import Qwen2Tokenizer

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>"]
SPECIAL += ["<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"]
SPECIAL += ["<|image_pad|>", "<|video_pad|>"]
ORDINARY = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"]
ORDINARY += ["<|repo_name|>", "<|file_sep|>"]


def alphabet():
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {byte: chr(byte) for byte in own}
    for byte in range(256):
        table.setdefault(byte, chr(0x100 + len(table) - len(own)))
    return table


def merge_of(token, ranks):
    """Returns the two tokens whose merge made `token`: the parts that merging by lower ranks leaves of it."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        pairs = [(ranks.get(a + b, len(ranks)), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
        rank, i = min(pairs)
        if rank >= ranks[token]:
            return None
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return parts


def tokenizer_file(ranks):
    table = alphabet()
    spell = lambda token: "".join(table[byte] for byte in token)
    merges = []
    for token in sorted(ranks, key=ranks.get):
        if len(token) > 1 and (pair := merge_of(token, ranks)):
            merges.append([spell(pair[0]), spell(pair[1])])
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [
        {"id": len(ranks) + i, "content": content, **flags, "special": content in SPECIAL}
        for i, content in enumerate(SPECIAL + ORDINARY)
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {spell(token): rank for token, rank in ranks.items()},
            "merges": merges,
        },
    }


def assigned(first, last):
    return [chr(c) for c in range(first, last + 1) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]


BLOCKS = {
    "latin": (0x20, 0x24F),
    "combining": (0x300, 0x36F),
    "greek, cyrillic": (0x370, 0x52F),
    "hebrew, arabic": (0x590, 0x6FF),
    "indic": (0x900, 0xDFF),
    "thai, lao": (0xE00, 0xEFF),
    "georgian, hangul jamo": (0x10A0, 0x11FF),
    "ethiopic, khmer": (0x1200, 0x17FF),
    "latin, greek extended": (0x1E00, 0x1FFF),
    "punctuation, symbols": (0x2000, 0x2BFF),
    "kana, compatibility": (0x3000, 0x33FF),
    "han": (0x4E00, 0x9FFF),
    "hangul": (0xAC00, 0xD7A3),
    "presentation forms": (0xF900, 0xFFEF),
    "gothic, cuneiform": (0x10330, 0x123FF),
    "mathematical": (0x1D400, 0x1D7FF),
    "emoji": (0x1F300, 0x1FAFF),
    "rare han": (0x20000, 0x2A6DF),
}
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\n\n\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u0085", "\v", "\f", "\u2028"]
JOINED = ["👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇫🇷", "e\u0301", "\u1100\u1161\u11a8", "ﬁ", "Å", "\u212b", "①", "½", "don't", "I'LL", "1234567890"]


def texts(rng):
    result = ["", " ", "\n", "'s", "A cat walks on the grass, realistic"]
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    for name in ("argparse.py", "typing.py", "inspect.py"):
        result += (library / name).read_text().splitlines(keepends=True)
    pools = {name: assigned(*block) for name, block in BLOCKS.items()}
    for pool in pools.values():
        for _ in range(150):
            words = ["".join(rng.choices(pool, k=rng.randint(1, 12))) for _ in range(rng.randint(1, 8))]
            result.append("".join(word + rng.choice(SPACES[:3]) for word in words))
    everything = sum(pools.values(), [])
    for _ in range(2000):
        pieces = [everything, SPACES, JOINED, SPECIAL + ORDINARY, pools["latin"]]
        result.append("".join(rng.choice(rng.choice(pieces)) for _ in range(rng.randint(1, 60))))
    for _ in range(1500):
        result.append("".join(rng.choices(SPACES, k=rng.randint(1, 20))) + rng.choice(["", "x", "1", "!", "中"]))
    for _ in range(2000):
        result.append(rng.randbytes(rng.randint(1, 80)).decode("utf-8", errors="replace"))
    return result


def main(ranks_file, out):
    ranks_file, out = pathlib.Path(ranks_file), pathlib.Path(out)
    ranks = {}
    for line in ranks_file.read_bytes().splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(json.dumps(tokenizer_file(ranks), ensure_ascii=False))
    (out / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Qwen2Tokenizer"}))
    tokenizer = Qwen2Tokenizer.from_pretrained(out)
    assert len(ranks) == 151643 and len(tokenizer) == 151643 + len(SPECIAL + ORDINARY)
    all_texts = texts(random.Random(0))
    ids = [tokenizer(text)["input_ids"] for text in all_texts]
    (out / "texts.json").write_text(json.dumps({"texts": all_texts, "ids": ids}))
    print(f"{len(all_texts)} texts, {sum(map(len, ids))} tokens")


if __name__ == "__main__":
    main(*sys.argv[1:])
