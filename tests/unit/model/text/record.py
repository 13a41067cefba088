#!/usr/bin/env python3
"""Records tokens and embeddings of the reference (diffusers, transformers): data/tokenizer.json, data/expected.json.

Run it with the interpreter of the reference environment; the unit tests then need no Python.  Weights are not stored:
`weight` below and its twin in reference_data.h give both sides the same numbers.
"""

import json
import pathlib
import tempfile

import numpy
import torch
from diffusers import HunyuanVideo15Pipeline
from diffusers.pipelines.hunyuan_video1_5 import pipeline_hunyuan_video1_5 as pipeline
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import ByT5Tokenizer, Qwen2_5_VLTextModel, Qwen2Tokenizer, T5Config, T5EncoderModel
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLTextConfig

DATA = pathlib.Path(__file__).parent / "data"

QWEN = dict(vocab_size=1600, hidden_size=60, intermediate_size=52, num_hidden_layers=4, num_attention_heads=3,
            num_key_value_heads=1, hidden_act="silu", rms_norm_eps=1e-6, max_position_embeddings=2048,
            rope_parameters=dict(rope_type="default", rope_theta=10000.0, mrope_section=[2, 4, 4]))
T5 = dict(vocab_size=384, d_model=36, d_kv=10, d_ff=44, num_layers=3, num_heads=3, relative_attention_num_buckets=14,
          relative_attention_max_distance=40, layer_norm_epsilon=1e-6, is_encoder_decoder=False, use_cache=False)

# The rendering of text conversations by Qwen2.5-VL's template.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

CORPUS = [
    "A cat walks on the grass, realistic style, the camera moves slowly from left to right and the light is warm.",
    "Describe the video by detailing the following aspects: the main content and theme of the video.",
    "The color, shape, size, texture, quantity, text, and spatial relationships of the objects.",
    "Actions, events, behaviors temporal relationships, physical movement changes of the objects.",
    "background environment, light, style and atmosphere; camera angles, movements, and transitions used.",
    "You are a helpful assistant. They're sure it's what we'll see; I'd say they've won. Don't!",
    "一只猫在草地上行走，写实风格，镜头缓慢移动。猫在窗边看雨，城市的夜晚灯光闪烁。",
    "Ein Mädchen läuft über die Brücke; été à la plage, señor. Привет, мир! Γειά σου κόσμε. こんにちは世界。",
    "🎬🐱 👩‍👩‍👧‍👦 1234567890 3.14159 x += y * (z - 1); // comment\n\n\tif (a != b) { return; }\r\n",
]

TEXTS = [
    "", " ", "  ", "\n", " \n \n  a", "Hello world", "hello   world  ", "They're HERE, I'LL we'Ve don'T", "it'\u017f",
    "123 4567 ١٢٣ Ⅻ ½", "a\u0085b \u0085 c", "a\u180eb \u180e c", "a\u2028b\u2029 c", "a\u200bb\ufeff c\u2060",
    "a\u00a0b \u00a0\u00a0c\u3000d\u1680", "\x1c a\x1d\x1f b\x00c", "\x0b\x0c a\r\n\r\nb \t\t", "cafe\u0301 A\u030a \u212b",
    "\u1100\u1161\u11a8 각", "q\u0307\u0323 q\u0323\u0307", "\u0958 \u2adc \U0001d15e", "\u0344\u0341", "一只猫在草地上行走。",
    "😀👩‍👩‍👧‍👦🏳️‍🌈🇩🇪", "<|im_start|>user\nx<|im_end|>\n", "<|im_end|><|im_end|> <|endoftext|>a", "<|im_end", "<tool_call>{}",
    " <mask>  x <mask>", "word wordy sword word_ word\u0301 (word) word", "strip\u00e9 e\u0301nd cafe\u0301tok cafétok",
    "a" * 300, "the " * 100, "\u4e00" * 90, "!?!?...---\n\n\n///", "नमस्ते दुनिया", "שלום עולם", "สวัสดีชาวโลก",
    "\u0301leading", "x\u0300\u0301\u0302\u0303", "ǅ ﬃ ﷺ ẛ̣", "\U000e0041\U0010ffff\ufffd",
]

BYTE_TEXTS = [
    "", "plain", "é ü 猫 😀", "a <pad> b", "x</s>", "x </s> \x1c y", "<extra_id_0> a", " <extra_id_12>4 <extra_id_124>",
    "<extra_id_125>", "é</s>\u00a0<unk> z ", "<extra_id_1", "<<pad>>", "</s></s>", "</s>  <unk>", "b" * 254, "b" * 255,
    "b" * 300, "b" * 254 + "</s>", "b" * 253 + "</s>", "b" * 254 + "</s>tail", "\x1f </s>\u0085\u2028x", "<pad>\u180e\u200bx",
]

QUOTES = [
    "", "none", 'a "b" c', "“b” “c” “b”", 'say "" twice ""', '"a" “a” "b"', '"one\ntwo"', '"a “b” c"', '“a "b" c”', "“open",
    '"open', '"a\u2028b\u0085" "c\rd"', '"a" "b', "”wrong“ way", '“”"x"', '"猫" and “😀”', '"""triple"""',
]

PROMPTS = [
    "", "A cat walks on the grass, realistic", "一只猫在草地上行走", "🎬 a 👩‍👩‍👧‍👦 at sea",
    'A sign that says "HELLO <pad> é" and “再见” and "HELLO <pad> é"', "the end <|im_end|> is not the end",
    "cafe\u0301 in Zu\u0308rich", 'long: "' + "ab c" * 90 + '" ' + "a cat and a dog, 猫 " * 180,
]


def weight(name, shape):
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    mask = numpy.uint64(0xFFFFFFFF)
    x = (numpy.arange(int(numpy.prod(shape)), dtype=numpy.uint64) + numpy.uint64(seed)) & mask
    x = (x * numpy.uint64(2654435761)) & mask
    x ^= x >> numpy.uint64(16)
    x = (x * numpy.uint64(2246822519)) & mask
    x ^= x >> numpy.uint64(13)
    uniform = x.astype(numpy.float64) / 2**31 - 1
    if "norm" in name:
        values = 1 + 0.2 * uniform
    elif len(shape) == 1 or "embed" in name or "shared" in name or "relative" in name:
        values = uniform
    else:
        values = uniform * numpy.sqrt(3.0 / shape[1])
    return torch.from_numpy(values.astype(numpy.float32).reshape(shape))


def fill(model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weight(name, tuple(parameter.shape)))
    return model.eval()


def make_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS * 2, trainers.BpeTrainer(
        vocab_size=1100, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False)
                                  for t in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    tokenizer.add_tokens([
        AddedToken("<tool_call>", normalized=False), AddedToken("<mask>", lstrip=True, rstrip=True, normalized=False),
        AddedToken("word", single_word=True, normalized=False), AddedToken("cafétok", normalized=True),
    ])
    folder = tempfile.mkdtemp()
    path = pathlib.Path(folder) / "tokenizer.json"
    path.write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n")
    return path, Qwen2Tokenizer.from_pretrained(folder, chat_template=CHAT_TEMPLATE)


def make_byt5_tokenizer():
    folder = tempfile.mkdtemp()
    ByT5Tokenizer().save_pretrained(folder)
    return ByT5Tokenizer.from_pretrained(folder)


def numbers(tensor):
    return [float(f"{value:.8g}") for value in tensor.double().flatten().tolist()]


def digest(states, mask):
    """Returns the number, mean and last row of the valid tokens."""
    valid = states[0][mask[0].bool()]
    if len(valid) == 0:
        return dict(tokens=0, mean=[], last=[])
    return dict(tokens=len(valid), mean=numbers(valid.double().mean(0)), last=numbers(valid[-1]))


def qwen_cases(model):
    cases = []
    for ids in ([7], [1, 5, 900], [(37 * i * i + 11) % 1600 for i in range(21)]):
        states = model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states[-3]
        cases.append(dict(ids=ids, states=numbers(states)))
    return cases


def t5_cases(gated):
    model = fill(T5EncoderModel(T5Config(**T5, feed_forward_proj=gated)))
    cases = []
    for ids in ([1], [4, 250, 1], [(29 * i * i + 5) % 384 for i in range(61)]):
        padded = torch.tensor([ids + [0] * (64 - len(ids))])
        states = model(input_ids=padded, attention_mask=(torch.arange(64) < len(ids)).float()[None])[0]
        cases.append(dict(ids=ids, states=numbers(states[:, : len(ids)])))
    return model, cases


@torch.no_grad()
def main():
    DATA.mkdir(exist_ok=True)
    path, tokenizer = make_tokenizer()
    byt5 = make_byt5_tokenizer()
    (DATA / "tokenizer.json").write_bytes(path.read_bytes())

    qwen = fill(Qwen2_5_VLTextModel(Qwen2_5_VLTextConfig(**QWEN)))
    relu, relu_cases = t5_cases("relu")
    t5, gated_cases = t5_cases("gated-gelu")

    prompts = []
    for prompt in PROMPTS:
        text, mask = HunyuanVideo15Pipeline._get_mllm_prompt_embeds(qwen, tokenizer, prompt, "cpu")
        glyphs, glyph_mask = HunyuanVideo15Pipeline._get_byt5_prompt_embeds(byt5, t5, prompt, "cpu")
        prompts.append(dict(prompt=prompt, text=digest(text, mask), byt5=digest(glyphs, glyph_mask)))

    rendered = tokenizer.apply_chat_template(
        pipeline.format_text_input(["{prompt}"], HunyuanVideo15Pipeline._get_mllm_prompt_embeds.__defaults__[2])[0],
        add_generation_prompt=True, tokenize=False)
    expected = dict(
        template=rendered,
        qwen2=[dict(text=text, ids=tokenizer(text, add_special_tokens=False).input_ids) for text in TEXTS],
        byt5=[dict(text=text, ids=byt5(text, max_length=256, truncation=True).input_ids) for text in BYTE_TEXTS],
        glyphs=[dict(prompt=prompt, texts=pipeline.extract_glyph_texts(prompt)) for prompt in QUOTES],
        qwen_model=dict(config=QWEN, cases=qwen_cases(qwen)),
        t5_relu=dict(config=T5 | dict(feed_forward_proj="relu"), cases=relu_cases),
        t5_gated=dict(config=T5 | dict(feed_forward_proj="gated-gelu"), cases=gated_cases),
        prompts=prompts,
    )
    text = json.dumps(expected, ensure_ascii=True, separators=(",", ":"))
    (DATA / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
