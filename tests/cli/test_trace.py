#!/usr/bin/env python3
"""Tests of `isoframe trace` and `isoframe locate`, from the command line.

ISOFRAME_BIN names the program.  A tiny checkpoint is made once.
"""

import json
import shutil
import unittest

from common import CheckpointTest, isoframe, safetensors_of, write_safetensors

WEIGHT = "transformer_blocks.1.attn.to_q.weight"


class Traces(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.single = cls.trace("single")
        cls.again = cls.trace("again")
        cls.ulysses = cls.trace("ulysses", "--layout", "ulysses=2")
        cls.followed = cls.trace("followed", "--like", cls.ulysses)

    @classmethod
    def try_trace(cls, name, *options, checkpoint=None, seed=5):
        return isoframe("trace", "--checkpoint", checkpoint or cls.checkpoint, "--task", "t2v", "--prompt", 'a lighthouse, "HOPE"',
                        "--height", 80, "--width", 112, "--frames", 5, "--steps", 2, "--seed", seed, "--tile-size", 64,
                        "--out", cls.root / name, *options)

    @classmethod
    def trace(cls, name, *options, **where):
        ran = cls.try_trace(name, *options, **where)
        assert ran.returncode == 0, ran.stderr
        return cls.root / name

    def locate(self, a, b, *options, code=0):
        """What is printed as JSON; the exit code must be the one given."""
        ran = isoframe("locate", a, b, "--json", *options)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return json.loads(ran.stdout)

    def refused(self, a, b, *parts, options=()):
        ran = isoframe("locate", a, b, *options)
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr.count("\n")), (2, "", 1), ran.stderr)
        for part in parts:
            self.assertIn(str(part), ran.stderr)

    def copy(self, trace, name):
        copy = self.root / name
        shutil.copytree(trace, copy)
        return copy

    def change(self, trace, change, file="fingerprints.json"):
        document = json.loads((trace / file).read_text())
        change(document)
        (trace / file).write_text(json.dumps(document))

    def of_engine(self, trace, name, engine="other"):
        """A copy as another engine would leave it: its description holds only what it must."""
        copy = self.copy(trace, name)

        def describe(document):
            needed = {key: document[key] for key in ("schema_version", "fingerprint", "case", "ranks", "parts_of") if key in document}
            document.clear()
            document.update(needed | {"engine": {"name": engine, "version": "7", "vendor": "unknown"}, "later": 1})
        self.change(copy, describe)
        return copy

    def without(self, trace, name, is_left_out, file="fingerprints-0.json"):
        copy = trace if name is None else self.copy(trace, name)

        def leave_out(document):
            document["points"] = [point for point in document["points"] if not is_left_out(point)]
        self.change(copy, leave_out, file)
        return copy

    def points(self, trace, rank=0):
        return json.loads((trace / f"fingerprints-{rank}.json").read_text())["points"]

    # What is left

    def test_a_trace_describes_itself(self):
        self.assertEqual(sorted(path.name for path in self.ulysses.iterdir()),
                         ["fingerprints-0.json", "fingerprints-1.json", "fingerprints.json"])
        self.assertEqual(sorted(path.name for path in self.followed.iterdir()), ["fingerprints.json", "reference.json"])
        told = json.loads((self.ulysses / "fingerprints.json").read_text())
        self.assertEqual((told["schema_version"], told["fingerprint"], told["ranks"]), (1, 1, 2))
        self.assertEqual(told["engine"]["name"], "isoframe")
        self.assertEqual(told["numerics"], {"class": "identical", "relative_l2": 0.0})
        self.assertTrue(1e-6 < told["reordered_l2"] < 1e-3, told["reordered_l2"])
        self.assertEqual((told["case"]["layout"], told["case"]["steps"]), ("ulysses=2", 2))
        self.assertIn("transformer", told["origin"]["checkpoint"])
        self.assertEqual(json.loads((self.followed / "fingerprints.json").read_text())["parts_of"], "ulysses=2")

    def test_a_new_trace_replaces_the_one_that_was_there(self):
        copy = self.copy(self.ulysses, "replaced")
        (copy / "notes.txt").write_text("mine")
        self.trace("replaced")
        self.assertEqual(sorted(path.name for path in copy.iterdir()), ["fingerprints-0.json", "fingerprints.json", "notes.txt"])
        self.assertEqual(self.locate(self.single, copy / "fingerprints.json")["compared"], len(self.points(self.single)))

    def test_what_cannot_be_followed_is_refused(self):
        for like, options, seed, part in ((self.ulysses, ["--layout", "ulysses=2"], 5, "--like records one rank"),
                                          (self.followed, [], 5, "in the parts of ulysses=2"),
                                          (self.ulysses, [], 6, "seed: 5 in A, 6 in B"),
                                          (self.root, [], 5, "is no trace"),
                                          (self.root / "none", [], 5, "none is missing")):
            with self.subTest(part):
                ran = self.try_trace("refused", "--like", like, *options, seed=seed)
                self.assertEqual((ran.returncode, ran.stderr.count("\n")), (2, 1), ran.stderr)
                self.assertIn(part, ran.stderr)
                self.assertFalse((self.root / "refused").exists())
        itself = self.copy(self.ulysses, "itself")
        ran = self.try_trace("itself", "--like", itself)
        self.assertEqual(ran.returncode, 2, ran.stderr)
        self.assertEqual(len(list(itself.iterdir())), 3)

    # What is the same

    def test_two_runs_of_one_case_are_equal(self):
        found = self.locate(self.single, self.again)
        self.assertFalse(found["differs"])
        self.assertEqual(found["compared"], len(self.points(self.single)))
        self.assertGreater(found["compared"], 100)
        self.assertEqual([found[key] for key in ("tolerance", "only_in_a", "only_in_b", "not_comparable", "largest")],
                         [0.0, 0, 0, 0, None])
        ran = isoframe("locate", self.single, self.again)
        self.assertEqual(ran.stdout, f"no point differs\n{found['compared']} points compared bit for bit; 0 only in A, 0 only in B, "
                                     "0 not comparable (one build, and layouts that promise the same bits)\n")

    def test_a_layout_equals_one_rank_in_its_parts(self):
        places = len(self.points(self.single))
        for a, b in ((self.followed, self.ulysses), (self.ulysses, self.followed)):
            found = self.locate(a, b)
            self.assertEqual([found[key] for key in ("compared", "only_in_a", "only_in_b", "not_comparable", "tolerance")],
                             [places, 0, 0, 0, 0.0])

    def test_whole_tensors_alone_are_compared_where_parts_differ(self):
        found = self.locate(self.single, self.ulysses)
        self.assertGreater(found["compared"], 0)
        self.assertGreater(found["not_comparable"], found["compared"] // 10)
        self.assertIn(f"isoframe trace --like {self.ulysses}", " ".join(found["notes"]))
        self.assertIn(f"isoframe trace --like {self.ulysses}", " ".join(self.locate(self.ulysses, self.single)["notes"]))

    def test_another_order_of_addition_has_its_tolerance(self):
        ring = self.trace("ring", "--layout", "ring=2")
        followed = self.trace("ring-followed", "--like", ring)
        found = self.locate(followed, ring)
        self.assertEqual(found["tolerance_from"], "the layouts add in different orders")
        self.assertEqual(found["tolerance"], json.loads((ring / "fingerprints.json").read_text())["numerics"]["relative_l2"])
        self.assertTrue(0 < found["largest"]["relative_l2"] < found["tolerance"], found)
        strict = self.locate(followed, ring, "--tolerance", 0, code=1)["first_divergence"]
        exact = self.locate(followed, ring, "--tolerance", 0, "--exact", code=1)
        self.assertRegex(exact["sentence"], r"attn\.heads, ranks 0, 1: relative L2 \d\.\de-0\d( in .*)?; ")
        reverse = self.locate(ring, followed, "--tolerance", 0, "--exact", code=1)
        self.assertEqual(reverse["ranks_of"], "a")
        self.assertEqual(reverse["first_divergence"]["difference"]["differing_values"],
                         exact["first_divergence"]["difference"]["differing_values"])
        self.assertEqual((strict["step"], strict["block"], strict["branch"], strict["point"]),
                         (0, 0, "conditional", "transformer_blocks.attn.heads"))
        self.assertEqual(self.locate(ring, ring)["tolerance"], 0.0)

    # What differs

    def test_a_changed_weight_is_located_at_its_block(self):
        other = self.root / "other weights"
        shutil.copytree(self.checkpoint, other)
        file, = (other / "transformer").glob("*.safetensors")
        tensors = safetensors_of(file)
        dtype, shape, data = tensors[WEIGHT]
        tensors[WEIGHT] = (dtype, shape, bytes(len(data) // 2) + data[len(data) // 2:])
        write_safetensors(file, tensors)
        changed = self.trace("changed", checkpoint=other)
        self.refused(self.single, changed, "different videos: checkpoint: other content in transformer", "--any-checkpoint")
        found = self.locate(self.single, changed, "--any-checkpoint", code=1)
        first = found["first_divergence"]
        self.assertEqual((first["stage"], first["step"], first["block"], first["point"], first["kind"]),
                         ("denoise", 0, 1, "transformer_blocks.attn.query", "values"))
        self.assertGreater(first["growth"][-1]["relative_l2"], 0)
        self.assertIn("checkpoint: other content in transformer", found["notes"])
        exact = self.locate(self.single, changed, "--any-checkpoint", "--exact", code=1)
        difference = exact["first_divergence"]["difference"]
        self.assertTrue(0 < difference["differing_values"] < difference["values"], difference)
        self.assertEqual(difference["axes"][2]["axis"], "heads")
        heads = shape[0] // 32
        self.assertIn(f" in heads 0-{heads // 2 - 1}; ", exact["sentence"])
        self.assertAlmostEqual(difference["relative_l2"], first["relative_l2"], delta=first["relative_l2"])
        ran = isoframe("locate", self.single, changed, "--any-checkpoint")
        self.assertIn("first difference: stage denoise, step 0, block 1, conditional, transformer_blocks.attn.query, rank 0: "
                      "relative L2 about ", ran.stdout)
        # The same content elsewhere is the same checkpoint.
        moved = self.root / "moved"
        shutil.copytree(self.checkpoint, moved)
        self.assertFalse(self.locate(self.single, self.trace("of-moved", checkpoint=moved))["differs"])

    def test_a_rank_that_differs_is_named_with_its_part(self):
        faulty = self.copy(self.ulysses, "faulty")

        def spoil(document):
            point, = (point for point in document["points"] if point["name"] == "transformer_blocks" and point["index"] == 1 and
                      "denoise.step 1" in point["stages"] and "unconditional" in point["stages"])
            point["part"]["hash"] = "0" * 16
            point["part"]["sketch"][0] += 0.125 * point["part"]["norm"]
        self.change(faulty, spoil, "fingerprints-1.json")
        for a, b, side in ((self.followed, faulty, "b"), (faulty, self.followed, "a"), (self.ulysses, faulty, "b")):
            found = self.locate(a, b, code=1)
            first = found["first_divergence"]
            self.assertEqual((first["step"], first["block"], first["branch"], first["ranks"], found["ranks_of"]),
                             (1, 1, "unconditional", [1], side))
            self.assertAlmostEqual(first["relative_l2"], 0.125, delta=0.001)
            self.assertIn("rank 1: relative L2 about 1.2e-01 of tokens 35-69", found["sentence"])
        exact = self.locate(self.followed, faulty, "--exact", code=1)
        self.assertIn("the exact difference is not known: computed here and now, the tensor of", exact["notes"][-1])
        self.assertNotIn("difference", exact["first_divergence"])

    def test_different_videos_are_refused_with_what_differs(self):
        other = self.copy(self.single, "other-video")
        self.change(other, lambda document: document["case"].update(seed=6, prompt="a fox", guidance_scale=3.5))
        self.refused(self.single, other, "different videos", "seed: 5 in A, 6 in B", "prompt: ", '"a fox" in B', "guidance_scale: ")
        self.refused(self.single, other, "seed: 5 in A, 6 in B", options=["--any-checkpoint"])

    def test_other_settings_and_builds_have_a_tolerance_and_are_said(self):
        other = self.copy(self.single, "other-build")
        self.change(other, lambda document: document["origin"].update(program="0" * 16))
        found = self.locate(self.single, other)
        self.assertEqual(found["tolerance_from"], "two builds or machines")
        self.assertGreater(found["tolerance"], 0)
        self.assertIn("program: isoframe ", found["notes"][0])
        half = self.copy(self.single, "half")
        self.change(half, lambda document: (document["case"].update(dtype="bfloat16"), document.update(reordered_l2=3.0)))
        found = self.locate(self.single, half)
        self.assertEqual((found["tolerance"], found["notes"]), (0.02, ['dtype: "float32" in A, "bfloat16" in B']))
        self.assertIn("would prove nothing", found["tolerance_from"])

    # Points that one side lacks

    def test_what_one_side_lacks_is_a_difference_of_one_engine(self):
        less = self.without(self.single, "less", lambda point: point["name"] == "latents")
        for a, b, kind in ((self.single, less, "missing"), (less, self.single, "surplus")):
            found = self.locate(a, b, code=1)
            self.assertEqual((found["first_divergence"]["kind"], found["first_divergence"]["point"]), (kind, "latents"))
        part = self.without(self.ulysses, "part", lambda point: point["name"] == "latents", "fingerprints-1.json")
        self.assertFalse(self.locate(self.followed, part)["differs"], "rank 0 holds all of them")
        gap = self.without(self.ulysses, "gap", lambda point: point["name"] == "transformer_blocks", "fingerprints-1.json")
        self.assertEqual(self.locate(self.followed, gap, code=1)["first_divergence"]["kind"], "gap")

    def test_what_another_engine_lacks_is_counted(self):
        every = len(self.points(self.single))
        is_left_out = lambda point: point["name"].startswith("transformer_blocks.attn")
        left_out = sum(map(is_left_out, self.points(self.single)))
        self.assertGreater(left_out, 0)
        other = self.without(self.of_engine(self.single, "of-other"), None, is_left_out)
        for a, b, counts in ((self.single, other, (left_out, 0)), (other, self.single, (0, left_out))):
            found = self.locate(a, b)
            self.assertEqual((found["only_in_a"], found["only_in_b"]), counts)
            self.assertEqual(found["compared"], every - left_out)
            self.assertEqual(found["tolerance"], json.loads((self.single / "fingerprints.json").read_text())["reordered_l2"])
        # Under a layout it need not show what it does of one rank; under the same layout it must.
        layout = self.without(self.of_engine(self.ulysses, "layout-of-other"), None, lambda point: point["name"] == "latents")
        self.without(layout, None, lambda point: point["name"] == "latents", "fingerprints-1.json")
        found = self.locate(self.of_engine(self.followed, "followed-of-other"), layout, "--tolerance", 0)
        self.assertEqual((found["only_in_a"], found["only_in_b"], found["not_comparable"]), (2, 0, 0))
        found = self.locate(self.of_engine(self.ulysses, "same-layout"), layout, "--tolerance", 0, code=1)
        self.assertEqual(found["first_divergence"]["kind"], "missing")
        # What both have differs all the same.
        self.change(other, lambda document: document["points"][-1]["part"].update(hash="1" * 16, norm=0.5, sketch=[1.0] * 16),
                    "fingerprints-0.json")
        self.assertEqual(self.locate(self.single, other, code=1)["first_divergence"]["point"], "frames")

    def test_nothing_in_common_proves_nothing(self):
        for engine in ("isoframe", "other"):
            nothing = self.without(self.of_engine(self.single, f"nothing-{engine}", engine), None, lambda point: True)
            self.refused(self.single, nothing, "nothing in common to compare", "0 points compared", options=["--tolerance", 1])
        attention = self.without(self.of_engine(self.ulysses, "attention"), None, lambda point: "attn" not in point["name"])
        self.without(attention, None, lambda point: "attn" not in point["name"], "fingerprints-1.json")
        self.refused(self.without(self.single, "whole", lambda point: point["name"] != "transformer_blocks.attn.query"), attention,
                     "nothing in common to compare", f"isoframe trace --like {attention}")
        unknown = self.of_engine(self.single, "unknown")
        self.refused(unknown, self.of_engine(self.single, "unknown-too", "third"), "give --tolerance")
        self.assertEqual(self.locate(unknown, self.root / "unknown-too", "--tolerance", 0)["tolerance_from"], "--tolerance")

    # What is damaged

    def test_a_damaged_trace_is_refused_in_one_line(self):
        def removed(trace):
            (trace / "fingerprints-1.json").unlink()

        def cut(trace):
            file = trace / "fingerprints-1.json"
            file.write_text(file.read_text()[:1000])

        def description(**fields):
            return lambda trace: self.change(trace, lambda document: document.update(fields))

        def case(**fields):
            return lambda trace: self.change(trace, lambda document: document["case"].update(fields))

        def part(**fields):
            return lambda trace: self.change(trace, lambda document: document["points"][7]["part"].update(fields), "fingerprints-1.json")

        for number, (damage, *parts) in enumerate((
                (removed, "fingerprints-1.json"),
                (cut, "fingerprints-1.json:1:", "cut short"),
                (part(hash="?"), "fingerprints-1.json: point 7"),
                (part(shape="large"), "fingerprints-1.json: point 7"),
                (part(sketch=[1.0]), "fingerprints-1.json: point 7"),
                (description(fingerprint=2), "fingerprints.json: 'fingerprint' is 2", "newer isoframe"),
                (description(ranks=1), "fingerprints.json", "1 rank", "ulysses=2"),
                (description(ranks=0), "'ranks'"),
                (description(engine=None), "'engine'"),
                (description(parts_of="ring=2"), "reference.json"),
                (case(steps="two"), "fingerprints.json", "'steps'"),
                (case(layout="sideways=2"), "fingerprints.json"))):
            with self.subTest(parts):
                damaged = self.copy(self.ulysses, f"damaged-{number}")
                damage(damaged)
                self.refused(self.followed, damaged, damaged, *parts)
        self.refused(self.single, self.root, "is no trace", "isoframe trace --out")
        self.refused(self.single, self.root / "none", "none is missing")


if __name__ == "__main__":
    unittest.main()
