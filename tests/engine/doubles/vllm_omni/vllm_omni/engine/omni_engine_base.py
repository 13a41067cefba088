import contextlib
import dataclasses
import json
import os

from model import end_with_parent, processes
from vllm_omni.diffusion.data import DiffusionParallelConfig, OmniDiffusionConfig
from vllm_omni.diffusion.request import OmniDiffusionRequest
from vllm_omni.diffusion.worker.diffusion_worker import WorkerWrapperBase


def serve_rank(rank, od_config, pipe):
    """A worker process: answers with its result, or with the words of what it raised."""
    end_with_parent()
    try:
        worker = WorkerWrapperBase(rank, od_config, worker_extension_cls=od_config.worker_extension_cls)
        pipe.send((None, None))
        while (asked := pipe.recv()) is not None:
            method, args, kwargs = asked
            try:
                pipe.send((worker.execute_method(method, *args, **kwargs), None))
            except Exception as error:
                pipe.send((None, f"{error}"))
    except Exception as error:
        pipe.send((None, f"{error}"))


# Fields of a stage that its configuration takes in elsewhere.
STAGE_FIELDS = {"devices", "diffusion_attention_backend"}


def double_config(model, stage):
    """The configuration of the one stage; what has no owner raises."""
    fields = {field.name for field in dataclasses.fields(OmniDiffusionConfig)}
    parallel = {field.name for field in dataclasses.fields(DiffusionParallelConfig)}
    if unknown := set(stage) - fields - parallel - STAGE_FIELDS:
        names = ", ".join(map(repr, sorted(unknown)))
        raise ValueError(f"Unknown diffusion config field(s) for stage 0: {names}")
    config = OmniDiffusionConfig(
        model=model, **{name: value for name, value in stage.items() if name in fields},
        parallel_config=DiffusionParallelConfig(**{name: stage[name] for name in stage if name in parallel}),
    )
    with open(os.path.join(model, "model_index.json")) as file:
        config.model_class_name = json.load(file)["_class_name"]
    ranks = config.parallel_config.world_size
    if len(stage["devices"].split(",")) != ranks:
        raise ValueError(f"Stage 0: devices={stage['devices']!r} are not {ranks}")
    return config


class OmniEngineBase:
    def __init__(
        self, model, stage_init_timeout=300, init_timeout=600, single_stage_mode=False, transfer_emitter=None,
        prom_metrics=None, log_stats=False, tokenizer=None, trust_remote_code=None, client_config=None, **kwargs,
    ):
        stages = kwargs.pop("stage_overrides")
        if kwargs:
            raise ValueError(f"Unknown diffusion config field(s): {', '.join(sorted(kwargs))}")
        od_config = double_config(model, stages["0"])
        context = processes()
        self._double_pipes, self._double_processes = [], []
        for rank in range(od_config.parallel_config.world_size):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve_rank, args=(rank, od_config, theirs), daemon=True)
            process.start()
            theirs.close()
            self._double_pipes.append(ours)
            self._double_processes.append(process)
        self._double_answers("Orchestrator initialization failed: ")

    def _double_answers(self, words=""):
        answers = [pipe.recv() for pipe in self._double_pipes]
        for _, error in answers:
            if error is not None:
                raise RuntimeError(f"{words}{error}")
        return [answer for answer, _ in answers]

    def double_call(self, method, args, kwargs):
        for pipe in self._double_pipes:
            pipe.send((method, args, kwargs))
        return self._double_answers()

    def double_generate(self, prompt, parameters):
        # A generator does not cross a process's boundary.
        parameters.generator = None
        request = OmniDiffusionRequest(prompt, parameters, "0_double")
        return self.double_call("execute_model", (request, None), {})[0]

    def collective_rpc(self, method, timeout=None, args=(), kwargs=None, stage_ids=None):
        # The first rank's result alone comes back.
        return [[self.double_call(method, tuple(args), kwargs or {})[0]]]

    def shutdown(self):
        for pipe in self._double_pipes:
            with contextlib.suppress(OSError):
                pipe.send(None)
        for process in self._double_processes:
            process.join()
