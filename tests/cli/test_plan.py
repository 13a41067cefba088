#!/usr/bin/env python3
"""Compares `isoframe validate --plan` with what runs measure.

ISOFRAME_BIN names the program.  Runs scenarios/smoke.yaml and scenarios/image-to-video.yaml once; needs nothing but the
program.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ISOFRAME = os.environ.get("ISOFRAME_BIN", "build/isoframe")
ROOT = pathlib.Path(__file__).resolve().parents[2]
SMOKE = "scenarios/smoke.yaml"
MEASURED = (SMOKE, "scenarios/image-to-video.yaml")
PUBLISHED = "scenarios/published.yaml"
B300 = "scenarios/devices/b300.yaml"


def isoframe(*arguments):
    return subprocess.run([ISOFRAME, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)


def plans(*arguments):
    result = isoframe("validate", "--plan", "--json", *arguments)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return json.loads(result.stdout)["plans"]


def planned_traffic(rank):
    """Bytes sent and received by group and collective, over all stages."""
    total = {}
    for stage in rank["stages"].values():
        for row in stage["collectives"]:
            sent, received = total.get((row["group"], row["collective"]), (0, 0))
            total[row["group"], row["collective"]] = (sent + row["bytes_sent"], received + row["bytes_received"])
    return total


def measured_traffic(rank):
    return {
        (row["group"], row["collective"]): (row["bytes_sent"], row["bytes_received"])
        for row in rank["collectives"]
        if row["bytes_sent"] + row["bytes_received"] > 0
    }


class AgainstARun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for preset, task in (("tiny", "t2v"), ("tiny-i2v", "i2v")):
            if not (ROOT / "build/checkpoints" / preset).is_dir():
                made = isoframe("weights", "init", "--preset", "tiny", "--task", task, "--seed", 0,
                                f"build/checkpoints/{preset}")
                assert made.returncode == 0, made.stderr
        for number, scenario in enumerate(MEASURED):
            result = isoframe("run", scenario, "--repeat", 1, "--out", cls.run_directory(number))
            assert result.returncode == 0, result.stdout + result.stderr
        cls.plans = [plans(scenario) for scenario in MEASURED]

    @classmethod
    def run_directory(cls, number):
        return pathlib.Path(cls.folder.name) / f"run-{number}"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def cases(self):
        """Yields each case's plan, made before anything ran, and its result."""
        for number, planned in enumerate(self.plans):
            for plan in planned:
                result = json.loads((self.run_directory(number) / plan["name"] / "result.json").read_text())
                self.assertEqual(len(plan["ranks"]), len(result["ranks"]))
                yield plan, result

    def test_peak_tensor_memory_is_within_15_percent_for_every_case(self):
        worst = 0.0
        for plan, result in self.cases():
            ratio = (max(rank["peak_tensor_bytes"] for rank in plan["ranks"])
                     / max(rank["peak_tensor_bytes"] for rank in result["ranks"]))
            worst = max(worst, abs(ratio - 1.0))
            with self.subTest(plan["name"]):
                self.assertLess(abs(ratio - 1.0), 0.15)
        print(f"largest error of a case's planned peak: {100 * worst:.2f} %", flush=True)

    def test_each_ranks_peak_is_known_once_it_is_known_who_ran_which_tile(self):
        """Ranks get their tiles by the times of the warm-up; the plan in result.json knows these times."""
        worst = 0.0
        for plan, result in self.cases():
            for rank in result["ranks"]:
                error = abs(rank["planned_peak_tensor_bytes"] / rank["peak_tensor_bytes"] - 1.0)
                worst = max(worst, error)
                with self.subTest(plan["name"], rank=rank["rank"]):
                    self.assertLess(error, 0.05)
        print(f"largest error of a rank's planned peak: {100 * worst:.2f} %", flush=True)

    def test_every_byte_of_every_collective_is_predicted(self):
        collectives = set()
        for plan, result in self.cases():
            for planned, measured in zip(plan["ranks"], result["ranks"]):
                collectives |= set(measured_traffic(measured))
                with self.subTest(plan["name"], rank=measured["rank"]):
                    for row in measured["collectives"]:
                        if row["collective"] != "barrier":
                            self.assertEqual(row["bytes_sent"], row["predicted_bytes_sent"], row)
                            self.assertEqual(row["bytes_received"], row["predicted_bytes_received"], row)
                            self.assertGreater(row["bus_bandwidth"], 0, row)
                    # Everything except the tiles is known before anything has been timed.
                    without_tiles = lambda traffic: {key: both for key, both in traffic.items() if key[0] != "vae_patch"}
                    self.assertEqual(without_tiles(planned_traffic(planned)), without_tiles(measured_traffic(measured)))
        # An empty comparison would prove nothing.
        for group, collective in (("ulysses", "all_to_all"), ("ring", "exchange"), ("tensor", "all_reduce"),
                                  ("cfg", "all_gather"), ("vae_patch", "send"), ("world", "broadcast")):
            self.assertIn((group, collective), collectives)

    def test_the_tiles_plan_and_the_optimum_are_reported(self):
        by_name = {result["name"]: result for _, result in self.cases()}
        balance = by_name["t2v-cfg2-ulysses2-vae4"]["ranks"][0]["decode_balance"]
        self.assertEqual((balance["tiles"], balance["ranks"], balance["unit"]), (12, 4, "seconds"))
        self.assertLessEqual(max(balance["loads"]), 4 / 3 * balance["optimum"])
        # What else the machine does makes single times longer, never shorter.
        costs = {}
        for name, result in by_name.items():
            for row in (result["ranks"][0].get("tile_costs") or {}).get("decode", []) if name.startswith("t2v-") else []:
                shape = row["height"], row["width"]
                costs[shape] = min(row["seconds"], costs.get(shape, row["seconds"]))
        self.assertLess(costs[1, 2], costs[4, 4], "a thin edge tile is cheaper")
        report = (self.run_directory(0) / "report.md").read_text()
        self.assertIn("VAE tiles: how evenly ranks share them", report)
        self.assertIn("= predicted", report)
        self.assertNotIn(", predicted ", report)

    def test_the_peak_is_held_by_the_stage_that_the_plan_names(self):
        """Untiled decoding holds the picture's volumes; tiled decoding much less; a rank without tiles nothing."""
        by_name = {plan["name"]: plan for planned in self.plans for plan in planned}
        peaks = lambda name, rank: {s: p["peak_tensor_bytes"] for s, p in by_name[name]["ranks"][rank]["stages"].items()}
        self.assertGreater(peaks("t2v-untiled", 0)["decode"], 1.5 * peaks("t2v-tiled", 0)["decode"])
        outsider = peaks("t2v-ulysses2-cfg2-vae3", 3)
        self.assertEqual(max(outsider, key=outsider.get), "denoise")


class WithoutACheckpoint(unittest.TestCase):
    def test_a_b300_gives_a_bound_for_every_published_row(self):
        rows = plans("--preset", "full", "--device-description", B300, PUBLISHED)
        self.assertEqual(len(rows), 9)
        for row in rows:
            with self.subTest(row["name"]):
                bound = row["bound"]
                self.assertGreater(bound["seconds"], 0)
                self.assertAlmostEqual(bound["seconds"], sum(s["seconds"] for s in bound["stages"].values()))
                self.assertTrue(bound["fits"])
                self.assertEqual(row["dtype"], "bfloat16")
                print(f"{row['name']}: at least {bound['seconds']:.4f} s on {bound['device']}", flush=True)
        seconds = {row["name"]: row["bound"]["seconds"] for row in rows}
        # Published on 4 B300: a lower bound must lie below what was measured.
        for name, published in (("480p-t2v-tiled", 21.7741), ("480p-t2v-usp2-vaepp2", 15.5280),
                                ("480p-t2v-cfg2-usp2-vaepp4", 8.0243), ("480p-i2v-tiled", 22.8928),
                                ("480p-i2v-cfg2-usp2-vaepp4", 9.0800), ("480p-smoke-tp2-usp2-vaepp4", 0.6139)):
            self.assertLess(seconds[name], published)
        self.assertLess(seconds["480p-t2v-cfg2-usp2-vaepp4"], seconds["480p-t2v-usp2-vaepp2"])

    def test_the_published_model_has_the_published_parameters(self):
        [plan] = plans("--preset", "full", "--filter", "480p-t2v-tiled", PUBLISHED)
        [rank] = plan["ranks"]
        self.assertAlmostEqual(rank["weights"]["transformer"] / 4 / 8.3e9, 1.0, delta=0.02)

    def test_people_see_ranks_stages_and_the_bound(self):
        result = isoframe("validate", "--plan", "--preset", "full", "--device-description", B300, "--filter",
                          "480p-t2v-cfg2-usp2-vaepp4", PUBLISHED)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("mesh: ulysses {0 1} {2 3}; cfg {0 2} {1 3}; vae_patch {0 1 2 3}", result.stdout)
        self.assertRegex(result.stdout, r"\n  3 +7020-14039 +8-15 +3 ")
        self.assertRegex(result.stdout, r"\n  denoise +16\.\d PFLOP .* arithmetic\n")
        self.assertRegex(result.stdout, r"at least [\d.]+ s on NVIDIA B300 \(HGX\); .* a device: fits\n")

    def test_this_machine_is_measured_and_planned_for(self):
        """Its rates are a device's like any other, and its CPU holds what the CPU holds, in half types too."""
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder) / "here.yaml"
            made = isoframe("rates", "--device", "cpu", "--out", here)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertIn(f"--device-description {here}", made.stdout)
            options = ("--preset", "medium", "--filter", "480p-t2v-tiled", PUBLISHED)
            [with_rates] = plans("--device-description", here, *options)
            text = here.read_text()
        # Half types are never slower than the float32 that they can be computed in.
        rates = {dtype: float(rate) for dtype, rate in re.findall(r"(float32|bfloat16|float16): (\S+)", text)}
        self.assertGreaterEqual(min(rates["bfloat16"], rates["float16"]), rates["float32"])
        bound, decode = with_rates["bound"], with_rates["ranks"][0]["stages"]["decode"]
        self.assertGreater(bound["seconds"], 0)
        # What the CPU's convolutions hold besides tensors is in the plan; a GPU's is not.
        with tempfile.TemporaryDirectory() as folder:
            gpu = pathlib.Path(folder) / "gpu.yaml"
            gpu.write_text(text.replace("device: cpu", "device: cuda"))
            [on_gpu] = plans("--device-description", gpu, *options)
        self.assertGreater(decode["peak_tensor_bytes"], on_gpu["ranks"][0]["stages"]["decode"]["peak_tensor_bytes"])

    def test_a_device_that_is_too_small_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            small = pathlib.Path(folder) / "small.yaml"
            small.write_text((ROOT / B300).read_text().replace("288.0e9", "24.0e9"))
            [tiled] = plans("--preset", "full", "--device-description", small, "--filter", "480p-t2v-tiled", PUBLISHED)
        self.assertFalse(tiled["bound"]["fits"])

    def test_a_missing_checkpoint_points_to_presets(self):
        with tempfile.TemporaryDirectory() as folder:
            result = isoframe("validate", "--plan", "--checkpoint", f"{folder}/none", "--filter", "480p-t2v-tiled", PUBLISHED)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("no such checkpoint directory; --preset full, say, plans without one", result.stderr)

    def test_layouts_are_checked_with_the_models_own_heads(self):
        with tempfile.TemporaryDirectory() as folder:
            scenario = pathlib.Path(folder) / "mine.yaml"
            scenario.write_text("version: 1\ncheckpoint: c\ncases: [{name: a, prompt: p, height: 64, width: 64, frames: 5, "
                                "steps: 1, layout: ulysses=3}]\n")
            result = isoframe("validate", "--plan", "--preset", "tiny", scenario)
        self.assertEqual(result.returncode, 2)
        self.assertIn("does not divide the transformer's 4 heads", result.stderr)


if __name__ == "__main__":
    unittest.main()
