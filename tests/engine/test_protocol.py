#!/usr/bin/env python3
"""harness/engine's protocol as an engine made with isoframe_engine speaks it: no library is needed for that."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

from harness import Engine

PROGRAM = pathlib.Path(__file__).resolve().parent / "plain_engine.py"


class Protocol(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.engine = Engine([sys.executable, PROGRAM], 1, self.root, timeout=30)
        self.addCleanup(self.engine.kill)

    def only(self, request, **fields):
        ((answer, progress),) = self.engine.ask(request, **fields)
        return answer, progress

    def assert_still_answers(self):
        self.assertEqual(self.only("load", case={})[0]["answer"], "loaded")

    def test_says_who_it_is_first(self):
        (hello,) = self.engine.hello
        self.assertEqual(hello["answer"], "hello")
        self.assertEqual((hello["protocol"], hello["engine"], hello["version"]), (1, "plain", "1"))
        self.assertEqual((hello["rank"], hello["pid"]), (0, self.engine.processes[0].pid))
        self.assertEqual(hello["capabilities"]["tasks"], ["t2v"])

    def test_answers_each_request_once_under_its_number_with_progress_before(self):
        answer, progress = self.only("load", case={}, store=None, unheard_of="ignored")
        self.assertEqual(answer, {"answer": "loaded", "id": 1, "seconds": 0.5, "facts": {"library": "1"}})
        self.assertEqual(progress, [{"answer": "progress", "id": 1, "stage": "load"}])
        answer, progress = self.only("generate", case={}, directory=str(self.root), noise="a file")
        self.assertEqual(answer, {"answer": "done", "id": 2})
        self.assertEqual([(line["stage"], line["index"], line["of"]) for line in progress], [("denoise", 0, 2), ("denoise", 1, 2)])
        self.assertEqual((self.root / "left").read_text(), "a file")
        self.engine.exit()
        self.assertIn('"answer": "done"', (self.root / "log-0").read_text(), "what libraries print goes to the log")

    def test_refuses_what_is_no_request_and_goes_on(self):
        known = {"id": 7, "request": "generate", "case": {}, "directory": None}
        lines = {
            b"\xff\xfe\x00": None,
            b"": None,
            b"nonsense": None,
            b"[" * 100_000: None,
            b"[1, 2]": None,
            b"{}": None,
            b'{"id": "seven", "request": "load"}': None,
            b'{"id": true, "request": "load"}': None,
            json.dumps(known | {"request": "fly"}).encode(): 7,
            json.dumps(known | {"request": ["load"]}).encode(): 7,
            json.dumps(known | {"case": "a case"}).encode(): 7,
            json.dumps(known | {"directory": 5}).encode(): 7,
            json.dumps(known | {"directory": str(self.root / "nowhere")}).encode(): 7,
            json.dumps(known | {"noise": 5}).encode(): 7,
            json.dumps(known | {"request": "observe", "observation": {"kind": "record"}}).encode(): 7,
            json.dumps({"id": 7, "request": "load"}).encode(): 7,
        }
        for line, number in lines.items():
            with self.subTest(line[:80]):
                (answer,) = self.engine.ask_raw(line)
                self.assertEqual((answer["answer"], answer["kind"], answer["id"]), ("error", "input", number), answer)
                self.assertNotIn("\n", answer["message"])
                self.assertLess(len(answer["message"]), 3000)
        self.assert_still_answers()

    def test_tells_a_wrong_case_from_one_that_is_too_much_and_goes_on(self):
        for becomes, kind in (("wrong", "input"), ("too much", "unsupported")):
            answer, _ = self.only("generate", case={"becomes": becomes}, directory=None)
            self.assertEqual((answer["answer"], answer["kind"]), ("error", kind))
            self.assertEqual(answer["message"], "first line second line")
        answer, _ = self.only("observe", case={}, directory=str(self.root), observation={"kind": "record"})
        self.assertEqual((answer["answer"], answer["kind"]), ("error", "unsupported"))
        self.assert_still_answers()

    def test_ends_after_a_failure_of_its_own(self):
        answer, _ = self.only("generate", case={"becomes": "broken"}, directory=None)
        self.assertEqual((answer["answer"], answer["kind"]), ("error", "engine"))
        self.assertEqual(answer["message"], "RuntimeError: first line second line")
        self.assertEqual(self.engine.processes[0].wait(timeout=30), 3)
        self.assertIn("Traceback", (self.root / "log-0").read_text())

    def test_says_that_memory_ran_out(self):
        answer, _ = self.only("generate", case={"becomes": "full"}, directory=None)
        self.assertEqual((answer["kind"], answer["message"]), ("engine", "out of memory: first line second line"))
        self.assertEqual(self.engine.processes[0].wait(timeout=30), 3)

    def test_ends_with_0_when_asked_to_or_when_the_socket_does(self):
        self.assertEqual(self.engine.exit(), [0])
        other = Engine([sys.executable, PROGRAM], 2, self.root, timeout=30)
        self.addCleanup(other.kill)
        self.assertEqual([hello["rank"] for hello in other.hello], [0, 1])
        self.assertEqual(other.close(), [0, 0])

    def test_keeps_the_socket_from_programs_that_it_starts(self):
        script = (
            "import os, sys; sys.path.insert(0, sys.argv[1]); from isoframe_engine.protocol import Channel\n"
            "number = int(os.environ['ISOFRAME_ENGINE_FD']); channel = Channel.from_environment()\n"
            "sys.exit(os.get_inheritable(number) or 'ISOFRAME_ENGINE_FD' in os.environ)"
        )
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ended = subprocess.run(
                [sys.executable, "-c", script, str(PROGRAM.parents[2] / "harness/engine/adapters")],
                env=os.environ | {"ISOFRAME_ENGINE_FD": str(theirs.fileno())}, pass_fds=[theirs.fileno()],
            )
        self.assertEqual(ended.returncode, 0)

    def test_started_by_hand_says_who_starts_it(self):
        environment = {name: value for name, value in os.environ.items() if name != "ISOFRAME_ENGINE_FD"}
        ended = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, env=environment)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("ISOFRAME_ENGINE_FD", ended.stderr)
        self.assertEqual(ended.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
