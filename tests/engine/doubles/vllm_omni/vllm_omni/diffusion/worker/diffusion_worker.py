import importlib

import torch
from vllm_omni.diffusion.worker.diffusion_model_runner import DiffusionModelRunner


class DiffusionWorker:
    def __init__(self, local_rank, rank, od_config, skip_load_model=False):
        self.local_rank = local_rank
        self.rank = rank
        self.od_config = od_config
        self.device = torch.device("cpu")
        self.model_runner = DiffusionModelRunner(vllm_config=None, od_config=od_config, device=self.device)
        self.load_model(load_format=od_config.diffusion_load_format)

    def load_model(self, load_format="default", custom_pipeline_name=None, **kwargs):
        # The double's model needs to know which rank of parallel guidance it is.
        self.od_config.double_rank = self.rank
        self.model_runner.load_model(load_format=load_format)

    def execute_model(self, req, od_config, kv_prefetch_job=None, diffusion_kv_metadata=None):
        return self.model_runner.execute_model(req)


class WorkerWrapperBase:
    def __init__(
        self, gpu_id, od_config, base_worker_class=DiffusionWorker, wake_event=None, worker_extension_cls=None,
        custom_pipeline_args=None,
    ):
        self.base_worker_class = base_worker_class
        self.worker_extension_cls = worker_extension_cls
        self.worker = self._prepare_worker_class()(local_rank=gpu_id, rank=gpu_id, od_config=od_config)

    def _prepare_worker_class(self):
        worker_class = self.base_worker_class
        if self.worker_extension_cls:
            module, name = self.worker_extension_cls.rsplit(".", 1)
            extension = getattr(importlib.import_module(module), name)
            worker_class = type(f"{worker_class.__name__}With{name}", (extension, worker_class), {})
        return worker_class

    def execute_method(self, method, *args, **kwargs):
        return getattr(self.worker, method)(*args, **kwargs)
