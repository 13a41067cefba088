import model
from vllm_omni.diffusion.distributed.autoencoders.distributed_vae_executor import TileTask


class DistributedAutoencoderKLHunyuanVideo15(model.Vae):
    double_rank, double_ranks = 0, 1

    def tile_exec(self, task):
        return self.decoder(task.tensor)

    def tiled_decode(self, z):
        if self.double_ranks == 1:
            return super().tiled_decode(z)
        count = iter(range(1 << 20))

        def decode(row, column, tile):
            number = next(count)
            if number % self.double_ranks == self.double_rank:
                return self.tile_exec(TileTask(number, (row, column), tile))
            # What another rank would send.
            return self.decoder.forward(tile)

        return self.joined(z, decode)
