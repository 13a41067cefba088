"""isoframe's probe points in diffusers' pipelines, by hooks, whichever engine brings the transformer.

A place has the name and the stages that isoframe gives it, and a tensor isoframe's shape: valid rows only, tokens of the
video apart from those of the condition.  Points without a counterpart (exchanges, blending) are not shown.
"""

import numpy
import torch
import torch.distributed
from diffusers.models.transformers import transformer_hunyuan_video15

from isoframe_engine.recording import (
    FRAMES,
    HEADS_OF_TOKENS,
    PICTURE,
    PICTURES,
    ROTARY,
    TOKENS,
    TOKENS_OF_HEADS,
    VECTOR,
    VIDEO,
)
from isoframe_engine.replaced import replaced


def first_of(result):
    return result[0] if isinstance(result, tuple) else result


class Probes:
    """Those of diffusers' own transformer.  Another one overrides what depends on how it splits its tokens and calls
    its attention."""

    def __init__(self, pipe, generation, observer, ranks, rank):
        self._pipe = pipe
        self._generation = generation
        self._show = observer.show
        self._ranks, self._rank = ranks, rank
        self._branch = ""
        self._prompts = 0
        self._tiles = {"encode": 0, "decode": 0}

    def attach(self, stack):
        """Watches the pipeline until `stack` is left."""
        self._stack = stack
        pipe = self._pipe
        self._watch_text(pipe)
        if self._generation.is_image_to_video:
            self._watch_image(pipe)
        self._watch_latents(pipe)
        self._watch_transformer(pipe.transformer)
        for index, block in enumerate(pipe.transformer.transformer_blocks):
            self._watch_block(index, block)
        self._watch_attention()
        self._watch_vae(pipe.vae)

    def show_frames(self, frames):
        self._show("", "frames", frames, FRAMES)

    # The ways to look at something; none of them changes what it sees.

    def _before(self, owner, name, look):
        """Calls look(arguments, named arguments) before each call of a function."""

        def make(function):
            def watched(*arguments, **named):
                look(arguments, named)
                return function(*arguments, **named)

            return watched

        self._stack.enter_context(replaced(owner, name, make))

    def _after(self, owner, name, look):
        """Calls look(result, arguments, named arguments) after each call of a function."""

        def make(function):
            def watched(*arguments, **named):
                result = function(*arguments, **named)
                look(result, arguments, named)
                return result

            return watched

        self._stack.enter_context(replaced(owner, name, make))

    def _output(self, module, look):
        def hook(module, arguments, result):
            look(result)

        self._stack.callback(module.register_forward_hook(hook).remove)

    def _input(self, module, look, *, first=False):
        """Calls look(arguments, named arguments) before each call of a module; `first`: before other hooks."""

        def hook(module, arguments, named):
            look(arguments, named)

        handle = module.register_forward_pre_hook(hook, with_kwargs=True, prepend=first)
        self._stack.callback(handle.remove)

    # Text.

    def _watch_text(self, pipe):
        # encode_prompt() is called for the prompt, then for the negative one.
        self._before(pipe, "encode_prompt", self._begin_prompt)
        self._after(pipe, "encode_prompt", self._show_prompt)
        for encoder, layers, name in (
            # The pipeline takes what the last two layers are given, and isoframe does not run them.
            (pipe.text_encoder, pipe.text_encoder.layers[:-2], "text_encoder.layers"),
            (pipe.text_encoder_2, pipe.text_encoder_2.encoder.block, "text_encoder_2.block"),
        ):
            rows = {}

            def remember(arguments, named, rows=rows):
                rows["valid"] = named["attention_mask"][0].bool()

            self._input(encoder, remember)
            for index, layer in enumerate(layers):

                def show(result, index=index, rows=rows, name=name):
                    self._show(self._branch, name, first_of(result)[:, rows["valid"]], TOKENS, index, is_copy=True)

                self._output(layer, show)

    def _begin_prompt(self, arguments, named):
        self._branch = "text/text.unconditional" if self._prompts else "text/text.conditional"
        self._prompts += 1

    def _show_prompt(self, result, arguments, named):
        text, text_mask, glyphs, glyph_mask = result
        self._show(self._branch, "prompt_embeds", text[:, text_mask[0].bool()], TOKENS, is_copy=True)
        self._show(self._branch, "prompt_embeds_2", glyphs[:, glyph_mask[0].bool()], TOKENS, is_copy=True)

    # The first frame.

    def _watch_image(self, pipe):
        def show_image(result, arguments, named):
            self._show("image", "image", torch.from_numpy(numpy.array(result)), PICTURE, is_copy=True)

        def show_pixels(arguments, named):
            self._show("image", "image_encoder.pixel_values", named["pixel_values"], PICTURES)

        self._after(pipe.video_processor, "resize", show_image)
        self._input(pipe.image_encoder, show_pixels)
        for index, layer in enumerate(pipe.image_encoder.encoder.layers):

            def show(result, index=index):
                self._show("image", "image_encoder.layer", first_of(result), TOKENS, index)

            self._output(layer, show)
        self._after(pipe, "encode_image", lambda result, *_: self._show("image", "image_embeds", result, TOKENS))
        self._after(pipe, "_get_image_latents", lambda result, *_: self._show("", "image_latents", result, VIDEO))

    # Latents, guidance and scheduler.

    def _watch_latents(self, pipe):
        def show_first_frame(result, arguments, named):
            self._show(self._generation.denoise_place(), "first_frame", torch.cat(result, 1), VIDEO, is_copy=True)

        def show_guidance(result, arguments, named):
            place = self._generation.step_place(len(self._generation.step_latents))
            if named.get("pred_uncond") is not None:
                # Guidance is computed already.
                self._show(place, "guidance.conditional", named["pred_cond"], VIDEO, is_copy=True)
                self._show(place, "guidance.unconditional", named["pred_uncond"], VIDEO, is_copy=True)
            self._show(place, "guidance", result.pred, VIDEO)

        def show_latents(result, arguments, named):
            # The generation has counted the step already.
            step = len(self._generation.step_latents) - 1
            self._show(self._generation.step_place(step), "latents", result[0], VIDEO, step)

        self._after(pipe, "prepare_latents", lambda result, *_: self._show("", "initial_latents", result, VIDEO))
        self._after(pipe, "prepare_cond_latents_and_mask", show_first_frame)
        self._after(pipe.guider, "forward", show_guidance)
        self._after(pipe.scheduler, "step", show_latents)

    # The transformer.

    def _share(self, whole):
        """(begin, length) of this rank's share of so many tokens; diffusers splits as tensor_split() does."""
        each, more = divmod(whole, self._ranks)
        return self._rank * each + min(self._rank, more), each + (self._rank < more)

    def _split_video(self, whole):
        """(begin, length, held) of this rank's share of the video's tokens; `held` counts padding after them."""
        begin, length = self._share(whole)
        return begin, length, length

    def _split_condition(self, whole):
        """(begin, length, is a part) of this rank's share of the condition's valid tokens."""
        return *self._share(whole), self._ranks > 1

    def _watch_attention(self):
        self._before(transformer_hunyuan_video15, "dispatch_attention_fn", self._show_heads_in)
        self._after(transformer_hunyuan_video15, "dispatch_attention_fn", self._show_heads_out)

    def _show_condition_tokens(self, condition):
        """Shows block 0's condition, which the hook sees before its padding is trimmed and its tokens are split."""
        self._show(self._place, "condition_tokens", condition[:, : self._condition], TOKENS)

    def _show_projected(self, result):
        """Shows what proj_out gives; a layout's hook has gathered it."""
        if self._ranks == 1:
            self._show(self._place, "proj_out", result, TOKENS, shares=[(1, 0, self._tokens)])
        self._show(self._place, "proj_out.gathered", result, TOKENS)

    def _watch_transformer(self, transformer):
        def begin(arguments, named):
            self._place = self._generation.pass_place()
            self._rows = named["encoder_attention_mask"][0].bool()
            self._glyph_rows = named["encoder_attention_mask_2"][0].bool()

        def show_embedded(hidden):
            self._tokens = hidden.shape[1]
            self._begin, self._length, self._held = self._split_video(self._tokens)
            self._show(self._place, "x_embedder", hidden, TOKENS, shares=[(1, 0, self._tokens)])

        def show_glyphs(result):
            if self._glyph_rows.any():
                self._show(self._place, "context_embedder_2", result[:, self._glyph_rows], TOKENS, is_copy=True)

        def show_image(result):
            if self._generation.is_image_to_video:
                self._show(self._place, "image_embedder", result, TOKENS)

        def show_first(arguments, named):
            _, condition, _, mask, rotary = arguments
            self._condition = int(mask.sum())
            self._condition_begin, self._condition_length, self._has_part = self._split_condition(self._condition)
            self._show_condition_tokens(condition)
            for name, table in zip(("rotary.cos", "rotary.sin"), rotary):
                # Every angle is there twice, once for each of the two numbers that it turns.
                table = table[: self._length, ::2]
                self._show(self._place, name, table, ROTARY, shares=[(0, self._begin, self._tokens)], is_copy=True)

        self._input(transformer, begin)
        self._output(transformer.time_embed, lambda result: self._show(self._place, "time_embed", result, VECTOR))
        self._output(transformer.x_embedder, show_embedded)
        self._output(
            transformer.context_embedder,
            lambda result: self._show(self._place, "context_embedder", result[:, self._rows], TOKENS, is_copy=True),
        )
        self._output(transformer.context_embedder_2, show_glyphs)
        self._output(transformer.image_embedder, show_image)
        # Before diffusers' own hooks.
        self._input(transformer.transformer_blocks[0], show_first, first=True)
        self._output(transformer.proj_out, self._show_projected)

    def _show_video(self, name, tensor, axes, block, *, heads=None, is_copy=False):
        """Shows this rank's tokens of the video, which padding may follow.  heads: the dimension of heads, all of which
        are there."""
        tokens = axes.index("tokens")
        tensor = tensor.narrow(tokens, 0, self._length)
        shares = [(tokens, self._begin, self._tokens)]
        if heads is not None:
            shares.append((heads, 0, tensor.shape[heads]))
        self._show(self._place, name, tensor, axes, block, sorted(shares), is_copy)

    def _show_condition(self, name, tensor, axes, block, *, heads=None, is_copy=False):
        """Shows this rank's valid tokens of the condition, which a single rank has followed by padding."""
        tokens = axes.index("tokens")
        tensor = tensor.narrow(tokens, 0, self._condition_length)
        shares = [(tokens, self._condition_begin, self._condition)] if self._has_part else []
        if heads is not None:
            shares.append((heads, 0, tensor.shape[heads]))
        self._show(self._place, f"{name}.context", tensor, axes, block, sorted(shares), is_copy)

    def _show_both(self, name, tensor, axes, *, heads=None, is_copy=False):
        """Shows a tensor of [video | condition] tokens as the two that isoframe has."""
        tokens = axes.index("tokens")
        rest = tensor.shape[tokens] - self._held
        self._show_video(name, tensor, axes, self._block, heads=heads, is_copy=is_copy)
        condition = tensor.narrow(tokens, self._held, rest)
        self._show_condition(name, condition, axes, self._block, heads=heads, is_copy=is_copy)

    def _show_heads_in(self, arguments, named):
        for name, value in zip(("query", "key", "value"), arguments):
            self._show_both(f"transformer_blocks.attn.{name}", value, TOKENS_OF_HEADS, heads=2)

    def _show_heads_out(self, result, arguments, named):
        self._show_both("transformer_blocks.attn.heads", result.transpose(1, 2), HEADS_OF_TOKENS, heads=1)

    def _watch_block(self, index, block):
        heads = block.attn.heads

        def begin(arguments, named):
            self._block = index

        def by_head(tensor):
            return tensor.unflatten(2, (heads, -1))

        def show_output(arguments, named):
            name = "transformer_blocks.attn.output"
            self._show_video(name, by_head(arguments[0]), TOKENS_OF_HEADS, index, heads=2)

        def show_output_context(arguments, named):
            name = "transformer_blocks.attn.output"
            self._show_condition(name, by_head(arguments[0]), TOKENS_OF_HEADS, index, heads=2)

        def show_result(result):
            self._show_video("transformer_blocks", result[0], TOKENS, index)
            self._show_condition("transformer_blocks", result[1], TOKENS, index)

        self._input(block, begin)
        self._input(block.attn.to_out[0], show_output)
        self._input(block.attn.to_add_out, show_output_context)
        # isoframe shows the residual, which is what the second norm takes, not the attention's own result.
        name = "transformer_blocks.attn"
        self._input(block.norm2, lambda arguments, named: self._show_video(name, arguments[0], TOKENS, index))
        self._input(block.norm2_context, lambda arguments, named: self._show_condition(name, arguments[0], TOKENS, index))
        self._output(block, show_result)

    # The VAE.

    def _watch_vae(self, vae):
        def tile_of(direction):
            def show(result):
                number = self._tiles[direction]
                self._tiles[direction] += 1
                # Without tiles the VAE has one call too, which isoframe does not show.
                if self._generation.tiles.is_tiled:
                    place = f"{direction}/{direction}.tile {number}"
                    self._show(place, f"{direction}.tile", result[0].permute(1, 2, 3, 0), FRAMES, number)

            return show

        self._output(vae.encoder, tile_of("encode"))
        self._output(vae.decoder, tile_of("decode"))
        self._before(vae, "decode", lambda given, _: self._show("decode", "decode.latents", given[0], VIDEO))
        self._after(vae, "decode", lambda result, *_: self._show("decode", "decode.video", first_of(result), VIDEO))
