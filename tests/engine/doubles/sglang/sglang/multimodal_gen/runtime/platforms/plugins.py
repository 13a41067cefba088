import os
from importlib.metadata import entry_points

from sglang.srt.plugins.hook_registry import HookRegistry, HookType

GENERAL_PLUGINS_GROUP = "sglang.multimodal_gen.plugins"

__all__ = ["HookRegistry", "HookType", "apply_plugin_hooks"]


def apply_plugin_hooks():
    allowed = os.environ.get("SGLANG_PLUGINS")
    for entry_point in entry_points(group=GENERAL_PLUGINS_GROUP):
        if allowed is None or entry_point.name in allowed.split(","):
            entry_point.load()()
    if os.environ.get("DOUBLE_FAILS") != "plugins":
        HookRegistry.apply_hooks()
