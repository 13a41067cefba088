import inspect
import json
import os

import model
import record
import torch
from double_diffusers import HunyuanVideo15ImageToVideoPipeline, HunyuanVideo15Pipeline


class DiffusersExecutionStage:
    def __init__(self, diffusers_pipe):
        self.diffusers_pipe = diffusers_pipe

    def forward(self, batch, server_args):
        kwargs, ignored = self._filter_pipeline_kwargs(self._build_pipeline_kwargs(batch))
        record.note("ignored", names=ignored)
        with torch.no_grad():
            batch.output = self.diffusers_pipe(**kwargs).frames
        return batch

    def _filter_pipeline_kwargs(self, kwargs, *, strict=False):
        valid = inspect.signature(self.diffusers_pipe.__call__).parameters
        return {k: v for k, v in kwargs.items() if k in valid}, [k for k in kwargs if k not in valid]

    def _build_pipeline_kwargs(self, batch):
        kwargs = {"prompt": batch.prompt, "num_inference_steps": batch.num_inference_steps}
        kwargs |= {"guidance_scale": batch.guidance_scale, "height": batch.height, "width": batch.width}
        if batch.negative_prompt:
            kwargs["negative_prompt"] = batch.negative_prompt
        if batch.num_frames > 1:
            kwargs["num_frames"] = batch.num_frames
        device = "cpu" if batch.generator_device == "cpu" else "a GPU's own generator"
        kwargs["generator"] = torch.Generator(device=device).manual_seed(batch.seed)
        if batch.image_path:
            from PIL import Image

            kwargs["image"] = Image.open(batch.image_path).convert("RGB")
        kwargs.update(batch.extra.get("diffusers_kwargs", {}))
        return kwargs


class DiffusersPipeline:
    def __init__(self, model_path, server_args, required_config_modules=None, loaded_modules=None, executor=None):
        self.server_args = server_args
        self.model_path = model_path
        self.diffusers_pipe = self._load_diffusers_pipeline(model_path, server_args)

    def _load_diffusers_pipeline(self, model_path, server_args):
        with open(os.path.join(model_path, "model_index.json")) as file:
            name = json.load(file)["_class_name"]
        with open(os.path.join(model_path, "guider/guider_config.json")) as file:
            scale = json.load(file)["guidance_scale"]
        kinds = (HunyuanVideo15Pipeline, HunyuanVideo15ImageToVideoPipeline)
        kind = next(kind for kind in kinds if kind.__name__ == name)
        return kind(model.is_dtype(server_args.pipeline_config.dit_precision), scale)
