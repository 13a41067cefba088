"""What a rank's record says of its GPU."""


def device_of(torch, index):
    properties = torch.cuda.get_device_properties(index)
    return {
        "index": index,
        "name": properties.name,
        "compute_capability": f"{properties.major}.{properties.minor}",
        "memory_bytes": properties.total_memory,
        "driver": None,
        "cuda": torch.version.cuda,
        "cudnn": str(torch.backends.cudnn.version()),
        "nccl": ".".join(map(str, torch.cuda.nccl.version())),
        "celsius": None,
        "power_watts": None,
        "sm_clock_hertz": None,
        "nvml": "this engine does not ask it",
    }


def memory_of(torch, index):
    free, total = torch.cuda.mem_get_info(index)
    return {
        "peak_allocated_bytes": torch.cuda.max_memory_allocated(index),
        "peak_reserved_bytes": torch.cuda.max_memory_reserved(index),
        "used_bytes": total - free,
        "total_bytes": total,
    }
