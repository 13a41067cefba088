import traceback

import model
import record
from sglang.multimodal_gen.configs.sample.sampling_params import SamplingParams
from sglang.multimodal_gen.runtime.entrypoints.utils import GenerationResult, prepare_request
from sglang.multimodal_gen.runtime.platforms.plugins import apply_plugin_hooks
from sglang.multimodal_gen.runtime.server_args.server_args import ServerArgs


def serve_scheduler(server_args, pipe):
    """The worker process, which applies its plugins before anything of its runtime is used."""
    model.end_with_parent()
    apply_plugin_hooks()
    from sglang.multimodal_gen.runtime.pipelines.diffusers_pipeline import DiffusersExecutionStage, DiffusersPipeline

    stage = DiffusersExecutionStage(DiffusersPipeline(server_args.model_path, server_args).diffusers_pipe)
    pipe.send("ready")
    while (batch := pipe.recv()) is not None:
        try:
            pipe.send((stage.forward(batch, server_args).output, None))
        except Exception as error:
            pipe.send((None, f"Error executing request: {error}"))


class DiffGenerator:
    def __init__(self, server_args):
        self.server_args = server_args
        self.local_scheduler_process = None

    @classmethod
    def from_pretrained(cls, local_mode=True, **kwargs):
        apply_plugin_hooks()
        instance = cls(ServerArgs.from_kwargs(**kwargs))
        record.note("generator", **kwargs, pipeline_config_fields=vars(kwargs["pipeline_config"]))
        context = model.processes()
        instance._double_pipe, theirs = context.Pipe()
        process = context.Process(target=serve_scheduler, args=(instance.server_args, theirs), daemon=True)
        process.start()
        theirs.close()
        instance.local_scheduler_process = [process]
        instance._double_pipe.recv()
        return instance

    def generate(self, sampling_params_kwargs=None, external_trace_header=None):
        parameters = SamplingParams.from_user_sampling_params_args(
            self.server_args.model_path, server_args=self.server_args, **sampling_params_kwargs
        )
        record.note("parameters", **vars(parameters))
        try:
            self._double_pipe.send(prepare_request(server_args=self.server_args, sampling_params=parameters))
            output, error = self._double_pipe.recv()
            if error:
                raise Exception(error)
        except Exception:
            # Whatever went wrong is in its log, and nowhere else.
            traceback.print_exc()
            return None
        return GenerationResult(frames=model.pictures_of(output))

    def shutdown(self):
        self._double_pipe.send(None)
        for process in self.local_scheduler_process:
            process.join()
