"""Loss and gradient of one update over uneven micro-batches, by the authors' trainers.

fairseq's `Trainer.train_step` and Hugging Face's `Trainer` (with the model of "Simplifying
Transformer Blocks") each run one update over three micro-batches of 3 sequences, in float64 on a
CPU. The weights and tokens are those of tests/golden/nf_gpt and tests/golden/st_default; micro-batch
k is traj_input_ids[k], of whose rows only the first LENGTHS[k] tokens are used. Writes
tests/golden/loss_average.json: the update's loss in nats, its gradient norm, and for every parameter
the norm and up to 16 evenly spaced elements of its gradient.

    git clone https://github.com/facebookresearch/fairseq && git -C fairseq checkout 3d262bb
    git clone https://github.com/bobby-he/simplified_transformers && git -C simplified_transformers checkout 8d4ea79
    pip install torch==2.2.2 'numpy<1.24' transformers==4.30.2 accelerate==0.20.3 safetensors pyyaml \
        'omegaconf<2.1' 'hydra-core<1.1' cffi bitarray sacrebleu scikit-learn
    PYTHONPATH=fairseq:simplified_transformers python scripts/peers/loss_average.py
"""

import json
import re
import tempfile
from pathlib import Path

import torch
import yaml
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden"
LENGTHS = [[20, 20, 20], [20, 9, 4], [1, 3, 2]]
PAD = 1


def case(name):
    folder = GOLDEN / name
    config = yaml.safe_load((folder / "config.yaml").read_text())["model"]
    weights = {k: v.double() for k, v in load_file(folder / "weights.safetensors").items()}
    batch = {k: v.long() for k, v in load_file(folder / "batch.safetensors").items()}
    return config, weights, batch


def summary(loss, grads):
    norm = sum(float((g**2).sum()) for g in grads.values()) ** 0.5
    rows = {}
    for name, g in sorted(grads.items()):
        flat = g.flatten()
        step = max(1, len(flat) // 16)
        at = list(range(0, len(flat), step))[:16]
        rows[name] = {
            "norm": float(flat.norm()),
            "largest": float(flat.abs().max()),
            "at": at,
            "values": [float(flat[i]) for i in at],
        }
    return {"loss": float(loss), "grad_norm": norm, "gradients": rows}


def fairseq_update():
    from fairseq import options, tasks
    from fairseq.data import monolingual_dataset
    from fairseq.dataclass.utils import convert_namespace_to_omegaconf
    from fairseq.logging import metrics
    from fairseq.trainer import Trainer

    config, weights, batch = case("nf_gpt")
    with tempfile.TemporaryDirectory() as folder:
        symbols = [f"w{i} 1\n" for i in range(config["vocab_size"] - 4)]
        (Path(folder) / "dict.txt").write_text("".join(symbols))
        parser = options.get_training_parser("language_modeling")
        args = options.parse_args_and_arch(parser, [
            folder, "--task", "language_modeling", "--arch", "transformer_lm_gpt", "--cpu",
            "--share-decoder-input-output-embed", "--activation-fn", "gelu",
            "--dropout", "0", "--attention-dropout", "0",
            "--decoder-layers", str(config["decoder_layers"]),
            "--decoder-embed-dim", str(config["decoder_embed_dim"]),
            "--decoder-ffn-embed-dim", str(config["decoder_ffn_embed_dim"]),
            "--decoder-attention-heads", str(config["decoder_attention_heads"]),
            "--tokens-per-sample", str(config["tokens_per_sample"]),
            "--optimizer", "adam", "--lr", "1e-3", "--clip-norm", "0.0",
            "--lr-scheduler", "polynomial_decay", "--total-num-update", "10", "--max-update", "10",
            "--batch-size", "3", "--update-freq", "3",
        ])
        cfg = convert_namespace_to_omegaconf(args)
        task = tasks.setup_task(cfg.task)
        model = task.build_model(cfg.model).double()
        state = {k: v for k, v in weights.items() if k != "decoder.embed_positions.weights"}
        state["decoder.output_projection.weight"] = state["decoder.embed_tokens.weight"]
        # Without it fairseq takes the weights for old ones, and drops the final norm.
        state["decoder.version"] = torch.tensor([3.0])
        missing, unexpected = model.load_state_dict(state, strict=False)
        assert set(unexpected) <= {"decoder.version"} and not missing, (missing, unexpected)
        # The table is made in float32.
        model.decoder.embed_positions.weights = weights["decoder.embed_positions.weights"]
        trainer = Trainer(cfg, task, model, task.build_criterion(cfg.criterion))
        # It only measures here, but can measure float32 alone.
        trainer.clip_grad_norm = lambda *_: torch.zeros(())
        samples = []
        for k, lengths in enumerate(LENGTHS):
            rows = [
                {"id": i, "source": batch["traj_input_ids"][k, i, :n],
                 "target": batch["traj_targets"][k, i, :n]}
                for i, n in enumerate(lengths)
            ]
            samples.append(monolingual_dataset.collate(rows, PAD, 2))
        with metrics.aggregate() as logged:
            trainer.train_step(samples)
        # The meter's sum is of losses in bits, weighted by their tokens.
        meter = logged["loss"]
        bits = float(meter.sum / meter.count)
        grads = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        return summary(bits * torch.log(torch.tensor(2.0, dtype=torch.float64)), grads)


def trainer_update():
    from simplified_transformers import model_utils
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

    config, weights, batch = case("st_default")
    width, context = config["n_embd"], config["context_length"]
    hf = GPT2Config(
        vocab_size=config["vocab_size"], n_positions=context, n_embd=width,
        n_layer=config["n_layer"], n_head=config["n_head"],
        n_inner=width * config["mlp_width_mult"],
        resid_pdrop=0, attn_pdrop=0, embd_pdrop=0,
    )
    model = GPT2LMHeadModel(hf)
    hf.update({k: v for k, v in config.items() if k not in ("name", "context_length")})
    model = model_utils.convertGPT2model(model, hf).double()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected, unexpected
    assert all(k.endswith(("bias", "lm_head.weight", "_attn_mat", "diag", "id")) or "attn" in k
               for k in missing), missing

    rows = []
    for k, lengths in enumerate(LENGTHS):
        for i, n in enumerate(lengths):
            ids = batch["traj_input_ids"][k, i]
            labels = ids.clone()
            labels[n:] = -100
            rows.append({"input_ids": ids, "labels": labels})

    class Keep(torch.optim.SGD):
        """Keeps the gradients of the update."""

        def step(self, closure=None):
            self.grads = {n: p.grad.clone() for n, p in model.named_parameters()
                          if p.grad is not None}

    class InOrder(Trainer):
        losses = []

        def _get_train_sampler(self):
            return torch.utils.data.SequentialSampler(self.train_dataset)

        def training_step(self, model, inputs):
            loss = super().training_step(model, inputs)
            self.losses.append(float(loss))
            return loss

    optimizer = Keep(model.parameters(), lr=1.0)
    with tempfile.TemporaryDirectory() as folder:
        trainer = InOrder(
            model=model, train_dataset=rows,
            args=TrainingArguments(
                folder, per_device_train_batch_size=3, gradient_accumulation_steps=3,
                max_steps=1, max_grad_norm=0, no_cuda=True, report_to="none",
                save_strategy="no",
            ),
            optimizers=(optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1)),
        )
        trainer.train()
    grads = {n: g for n, g in optimizer.grads.items() if n != "lm_head.weight"}
    return summary(sum(trainer.losses), grads)


def main():
    out = {
        "lengths": LENGTHS,
        "nf_gpt": fairseq_update(),
        "st_default": trainer_update(),
    }
    path = ROOT / "tests/golden/loss_average.json"
    # One line per parameter.
    lines = json.dumps(out, indent=1)
    lines = re.sub(r"\n {4,}|\n {3}(?=\})|\n {2,}(?=\])", " ", lines)
    path.write_text(lines + "\n")


if __name__ == "__main__":
    main()
