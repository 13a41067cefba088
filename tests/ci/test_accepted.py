#!/usr/bin/env python3
"""ci/accepted: the accepted run comes whole or not at all, and what broke is no first run."""

import http.server
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def make_run(folder):
    """A run directory as far as the workflows look at it."""
    case = folder / "base"
    case.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"cases": [
        {"name": "base", "directory": "base", "repetitions": 2}, {"name": "gpu", "directory": "gpu", "repetitions": 0}]}))
    (case / "result.json").write_text("{}")
    (case / "frames.safetensors").write_bytes(bytes(range(256)) * 4096)
    (case / ".rounds").mkdir()
    (case / ".rounds" / "done.json").write_text("{}")
    return folder


def packed(folder):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.add(folder, arcname=".")
    return file.getvalue()


class Registry(http.server.BaseHTTPRequestHandler):
    """Answers with what the test has set: a status, a body, and the length that it claims."""

    status, body, claimed, received, headers_seen, asked = 200, b"", None, None, None, 0

    def do_GET(self):
        Registry.asked += 1
        Registry.headers_seen = {name.upper(): value for name, value in self.headers.items()}
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body) if self.claimed is None else self.claimed))
        self.end_headers()
        self.wfile.write(self.body)

    def do_PUT(self):
        Registry.received = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Accepted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.HTTPServer(("127.0.0.1", 0), Registry)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        cls.url = f"http://127.0.0.1:{cls.server.server_port}/run.tar.gz"

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="isoframe accepted ")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.earlier = self.folder / "earlier"
        Registry.status, Registry.body, Registry.claimed, Registry.asked = 200, packed(make_run(self.folder / "made")), None, 0

    def accepted(self, *arguments, **environment):
        return subprocess.run([ROOT / "ci/accepted", *map(str, arguments)], capture_output=True, text=True,
                              env={**os.environ, "ACCEPTED_PAUSE": "0", "ACCEPTED_HEADER": "JOB-TOKEN: secret", "no_proxy": "*", **environment})

    def test_a_whole_run_appears_with_all_of_its_files(self):
        got = self.accepted("get", self.url, self.earlier)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual(Registry.headers_seen["JOB-TOKEN"], "secret")
        self.assertTrue((self.earlier / "base/.rounds/done.json").is_file())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["earlier", "made"])

    def test_a_first_run_has_none(self):
        Registry.status, Registry.body = 404, b"not found"
        got = self.accepted("get", self.url, self.earlier)
        self.assertEqual((got.returncode, got.stdout), (0, "accepted: no run has been accepted yet\n"))
        self.assertEqual(list(self.folder.glob("earlier*")), [])

    def test_a_broken_one_is_tried_again_and_then_fails(self):
        whole = Registry.body
        lacking = make_run(self.folder / "lacking")
        (lacking / "base/frames.safetensors").unlink()
        for name, status, body, claimed in (("half of the bytes", 200, whole[: len(whole) // 2], None),
                                            ("a connection that ended", 200, whole[: len(whole) // 2], len(whole)),
                                            ("an error", 500, b"", None), ("a login page", 200, b"<html>", None), ("forbidden", 403, b"", None),
                                            ("no frames", 200, packed(lacking), None)):
            with self.subTest(name):
                Registry.status, Registry.body, Registry.claimed, Registry.asked = status, body, claimed, 0
                got = self.accepted("get", self.url, self.earlier)
                self.assertEqual(got.returncode, 3, got.stderr)
                self.assertEqual(Registry.asked, 3)
                self.assertEqual(len(got.stderr.splitlines()), 3, got.stderr)
                self.assertFalse(self.earlier.exists())

    def test_nobody_there_is_no_first_run(self):
        got = self.accepted("get", "http://127.0.0.1:1/run.tar.gz", self.earlier)
        self.assertEqual(got.returncode, 3, got.stderr)

    def test_what_is_put_is_what_is_got(self):
        put = self.accepted("put", self.url, self.folder / "made")
        self.assertEqual(put.returncode, 0, put.stderr)
        Registry.body = Registry.received
        self.assertEqual(self.accepted("get", self.url, self.earlier).returncode, 0)
        self.assertEqual((self.earlier / "base/frames.safetensors").read_bytes(), (self.folder / "made/base/frames.safetensors").read_bytes())

    def test_half_a_run_is_not_put(self):
        (self.folder / "made/base/frames.safetensors").unlink()
        Registry.received = None
        put = self.accepted("put", self.url, self.folder / "made")
        self.assertEqual(put.returncode, 3)
        self.assertIn("lacks base/frames.safetensors", put.stderr)
        self.assertIsNone(Registry.received)

    def github(self, script):
        """ci/accepted github with this shell script as `gh`."""
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        (tools / "gh").write_text("#!/bin/sh\n" + script)
        (tools / "gh").chmod(0o755)
        return self.accepted("github", self.earlier, PATH=f"{tools}:{os.environ['PATH']}", GITHUB_REPOSITORY="us/isoframe")

    LISTED = """case "$*" in
  *"--event workflow_dispatch"*) echo '{dispatched}' ;;
  *"--event push"*) echo '[{{"databaseId": 9}}, {{"databaseId": 3}}]' ;;
  api*) echo '{{"artifacts": [{{"name": "isoframe-run", "expired": {expired}}}]}}' ;;
  "run download {number} "*) {download} ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"""

    def test_on_github_the_newest_started_by_hand_counts_else_the_first_of_main(self):
        copy = f'for folder; do :; done; cp -a "{self.folder}/made/." "$folder"'
        for dispatched, number in (('[{"databaseId": 7}, {"databaseId": 5}]', 7), ("[]", 3)):
            got = self.github(self.LISTED.format(dispatched=dispatched, expired="false", number=number, download=copy))
            self.assertEqual(got.returncode, 0, got.stderr)
            self.assertTrue((self.earlier / "base/frames.safetensors").is_file())

    def test_on_github_half_a_download_fails_and_an_expired_artifact_warns(self):
        half = 'for folder; do :; done; mkdir "$folder/base"; echo "{}" > "$folder/run.json"'
        got = self.github(self.LISTED.format(dispatched="[]", expired="false", number=3, download=half))
        self.assertEqual(got.returncode, 3, got.stderr)
        self.assertFalse(self.earlier.exists())
        expired = self.github(self.LISTED.format(dispatched="[]", expired="true", number=3, download="exit 1"))
        self.assertEqual(expired.returncode, 0, expired.stderr)
        self.assertIn("::warning::the accepted run 3 has no artifact", expired.stdout)
        unreachable = self.github("echo 'no route to host' >&2; exit 1")
        self.assertEqual(unreachable.returncode, 3)
        self.assertIn("no route to host", unreachable.stderr)


class Workflows(unittest.TestCase):
    def test_git_is_there_before_each_checkout(self):
        jobs = re.split(r"(?m)^    steps:\n", (ROOT / "ci/github-actions.yml").read_text())[1:]
        self.assertEqual(len(jobs), 2)
        for steps in jobs:
            installed = re.search(r"apt-get install .*\bgit\b", steps)
            self.assertIsNotNone(installed)
            self.assertLess(installed.start(), steps.index("actions/checkout"))

    def test_both_fetch_the_accepted_run_by_the_same_program(self):
        self.assertIn("ci/accepted github earlier", (ROOT / "ci/github-actions.yml").read_text())
        gitlab = (ROOT / "ci/gitlab-ci.yml").read_text()
        self.assertIn('ci/accepted get "$ACCEPTED_RUN" earlier', gitlab)
        self.assertIn('ci/accepted put "$ACCEPTED_RUN" run', gitlab)


if __name__ == "__main__":
    unittest.main()
