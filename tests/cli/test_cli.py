#!/usr/bin/env python3
"""Exit codes and messages of the program.  ISOFRAME_BIN names the binary (default build/isoframe)."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ISOFRAME_BIN", str(ROOT / "build" / "isoframe"))
COMMANDS = ("run", "generate", "compare", "report", "validate", "weights", "qualify", "selftest", "worker")
SCENARIOS = ("scenarios/smoke.yaml", "scenarios/published.yaml")


def isoframe(*arguments, folder=ROOT):
    environment = {key: value for key, value in os.environ.items() if key != "ISOFRAME_CHECKPOINT"}
    return subprocess.run([BINARY, *arguments], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=120, check=False)


class CommandLine(unittest.TestCase):
    def assert_error(self, result, code, *parts):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, f"one line, not: {result.stderr}")
        for part in parts:
            self.assertIn(part, result.stderr)

    def assert_success(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")


class Usage(CommandLine):
    def test_help_lists_the_commands(self):
        result = isoframe("--help")
        self.assert_success(result)
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", result.stdout)

    def test_every_command_has_help(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                result = isoframe(command, "--help")
                self.assert_success(result)
                self.assertIn("Usage: isoframe " + command, result.stdout)

    def test_version_is_the_projects(self):
        result = isoframe("--version")
        self.assert_success(result)
        self.assertRegex(result.stdout, r"^isoframe \d+\.\d+\.\d+\n"
                         r"commit [0-9a-f]{12}(-dirty)?, \w+ build by .+\n"
                         r"LibTorch \d\S*, FFmpeg \d\S*, OpenCV \d\S*, SQLite \d\S*, glibc \d\S*\n$")
        version = result.stdout.split()[1]
        self.assertIn(f"VERSION {version} ", (ROOT / "CMakeLists.txt").read_text())

    def test_no_command_is_bad_usage(self):
        self.assert_error(isoframe(), 2, "isoframe: name a command", "--help")

    def test_a_misspelt_command_gets_the_nearest(self):
        self.assert_error(isoframe("valdate", "x.yaml"), 2, "unknown command 'valdate'; did you mean 'validate'?")

    def test_a_misspelt_option_gets_the_nearest(self):
        result = isoframe("validate", "--fitler", "x", SCENARIOS[0])
        self.assert_error(result, 2, "isoframe validate: unknown option '--fitler'; did you mean '--filter'?")
        self.assert_error(isoframe("run", "--reapeat=3", SCENARIOS[0]), 2, "did you mean '--repeat'?")

    def test_a_device_that_is_not_here_is_bad_input(self):
        result = isoframe("generate", "--checkpoint", "c", "--task", "t2v", "--prompt", "p", "--frames", "5", "--steps", "2",
                          "--seed", "0", "--out", "o", "--device", "cuda")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"^isoframe generate: device 'cuda': this (build has no CUDA|machine shows no GPU).*\n$")

    def test_a_missing_argument_is_named(self):
        self.assert_error(isoframe("validate"), 2, "isoframe validate: ", "is required; see isoframe validate --help")

    def test_an_option_without_its_value_is_bad_usage(self):
        self.assert_error(isoframe("validate", SCENARIOS[0], "--filter"), 2, "--filter")


class Generate(CommandLine):
    GOOD = {"checkpoint": "c", "task": "t2v", "prompt": "p", "frames": 5, "steps": 2, "seed": 0, "out": "o"}

    def test_what_is_wrong_is_said_as_a_scenario_would_say_it(self):
        cases = [
            ({"height": 100, "width": 64}, "--height 100 is not a multiple of 16; use 96 or 112"),
            ({"height": 64}, "--height and --width go together; give both, or none for the image's"),
            ({"frames": 6}, "--frames 6 is not 1 + 4k; use 5 or 9"),
            ({"frames": "five"}, "--frames wants a whole number, not the value 'five'"),
            ({"steps": 1001}, "--steps 1001 is outside 1 to 1000"),
            ({"seed": -1}, "--seed -1 is outside 0 to 4294967295; noise is drawn from 32 bits"),
            ({"guidance-scale": "high"}, "--guidance-scale wants a number, not the value 'high'"),
            ({"tile-overlap": 1.5}, "--tile-overlap 1.5 is outside 0 to 1"),
            ({"tile-size": 100}, "tile size 100 px is not a multiple of 16 px"),
            ({"layout": "ulises=2"}, "unknown name 'ulises'; did you mean 'ulysses'?"),
            ({"layout": "cfg=2", "guidance-scale": 1}, "layout 'cfg=2'"),
            ({"layout": "tensor=2", "reduction-parts": 2}, "--reduction-parts 2 is for tensor=1; layout 'tensor=2' adds in 2 parts already"),
            ({"reduction": "slow"}, "unknown --reduction 'slow'; use fast or deterministic"),
            ({"dtype": "float23"}, "unknown --dtype 'float23'; use float32 or bfloat16 or float16"),
            ({"device": "gpu"}, "unknown --device 'gpu'; use cpu or cuda or auto"),
            ({"tf32": "true"}, "--tf32 is for float32 on cuda; this case is float32 on cpu"),
            ({"tf32": "true", "device": "cuda"}, "this case is bfloat16 on cuda"),
            ({"threads-per-rank": 0}, "--threads-per-rank 0 is outside 1 to 1024"),
            ({"warmup": -1}, "--warmup -1 is outside 0 to 1000000"),
            ({"timeout": 0}, "--timeout 0 is not above 0"),
            ({"meeting-seconds": 0}, "--meeting-seconds 0 is not above 0"),
            ({"launcher": "mpirun"}, "{worker}"),
            ({"task": "t2w"}, "unknown --task 't2w'; use t2v or i2v"),
            ({"task": "i2v"}, "task i2v needs --image"),
            ({"image": "x.png"}, "--image is for task i2v; this case is t2v"),
        ]
        for change, expected in cases:
            with self.subTest(change=change):
                options = [f"--{name}={value}" for name, value in (self.GOOD | change).items()]
                self.assert_error(isoframe("generate", *options), 2, "isoframe generate: ", expected)

    def test_help_shows_every_option_with_its_default(self):
        text = isoframe("generate", "--help").stdout
        # CLI11 writes a default as "=256" before version 2.3, as " [256]" from then on.
        for option, default in (("--tile-size INT", "256"), ("--tile-overlap FLOAT", "0.25"), ("--layout TEXT", "single"),
                                ("--timeout FLOAT", "86400"), ("--warmup INT", "0"), ("--device TEXT:{cpu,cuda,auto}", "cpu")):
            self.assertRegex(text, rf"{re.escape(option)}(={default}| \[{default}\])\s")
        self.assertIn("--seed INT REQUIRED", text)
        self.assertRegex(text, r"--no-tiling +the VAE decodes and encodes in one piece")


class Validate(CommandLine):
    def test_shipped_scenarios_are_good(self):
        result = isoframe("validate", *SCENARIOS)
        self.assert_success(result)
        self.assertRegex(result.stdout, r"t2v-ulysses2-vae2 +ulysses=2,vae_patch=2 +2 +112x176 +5 +2 +64 / 0.25 ")
        self.assertRegex(result.stdout, r"480p-i2v-tiled +single +1 +image's +33 +50 +256 / 0.25 ")
        self.assertIn("21 cases in 2 files, 0 skipped\n", result.stdout)

    def test_columns_are_aligned(self):
        lines = isoframe("validate", SCENARIOS[0]).stdout.splitlines()
        column = lines[0].index("baseline")
        for line in lines[1:]:
            if not line:
                break
            self.assertEqual(line[column - 2:column], "  ", line)
            self.assertNotEqual(line[column], " ", line)

    def test_json_is_the_expanded_cases(self):
        result = isoframe("validate", "--json", SCENARIOS[0])
        self.assert_success(result)
        suite = json.loads(result.stdout)
        self.assertEqual(suite["files"], [SCENARIOS[0]])
        cases = {case["name"]: case for case in suite["cases"]}
        self.assertEqual(cases["t2v-cfg2"]["layout"], "cfg=2")
        self.assertEqual(cases["t2v-cfg2"]["baseline"], "t2v-tiled")
        self.assertEqual(cases["t2v-cfg2"]["where"]["file"], SCENARIOS[0])

    def test_a_filter_keeps_baselines(self):
        suite = json.loads(isoframe("validate", "--json", "--filter", "t2v-*cfg2", SCENARIOS[0]).stdout)
        self.assertEqual([case["name"] for case in suite["cases"]], ["t2v-tiled", "t2v-cfg2"])

    def test_a_filter_that_matches_nothing_is_bad_input(self):
        result = isoframe("validate", "--filter", "t2v-cgf2", SCENARIOS[0])
        self.assert_error(result, 2, "no case matches --filter 't2v-cgf2'; did you mean 't2v-cfg2'?")

    def test_errors_start_with_the_path_as_given(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "two words").mkdir()
            (pathlib.Path(folder) / "two words" / "mine.yaml").write_text(
                "version: 1\ncheckpoint: c\ncases:\n  - name: a\n    stpes: 2\n", encoding="utf-8")
            result = isoframe("validate", "two words/mine.yaml", folder=folder)
        self.assert_error(result, 2)
        self.assertEqual(result.stderr,
                         "two words/mine.yaml:5:5: unknown key 'stpes' in a case; did you mean 'steps'?\n")

    def test_run_refuses_what_validate_refuses(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "mine.yaml").write_text("version: 3\n", encoding="utf-8")
            result = isoframe("run", "mine.yaml", folder=folder)
            self.assert_error(result, 2, "mine.yaml:1:10: version 3")
            self.assertEqual(os.listdir(folder), ["mine.yaml"], "nothing may be left behind")

    def test_a_missing_file_is_bad_input(self):
        self.assert_error(isoframe("validate", "none.yaml"), 2, "none.yaml: no such scenario file")


class Schema(unittest.TestCase):
    """The schema that editors check with agrees with the program."""

    @classmethod
    def setUpClass(cls):
        try:
            import jsonschema
            import yaml
        except ImportError as error:
            raise unittest.SkipTest(f"needs the Python packages jsonschema and yaml: {error}")
        schema = json.loads((ROOT / "scenarios" / "scenario.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)
        cls.load = staticmethod(lambda name: yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))

    def test_accepts_the_shipped_scenarios(self):
        for name in SCENARIOS:
            with self.subTest(name=name):
                self.assertEqual([error.message for error in self.validator.iter_errors(self.load(name))], [])

    def test_rejects_misspelt_keys_everywhere(self):
        def misspell(change):
            scenario = self.load(SCENARIOS[0])
            change(scenario)
            return list(self.validator.iter_errors(scenario))

        changes = {
            "top": lambda scenario: scenario.update(chekpoint="x"),
            "defaults": lambda scenario: scenario["defaults"].update(promt="x"),
            "case": lambda scenario: scenario["cases"][0].update(stpes=2),
            "tiling": lambda scenario: scenario["defaults"].update(tiling={"tile_sise": 64}),
            "gates": lambda scenario: scenario["cases"][2].update(gates={"pnsr_min": 40}),
            "matrix": lambda scenario: scenario["cases"][2].update(matrix={"hight": [64]}),
            "layout": lambda scenario: scenario["cases"][2].update(layout="ulises=2"),
        }
        for place, change in changes.items():
            with self.subTest(place=place):
                self.assertNotEqual(misspell(change), [])

    def test_knows_every_key_of_the_reader(self):
        """The reader lists all keys that it knows when it meets one that resembles none of them."""
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "x.yaml").write_text(
                "version: 1\ncheckpoint: c\ncases: [{name: a, qqqqqqqqqqqq: 1}]\n", encoding="utf-8")
            message = isoframe("validate", "x.yaml", folder=folder).stderr
        keys = set(message.strip().split("; use ")[1].split(", "))
        definitions = self.validator.schema["$defs"]
        self.assertEqual(keys - {"name", "matrix"}, set(definitions["case_keys"]["properties"]))
        self.assertEqual(keys - {"name", "matrix"}, set(definitions["matrix"]["properties"]))


if __name__ == "__main__":
    unittest.main()
