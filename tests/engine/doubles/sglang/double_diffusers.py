"""diffusers' two pipelines for HunyuanVideo 1.5 as far as a worker of SGLang's meets them."""

import types

import model
import record
import torch


class Guider:
    def __init__(self, guidance_scale):
        self.guidance_scale = guidance_scale


class VideoProcessor:
    def calculate_default_height_width(self, height, width, target_size):
        return 480, 480


class HunyuanVideo15Pipeline:
    def __init__(self, dtype, scale):
        self.dtype = dtype
        self.transformer = model.Transformer(dtype)
        self.vae = model.Vae(dtype)
        self.scheduler = model.Scheduler()
        self.guider = Guider(scale)
        self.video_processor = VideoProcessor()

    def encode_prompt(
        self, prompt, device=None, dtype=None, batch_size=1, num_videos_per_prompt=1, prompt_embeds=None,
        prompt_embeds_mask=None, prompt_embeds_2=None, prompt_embeds_mask_2=None,
    ):
        return (model.text_of(prompt, dtype), None, None, None)

    def prepare_latents(
        self, batch_size, num_channels_latents=32, height=720, width=1280, num_frames=129, dtype=None, device=None,
        generator=None, latents=None,
    ):
        if latents is not None:
            return latents.to(device=device, dtype=dtype)
        return model.drawn(model.latents_shape(height, width, num_frames), generator, dtype)

    def __call__(
        self, prompt=None, negative_prompt=None, height=None, width=None, num_frames=121, num_inference_steps=50,
        sigmas=None, num_videos_per_prompt=1, generator=None, latents=None, output_type="np", return_dict=True,
        attention_kwargs=None,
    ):
        return self.double_call(prompt, negative_prompt, height, width, num_frames, num_inference_steps, generator, latents)

    def double_call(self, prompt, negative_prompt, height, width, frames, steps, generator, latents, image=None):
        vae, scale = self.vae, self.guider.guidance_scale
        record.note(
            "call", pipeline=type(self).__name__, prompt=prompt, negative_prompt=negative_prompt, height=height, width=width,
            frames=frames, steps=steps, guidance_scale=scale, seed=generator.initial_seed(), image=image and list(image.size),
            tiling=[vae.use_tiling, vae.tile_sample_min_height, vae.tile_latent_min_width, vae.tile_overlap_factor],
            threads=torch.get_num_threads(), tf32=torch.backends.cuda.matmul.allow_tf32, vae_dtype=str(vae.dtype),
        )
        texts = [self.encode_prompt(prompt=prompt, device=None, dtype=self.dtype)[0]]
        if not model.is_close_to_one(scale):
            texts.append(self.encode_prompt(prompt=negative_prompt or "", device=None, dtype=self.dtype)[0])
        latents = self.prepare_latents(1, 32, height, width, frames, self.dtype, None, generator, latents)
        condition, image_embeds = self.double_condition(latents, image)
        self.scheduler.set_timesteps(sigmas=model.sigmas_of(steps))
        for time in self.scheduler.timesteps:
            results = [
                self.transformer(
                    hidden_states=torch.cat([latents, condition], 1), timestep=time, encoder_hidden_states=text.clone(),
                    image_embeds=image_embeds, return_dict=False,
                )[0]
                for text in texts
            ]
            noise = results[0] if len(results) == 1 else results[1] + scale * (results[0] - results[1])
            latents = self.scheduler.step(noise, time, latents, return_dict=False)[0]
        video = self.vae.decode(latents.to(self.vae.dtype) / self.vae.config.scaling_factor, return_dict=False)[0]
        return types.SimpleNamespace(frames=video)

    def double_condition(self, latents, image):
        return torch.zeros_like(latents), torch.zeros(1, 729, 1152, dtype=latents.dtype)


class HunyuanVideo15ImageToVideoPipeline(HunyuanVideo15Pipeline):
    target_size = 640

    def __call__(
        self, image, prompt=None, negative_prompt=None, num_frames=121, num_inference_steps=50, sigmas=None,
        num_videos_per_prompt=1, generator=None, latents=None, output_type="np", return_dict=True, attention_kwargs=None,
    ):
        height, width = self.video_processor.calculate_default_height_width(
            height=image.size[1], width=image.size[0], target_size=self.target_size
        )
        return self.double_call(
            prompt, negative_prompt, height, width, num_frames, num_inference_steps, generator, latents, image
        )

    def _get_image_embeds(self, image_encoder, feature_extractor, image, device):
        return torch.full((1, 729, 1152), model.picture_of(image, 14, 14, torch.float32).mean().item())

    def encode_image(self, image, batch_size, device, dtype):
        return self._get_image_embeds(None, None, image, device).to(dtype)

    def _get_image_latents(self, vae, image_processor, image, height, width, device):
        return vae.encode(model.picture_of(image, height, width, vae.dtype))

    def double_condition(self, latents, image):
        height, width = (size * model.SPACE for size in latents.shape[-2:])
        condition = torch.zeros_like(latents)
        condition[:, :, :1] = self._get_image_latents(self.vae, None, image, height, width, None)
        return condition, self.encode_image(image, 1, None, latents.dtype)
