#!/usr/bin/env python3
"""An engine without a model: what the tests of the protocol start.  A case says what becomes of it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "harness/engine/adapters"))

from isoframe_engine import Engine, InputError, Unsupported, serve


class PlainEngine(Engine):
    name = "plain"

    def version(self):
        return "1"

    def capabilities(self):
        return {"tasks": ["t2v"], "layouts": []}

    def load(self, case, store, progress):
        progress("load")
        return 0.5, {"library": "1"}

    def generate(self, case, directory, noise, progress):
        # Libraries print whatever they like to wherever they like.
        print('{"answer": "done", "id": 1}')
        for step in range(2):
            progress("denoise", step, 2)
        raises = {"wrong": InputError, "too much": Unsupported, "broken": RuntimeError, "full": MemoryError}
        if case.get("becomes") in raises:
            raise raises[case["becomes"]]("first line\nsecond line")
        if directory is not None:
            (directory / "left").write_text(str(noise))


sys.exit(serve(PlainEngine()))
