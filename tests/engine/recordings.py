"""Recordings of an engine that are kept here, so that what was found in it stays checked where it is not installed.

recorded/ENGINE/case.json holds what all of its cases share; recorded/ENGINE/CASE what was recorded of one: its settings in
case.json, and the ranks' fingerprints."""

import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent / "recorded"
# Enough for what is compared, and half the length.
DIGITS = 9


def kept(engine):
    """{name: (settings, folder)} of an engine's kept recordings."""
    shared = json.loads((FOLDER / engine / "case.json").read_text())
    folders = sorted(path for path in (FOLDER / engine).iterdir() if path.is_dir())
    return {path.name: (shared | json.loads((path / "case.json").read_text()), path) for path in folders}


def points_of(folder, rank):
    return json.loads((folder / f"fingerprints-{rank}.json").read_text())["points"]


def fault_of_xdit(steps):
    """The place at which xDiT leaves isoframe, and its own single run, where its ranks' shares are uneven: the first
    attention of the first step, which takes a row of padding for a key."""
    return f"denoise {steps}/denoise.step 0/denoise.conditional 0/transformer", "transformer_blocks.attn.heads", 0, 0


def short(value):
    if isinstance(value, dict):
        return {name: short(of) for name, of in value.items()}
    if isinstance(value, list):
        return [short(of) for of in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def keep(recording, folder):
    """Keeps the fingerprints of all ranks in a folder, a point a line."""
    for file in recording.glob("fingerprints-*.json"):
        lines = ",\n".join(json.dumps(short(point), separators=(",", ":")) for point in json.loads(file.read_text())["points"])
        (folder / file.name).write_text(f'{{"points":[\n{lines}\n]}}\n')
