"""What the tests of adapters share: an adapter's ranks, isoframe's, and what both leave, on tiny checkpoints.

ISOFRAME_BIN names the program.
"""

import json
import math
import pathlib
import sys
import tempfile
import unittest

from harness import ADAPTERS, Engine, largest_difference, names_of, tensor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from common import ISOFRAME, isoframe
from test_image_to_video import png

TOLERANCE = 1e-4
# Of relative L2, at each point.
POINT_TOLERANCE = 1e-5
# 2 x 2 x 3 and 1 x 3 x 3 latents: two ranks hold as many video tokens each, or one has one more.
EVEN = {"height": 32, "width": 48, "frames": 5}
UNEVEN = {"height": 48, "width": 48, "frames": 1}


def frames(directory):
    return tensor(directory / "frames.safetensors", "frames")


def latents(directory, name):
    return tensor(directory / "latents.safetensors", name)


def record(directory, rank=0):
    return json.loads((directory / f"rank-{rank}.json").read_text())


def relative_l2(candidate, reference):
    assert candidate[0] == reference[0], f"{candidate[0]} is not {reference[0]}"
    distance = math.dist(candidate[1], reference[1])
    return distance / math.hypot(*reference[1]) if distance else 0.0


def place_of(point):
    return tuple(point[name] for name in ("stages", "name", "index", "occurrence"))


def observe_isoframe(case, directory, kind, **asked):
    """Lets isoframe's one rank, which is an engine too, leave an observation in the folder."""
    engine = Engine([ISOFRAME, "worker"], 1, directory)
    case = case | {"layout": "single"}
    for answer in engine.load(case) + engine.ask(
        "observe", case=case, directory=str(directory), noise=None, observation={"kind": kind, **asked}
    ):
        assert answer[0]["answer"] in ("loaded", "done"), answer
    engine.close()


def isoframe_at(case, recordings, directory):
    """{place: its parts} of a run of isoframe's one rank, in the parts that the recordings in a folder hold."""
    observe_isoframe(case, directory, "follow", recordings=str(recordings))
    return followed_at(directory)


def followed_at(directory):
    """{place: its parts} of a run that followed recordings and left reference.json in the folder."""
    points = json.loads((directory / "reference.json").read_text())["points"]
    return {place_of(point): point["parts"] for point in points}


def estimated_difference(candidate, reference):
    """The relative L2 that harness/locate estimates from two fingerprints."""
    if candidate["hash"] == reference["hash"]:
        return 0.0
    return math.dist(candidate["sketch"], reference["sketch"]) / reference["norm"]


def same_part(parts, point):
    """The one among the reference's parts that the point is."""
    part = point["part"]
    same = [found for found in parts if found["shape"] == part["shape"] and found["shares"] == part["shares"]]
    assert len(same) == 1, f"there is no such part of {place_of(point)}: {part['shares']} of {part['shape']}"
    return same[0]


def first_far(points, expected):
    """(the first place at which a rank's points are far from the expected ones, None if they are nowhere; the difference
    at each place)"""
    differences = {}
    for point in points:
        place = place_of(point)
        assert place in expected, f"{place} is not among the expected points"
        differences[place] = estimated_difference(point["part"], same_part(expected[place], point))
    return next((place for place, difference in differences.items() if not difference < POINT_TOLERANCE), None), differences


class AdapterTest(unittest.TestCase):
    """Gives a test class one process and a group of two of an adapter, in which all of its tests run."""

    # The adapter's program, and what returns the interpreter of its environment.
    adapter = ""
    interpreter = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.python = cls.interpreter()
        for task in ("t2v", "i2v"):
            made = isoframe("weights", "init", "--preset", "tiny", "--task", task, "--seed", 3, cls.root / task)
            assert made.returncode == 0, made.stderr
        cls.image = cls.root / "first frame.png"
        cls.image.write_bytes(png(90, 60))
        out = cls.root / "settings"
        made = isoframe("generate", "--checkpoint", cls.root / "t2v", "--task", "t2v", "--prompt", "", "--height", 16, "--width", 16,
                        "--frames", 1, "--steps", 1, "--seed", 0, "--warmup", 0, "--no-tiling", "--out", out)
        assert made.returncode == 0, made.stderr
        cls.settings = json.loads((out / "result.json").read_text())["case"]
        cls.engines = {}
        cls.loaded = {}
        cls.made = {}
        cls.addClassCleanup(lambda: [engine.kill() for engine in cls.engines.values()])
        # Importing torch and diffusers takes longest: one process and a group of two, in which all tests run.
        for ranks in (1, 2):
            cls.start(ranks)

    @classmethod
    def start(cls, ranks):
        cls.loaded.pop(ranks, None)
        (cls.root / f"ranks-{ranks}").mkdir(exist_ok=True)
        cls.engines[ranks] = Engine([cls.python, ADAPTERS / cls.adapter], ranks, cls.root / f"ranks-{ranks}")

    def case(self, **settings):
        """A case with all of its settings, as result.json has it."""
        task = settings.get("task", "t2v")
        return self.settings | {
            "task": task, "checkpoint": str(self.root / task), "image": str(self.image) if task == "i2v" else "",
            "prompt": 'A sign that says "OPEN"', "negative_prompt": "fog", "steps": 2, "seed": 7, "guidance_scale": 5.0,
            "tiling": True, "tile_size": 32, "tile_overlap": 0.5, "meeting_seconds": 60.0, **EVEN, **settings,
        }

    def ranks_of(self, case):
        return 1 if case["layout"] == "single" else 2

    def load(self, case):
        """Loads what the case needs unless it is loaded."""
        ranks = self.ranks_of(case)
        if any(process.poll() is not None for process in self.engines[ranks].processes):
            # A test that has ended a process it should not have ended has failed already, alone.
            self.engines[ranks].kill()
            self.start(ranks)
        key = [case[name] for name in ("checkpoint", "variant", "dtype", "layout")]
        if self.loaded.get(ranks) != key:
            for answer, progress in self.engines[ranks].load(case):
                self.assertEqual(answer["answer"], "loaded", answer)
                self.assertEqual([line["stage"] for line in progress], ["meet", "load"])
            self.loaded[ranks] = key

    def generate(self, noise=None, **settings):
        case = self.case(**settings)
        self.load(case)
        return self.engines[self.ranks_of(case)].generate(case, noise)

    def generate_once(self, **settings):
        """The folder of a generation that several tests look at."""
        key = json.dumps(settings, sort_keys=True)
        if key not in self.made:
            self.made[key] = self.generate(**settings)
        return self.made[key]

    def by_isoframe(self, **settings):
        case = self.case(**settings)
        out = pathlib.Path(tempfile.mkdtemp(dir=self.root)) / "out"
        arguments = ["--warmup", 0, "--out", out]
        for name in ("task", "checkpoint", "prompt", "negative_prompt", "height", "width", "frames", "steps", "seed",
                     "guidance_scale", "tile_size", "tile_overlap", "dtype", "threads_per_rank"):
            arguments += ["--" + name.replace("_", "-"), case[name]]
        if case["image"]:
            arguments += ["--image", case["image"]]
        if not case["tiling"]:
            arguments.append("--no-tiling")
        ended = isoframe("generate", *arguments)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return out

    def difference(self, a, b):
        difference = largest_difference(frames(a), frames(b))
        print(f"{self.id().split('.')[-1]}: largest difference {difference:.2e}", file=sys.stderr)
        return difference

    def assert_same_video(self, a, b):
        self.assertLess(self.difference(a, b), TOLERANCE)
        for name in ("noise", "step_0", "step_1", "latents"):
            self.assertLess(largest_difference(latents(a, name), latents(b, name)), TOLERANCE, name)

    def assert_refused(self, kind, request, case, *parts, ranks=1, **fields):
        for answer, _ in self.engines[ranks].ask(request, case=case, **fields):
            self.assertEqual((answer["answer"], answer.get("kind")), ("error", kind), answer)
            self.assertNotIn("\n", answer["message"])
            for part in parts:
                self.assertIn(part, answer["message"])

    def observe(self, case, kind="record", **asked):
        self.load(case)
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        fields = {"case": case, "directory": str(directory), "noise": None, "observation": {"kind": kind, **asked}}
        for answer, _ in self.engines[self.ranks_of(case)].ask("observe", **fields):
            self.assertEqual(answer["answer"], "done", answer)
        return directory

    def names_in(self, directory):
        return sorted(path.name for path in directory.iterdir())

    def check_locked(self, layouts, size):
        """Runs that are given latents leave what isoframe's leaves from the same; returns the last run's file."""
        # Of another dtype's run, so that its own latents would be others.
        other = self.by_isoframe(dtype="bfloat16", **size) / "latents.safetensors"
        expected = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        observe_isoframe(self.case(**size), expected, "locked", trajectory=str(other))
        expected /= "locked-0.safetensors"
        for layout in layouts:
            directory = self.observe(self.case(layout=layout, **size), "locked", trajectory=str(other))
            for rank in range(1 if layout == "single" else 2):
                found = directory / f"locked-{rank}.safetensors"
                names = set(names_of(found))
                self.assertEqual(names, set(names_of(expected)) - ({"decode -1 frames"} if rank else set()))
                for name in names:
                    self.assertLess(relative_l2(tensor(found, name), tensor(expected, name)), POINT_TOLERANCE, name)
        return found

    def check_points(self, points, expected, other):
        """All points are near isoframe's, and none that the noise reaches is near another seed's."""
        worst, far, equal = 0.0, 0, set()
        for point in points:
            place, part = place_of(point), point["part"]
            self.assertIn(place, expected)
            same = same_part(expected[place], point)
            difference = estimated_difference(part, same)
            self.assertLess(difference, POINT_TOLERANCE, place)
            worst = max(worst, difference)
            if difference == 0.0 and same["norm"] > 0.0:
                equal.add(place[1])
                # Equal bytes have the same numbers but for the order in which they are added.
                for mine, theirs in zip([part["norm"], *part["sketch"]], [same["norm"], *same["sketch"]]):
                    self.assertAlmostEqual(mine, theirs, delta=1e-12 * same["norm"])
            far += estimated_difference(part, same_part(other[place], point)) > 0.01
        print(f"{len(points)} points, {worst:.2e} apart at most; equal: {sorted(equal)}", file=sys.stderr)
        self.assertIn("initial_latents", equal)
        self.assertGreater(far, len(points) / 2)
