import copy

import model
from vllm_omni.entrypoints.omni_base import OmniBase
from vllm_omni.outputs import OmniRequestOutput


class Omni(OmniBase):
    def generate(self, prompts, sampling_params_list=None, *, py_generator=False, use_tqdm=True):
        try:
            output = self.engine.double_generate(prompts, copy.deepcopy(sampling_params_list))
        except Exception:
            self.close()
            raise
        images = model.pictures_of(output.output)
        return [OmniRequestOutput(request_id="0_double", images=images, final_output_type="video")]
