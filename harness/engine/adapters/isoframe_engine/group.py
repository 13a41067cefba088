"""The meeting of an engine's ranks in torch.distributed."""

import datetime
import os

RANK = int(os.environ.get("RANK", "0"))
LOCAL_RANK = int(os.environ.get("LOCAL_RANK", "0"))
WORLD_SIZE = int(os.environ.get("WORLD_SIZE", "1"))
# isoframe ends ranks that are silent for too long; a group may be there for cases with other limits.
NO_LIMIT = datetime.timedelta(days=7)


def meet(store_file, device, meeting_seconds, *, even_alone=False):
    """Joins the group of this case's ranks at `store_file`, in place of an earlier group.  One rank needs none, unless its
    library asks for one `even_alone`."""
    import torch.distributed as distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()
    if WORLD_SIZE == 1 and not even_alone:
        return
    store = distributed.HashStore() if WORLD_SIZE == 1 else distributed.FileStore(store_file, WORLD_SIZE)
    # Whoever comes waits for the others no longer than that, and names who is missing.
    store.set(f"came/{RANK}", "yes")
    for rank in range(WORLD_SIZE):
        try:
            store.wait([f"came/{rank}"], datetime.timedelta(seconds=meeting_seconds))
        except RuntimeError:
            raise RuntimeError(f"rank {RANK} waited {meeting_seconds:g} s for rank {rank} in vain") from None
    distributed.init_process_group(
        # Libraries look for "cpu" in this name where they exchange sizes, and take an accelerator where it is not there.
        "cpu:gloo,cuda:nccl" if device == "cuda" else "cpu:gloo",
        store=distributed.PrefixStore("group", store),
        rank=RANK,
        world_size=WORLD_SIZE,
        timeout=NO_LIMIT,
    )
