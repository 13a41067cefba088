import model
import record
import torch
from vllm_omni.diffusion.data import DiffusionOutput
from vllm_omni.diffusion.distributed.autoencoders.autoencoder_kl_hunyuan_video_15 import (
    DistributedAutoencoderKLHunyuanVideo15,
)


class HunyuanVideo15Pipeline(torch.nn.Module):
    def __init__(self, *, od_config, prefix=""):
        super().__init__()
        self.od_config = od_config
        self.device = torch.device("cpu")
        self.transformer = model.Transformer(model.is_dtype(od_config.dtype))
        self.vae = DistributedAutoencoderKLHunyuanVideo15(torch.float32)
        self.vae.double_rank = od_config.double_rank
        self.vae.double_ranks = od_config.parallel_config.vae_patch_parallel_size
        self.scheduler = model.Scheduler()

    def encode_prompt(self, prompt, device, dtype, negative_prompt=None, do_classifier_free_guidance=False):
        negative = model.text_of(negative_prompt or "", dtype) if do_classifier_free_guidance else None
        return (model.text_of(prompt, dtype), None, None, None, negative, None, None, None)

    def prepare_latents(self, batch_size, height, width, num_frames, dtype, device, generator=None, latents=None):
        if latents is not None:
            return latents.to(device=device, dtype=dtype)
        return model.drawn(model.latents_shape(height, width, num_frames), generator, dtype)

    def predict_noise(self, **kwargs):
        return self.transformer(**kwargs)[0]

    def double_condition(self, req, latents):
        return torch.zeros_like(latents), torch.zeros(1, 729, 1152, dtype=latents.dtype)

    def forward(
        self, req, num_inference_steps=50, guidance_scale=6.0, height=480, width=832, num_frames=121, output_type="np",
        generator=None, **kwargs,
    ):
        asked = req.sampling_params
        if asked.guidance_scale_provided:
            guidance_scale = asked.guidance_scale
        do_cfg = guidance_scale > 1.0
        dtype = self.transformer.transformer_blocks[0].norm1.linear.weight.dtype
        self.double_note(req, guidance_scale)
        prompt = req.prompts[0]
        texts = self.encode_prompt(
            prompt=prompt["prompt"], device=self.device, dtype=dtype, negative_prompt=prompt.get("negative_prompt"),
            do_classifier_free_guidance=do_cfg,
        )
        latents = self.prepare_latents(
            batch_size=1, height=asked.height or height, width=asked.width or width,
            num_frames=asked.num_frames or num_frames, dtype=dtype, device=self.device, generator=asked.generator,
            latents=asked.latents,
        )
        condition, image_embeds = self.double_condition(req, latents)
        self.scheduler.set_timesteps(sigmas=model.sigmas_of(asked.num_inference_steps or num_inference_steps))
        for time in self.scheduler.timesteps:
            shared = {
                "hidden_states": torch.cat([latents, condition], 1), "timestep": time, "timestep_r": None,
                "image_embeds": image_embeds, "return_dict": False,
            }
            branches = [shared | {"encoder_hidden_states": text} for text in (texts[0], texts[4]) if text is not None]
            noise = self.double_predict(branches, guidance_scale)
            latents = self.scheduler.step(noise, time, latents, return_dict=False)[0]
        output = self.vae.decode(latents.to(self.vae.dtype) / self.vae.config.scaling_factor, return_dict=False)[0]
        return DiffusionOutput(output=output)

    def double_predict(self, branches, scale):
        size = self.od_config.parallel_config.cfg_parallel_size if len(branches) == 2 else 1
        own = self.od_config.double_rank % size
        # What another rank of the guidance computes comes without a call of this rank's module.
        results = [
            self.predict_noise(**branch) if size == 1 or number == own else self.transformer.forward(**branch)[0]
            for number, branch in enumerate(branches)
        ]
        return results[0] if len(results) == 1 else results[1] + scale * (results[0] - results[1])

    def double_note(self, req, guidance_scale):
        vae = self.vae
        record.note(
            "forward", rank=self.od_config.double_rank, pipeline=type(self).__name__, guidance_scale=guidance_scale,
            parameters=vars(req.sampling_params), prompt=req.prompts[0], vae_dtype=str(vae.dtype),
            tiling=[vae.use_tiling, vae.tile_sample_min_height, vae.tile_latent_min_width, vae.tile_overlap_factor],
            threads=torch.get_num_threads(), tf32=torch.backends.cuda.matmul.allow_tf32,
            image=list(image.size) if (image := req.prompts[0].get("multi_modal_data", {}).get("image")) else None,
        )
