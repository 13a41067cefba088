#!/usr/bin/env python3
"""Compares the doubles with the packages that they stand for: check_signatures.py WHEEL...

Each class, function and field of a double must be in the file of the same name of the wheel, with the same arguments and
defaults, and the wheel must hold what the adapters rely on.  Wheels come from `pip download --no-deps`.  A name that
begins with `double` is the double's own.
"""

import ast
import pathlib
import re
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
# diffusers, in the releases that these two pin, has no double: its parts are known by facts.
PACKAGES = {
    "vllm_omni-0.30.0": "vllm_omni", "sglang-0.5.23": "sglang", "diffusers-0.40.0": "diffusers", "diffusers-0.37.0": "diffusers",
}
VAE = "models/autoencoders/autoencoder_kl_hunyuanvideo15.py"
TEXT = "pipelines/hunyuan_video1_5/pipeline_hunyuan_video1_5.py"
IMAGE = "pipelines/hunyuan_video1_5/pipeline_hunyuan_video1_5_image2video.py"
OWN = re.compile(r"_?double|serve_|PIPELINES|OWN_ARGUMENTS|STAGE_FIELDS|__all__")

# (file, words of it, what an adapter makes of them): lines may be broken otherwise.
FACTS = {
    "vllm_omni": [
        ("config/resolver.py", 'cli_overrides[f"stage_{stage_id}_{key}"] = value', "arguments of a stage by name are not filtered"),
        ("config/resolver.py", 'stage_overrides.get("0")', "and are taken in by an unregistered pipeline (image-to-video) too"),
        ("diffusion/data.py", 'raise ValueError(f"Unknown diffusion config field(s){suffix}: {names}")', "an unknown one raises"),
        ("config/omni_config.py", "dtype_map.get(self.dtype.lower(), torch.bfloat16)", "an unknown dtype is bfloat16"),
        ("config/omni_config.py", "devices: str", "devices is a field of a stage"),
        ("config/stage_config.py", "diffusion_attention_backend: str | None = None", "so is diffusion_attention_backend"),
        ("deploy/hunyuan_video_15.yaml", 'devices: "0"', "text-to-video has one device unless told otherwise"),
        ("deploy/hunyuan_video_15.yaml", "vae_use_tiling: true", "and tiles unless told otherwise"),
        ("diffusion/models/hunyuan_video/pipeline_hunyuan_video_1_5.py", "torch_dtype=torch.float32, ).to(self.device)",
         "the VAE is float32 whatever the rest is"),
        ("diffusion/models/hunyuan_video/pipeline_hunyuan_video_1_5.py", "self.vision_states_dim = 1152",
         "image embeddings have 1152 channels whatever the checkpoint says"),
        ("diffusion/models/hunyuan_video/pipeline_hunyuan_video_1_5.py", "guidance_scale: float = 6.0",
         "its own guidance is 6.0, not the checkpoint's guider's"),
        ("diffusion/models/hunyuan_video/pipeline_hunyuan_video_1_5.py", "do_cfg = guidance_scale > 1.0",
         "scales below 1 guide nothing"),
        ("diffusion/models/hunyuan_video/pipeline_hunyuan_video_1_5.py", '"encoder_hidden_states": prompt_embeds,',
         "a branch is known by its text"),
        ("diffusion/models/hunyuan_video/pipeline_hunyuan_video_1_5.py", "if latents is not None: return latents.to(",
         "given latents are taken whatever their shape"),
        ("diffusion/models/hunyuan_video/pipeline_hunyuan_video_1_5_i2v.py",
         "video_processor.preprocess(image, height=height, width=width)", "an image of other proportions is stretched"),
        ("diffusion/models/hunyuan_video/pipeline_hunyuan_video_1_5.py", "video_processor.postprocess_video(video",
         "pictures leave it, no floats"),
        ("diffusion/worker/diffusion_model_runner.py", "raw_outputs = self.pipeline.forward(batch)",
         "the runner calls forward() itself"),
        ("diffusion/worker/diffusion_model_runner.py", "gen_device = sampling_params.generator_device",
         "noise can be drawn on the CPU"),
        ("diffusion/worker/diffusion_worker.py", "type(class_name, (worker_extension_cls, worker_class), {})",
         "an extension's methods come before the worker's"),
        ("diffusion/worker/diffusion_worker.py", '"rank_statuses": rank_statuses', "all ranks are done when an RPC is answered"),
        ("diffusion/registry.py", '"HunyuanVideo15ImageToVideoPipeline": (', "both pipelines are known by diffusers' names"),
        ("diffusion/distributed/autoencoders/distributed_vae_executor.py", "min(self.parallel_size, self.world_size)",
         "a VAE group larger than the world shrinks"),
        ("diffusion/attention/layer.py", "Ring attention does not support attn_mask", "no mask_sp_padding under ring"),
        ("diffusion/attention/parallel/ulysses.py", "Ulysses-SP strict mode requires head_cnt divisible by ulysses_degree",
         "heads are shared out evenly"),
        ("diffusion/models/hunyuan_video/hunyuan_video_15_transformer.py", "auto_pad=True",
         "uneven tokens are filled up with zero rows"),
        ("diffusion/stage_diffusion_client.py", '"generator",', "a generator does not reach the worker, a seed does"),
    ],
    "sglang": [
        ("multimodal_gen/registry.py", 'pipeline_config_cls = DiffusersGenericPipelineConfig', "an unknown model makes pictures"),
        ("multimodal_gen/configs/sample/sampling_params.py", "self.num_frames = 1", "whose frames become one"),
        ("multimodal_gen/configs/pipeline_configs/base.py", "pipeline_config = pipeline_config_or_path",
         "a configuration that is given is taken"),
        ("multimodal_gen/configs/sample/sampling_params.py", "self.negative_prompt = self.negative_prompt.strip()",
         "negative prompts are stripped"),
        ("multimodal_gen/configs/sample/sampling_params.py", "if self.adjust_frames:", "frames are adjusted unless told otherwise"),
        ("multimodal_gen/runtime/pipelines/diffusers_pipeline.py", "batch.num_frames is not None and batch.num_frames > 1",
         "a single frame is left out"),
        ("multimodal_gen/runtime/pipelines/diffusers_pipeline.py", "kwargs.update(diffusers_kwargs)",
         "diffusers_kwargs have the last word"),
        ("multimodal_gen/runtime/pipelines/diffusers_pipeline.py", "ignored.append(k)",
         "what the pipeline has no argument for is left out (guidance_scale)"),
        ("multimodal_gen/runtime/pipelines/diffusers_pipeline.py", 'load_kwargs["torch_dtype"] = torch.float32',
         "what does not load in a type is loaded in float32"),
        ("multimodal_gen/runtime/pipelines/diffusers_pipeline.py", 'precision_attr="dit_precision"',
         "the type of all parts is dit_precision"),
        ("multimodal_gen/runtime/pipelines/diffusers_pipeline.py", 'if batch.generator_device == "cpu": return "cpu"',
         "noise can be drawn on the CPU"),
        ("multimodal_gen/runtime/utils/precision_types.py", '"float32": torch.float32', "which has torch's names"),
        ("multimodal_gen/runtime/platforms/plugins.py", 'GENERAL_PLUGINS_GROUP = "sglang.multimodal_gen.plugins"',
         "plugins are entry points of this group"),
        ("multimodal_gen/runtime/managers/worker_bootstrap.py", "load_plugins() apply_plugin_hooks()", "and each worker loads them"),
        ("srt/plugins/hook_registry.py", "return hook(original_fn, *args, **kwargs)", "a hook gets the function that it is around"),
        ("multimodal_gen/runtime/managers/memory_managers/component_residency.py",
         "pipeline_mode = assignments.get(LAYERWISE_OFFLOAD_ALL_COMPONENTS)", "residency is the whole pipeline's"),
        ("multimodal_gen/runtime/entrypoints/diffusion_generator.py", 'logger.error("Generation failed: %s", e, exc_info=True)',
         "what goes wrong is told to the log only"),
        ("multimodal_gen/configs/sample/sampling_params.py", 'negative_prompt: str = "Bright tones,',
         "models of its own have a long negative prompt"),
    ],
    "diffusers": [
        *((VAE, words, "the members that tiling is set by") for words in (
            "self.spatial_compression_ratio =", "self.use_tiling = False", "self.tile_sample_min_height = 256",
            "self.tile_latent_min_width = self.tile_sample_min_width // spatial_compression_ratio",
            "self.tile_overlap_factor = 0.25",
        )),
        (VAE, "if self.use_tiling and (width > self.tile_latent_min_width", "which tile what is larger"),
        (VAE, "overlap_width = int(self.tile_latent_min_width * (1 - self.tile_overlap_factor))", "so far apart"),
        (VAE, "def _encode(self, x: torch.Tensor)", "the whole that its tiles are of"),
        (VAE, "def _decode(self, z: torch.Tensor)", "the whole that its tiles are of"),
        (TEXT, "guider: ClassifierFreeGuidance,", "guidance is the guider's"),
        (TEXT, '"encoder_hidden_states": (prompt_embeds, negative_prompt_embeds),', "the conditional pass comes first"),
        (TEXT, "latents = self.prepare_latents(", "latents are prepared by this method"),
        (IMAGE, "height, width = self.video_processor.calculate_default_height_width(", "the size is the image's"),
        (IMAGE, 'resize(image, height=height, width=width, resize_mode="crop")', "an image is cropped"),
    ],
}


def arguments_of(function):
    """Names and defaults, without types."""
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    pairs = list(zip(positional, defaults)) + [(None, None)] * (arguments.vararg is None and bool(arguments.kwonlyargs))
    pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults))
    words = [f"{a.arg if a else '*'}{'=' + ast.unparse(d) if d is not None else ''}" for a, d in pairs]
    words += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    return words + ([f"**{arguments.kwarg.arg}"] if arguments.kwarg else [])


def default_of(field):
    """A dataclass's default; what field() says beside it is the package's affair."""
    value = field.value
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        named = {word.arg: word.value for word in value.keywords}
        value = named.get("default", named.get("default_factory"))
        return f"made by {ast.unparse(value)}" if "default_factory" in named else ast.unparse(value)
    return None if value is None else ast.unparse(value)


def named(nodes, kinds):
    """The last node of each name: overloads come before what they are of."""
    return {node.name: node for node in nodes if isinstance(node, kinds)}


def fields_of(node):
    return {item.target.id: item for item in node.body if isinstance(item, ast.AnnAssign)}


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def differences(double, real):
    """What a module's double has that the module has not, or has otherwise."""
    real_functions, real_classes = named(real.body, FUNCTIONS), named(real.body, ast.ClassDef)
    for name, function in named(double.body, FUNCTIONS).items():
        if not OWN.match(name):
            yield from different_arguments(name, function, real_functions.get(name))
    for name, node in named(double.body, ast.ClassDef).items():
        if name not in real_classes:
            # A name that is only imported there is another file's.
            yield f"class {name}: it is not there"
            continue
        other = real_classes[name]
        words = ast.unparse(other)
        for method, function in named(node.body, FUNCTIONS).items():
            if not OWN.match(method) and not (method == "__post_init__" and method in words):
                yield from different_arguments(f"{name}.{method}", function, named(other.body, FUNCTIONS).get(method))
        theirs = fields_of(other)
        for field, item in fields_of(node).items():
            if field not in theirs:
                yield f"{name}.{field}: no such field"
            elif default_of(item) != default_of(theirs[field]) and default_of(theirs[field]) is not None:
                yield f"{name}.{field}: {default_of(item)} is {default_of(theirs[field])}"
        for attribute in sorted(set(re.findall(r"self\.(\w+) = ", ast.unparse(node)))):
            if not OWN.match(attribute) and not re.search(rf"self\.{attribute}\b", words) and attribute not in theirs:
                yield f"{name}: it has no self.{attribute}"


def different_arguments(name, double, real):
    if real is None:
        yield f"{name}: it is not there"
    elif arguments_of(double) != arguments_of(real):
        yield f"{name}({', '.join(arguments_of(double))}) is ({', '.join(arguments_of(real))})"


def check(wheel):
    """Prints what differs; returns how much."""
    name = next((name for start, name in PACKAGES.items() if pathlib.Path(wheel).name.startswith(start)), None)
    if name is None:
        raise SystemExit(f"{wheel}: no wheel of {' or '.join(PACKAGES)}")
    archive = zipfile.ZipFile(wheel)
    root = HERE / name
    found, modules, facts = [], 0, 0
    for file in sorted((root / name).rglob("*.py")):
        path = str(file.relative_to(root))
        double = ast.parse(file.read_text())
        if not any(isinstance(node, (*FUNCTIONS, ast.ClassDef)) for node in double.body):
            continue
        modules += 1
        try:
            real = ast.parse(archive.read(path))
        except KeyError:
            found.append(f"{path}: it is not there")
            continue
        found += [f"{path}: {words}" for words in differences(double, real)]
    for path, words, meaning in FACTS[name]:
        facts += 1
        # Comments, line breaks and adjacent parts of one text are no difference.
        text = " ".join(re.sub(r"#[^\n\"']*\n", "\n", archive.read(f"{name}/{path}").decode()).split())
        if words not in text:
            found.append(f"{path}: '{words}' is not there any more: {meaning}")
    for words in found:
        print(words)
    print(f"{pathlib.Path(wheel).name}: {modules} modules, {facts} facts, {len(found)} differences")
    return len(found)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    sys.exit(1 if sum([check(wheel) for wheel in sys.argv[1:]]) else 0)
