"""Writes tests/config/compose/fairseq_options.txt: every option of fairseq-train for language models
(task language_modeling, arch transformer_lm_gpt) with any of its optimizers and schedulers and the
criteria below, one per line; a name that ends in = takes a value.

    git clone https://github.com/facebookresearch/fairseq && git -C fairseq checkout 3d262bb
    PYTHONPATH=fairseq python scripts/peers/fairseq_options.py   # packages as for loss_average.py
"""

import argparse
from pathlib import Path

from fairseq import optim, options
from fairseq.optim import lr_scheduler

COMMAND = ["data", "--task", "language_modeling", "--arch", "transformer_lm_gpt"]
CRITERIA = ["cross_entropy", "label_smoothed_cross_entropy", "adaptive_loss"]

found = {}
add = argparse._ActionsContainer.add_argument


def record(self, *names, **kwargs):
    action = add(self, *names, **kwargs)
    takes_value = action.nargs != 0
    for name in action.option_strings:
        if name.startswith("--") and name != "--help":
            found[name[2:] + ("=" if takes_value else "")] = None
    return action


class Stop(Exception):
    """What the second parse wants, which is done once all options are there, is not needed."""


def stop(*_, **__):
    raise Stop


argparse._ActionsContainer.add_argument = record
argparse.ArgumentParser.error = stop
choices = (
    [["--optimizer", name] for name in optim.OPTIMIZER_REGISTRY]
    + [["--lr-scheduler", name] for name in lr_scheduler.LR_SCHEDULER_REGISTRY]
    + [["--criterion", name] for name in CRITERIA]
)
for choice in choices:
    try:
        options.parse_args_and_arch(
            options.get_training_parser("language_modeling"), COMMAND + choice
        )
    except Stop:
        pass
path = Path(__file__).resolve().parents[2] / "tests/config/compose/fairseq_options.txt"
path.write_text("\n".join(sorted(found)) + "\n")
