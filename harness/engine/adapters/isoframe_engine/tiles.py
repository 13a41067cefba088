"""The tiles of a VAE with diffusers' members, timed as one generation comes by them."""

import math


class Tiles:
    """of: of each direction, this rank's TileTime records; is_tiled: whether the VAE works in tiles at the moment; place:
    (row, column) of the tile that comes next, where they come in another order than row by row."""

    def __init__(self, stages):
        self._stages = stages
        self._columns = 1
        self.of = {"decode": [], "encode": []}
        self.is_tiled = False
        self.place = None

    def attach(self, watch, vae):
        """Calls watch(owner, name, make) for what is to be replaced; returns the hooks, which the caller removes."""
        watch(vae, "_decode", self._counting_columns(vae, vae.tile_latent_min_width))
        watch(vae, "_encode", self._counting_columns(vae, vae.tile_sample_min_width))
        return [*self._hooks("decode", vae.decoder), *self._hooks("encode", vae.encoder)]

    def record(self, task):
        """The fields of a rank's record."""
        return {"tiles": self.of["decode"], **({"encode_tiles": self.of["encode"]} if task == "i2v" else {})}

    def _hooks(self, direction, module):
        stage, tiles = f"{direction}.tile", self.of[direction]

        def begin(module, arguments):
            self._stages.report(stage, len(tiles))
            self._stages.begin(stage, len(tiles))

        def end(module, arguments, result):
            row, column = self.place or divmod(len(tiles), self._columns)
            height, width = arguments[0].shape[-2:]
            seconds = self._stages.end(stage)
            tiles.append({"row": row, "column": column, "height": height, "width": width, "seconds": seconds})

        return module.register_forward_pre_hook(begin), module.register_forward_hook(end)

    def _counting_columns(self, vae, tile):
        """Reads from the whole, which the tiles do not show, how many of them lie side by side.  `tile`: their size."""
        stride = int(tile * (1 - vae.tile_overlap_factor))

        def make(run):
            def counting(whole):
                self.is_tiled = vae.use_tiling and max(whole.shape[-2:]) > tile
                self._columns = math.ceil(whole.shape[-1] / stride) if self.is_tiled else 1
                return run(whole)

            return counting

        return make
