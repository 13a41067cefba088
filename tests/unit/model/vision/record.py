#!/usr/bin/env python3
"""Records how Pillow, diffusers and transformers process pictures: data/reference.safetensors and picture files.

Run it with the Python of the reference environment (ci/setup --reference). Large pictures and weights are not stored:
`noise` and `weight` below and their twins in reference_data.h give both sides the same numbers.
"""

import pathlib

import numpy
import torch
from diffusers.pipelines.hunyuan_video1_5.image_processor import HunyuanVideo15ImageProcessor
from diffusers.utils import load_image
from PIL import Image
from safetensors.torch import save_file
from transformers import SiglipImageProcessorPil, SiglipVisionConfig, SiglipVisionModel

DATA = pathlib.Path(__file__).parent / "data"

# name: height and width of the picture, then of the result. Landscape, portrait, square; smaller and much larger; the
# source's own size on one side and on both; more rows than columns lost, and as many.
CROPS = {
    "landscape": (369, 640, 48, 80),
    "portrait": (240, 100, 112, 64),
    "square": (200, 200, 64, 64),
    "small": (11, 17, 48, 80),
    "large": (1000, 700, 32, 48),
    "narrow": (3, 300, 48, 48),
    "tall": (300, 1, 48, 32),
    "same": (48, 64, 48, 64),
    "same_height": (48, 100, 48, 64),
    "tie": (100, 100, 80, 80),
}
# name: filter, height and width of the picture, mean and deviation
PROCESSORS = {
    "lanczos": (1, 40, 70, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "bilinear": (2, 90, 20, (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)),
    "bicubic": (3, 48, 80, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
SIGLIP = dict(hidden_size=36, intermediate_size=50, num_hidden_layers=3, num_attention_heads=3, image_size=53,
              patch_size=10, layer_norm_eps=1e-5)


def hashed(name, count):
    """Returns `count` values of 32 random bits, seeded by the name."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    mask = numpy.uint64(0xFFFFFFFF)
    x = (numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(seed)) & mask
    x = (x * numpy.uint64(2654435761)) & mask
    x ^= x >> numpy.uint64(16)
    x = (x * numpy.uint64(2246822519)) & mask
    return x ^ (x >> numpy.uint64(13))


def noise(name, height, width):
    values = hashed(name, height * width * 3) >> numpy.uint64(24)
    return Image.fromarray(values.astype(numpy.uint8).reshape(height, width, 3))


def weight(name, shape):
    uniform = hashed(name, int(numpy.prod(shape))).astype(numpy.float64) / 2**31 - 1
    if "norm" in name and name.endswith("weight"):
        values = 1 + 0.2 * uniform
    elif len(shape) == 1 or "position" in name:
        values = 0.5 * uniform
    else:
        values = uniform * numpy.sqrt(3.0 / numpy.prod(shape[1:]))
    return torch.from_numpy(values.astype(numpy.float32).reshape(shape))


def pixels(image):
    return torch.from_numpy(numpy.array(image))


def write_pictures():
    """Writes one file of each kind; some modes have pixels that only a conversion by Pillow's rules gets right."""
    y, x = numpy.mgrid[0:12, 0:20]
    smooth = numpy.stack([12 * x, 20 * y, 255 - 6 * (x + y)], -1).astype(numpy.uint8)
    colour = Image.fromarray(smooth)
    alpha = colour.copy()
    alpha.putalpha(Image.fromarray((13 * x).astype(numpy.uint8)))
    grey = colour.convert("L")
    pictures = {
        "rgb.png": colour, "rgba.png": alpha, "grey.png": grey, "grey_alpha.png": alpha.convert("LA"),
        "palette.png": colour.quantize(16), "palette_alpha.png": alpha.quantize(16),
        "bits.png": colour.convert("1"), "colour.jpg": colour, "grey.jpg": grey, "lossy.webp": colour,
        "lossless.webp": colour, "alpha.webp": alpha,
        "grey16.png": Image.fromarray((smooth[..., 0].astype(numpy.uint16) << 1)),
    }
    for name, picture in pictures.items():
        options = {"lossless": True} if name in ("lossless.webp", "alpha.webp") else {}
        picture.save(DATA / name, **options)
    import cv2  # Pillow writes no colours of 16 bits

    cv2.imwrite(str(DATA / "rgb16.png"), smooth.astype(numpy.uint16) * 256 + 200)
    cv2.imwrite(str(DATA / "rgba16.png"), numpy.array(alpha).astype(numpy.uint16) * 256 + 129)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        colour.crop((0, 0, 5, 3)).save(DATA / f"turned{orientation}.png", exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    colour.save(DATA / "turned.jpg", exif=exif)
    colour.save(DATA / "turned.webp", exif=exif, lossless=True)


@torch.no_grad()
def main():
    DATA.mkdir(exist_ok=True)
    write_pictures()
    recorded = {}
    for path in sorted(DATA.iterdir()):
        if path.suffix in (".png", ".jpg", ".webp"):
            recorded[f"load.{path.name}"] = pixels(load_image(str(path)))
    processor = HunyuanVideo15ImageProcessor(do_resize=False, do_convert_rgb=True)
    for name, (height, width, to_height, to_width) in CROPS.items():
        image = noise(name, height, width)
        cropped = processor.resize(image, height=to_height, width=to_width, resize_mode="crop")
        recorded[f"crop.{name}"] = pixels(cropped)
    recorded["frame"] = processor.preprocess(noise("frame", 16, 32))
    for name, (resample, height, width, mean, std) in PROCESSORS.items():
        extractor = SiglipImageProcessorPil(size={"height": 29, "width": 29}, resample=resample, image_mean=mean,
                                            image_std=std)
        values = extractor.preprocess(images=noise(name, height, width), do_resize=True, return_tensors="pt",
                                      do_convert_rgb=True)
        recorded[f"processor.{name}"] = values["pixel_values"]
    model = SiglipVisionModel(SiglipVisionConfig(**SIGLIP)).eval()
    for name, parameter in model.named_parameters():
        parameter.copy_(weight(name, tuple(parameter.shape)))
    values = weight("pixel_values", (1, 3, 53, 53))
    recorded["siglip"] = model(pixel_values=values).last_hidden_state
    save_file({name: tensor.contiguous() for name, tensor in recorded.items()}, DATA / "reference.safetensors")


if __name__ == "__main__":
    main()
