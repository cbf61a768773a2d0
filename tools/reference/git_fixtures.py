"""Makes the fixtures of captioner-git: small GIT models with random weights, and what
transformers computes with them.

    python tools/reference/git_fixtures.py [crates/captioner-git/tests/fixtures]

transformers 5.23.0, torch, CPU, f32, dropout 0. Every fixture is a checkpoint folder with
`expected.safetensors` (tensors) and `generated.json` (token ids) beside the weights, and
`padded.safetensors`, what the guide's way of padding gives: pads in the loss. With `--padded` only
that file is made, from the checkpoints that are there.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import GitConfig, GitForCausalLM, set_seed
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

VOCAB, PAD, BOS, EOS = 48, 0, 1, 2
LEARNING_RATE, WEIGHT_DECAY, STEPS = 5e-4, 0.01, 10


def config(vision, text, image, patch, layers, frames=None):
    """Widths and heads as (width, heads) of both halves."""
    return GitConfig(
        vision_config=dict(
            hidden_size=vision[0],
            num_attention_heads=vision[1],
            intermediate_size=2 * vision[0],
            num_hidden_layers=layers[0],
            image_size=image,
            patch_size=patch,
            attention_dropout=0.0,
            initializer_range=0.2,
        ),
        vocab_size=VOCAB,
        hidden_size=text[0],
        num_attention_heads=text[1],
        intermediate_size=2 * text[0],
        num_hidden_layers=layers[1],
        max_position_embeddings=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.2,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        num_image_with_embedding=frames,
    )


FIXTURES = {
    # Vision width differs from text width, as in no published model but as the config allows.
    "base-like": config((16, 2), (24, 3), 32, 8, (2, 2)),
    "large-like": config((24, 3), (24, 3), 28, 14, (3, 3)),
    "video": config((16, 2), (16, 2), 16, 8, (2, 2), frames=4),
    "ends-apart": config((16, 2), (16, 2), 16, 8, (1, 2)),
}


def build(configuration, seed):
    set_seed(seed)
    model = GitForCausalLM(configuration).eval()
    # Biases, norms and temporal embeddings start at 0 or 1, which would hide mistakes with them.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1 or "img_temporal" in name:
                parameter += 0.2 * torch.randn_like(parameter)
    return model


def pixels(model, batch):
    vision = model.config.vision_config
    frames = model.config.num_image_with_embedding
    shape = [batch] + ([frames] if frames else []) + [3, vision.image_size, vision.image_size]
    return torch.randn(shape)


def captions():
    rows = [[BOS, 7, 9, 30, 12, EOS], [BOS, 40, EOS], [BOS, 11, 11, 5, EOS]]
    length = max(map(len, rows))
    ids = torch.tensor([row + [PAD] * (length - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
    return ids, mask


def losses_and_gradients(model, inputs, ids, mask):
    """Loss with pads left out, its gradients, and the loss of the guide, with pads in it."""
    ignored = ids.masked_fill(mask == 0, -100)
    model.zero_grad()
    # Left unmasked: nothing that counts comes after a pad.
    loss = model(pixel_values=inputs, input_ids=ids, labels=ignored).loss
    loss.backward()
    gradients = {
        f"grad.{name}": parameter.grad.clone() for name, parameter in model.named_parameters()
    }
    padded = model(pixel_values=inputs, input_ids=ids, attention_mask=mask, labels=ids).loss
    return loss, padded, gradients, ignored


def with_pads_in_loss(folder):
    """Gradients, their global norm, and ten AdamW steps of a checkpoint with pads in the loss."""
    expected = load_file(folder / "expected.safetensors")
    inputs, ids, mask = (expected[key] for key in ["pixel_values", "input_ids", "attention_mask"])
    model = GitForCausalLM.from_pretrained(folder).eval()
    model(pixel_values=inputs, input_ids=ids, attention_mask=mask, labels=ids).loss.backward()
    gradients = {
        f"grad.{name}": parameter.grad.clone() for name, parameter in model.named_parameters()
    }
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    losses, final = train(model, inputs, ids, ids, mask)
    tensors = gradients | final | dict(losses=losses, grad_norm=norm.detach().reshape(1))
    tensors = {key: value.contiguous() for key, value in tensors.items()}
    save_file(tensors, folder / "padded.safetensors")
    print(folder.name, "with pads in the loss: norm", norm.item(), "losses", losses.tolist())


def train(model, inputs, ids, labels, mask=None):
    """Ten AdamW steps on one batch, clipped by global norm; biases and norms do not decay."""
    bare = [p for name, p in model.named_parameters() if name.endswith("bias") or is_norm(model, name)]
    rest = [p for p in model.parameters() if not any(p is q for q in bare)]
    groups = [dict(params=rest, weight_decay=WEIGHT_DECAY), dict(params=bare, weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = model(pixel_values=inputs, input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    final = {f"final.{name}": p.detach().clone() for name, p in model.named_parameters()}
    return torch.tensor(losses), final


def is_norm(model, name):
    module = model.get_submodule(name.rsplit(".", 1)[0])
    return isinstance(module, torch.nn.LayerNorm)


CASES = [
    ("greedy", {}),
    ("greedy to the default length", {"max_new_tokens": 20}),
    ("beam 4", {"num_beams": 4}),
    ("beam 3, length penalty 2, early stopping", {"num_beams": 3, "length_penalty": 2.0, "early_stopping": True}),
    ("beam 4, never, all returned", {"num_beams": 4, "early_stopping": "never", "num_return_sequences": 4}),
    ("beam 3, length penalty -1", {"num_beams": 3, "length_penalty": -1.0, "num_return_sequences": 2}),
    ("beam 4, length penalty 0, never", {"num_beams": 4, "length_penalty": 0.0, "early_stopping": "never"}),
    ("repetition penalty", {"repetition_penalty": 1.7}),
    ("beam 3, repetition penalty", {"num_beams": 3, "repetition_penalty": 1.4}),
    ("no repeated bigram", {"no_repeat_ngram_size": 2}),
    ("beam 4, no repeated trigram", {"num_beams": 4, "no_repeat_ngram_size": 3}),
    ("min length", {"min_length": 10}),
    ("beam 3, min new tokens", {"num_beams": 3, "min_new_tokens": 9}),
    ("bad words", {"bad_words_ids": [[7], [9, 30], [12, 5]]}),
    ("suppressed", {"suppress_tokens": [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}),
    ("forced start and end", {"forced_bos_token_id": 20, "forced_eos_token_id": EOS}),
    ("beam 3, forced end", {"num_beams": 3, "forced_eos_token_id": EOS}),
    ("two ends", {"eos_token_id": [EOS, 9]}),
    ("beam 2, two ends", {"num_beams": 2, "eos_token_id": [EOS, 9]}),
]

PROMPTS = [[BOS, 7, 9], [BOS, 30, 12, 5], [BOS, 11]]


def generate(model, inputs, prompts, **settings):
    settings = {"max_length": 14, "do_sample": False, **settings}
    if "max_new_tokens" in settings:
        del settings["max_length"]
    output = model.generate(
        pixel_values=inputs,
        input_ids=torch.tensor(prompts),
        attention_mask=torch.ones(len(prompts), len(prompts[0]), dtype=torch.long),
        return_dict_in_generate=True,
        output_scores=True,
        **settings,
    )
    ends = settings.get("eos_token_id", EOS)
    ends = ends if isinstance(ends, list) else [ends]
    rows = [trim(row.tolist(), len(prompts[0]), ends) for row in output.sequences]
    scores = getattr(output, "sequences_scores", None)
    return rows, None if scores is None else scores.tolist()


def trim(row, prompt, ends):
    """Cuts the pads that fill a batch up."""
    for at in range(prompt, len(row)):
        if row[at] in ends:
            return row[: at + 1]
    return row


def generations(model, inputs):
    cases = []
    count = inputs.shape[0]
    for name, settings in CASES:
        ids, scores = generate(model, inputs, [[BOS]] * count, **settings)
        cases.append(dict(name=name, settings=settings, prompts=None, ids=ids, scores=scores))
    # One prompt at a time, as transformers pads none.
    for name, settings in [("prompts", {}), ("prompts, beam 3", {"num_beams": 3})]:
        rows, all_scores = [], []
        for picture, prompt in enumerate(PROMPTS):
            ids, scores = generate(model, inputs[picture : picture + 1], [prompt], **settings)
            rows += ids
            all_scores += scores or []
        cases.append(dict(name=name, settings=settings, prompts=PROMPTS, ids=rows, scores=all_scores or None))
    return cases


def ends_apart(configuration):
    """A seed whose three greedy captions end at different steps, none at the greatest length."""
    for seed in range(10_000):
        model = build(configuration, seed)
        set_seed(seed + 1)
        inputs = pixels(model, 3)
        rows, _ = generate(model, inputs, [[BOS]] * 3)
        lengths = {len(row) for row in rows}
        if len(lengths) == 3 and all(row[-1] == EOS for row in rows):
            return seed
    raise SystemExit("no seed ends apart")


def filtered_probabilities():
    """Fixed logits and the exact probabilities after each sampling filter."""
    set_seed(5)
    logits = 2.5 * torch.randn(4, VOCAB)
    cases = [
        dict(temperature=0.7, top_k=5, top_p=1.0, min_p=None),
        dict(temperature=1.0, top_k=0, top_p=0.8, min_p=None),
        dict(temperature=1.3, top_k=20, top_p=0.9, min_p=None),
        dict(temperature=1.0, top_k=0, top_p=1.0, min_p=0.1),
        dict(temperature=0.9, top_k=30, top_p=0.95, min_p=0.02),
    ]
    for case in cases:
        warpers = LogitsProcessorList([TemperatureLogitsWarper(case["temperature"])])
        if case["top_k"]:
            warpers.append(TopKLogitsWarper(case["top_k"]))
        if case["top_p"] < 1.0:
            warpers.append(TopPLogitsWarper(case["top_p"]))
        if case["min_p"] is not None:
            warpers.append(MinPLogitsWarper(case["min_p"]))
        case["probabilities"] = warpers(None, logits).softmax(-1).tolist()
    return dict(logits=logits.tolist(), cases=cases)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--padded"]
    root = Path(arguments[0] if arguments else "crates/captioner-git/tests/fixtures")
    if "--padded" in sys.argv:
        for name in FIXTURES:
            with_pads_in_loss(root / name)
        return
    for index, (name, configuration) in enumerate(FIXTURES.items()):
        seed = ends_apart(configuration) if name == "ends-apart" else 100 + index
        model = build(configuration, seed)
        set_seed(seed + 1)
        inputs = pixels(model, 3)
        folder = root / name
        model.save_pretrained(folder)
        ids, mask = captions()
        with torch.no_grad():
            frames = inputs.reshape(-1, *inputs.shape[-3:])
            tensors = dict(
                pixel_values=inputs,
                vision=model.git.image_encoder(frames).last_hidden_state,
                logits=model(pixel_values=inputs, input_ids=ids).logits[:, -ids.shape[1] :],
            )
            if inputs.ndim == 4:
                side = model.config.vision_config.image_size
                patch = model.config.vision_config.patch_size
                other = torch.randn(1, 3, side + patch, side + 2 * patch)
                tensors["other_pixel_values"] = other
                tensors["other_vision"] = model.git.image_encoder(
                    other, interpolate_pos_encoding=True
                ).last_hidden_state
        generated = generations(model, inputs)
        loss, padded, gradients, ignored = losses_and_gradients(model, inputs, ids, mask)
        losses, final = train(model, inputs, ids, ignored)
        tensors |= dict(
            input_ids=ids, attention_mask=mask, loss=loss.detach(), padded_loss=padded.detach(), losses=losses
        )
        tensors |= gradients | final
        tensors = {key: value.contiguous() for key, value in tensors.items()}
        save_file(tensors, folder / "expected.safetensors")
        (folder / "generated.json").write_text(json.dumps(generated) + "\n")
        with_pads_in_loss(folder)
        print(name, "seed", seed, "loss", loss.item(), "greedy", generated[0]["ids"])
    sampling = Path("crates/captioner-model/tests/fixtures/sampling.json")
    sampling.write_text(json.dumps(filtered_probabilities()) + "\n")


if __name__ == "__main__":
    main()
