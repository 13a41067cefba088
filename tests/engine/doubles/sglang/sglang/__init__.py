"""A double of sglang 0.5.23's surface as isoframe's adapter meets it: the released names, arguments and fields
(tests/engine/doubles/check_signatures.py compares them), with a model of a few numbers behind."""
