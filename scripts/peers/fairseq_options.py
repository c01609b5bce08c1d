"""Writes tests/config/compose/fairseq_options.txt: every option of fairseq-train for the command of
NormFormer's paper (task language_modeling, arch transformer_lm_gpt, optimizer adam, scheduler
polynomial_decay, criterion cross_entropy), one per line; a name that ends in = takes a value.

    git clone https://github.com/facebookresearch/fairseq && git -C fairseq checkout 3d262bb
    PYTHONPATH=fairseq python scripts/peers/fairseq_options.py   # packages as for loss_average.py
"""

import argparse
from pathlib import Path

from fairseq import options

COMMAND = [
    "data", "--task", "language_modeling", "--arch", "transformer_lm_gpt", "--optimizer", "adam",
    "--lr-scheduler", "polynomial_decay", "--criterion", "cross_entropy", "--total-num-update", "1",
]

found = {}
add = argparse._ActionsContainer.add_argument


def record(self, *names, **kwargs):
    action = add(self, *names, **kwargs)
    takes_value = action.nargs != 0
    for name in action.option_strings:
        if name.startswith("--") and name != "--help":
            found[name[2:] + ("=" if takes_value else "")] = None
    return action


argparse._ActionsContainer.add_argument = record
options.parse_args_and_arch(options.get_training_parser("language_modeling"), COMMAND)
path = Path(__file__).resolve().parents[2] / "tests/config/compose/fairseq_options.txt"
path.write_text("\n".join(sorted(found)) + "\n")
