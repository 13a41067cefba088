"""A double of vllm-omni 0.30.0's surface as isoframe's adapter meets it: the released names, arguments and fields
(tests/engine/doubles/check_signatures.py compares them), with a model of a few numbers behind."""
