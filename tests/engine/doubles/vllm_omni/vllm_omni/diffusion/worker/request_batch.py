from dataclasses import dataclass


@dataclass
class DiffusionRequestBatch:
    requests: list

    @property
    def prompts(self):
        return [request.prompt for request in self.requests]

    @property
    def sampling_params(self):
        return self.requests[0].sampling_params
