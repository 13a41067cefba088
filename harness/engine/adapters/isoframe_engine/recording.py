"""The fingerprints of a rank's tensors at isoframe's probe points, as harness/locate/recording.cpp writes them."""

from isoframe_engine.fingerprint import fingerprint

# The names of the axes of all tensors that are shown (model/probe.h).
VECTOR = ("batch", "channels")
ROTARY = ("tokens", "channels")
TOKENS = ("batch", "tokens", "channels")
TOKENS_OF_HEADS = ("batch", "tokens", "heads", "channels")
HEADS_OF_TOKENS = ("batch", "heads", "tokens", "channels")
PICTURE = ("rows", "columns", "channels")
PICTURES = ("batch", "channels", "rows", "columns")
FRAMES = ("frames", "rows", "columns", "channels")
VIDEO = ("batch", "channels", "frames", "rows", "columns")


class Recording:
    def __init__(self):
        self.points = []
        self._seen = {}

    def show(self, stages, name, tensor, axes, index=-1, shares=()):
        """stages: "denoise 2/denoise.step 0", each with its index if it has one; shares: [dim, begin, whole] of each
        dimension in which the tensor is a part of what a single rank would hold."""
        key = (stages, name, index)
        occurrence = self._seen[key] = self._seen.get(key, -1) + 1
        part = {"shares": [list(share) for share in shares], "shape": list(tensor.shape), "axes": list(axes)}
        part |= fingerprint(tensor)
        self.points.append({"stages": stages, "name": name, "index": index, "occurrence": occurrence, "part": part})
