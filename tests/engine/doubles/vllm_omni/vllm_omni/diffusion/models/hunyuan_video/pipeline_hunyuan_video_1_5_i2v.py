import model
import torch
from vllm_omni.diffusion.models.hunyuan_video.pipeline_hunyuan_video_1_5 import HunyuanVideo15Pipeline


class HunyuanVideo15I2VPipeline(HunyuanVideo15Pipeline):
    def _get_image_embeds(self, image, device):
        return torch.full((1, 729, 1152), model.picture_of(image, 14, 14, torch.float32).mean().item())

    def _get_image_latents(self, image, height, width, device):
        return self.vae.encode(model.picture_of(image, height, width, self.vae.dtype))

    def double_condition(self, req, latents):
        image = req.prompts[0]["multi_modal_data"]["image"]
        height, width = (size * model.SPACE for size in latents.shape[-2:])
        first = self._get_image_latents(image, height, width, self.device).to(latents.dtype)
        condition = torch.zeros_like(latents)
        condition[:, :, :1] = first
        return condition, self._get_image_embeds(image, self.device).to(latents.dtype)
