"""The sizes of a case's video and of its latents, for engines that would take another without a word."""

from isoframe_engine import files
from isoframe_engine.case import setting
from isoframe_engine.checkpoint import config_of
from isoframe_engine.protocol import InputError, Unsupported


class Video:
    """A case's height, width and frames, and the shape of its latents.  Raises Unsupported where the case has no size,
    InputError where it is none of whole latents."""

    def __init__(self, engine, case):
        vae = config_of(setting(case, "checkpoint", str), "vae", "config.json")
        space, time = vae.get("spatial_compression_ratio", 16), vae.get("temporal_compression_ratio", 4)
        for name in ("height", "width"):
            if case.get(name) is None:
                raise Unsupported(f"{engine} chooses another size for an image than isoframe: give height and width")
            if setting(case, name, int) % space != 0:
                raise InputError(f"the case's {name} is {case[name]}, no multiple of {space}")
        self.height, self.width, self.frames = case["height"], case["width"], setting(case, "frames", int)
        if (self.frames - 1) % time != 0:
            raise InputError(f"the case's frames are {self.frames}, not 1 more than a multiple of {time}")
        self.latents = (
            1, vae.get("latent_channels", 32), (self.frames - 1) // time + 1, self.height // space, self.width // space,
        )

    def noise_of(self, path):
        """The initial latents in a file."""
        (noise,) = files.read_tensors(path, ["noise"])
        if tuple(noise.shape) != self.latents:
            given, asked = (" x ".join(map(str, sizes)) for sizes in (noise.shape, self.latents))
            raise InputError(f"{path}: the given latents are {given}, the case's are {asked}")
        return noise


def picture(path, height, width):
    """The image of a case, cropped and resized as diffusers' pipeline does it: engines that stretch an image, or choose
    its size, find nothing left to do."""
    from PIL import Image

    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the image cannot be read: {error}") from None
    is_wider = width / height > image.width / image.height
    scaled_width = width if is_wider else image.width * height // image.height
    scaled_height = image.height * width // image.width if is_wider else height
    scaled = image.resize((scaled_width, scaled_height), resample=Image.Resampling.LANCZOS)
    cropped = Image.new("RGB", (width, height))
    cropped.paste(scaled, box=(width // 2 - scaled_width // 2, height // 2 - scaled_height // 2))
    return cropped
