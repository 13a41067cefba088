"""What isoframe does inside SGLang's worker: a plugin of its diffusion (harness/engine/adapters/README.md).

SGLang calls register() in each of its processes, and then its own functions through the hooks that it registers.  A
request of isoframe's carries what it asks for among the arguments for diffusers' pipeline, under ARGUMENT; every other
request passes by.
"""

import contextlib
import os
import pathlib
import sys
import tempfile
import time

from isoframe_engine.workers import Reporter, on_path_of_workers

HERE = pathlib.Path(__file__).resolve().parent
ARGUMENT = "isoframe"
MODULE = "sglang.multimodal_gen.runtime.pipelines.diffusers_pipeline"
NAME = "isoframe"

load_seconds = 0.0
own_guidance_scales = {}


def register():
    from sglang.multimodal_gen.runtime.platforms.plugins import HookRegistry, HookType

    HookRegistry.register(f"{MODULE}.DiffusersPipeline._load_diffusers_pipeline", timing_load, HookType.AROUND)
    HookRegistry.register(f"{MODULE}.DiffusersExecutionStage.forward", watching_forward, HookType.AROUND)


@contextlib.contextmanager
def known():
    """Makes this module a plugin of what SGLang starts meanwhile: on the path lies the description of a package with an
    entry point."""
    # Where plugins are named one by one, this one is too.
    allowed = os.environ.get("SGLANG_PLUGINS")
    if allowed and NAME not in allowed.split(","):
        os.environ["SGLANG_PLUGINS"] = f"{allowed},{NAME}"
    with tempfile.TemporaryDirectory(prefix="isoframe-") as folder:
        described = pathlib.Path(folder) / "isoframe_sglang-1.dist-info"
        described.mkdir()
        (described / "METADATA").write_text("Metadata-Version: 2.1\nName: isoframe-sglang\nVersion: 1\n")
        (described / "entry_points.txt").write_text(f"[sglang.multimodal_gen.plugins]\n{NAME} = sglang_plugin:register\n")
        sys.path.append(folder)
        try:
            with on_path_of_workers(HERE, folder):
                yield
        finally:
            sys.path.remove(folder)


def timing_load(load, *arguments, **named):
    global load_seconds
    began = time.perf_counter()
    pipe = load(*arguments, **named)
    load_seconds = time.perf_counter() - began
    return pipe


def watching_forward(forward, stage, batch, server_args):
    given = batch.extra.get("diffusers_kwargs") or {}
    asked = given.pop(ARGUMENT, None)
    if asked is None:
        return forward(stage, batch, server_args)
    with Reporter(asked["address"], 0) as reporter:
        try:
            result = watched(forward, stage, batch, server_args, given, asked, reporter)
        except Exception as error:
            reporter.failed(error)
            raise
        reporter.done()
        return result


def watched(forward, stage, batch, server_args, given, asked, reporter):
    import torch
    from isoframe_engine.replaced import replaced
    from isoframe_engine.video import Video, picture
    from isoframe_engine.watch import Watch

    pipe, case = stage.diffusers_pipe, asked["case"]
    dtype = next(pipe.transformer.parameters()).dtype
    if dtype != getattr(torch, case["dtype"]):
        # What it cannot load in one type it loads in another.
        raise RuntimeError(f"SGLang has loaded {dtype}, not {case['dtype']}")
    own = own_guidance_scales.setdefault(id(pipe), pipe.guider.guidance_scale)
    # The pipeline has no argument for it, and SGLang leaves out what it has none for.
    scale = case.get("guidance_scale")
    pipe.guider.guidance_scale = own if scale is None else float(scale)
    video = Video("SGLang", case)
    if asked["noise"] is not None:
        given["latents"] = video.noise_of(asked["noise"])
    watch = Watch(torch, pipe, case, reporter.progress)
    watch.settle()
    with contextlib.ExitStack() as stack:
        if case["task"] == "i2v":
            given["image"] = picture(case["image"], video.height, video.width)
            # The pipeline takes the image's proportions and has no argument for another size.
            choose = "calculate_default_height_width"
            size = (video.height, video.width)
            stack.enter_context(replaced(pipe.video_processor, choose, lambda _: lambda **_: size))
        stack.enter_context(watch.watching())
        result = forward(stage, batch, server_args)
    if asked["directory"] is not None:
        reporter.progress("write")
        watch.write(pathlib.Path(asked["directory"]), 0, load_seconds)
    return result
