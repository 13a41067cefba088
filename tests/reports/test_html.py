"""Opens report.html in a headless Chromium: it loads, agrees with run.json, sorts, filters, slides, and runs no prompt.

The browser is driven through its DevTools protocol over a pipe, so nothing has to be installed but Chromium
(`ci/setup --browser`, or ISOFRAME_CHROMIUM).  Without one the tests are skipped.
"""

import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ISOFRAME = os.environ.get("ISOFRAME_BIN", str(ROOT / "build/isoframe"))
CHECKPOINT = ROOT / "build/checkpoints/tiny"
CHROMIUM = os.environ.get("ISOFRAME_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PROMPT = 'A sign </script><script>window.pwned = 1</script><img src=x onerror="window.pwned = 1"> & <!-- \u2028 done'
SCENARIO = f"""
version: 1
checkpoint: {CHECKPOINT}
defaults:
  task: t2v
  prompt: {json.dumps(PROMPT)}
  height: 112
  width: 176
  frames: 5
  steps: 2
  seed: 42
  tiling: {{tile_size: 64, overlap: 0.25}}
  threads_per_rank: 1
  warmup: 0
  repeat: 1
  baseline: tiled
cases:
  - name: tiled
  - name: close
    tiling: false
    expected_different: true
    gates: {{psnr_min: 90}}
  - name: cfg2
    layout: cfg=2
    published: {ROOT}/scenarios/published-figures.yaml#t2v-cfg2-usp2-vaepp4
"""


# The page reacts to an opened section or to other colours with the next frame.
NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
OPEN_ALL = 'document.querySelectorAll("details.case").forEach((section) => { section.open = true; }); ' + NEXT_FRAME


class Browser:
    """One page of a headless Chromium."""

    def __init__(self, folder):
        to_browser, our_end = os.pipe()
        from_browser, their_end = os.pipe()

        def descriptors():
            # DevTools speaks on descriptors 3 and 4.  These may be 3 or 4 themselves, so they first move out of the way.
            reads, writes = os.dup2(to_browser, 30), os.dup2(their_end, 31)
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--window-size=1280,1000",
             f"--user-data-dir={folder}/profile", "about:blank"],
            preexec_fn=descriptors, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(their_end)
        self.send_to, self.read_from = our_end, from_browser
        self.buffer, self.number, self.session, self.events = b"", 0, None, []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def message(self, seconds=60):
        deadline = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read_from], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self.read_from, 1 << 16) if ready else b""
            if not chunk:
                raise RuntimeError("Chromium does not answer")
            self.buffer += chunk
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.send_to, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, file):
        self.events.clear()
        self.call("Page.navigate", url=f"file://{file}")
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def scheme(self, value):
        """Sets the colour scheme: "light", "dark", or "" for the browser's own."""
        features = [{"name": "prefers-color-scheme", "value": value}] if value else []
        self.call("Emulation.setEmulatedMedia", features=features)
        self.evaluate(NEXT_FRAME)

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=39)

    def complaints(self):
        """Returns console errors, exceptions, and requests for anything outside the file."""
        found = []
        for event in self.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown" or method == "Log.entryAdded":
                found.append(parameters)
            if method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
                found.append(parameters)
            if method == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith(("data:", "file:")):
                found.append(parameters)
        return found

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
        except (OSError, RuntimeError):
            pass
        self.process.wait(30)


@unittest.skipUnless(CHROMIUM, "no Chromium here; ci/setup --browser installs one, ISOFRAME_CHROMIUM names one")
class HtmlReport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="isoframe-report-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        (cls.folder / "suite.yaml").write_text(SCENARIO)
        cls.out = cls.folder / "run"
        result = subprocess.run([ISOFRAME, "run", cls.folder / "suite.yaml", "--out", cls.out], capture_output=True, text=True)
        assert result.returncode == 1, result.stdout + result.stderr
        cls.run_json = json.loads((cls.out / "run.json").read_text())
        cls.browser = Browser(cls.folder)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.open(self.out / "report.html")

    def names(self):
        return self.browser.evaluate('[...document.querySelectorAll("#case-table tbody tr")].map((row) => row.dataset.case)')

    def click(self, title):
        self.browser.evaluate(f'[...document.querySelectorAll("#case-table th button")].find((b) => b.textContent === "{title}").click()')

    def test_loads_without_a_complaint_or_a_request(self):
        self.assertEqual(self.browser.complaints(), [])
        self.assertLess((self.out / "report.html").stat().st_size, 10 << 20)

    def test_the_first_screen_says_what_failed_and_where(self):
        banner = self.browser.evaluate('document.querySelector("header").innerText')
        self.assertIn("2 of 3 cases passed: 1 failed", banner)
        self.assertIn("close", banner)
        result = json.loads((self.out / "close/result.json").read_text())
        region = result["quality"]["worst_region"]
        self.assertIn(f"at x {region['x']}, y {region['y']} of frame {region['frame']}", banner)
        first = next(r for r in self.run_json["cases"] if r["name"] == "close")["first_divergence"]["sentence"]
        self.assertIn(first, self.browser.evaluate('document.querySelector("details.case[open]").innerText'))
        self.assertLess(self.browser.evaluate('document.querySelector("header").getBoundingClientRect().bottom'), 1000)

    def test_the_table_holds_run_jsons_values(self):
        rows = self.browser.evaluate("""[...document.querySelectorAll("#case-table tbody tr")].map((row) =>
            [...row.cells].map((cell) => cell.innerText.trim()))""")
        titles = self.browser.evaluate('[...document.querySelectorAll("#case-table th button")].map((b) => b.textContent)')
        for record, cells in zip(self.run_json["cases"], rows):
            shown = dict(zip(titles, cells))
            self.assertEqual(shown["case"], record["name"])
            self.assertEqual(shown["layout"], record["layout"])
            self.assertIn(record["verdict"], shown["verdict"])
            self.assertAlmostEqual(float(shown["time s"].split()[0]), record["seconds"], delta=0.006 * record["seconds"])
            if record["ssim"] is None:
                self.assertEqual(shown["SSIM"], "reference")
            else:
                self.assertAlmostEqual(float(shown["SSIM"]), record["ssim"], delta=1e-6)
                self.assertEqual(shown["PSNR dB"], "inf" if record["psnr"] == "inf" else f"{record['psnr']:.2f}")

    def test_a_click_on_a_title_sorts_and_a_second_turns_round(self):
        self.assertEqual(self.names(), [record["name"] for record in self.run_json["cases"]])
        by_time = [r["name"] for r in sorted(self.run_json["cases"], key=lambda r: r["seconds"])]
        self.click("time s")
        self.assertEqual(self.names(), by_time)
        self.click("time s")
        self.assertEqual(self.names(), by_time[::-1])
        self.click("PSNR dB")
        self.assertEqual(self.names()[-1], "tiled", "what was not measured is last")
        self.click("PSNR dB")
        self.assertEqual(self.names(), ["cfg2", "close", "tiled"])

    def test_filters(self):
        self.browser.evaluate("""const box = document.getElementById("filter"); box.value = "CFG";
            box.dispatchEvent(new Event("input"))""")
        self.assertEqual(self.names(), ["cfg2"])
        self.browser.evaluate("""box.value = ""; const choice = document.getElementById("verdicts"); choice.value = "failed";
            choice.dispatchEvent(new Event("change"))""")
        self.assertEqual(self.names(), ["close"])

    def test_the_slider_moves_with_the_keyboard(self):
        style = 'document.querySelector(".swipe img + img").style.clipPath'
        before = self.browser.evaluate(style)
        self.browser.evaluate('document.querySelector(".swipe-position").focus()')
        self.browser.press("ArrowRight")
        self.assertNotEqual(self.browser.evaluate(style), before)
        self.assertIn("51%", self.browser.evaluate(style))

    def test_frames_can_be_stepped_through_and_are_pictures(self):
        worst = json.loads((self.out / "close/result.json").read_text())["quality"]["psnr"]["worst_frame"]
        frame = 'document.querySelector("details.case[open] output").textContent'
        self.assertEqual(self.browser.evaluate(frame), f"Frame {worst}")
        self.browser.evaluate("""const step = document.querySelector(".swipe-frame"); step.value = step.max;
            step.dispatchEvent(new Event("input"))""")
        self.assertNotEqual(self.browser.evaluate(frame), f"Frame {worst}")
        sizes = self.browser.evaluate("""Promise.all([...document.querySelectorAll(".frames img")].map(async (image) => {
            await image.decode(); return [image.naturalWidth, image.naturalHeight]; }))""")
        self.assertEqual(sizes, [[176, 112]] * 3)

    def test_a_prompt_is_shown_and_not_run(self):
        self.assertIsNone(self.browser.evaluate("window.pwned"))
        text = self.browser.evaluate('document.getElementById("report").textContent')
        self.assertIn(PROMPT, text)
        self.assertEqual(self.browser.evaluate('document.querySelectorAll("script").length'), 3)

    def test_everything_that_works_has_a_name_for_a_screen_reader(self):
        nameless = self.browser.evaluate("""[...document.querySelectorAll("input, select, button, img, canvas, [role=img]")].filter((node) =>
            !(node.getAttribute("aria-label") || node.getAttribute("alt") || node.textContent.trim() ||
              (node.id && document.querySelector(`label[for=${node.id}]`)))).map((node) => node.outerHTML.slice(0, 200))""")
        self.assertEqual(nameless, [])

    def test_ranks_stages_tiles_and_traffic_are_there(self):
        text = self.browser.evaluate("""document.querySelectorAll("details.case").forEach((d) => { d.open = true; });
            document.getElementById("report").innerText""")
        for words in ("Stages of the last repetition", "Peak memory, rank by rank", "Communication of one generation", "cfg all_gather",
                      "as predicted", "VAE tiles", "Noise floor", "Published beside measured", "T2V, CFG 2 + USP 2 + VAEPP 4",
                      "Times cannot be compared", "Environment", self.run_json["command"]):
            self.assertIn(words, text)

    def test_charts_are_drawn_when_their_case_opens_and_say_their_numbers(self):
        closed = 'document.querySelector("details.case:not([open])")'
        self.assertEqual(self.browser.evaluate(f"Chart.getChart({closed}.querySelector('canvas'))"), None)
        self.browser.evaluate(OPEN_ALL)
        charts = self.browser.evaluate("""[...document.querySelectorAll("canvas")].map((canvas) => {
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return {spoken: canvas.getAttribute("aria-label"), painted: pixels.some((value) => value),
                    numbers: canvas.closest("div.chart").nextElementSibling.querySelectorAll("tbody tr").length};})""")
        self.assertEqual(len(charts), 8, "stages and memory of three cases, PSNR and SSIM of the one that differs")
        for chart in charts:
            self.assertTrue(chart["painted"], chart)
            self.assertGreater(chart["numbers"], 0, chart)
            self.assertRegex(chart["spoken"], r"^.+: .*\d")

    def test_curves_hold_result_jsons_values(self):
        quality = json.loads((self.out / "close/result.json").read_text())["quality"]
        for title, key in (("PSNR", "psnr"), ("SSIM", "ssim")):
            shown = self.browser.evaluate(f"""Chart.getChart(document.querySelector('canvas[aria-label^="{title}"]')).data.datasets[0].data""")
            self.assertEqual(shown, quality[key]["per_frame"])

    def test_stages_are_floating_bars_of_every_rank(self):
        self.browser.evaluate(OPEN_ALL)
        bars = self.browser.evaluate("""Chart.getChart([...document.querySelectorAll("details.case")].find((d) => d.innerText.startsWith("cfg2"))
            .querySelector('canvas[aria-label^="Stages"]')).data.datasets.find((d) => d.label === "denoise.step").data""")
        self.assertEqual([(bar["y"], bar["name"]) for bar in bars],
                         [(f"rank {rank}", f"denoise.step {step}") for rank in (0, 1) for step in (0, 1)])
        for rank in (0, 1):
            (first, until), (then, _) = [bar["x"] for bar in bars if bar["y"] == f"rank {rank}"]
            self.assertTrue(0 <= first < until <= then)

    def test_charts_follow_the_theme_and_paper_is_light(self):
        ink = '[Chart.defaults.color, Chart.getChart(document.querySelector("canvas")).data.datasets[0].borderColor].join()'
        light = self.browser.evaluate(ink)
        self.browser.scheme("dark")
        self.addCleanup(self.browser.scheme, "")
        dark = self.browser.evaluate(ink)
        self.assertNotEqual(dark, light)
        self.browser.evaluate('dispatchEvent(new Event("beforeprint"))')
        self.assertEqual(self.browser.evaluate(ink), light)
        self.assertEqual(self.browser.evaluate('[...document.querySelectorAll("canvas")].every((c) => Chart.getChart(c))'), True)
        self.browser.evaluate('dispatchEvent(new Event("afterprint"))')
        self.assertEqual(self.browser.evaluate(ink), dark)

    def test_a_seed_beyond_doubles_is_shown_as_it_was(self):
        earlier = self.folder / "of an earlier version"
        shutil.copytree(self.out, earlier)
        suite = json.loads((earlier / "suite.json").read_text())
        for case in suite["cases"]:
            case["seed"] = 9223372036854775807
        (earlier / "suite.json").write_text(json.dumps(suite))
        subprocess.run([ISOFRAME, "report", earlier], capture_output=True)
        self.assertEqual(json.loads((earlier / "tiled/result.json").read_text())["case"]["seed"], 9223372036854775807)
        self.browser.open(earlier / "report.html")
        self.browser.evaluate(OPEN_ALL)
        seeds = self.browser.evaluate("""[...document.querySelectorAll("dl.facts div")].filter((fact) =>
            fact.querySelector("dt").textContent === "seed").map((fact) => fact.querySelector("dd").textContent)""")
        self.assertEqual(set(seeds), {"9223372036854775807"})

    def test_the_report_is_written_again_from_what_was_measured(self):
        page = self.out / "report.html"
        before = page.read_text()
        page.unlink()
        subprocess.run([ISOFRAME, "report", self.out], capture_output=True)
        self.assertEqual(page.read_text(), before)


class Trace(unittest.TestCase):
    def test_ranks_are_tracks_and_slices_nest_in_time(self):
        with tempfile.TemporaryDirectory(prefix="isoframe-trace-") as folder:
            scenario = pathlib.Path(folder) / "suite.yaml"
            scenario.write_text(SCENARIO)
            subprocess.run([ISOFRAME, "run", scenario, "--out", f"{folder}/run", "--filter", "cfg2"], capture_output=True, check=True)
            events = json.loads(pathlib.Path(f"{folder}/run/trace.json").read_text())["traceEvents"]
            result = json.loads(pathlib.Path(f"{folder}/run/cfg2/result.json").read_text())
        process = next(e["pid"] for e in events if e["name"] == "process_name" and e["args"]["name"] == "cfg2")
        slices = [e for e in events if e["ph"] == "X" and e["pid"] == process]
        self.assertEqual({e["tid"] for e in slices}, {0, 1})
        for rank in (0, 1):
            own = [e for e in slices if e["tid"] == rank]
            steps = [e for e in own if e["cat"] == "denoise.step"]
            self.assertEqual([e["name"] for e in steps], ["denoise.step 0", "denoise.step 1"])
            denoise = next(e for e in own if e["cat"] == "denoise")
            for inner in steps + [e for e in own if e["cat"] == "transformer_blocks"]:
                self.assertGreaterEqual(inner["ts"], denoise["ts"] - 1)
                self.assertLessEqual(inner["ts"] + inner["dur"], denoise["ts"] + denoise["dur"] + 1)
            sent = sum(c["bytes_sent"] for c in result["ranks"][rank]["collectives"] if c["group"] == "cfg")
            self.assertGreater(sent, 0)
            self.assertEqual(sum(e["args"].get("bytes_sent", 0) for e in steps), sent)
            collectives = [e for e in own if e["cat"] == "collective"]
            self.assertEqual(sum(e["args"].get("bytes_sent", 0) for e in collectives if e["name"].startswith("cfg.")), sent)
            self.assertEqual(len(collectives), sum(c["calls"] for c in result["ranks"][rank]["collectives"]))
            gathers = [e for e in collectives if e["name"] == "cfg.all_gather"]
            self.assertGreater(len(gathers), 0)
            for gather in gathers:
                self.assertTrue(any(step["ts"] - 1 <= gather["ts"] and
                                    gather["ts"] + gather["dur"] <= step["ts"] + step["dur"] + 1 for step in steps), gather)
        self.assertEqual(sum(e["cat"] == "decode.tile" for e in slices if e["tid"] == 0), 12)


if __name__ == "__main__":
    unittest.main()
