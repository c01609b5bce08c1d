"""How far may a run in fp16 be from a golden fixture? Derived from the authors' own models.

Runs the fixtures through the authors' modules with float32 arithmetic, and rounds what
`train.precision=fp16` stores in float16 when it is stored: outputs of linear layers, activations,
attention, norms and gains; logits; the gradient of each of these (each consumer's share and their
sum) times the loss scale; the copies of weights that products read. float32 remain: softmax,
statistics of norms, loss, gradients of parameters, master weights, moments. The residual stream is
float32 in some runs and float16 in others. Attention's backward pass takes do . o from the rounded
output o, as a kernel without the T x T matrix does. Without rounding, in float64, the same code must
give the fixture's numbers; that is asserted.

One emulation is one draw of rounding errors, so there are seven: to nearest at the first loss scale
and at a low one, and five with a random direction, the nearer neighbor being the likelier. A
tolerance is FACTOR times the largest deviation among them from the fixture's float64 numbers. For
the cases with 1,000 updates, "seed_losses" are the mean losses of the last 50 updates of three
float32 runs on the fixture's batches from the authors' initial values under three seeds.

    git clone https://github.com/facebookresearch/fairseq && git -C fairseq checkout 3d262bb
    git clone https://github.com/bobby-he/simplified_transformers && git -C simplified_transformers checkout 8d4ea79
    pip install torch==2.2.2 'numpy<1.24' transformers==4.30.2 safetensors pyyaml 'omegaconf<2.1' \\
        'hydra-core<1.1' cffi bitarray sacrebleu scikit-learn      # Python 3.8 to 3.10
    python scripts/peers/half_emulation.py simplified_transformers fairseq [case ...]

Writes tests/golden/fp16_tolerances.json; given cases, replaces theirs. About 5 s of a CPU a case,
and 10 minutes for each of the two long ones.
"""

import json
import math
import re
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F
import yaml
from safetensors.torch import load_file

GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
TARGET = GOLDEN / "fp16_tolerances.json"
FACTOR = 4
SEEDS = [1, 2, 3, 4, 5]
# Factors of the mean loss.
FIRST_SCALE = {"simplified_transformers": 2.0**16, "normformer": 2.0**7}
LOW_SCALE = {"simplified_transformers": 2.0**10, "normformer": 1.0}

# The long cases: fewer draws, and the largest deviations within the first updates.
LONG = 100
LONG_SEEDS = [1, 2]
HORIZONS = [10, 50, 100, 200, 500, 1000]
LAST = 50
INIT_SEEDS = [1, 2, 3]

LINEAR, EMBEDDING = F.linear, F.embedding


class Storage:
    """Rounds tensors as they are stored. Without `half` none is; `exact` ones keep their values."""

    def __init__(self, half=False, residual_half=False, seed=None, exact=False):
        self.half, self.residual_half, self.exact = half, residual_half, exact
        self.generator = None
        if seed is not None:
            self.generator = torch.Generator().manual_seed(seed)

    def rounded(self, x):
        if self.exact:
            return x
        if self.generator is None:
            return x.half().to(x.dtype)
        # float16 drops 13 bits of a float32; below 2^-14 its steps are 2^-24.
        drawn = torch.randint(2**13, x.shape, generator=self.generator, dtype=torch.int32)
        normal = ((x.view(torch.int32) + drawn) & ~(2**13 - 1)).view(torch.float32)
        tiny = torch.floor(x * 2.0**24 + drawn * 2.0**-13) * 2.0**-24
        return torch.where(x.abs() < 2.0**-14, tiny, normal)

    def keep(self, x):
        """Stores an activation, and later its gradient, in float16."""
        if not self.half:
            return x
        x.data.copy_(self.rounded(x.data))
        if x.requires_grad:
            x.register_hook(self.rounded)
        return x

    def keep_stream(self, x):
        return self.keep(x) if self.residual_half else x

    def share(self, x):
        """An operand whose share of the gradient is stored before it is added."""
        return Share.apply(x, self) if self.half and x.requires_grad else x

    def share_stream(self, x):
        return self.share(x) if self.residual_half else x


class Share(torch.autograd.Function):
    @staticmethod
    def forward(context, x, storage):
        context.storage = storage
        return x.view_as(x)

    @staticmethod
    def backward(context, gradient):
        return context.storage.rounded(gradient), None


def attention(storage, q, k, v, cap=0.0):
    """Causal attention of [B, H, T, d]; returns its output and probabilities."""
    q, k, v = storage.share(q), storage.share(k), storage.share(v)
    T = q.shape[-2]
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if cap:
        scores = cap * torch.tanh(scores / cap)
    visible = torch.ones(T, T, dtype=torch.bool).tril()
    scores = scores.masked_fill(~visible, -math.inf)
    probabilities = scores.softmax(-1)
    out = probabilities @ v
    if not storage.half:
        return out, probabilities
    error = (storage.rounded(out) - out).detach()
    # Worth 0; its gradient makes do . o that of the rounded output.
    normalizer = scores.logsumexp(-1, keepdim=True)
    out = out + error + error * (normalizer.detach() - normalizer)
    if out.requires_grad:
        out.register_hook(storage.rounded)
    return out, probabilities


def load_case(folder):
    config = yaml.safe_load((folder / "config.yaml").read_text())
    expected = json.loads((folder / "expected.json").read_text())
    tensors = load_file(folder / "expected.safetensors")
    weights = load_file(folder / "weights.safetensors")
    batch = {k: v.long() for k, v in load_file(folder / "batch.safetensors").items()}
    return SimpleNamespace(
        name=folder.name, family=config["family"], model=config["model"],
        optim=config["optim"], expected=expected, tensors=tensors, weights=weights, batch=batch,
    )


class SimplifiedModel:
    """The model of "Simplifying Transformer Blocks"."""

    def __init__(self, case, storage, load=True):
        from simplified_transformers import model_utils
        from transformers import GPT2Config, GPT2LMHeadModel

        F.linear = LINEAR
        # The reparameterised layers put their fixed matrix on a GPU.
        torch.Tensor.cuda = lambda self: self
        self.storage = storage
        self.probabilities = []
        config = case.model
        hf = GPT2Config(
            vocab_size=config["vocab_size"], n_positions=config["context_length"],
            n_embd=config["n_embd"], n_layer=config["n_layer"], n_head=config["n_head"],
            n_inner=config["n_embd"] * config["mlp_width_mult"],
            resid_pdrop=0, attn_pdrop=0, embd_pdrop=0,
        )
        model = GPT2LMHeadModel(hf)
        hf.update({k: v for k, v in config.items() if k not in ("name", "context_length")})
        self.module = model = model_utils.convertGPT2model(model, hf).eval()
        if load:
            fixed = {k: v for k, v in case.weights.items() if k.endswith(".id")}
            rest = {k: v for k, v in case.weights.items() if k not in fixed}
            _, unexpected = model.load_state_dict(rest, strict=False)
            assert not unexpected, unexpected
            for name, value in fixed.items():
                model.get_submodule(name[: -len(".id")]).id = value.clone()
        cap = 30.0 if config["dot_norm_type"] == "tanh" else 0.0
        self.hook(model, cap)

        original = torch.addmm

        def addmm(bias, x, weight):
            # A computed matrix is stored too.
            if not isinstance(weight, torch.nn.Parameter):
                weight = storage.keep(weight)
            return original(bias, storage.share(x), weight)

        model_utils.torch = SimpleNamespace(**{**vars(torch), "addmm": addmm})

    def hook(self, model, cap):
        storage = self.storage
        output = lambda module, inputs, y: storage.keep(y)
        body = model.transformer
        self.hidden = []

        def see(x):
            self.hidden.append(x.detach())

        def embedded(module, inputs, y):
            see(storage.keep_stream(y))

        def last(module, inputs, y):
            see(storage.keep(y))

        def into_norm(module, inputs):
            # The residual sum is this module's input: store it in place, for
            # the skip reads it too.
            return (storage.share_stream(storage.keep_stream(inputs[0])),)

        body.drop.register_forward_hook(embedded)
        body.ln_f.register_forward_pre_hook(lambda m, x: (storage.share_stream(x[0]),))
        body.ln_f.register_forward_hook(last)
        model.lm_head.register_forward_pre_hook(lambda m, x: (storage.share(x[0]),))
        model.lm_head.register_forward_hook(output)
        def normed(module, inputs, y):
            # In post position, the norm makes the stream.
            post = model.config.norm_position == "post"
            return storage.keep_stream(y) if post else storage.keep(y)

        for block in body.h:
            for norm in (block.ln_1, block.ln_2):
                if not isinstance(norm, torch.nn.Identity):
                    norm.register_forward_hook(normed)
                norm.register_forward_pre_hook(into_norm)
            attn, mlp = block.attn, block.mlp
            for layer in (attn.qk_attn, attn.v_attn, attn.c_proj, mlp.c_fc, mlp.act, mlp.c_proj):
                if not isinstance(layer, torch.nn.Identity):
                    layer.register_forward_hook(output)
            for norm in (attn.q_norm, attn.k_norm):
                if not isinstance(norm, torch.nn.Identity):
                    norm.register_forward_pre_hook(lambda m, x: (storage.share(x[0]),))
                    norm.register_forward_hook(output)
            attn._attn = self.attention_of(attn, cap)

            def out(module, inputs, y):
                see(storage.keep_stream(y[0]))

            block.register_forward_hook(out)

    def attention_of(self, attn, cap):
        storage = self.storage

        def forward(q, k, v, attention_mask=None, head_mask=None):
            a, p = attention(storage, q, k, v, cap)
            self.probabilities.append(p.detach())
            gained = attn.attn_mat_resid_gain * storage.share(a)
            if attn.centre_attn:
                T = v.shape[-2]
                centre = attn.uniform_causal_attn_mat[:, :, :T, :T] @ v
                skip = attn.attn_mat_skip_gain * storage.share(v)
                gained = gained + skip - attn.centre_attn_gain * centre
            return storage.keep(gained), p

        return forward

    def __call__(self, ids, labels):
        self.hidden.clear()
        self.probabilities.clear()
        logits = self.module(ids).logits
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return loss, logits

    def states(self):
        """Hidden states by the fixture's names."""
        *states, final = self.hidden
        named = {f"hidden.{i}": x for i, x in enumerate(states[:-1])}
        return {**named, "pre_ln_f": states[-1], f"hidden.{len(states) - 1}": final}

    def statistics(self):
        entropies = [-torch.special.xlogy(p, p).sum(-1).mean() for p in self.probabilities]
        states = self.states()
        rows = []
        for i in range(len(self.hidden) - 1):
            x = states[f"hidden.{i}"]
            x = x - x.mean(-1, keepdim=True)
            rms = (x**2).mean().sqrt() + 1e-8
            y = x.flatten(0, 1) / rms
            N, D = y.shape
            off = lambda g: g[~torch.eye(len(g), dtype=torch.bool)]
            features, rows_gram = y.T @ y / N, y @ y.T / D
            rows.append({
                "x_rms": rms,
                "kurtosis": features.diag().var(),
                "feat_corr_rms": (off(features) ** 2).mean().sqrt(),
                "batch_corr_mean": off(rows_gram).mean(),
                "batch_corr_rms": (off(rows_gram) ** 2).mean().sqrt(),
                "max_median_ratio": (x.abs().amax(-1) / x.abs().median(-1).values).mean(),
            })
        return entropies, rows

    def optimizer(self, groups, optim):
        from transformers.optimization import AdamW

        return AdamW(
            groups, lr=1.0, betas=(optim["adam_beta1"], optim["adam_beta2"]),
            eps=optim["adam_epsilon"], no_deprecation_warning=True,
        )

    def inputs(self, batch, k=None):
        if k is None:
            return batch["input_ids"], batch["labels"]
        return batch["traj_input_ids"][k], batch["traj_input_ids"][k]


class NormformerModel:
    """fairseq's `transformer_lm_gpt`."""

    def __init__(self, case, storage, load=True):
        from fairseq.data import Dictionary
        from fairseq.models.transformer_lm import (
            TransformerLanguageModel,
            TransformerLanguageModelConfig,
        )

        self.storage = storage
        c = case.model
        cfg = TransformerLanguageModelConfig()
        names = set(vars(cfg)) | set(TransformerLanguageModelConfig.__dataclass_fields__)
        for key, value in c.items():
            if key in names:
                setattr(cfg, key, value)
        cfg.decoder_input_dim = cfg.decoder_output_dim = c["decoder_embed_dim"]
        cfg.max_target_positions = cfg.tokens_per_sample = c["tokens_per_sample"]
        dictionary = Dictionary()
        for i in range(c["vocab_size"] - len(dictionary)):
            dictionary.add_symbol(f"w{i}")
        task = SimpleNamespace(source_dictionary=dictionary, target_dictionary=dictionary)
        self.module = model = TransformerLanguageModel.build_model(cfg, task).eval()
        table = "decoder.embed_positions.weights"
        if load:
            state = {k: v for k, v in case.weights.items() if k != table}
            state["decoder.output_projection.weight"] = state["decoder.embed_tokens.weight"]
            # Without it fairseq takes the weights for old ones, and drops the final norm.
            state["decoder.version"] = torch.tensor([3.0])
            missing, unexpected = model.load_state_dict(state, strict=False)
            assert not missing and set(unexpected) <= {"decoder.version"}, (missing, unexpected)
        if table in case.weights:
            model.decoder.embed_positions.weights = case.weights[table]
        self.hook(model.decoder)

    def hook(self, decoder):
        storage = self.storage
        output = lambda module, inputs, y: storage.keep(y)
        self.hidden = []

        def see(x):
            self.hidden.append(x.detach().transpose(0, 1))

        def embedded(module, inputs, y):
            self.hidden.append(storage.keep_stream(y).detach())

        def norm(module, inputs_in_stream):
            share = storage.share_stream if inputs_in_stream else storage.share
            module.register_forward_pre_hook(lambda m, x: (share(x[0]),))
            module.register_forward_hook(output)

        decoder.dropout_module.register_forward_hook(embedded)
        norm(decoder.layer_norm, True)
        decoder.layer_norm.register_forward_hook(lambda m, x, y: see(y))

        def linear(x, weight, bias=None):
            return storage.keep(LINEAR(storage.share(x), weight, bias))

        F.linear = linear

        def attend(q, k, v, *_, **__):
            return attention(storage, q, k, v)[0]

        F.scaled_dot_product_attention = attend
        for layer in decoder.layers:
            norm(layer.self_attn_layer_norm, True)
            norm(layer.final_layer_norm, True)
            for inner in (layer.attn_ln, layer.ffn_layernorm):
                if inner is not None:
                    # Scaled heads come before a norm without a module.
                    inner.register_forward_pre_hook(lambda m, x: (storage.keep(x[0]),))
                    norm(inner, False)
            layer.dropout_module.register_forward_hook(output)
            activation = layer.activation_fn
            layer.activation_fn = lambda x, f=activation: storage.keep(f(x))

            def add(x, residual):
                return storage.keep_stream(x + storage.keep_stream(residual))

            layer.residual_connection = add
            layer.register_forward_hook(lambda m, x, y: see(y[0]))

    def __call__(self, ids, targets):
        self.hidden.clear()
        logits, _ = self.module(ids)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten()), logits

    def states(self):
        *states, final = self.hidden
        return {**{f"hidden.{i}": x for i, x in enumerate(states)}, "final_norm": final}

    def optimizer(self, groups, optim):
        from fairseq.optim.adam import Adam

        return Adam(groups, lr=1.0, betas=tuple(optim["adam_betas"]), eps=optim["adam_eps"])

    def inputs(self, batch, k=None):
        if k is None:
            return batch["input_ids"], batch["targets"]
        return batch["traj_input_ids"][k], batch["traj_targets"][k]


def run(case, storage, scale, dtype=torch.float32, load=True):
    """Deviations of one run from the fixture."""
    torch.set_default_dtype(dtype)
    simplified = case.family == "simplified_transformers"
    weights = case.weights
    case = SimpleNamespace(**{**vars(case), "weights": {k: v.to(dtype) for k, v in weights.items()}})
    model = (SimplifiedModel if simplified else NormformerModel)(case, storage, load)
    module, expected, optim = model.module.to(dtype), case.expected, case.optim
    parameters = {
        name: p for name, p in module.named_parameters()
        if expected["params"].get(name, {}).get("gets_gradient")
    }
    copied = [
        p for layer in module.modules() for p in layer.parameters(recurse=False)
        # Of a reparameterised layer, products read the computed matrix.
        if p.dim() == 2 and not getattr(layer, "skip", False)
    ]
    masters = [p.data.clone() for p in copied]

    def embedding(ids, weight, *args, **options):
        """Reads the master weights; the gradient is the same."""
        y = EMBEDDING(ids, weight, *args, **options)
        master = next(m for p, m in zip(copied, masters) if p is weight)
        return y + (EMBEDDING(ids, master) - y).detach()

    def forward(k=None):
        """Loss and logits, with the float16 copies of matrices in place."""
        F.embedding = embedding
        if storage.half:
            near = Storage(exact=storage.exact)
            for p, master in zip(copied, masters):
                p.data.copy_(near.rounded(master))
        return model(*model.inputs(case.batch, k))

    def backward(k=None):
        module.zero_grad()
        loss, logits = forward(k)
        (scale * loss).backward()
        for p, master in zip(copied, masters):
            p.data.copy_(master)
        for name, p in parameters.items():
            p.grad.div_(scale)
            assert p.grad.isfinite().all(), (case.name, name, "overflow")
        return loss.detach(), logits.detach()

    out = {}
    loss, logits = backward()
    out["loss"] = abs(float(loss) - expected["loss"])
    relative = lambda got, want: float((got - want).abs().max() / want.abs().max())
    out["logits"] = relative(logits, case.tensors["logits"])
    out["hidden"] = max(relative(x, case.tensors[n]) for n, x in model.states().items())
    out["gradients"] = defaultdict(float)
    for name, p in parameters.items():
        error = float((p.grad - case.tensors[f"grad.{name}"]).norm())
        kind = re.sub(r"\.\d+\.", ".*.", name)
        out["gradients"][kind] = max(out["gradients"][kind], error)
    if simplified:
        entropies, rows = model.statistics()
        want = expected["statistics"]
        off = lambda got, want: max(0.0, abs(float(got) - want) - 1e-7) / abs(want)
        out["attention_entropy"] = max(off(g, w) for g, w in zip(entropies, want["attn_entropy"]))
        pairs = [
            (name, off(g[name], w[name]))
            for g, w in zip(rows, want["hidden_states"]) for name in w
        ]
        out["hidden_statistics"] = max(x for name, x in pairs if name != "max_median_ratio")
        out["max_to_median"] = max(x for name, x in pairs if name == "max_median_ratio")

    groups = [
        {"params": [p], "weight_decay": expected["params"][name]["weight_decay"]}
        for name, p in parameters.items()
    ]
    optimizer = model.optimizer(groups, optim)
    trajectory = expected["trajectory"]
    with torch.no_grad():
        before = float(forward()[0])
    out["loss"] = max(out["loss"], abs(before - trajectory["eval_loss_before"]))
    got, losses, norms = [], [], []
    clip = optim.get("max_grad_norm", optim.get("clip_norm"))
    for k, rate in enumerate(trajectory["lr"]):
        loss, _ = backward(k)
        norm = torch.nn.utils.clip_grad_norm_(list(parameters.values()), clip or math.inf)
        got.append(float(loss))
        losses.append(abs(float(loss) - trajectory["loss"][k]))
        norms.append(abs(float(norm) / trajectory["grad_norm"][k] - 1))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        for p, master in zip(copied, masters):
            master.copy_(p.data)
    with torch.no_grad():
        after = float(forward()[0])
    losses.append(abs(after - trajectory["eval_loss_after"]))
    steps = [n for n in HORIZONS if n <= len(got)]
    # The last horizon has the loss after the updates too.
    ends = [*steps[:-1], len(losses)]
    out["trajectory"] = {
        "loss": [max(losses[:n]) for n in ends],
        "grad_norm": [max(norms[:n]) for n in ends],
    }
    for p, master in zip(copied, masters):
        p.data.copy_(master)
    out["final_param_l2"] = max(
        abs(float(p.norm()) / trajectory["final_param_l2"][name] - 1)
        for name, p in parameters.items()
        # Adam turns the rounding noise of a zero gradient into real updates.
        if case.tensors[f"grad.{name}"].abs().max() >= 1e-4
        and not re.search(r"\b(qk_attn|[qk]_proj)\.bias$", name)
    )
    return {"steps": steps, **out}, sum(got[-LAST:]) / LAST


def largest(runs):
    """FACTOR times the largest of each number, to two digits, rounded up."""
    first = runs[0]
    if isinstance(first, dict):
        return {key: largest([r[key] for r in runs]) for key in first}
    if isinstance(first, list):
        return [largest(list(numbers)) for numbers in zip(*runs)]
    x = FACTOR * max(runs)
    if x == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(x)) - 1)
    return float(f"{math.ceil(x / unit) * unit:.1e}")


def tolerances(case):
    unrounded = Storage(half=True, residual_half=True, exact=True)
    exact, _ = run(case, unrounded, 1.0, torch.float64)
    # fairseq's gelu is float32 in any model.
    assert exact["loss"] < 1e-8 and exact["hidden"] < 1e-7, (case.name, exact)
    first, low = FIRST_SCALE[case.family], LOW_SCALE[case.family]
    is_long = len(case.expected["trajectory"]["lr"]) > LONG
    out = {}
    for residual in ("fp32", "fp16"):
        def emulated(seed=None, scale=first):
            storage = Storage(half=True, residual_half=residual == "fp16", seed=seed)
            return run(case, storage, scale)[0]

        runs = [emulated(), *map(emulated, LONG_SEEDS if is_long else SEEDS)]
        if not is_long:
            runs.append(emulated(scale=low))
        steps = [r.pop("steps") for r in runs][0]
        found = largest(runs)
        out[residual] = {**found, "trajectory": {"steps": steps, **found["trajectory"]}}
    if is_long:
        out["seed_losses"] = []
        for seed in INIT_SEEDS:
            torch.manual_seed(seed)
            out["seed_losses"].append(run(case, Storage(), 1.0, load=False)[1])
    return out


def main(simplified, fairseq, *names):
    sys.path[:0] = [simplified, fairseq]
    torch.set_num_threads(1)
    found = json.loads(TARGET.read_text()) if names and TARGET.exists() else {}
    for folder in sorted(p for p in GOLDEN.iterdir() if p.is_dir()):
        if names and folder.name not in names:
            continue
        found[folder.name] = tolerances(load_case(folder))
        print(folder.name, flush=True)
    text = json.dumps(dict(sorted(found.items())), indent=1)
    # Lists on one line.
    text = re.sub(r"\[[^\[\]{}]*\]", lambda m: " ".join(m[0].split()), text)
    TARGET.write_text(text + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
