import torch
from vllm_omni.diffusion.models.hunyuan_video.pipeline_hunyuan_video_1_5 import HunyuanVideo15Pipeline
from vllm_omni.diffusion.models.hunyuan_video.pipeline_hunyuan_video_1_5_i2v import HunyuanVideo15I2VPipeline
from vllm_omni.diffusion.worker.request_batch import DiffusionRequestBatch

PIPELINES = {
    "HunyuanVideo15Pipeline": HunyuanVideo15Pipeline,
    "HunyuanVideo15ImageToVideoPipeline": HunyuanVideo15I2VPipeline,
}


class DiffusionModelRunner:
    def __init__(self, vllm_config, od_config, device):
        self.vllm_config = vllm_config
        self.od_config = od_config
        self.device = device
        self.pipeline = None

    def load_model(self, memory_pool_context_fn=None, load_format="default", custom_pipeline_name=None):
        self.pipeline = PIPELINES[self.od_config.model_class_name](od_config=self.od_config)
        self.pipeline.vae.use_tiling = self.od_config.vae_use_tiling

    def execute_model(self, req, kv_prefetch_job=None, diffusion_kv_metadata=None):
        self._initialize_generator(req.sampling_params)
        with torch.inference_mode():
            return self.pipeline.forward(DiffusionRequestBatch([req]))

    def _initialize_generator(self, sampling_params):
        device = sampling_params.generator_device or "a GPU's own generator"
        sampling_params.generator = torch.Generator(device=device).manual_seed(sampling_params.seed)
