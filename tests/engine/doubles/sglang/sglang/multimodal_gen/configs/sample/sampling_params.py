from dataclasses import dataclass

from sglang.multimodal_gen.configs.task_type import ModelTaskType


@dataclass
class SamplingParams:
    image_path: str | list[str] | None = None
    prompt: str | list[str] | None = None
    negative_prompt: str = "Bright tones, overexposed, static, blurred details, subtitles, style, works, paintings, images, static, overall gray, worst quality, low quality, JPEG compression residue, ugly, incomplete, extra fingers, poorly drawn hands, poorly drawn faces, deformed, disfigured, misshapen limbs, fused fingers, still picture, messy background, three legs, many people in the background, walking backwards"
    output_path: str | None = None
    quality: str = "lossless"
    num_outputs_per_prompt: int = 1
    seed: int | list[int] = 42
    generator_device: str | None = None
    num_frames: int = 1
    num_frames_round_down: bool = False
    height: int | None = None
    width: int | None = None
    fps: int = 24
    num_inference_steps: int = None
    guidance_scale: float = 1.0
    true_cfg_scale: float = None
    save_output: bool = True
    return_frames: bool = False
    adjust_frames: bool = True
    return_file_paths_only: bool = True
    diffusers_kwargs: dict | None = None

    @staticmethod
    def from_user_sampling_params_args(model_path, server_args, *args, **kwargs):
        from sglang.multimodal_gen.configs.sample.diffusers_generic import DiffusersGenericSamplingParams

        parameters = DiffusersGenericSamplingParams(*args, **kwargs)
        parameters._adjust(server_args)
        return parameters

    def _adjust(self, server_args):
        """What it changes without a word, or with one in its log."""
        config = server_args.pipeline_config
        if not self.negative_prompt.isspace():
            self.negative_prompt = self.negative_prompt.strip()
        if config.task_type is ModelTaskType.T2I:
            self.num_frames = 1
        elif self.adjust_frames and server_args.num_gpus > 1:
            self.num_frames = -(-self.num_frames // server_args.num_gpus) * server_args.num_gpus
        if config.task_type is ModelTaskType.I2V and not self.image_path:
            raise ValueError("Served model with task type 'I2V' requires an 'image_path' input, but none was provided")
        if config.task_type is not ModelTaskType.I2V and self.image_path is not None:
            raise ValueError(f"input_reference is not supported for {config.task_type.name} models.")
