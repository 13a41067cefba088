import record
from vllm_omni.engine.omni_engine_base import OmniEngineBase


class OmniBase:
    def __init__(self, model, **kwargs):
        record.note("omni", model=model, arguments=kwargs)
        kwargs.pop("output_modalities", None)
        self.model = model
        self.engine = OmniEngineBase(model=model, **kwargs)

    def shutdown(self, timeout=None):
        self.engine.shutdown()

    def close(self):
        self.shutdown()
