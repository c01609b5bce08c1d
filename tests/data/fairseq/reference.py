"""What fairseq writes and reads, in NumPy, from the description of its format and of its samples.

    python3 tests/data/fairseq/reference.py

writes `fixture/` beside this file: `types/` has one text in each integer type, `blocks/` two subsets with all samples
of several lengths, `written/` what a binarised folder must be byte for byte.
"""
import math
import pathlib
import struct

import numpy as np

BOS, PAD, EOS, UNK = 0, 1, 2, 3
CODES = {"uint8": 1, "int8": 2, "int16": 3, "int32": 4, "int64": 5, "uint16": 8, "uint32": 9, "uint64": 10}
HERE = pathlib.Path(__file__).parent / "fixture"


def write(prefix, sentences, dtype):
    prefix.parent.mkdir(parents=True, exist_ok=True)
    arrays = [np.array(s, dtype=dtype) for s in sentences]
    prefix.with_suffix(".bin").write_bytes(b"".join(a.tobytes() for a in arrays))
    sizes = np.array([a.size for a in arrays], dtype="<i4")
    ends = np.cumsum([a.nbytes for a in arrays], dtype="<i8")
    starts = (ends - [a.nbytes for a in arrays]).astype("<i8")
    header = b"MMIDIDX\0\0" + struct.pack("<QBQ", 1, CODES[dtype], len(arrays))
    prefix.with_suffix(".idx").write_bytes(header + sizes.tobytes() + starts.tobytes())


def samples(sentences, length):
    """Inputs and targets of each block, by sentence and offset as TokenBlockDataset finds them; None: not predicted."""
    sentences = [s for s in sentences if s]  # empty ones stop fairseq
    total = sum(map(len, sentences))
    place = [(k, o) for k, s in enumerate(sentences) for o in range(len(s))]
    for block in range(math.ceil(total / length)):
        first, last = block * length, min((block + 1) * length, total) - 1
        (k, offset), (end, _) = place[first], place[last]
        buffer = sum(sentences[k : end + 1], [])
        n = last - first + 1
        target = buffer[offset : offset + n]
        source = buffer[offset - 1 : offset - 1 + n] if offset else [EOS] + buffer[: n - 1]
        rest = length - n
        yield source + [PAD] * rest, [None if t == PAD else t for t in target] + [None] * rest


def main():
    words = [[4, 127, 99, EOS], [], [5, EOS], [6, 7, 8, 9, 10, 11, 12, EOS]]
    for dtype in CODES:
        write(HERE / "types" / dtype, words, dtype)

    # Sentences of one token, empty ones, one that ends without </s>, and <pad> and <unk> in the text.
    valid = [[4, 5, 6, EOS], [], [EOS], [7, 8, 9], [10, PAD, 11, 12, 13, UNK, EOS], [], [14, 15, EOS], [16], [17, EOS]]
    valid1 = [[18, 19], [], [20, 21, 22, 23, EOS], [24, EOS]]
    write(HERE / "blocks" / "valid", valid, "uint16")
    write(HERE / "blocks" / "valid1", valid1, "int64")
    (HERE / "blocks" / "dict.txt").write_text("".join(f"w{i} {i}\n" for i in range(4, 30)))
    lines = []
    for name, sentences in (("valid", valid), ("valid+valid1", valid + valid1)):
        total = sum(map(len, sentences))
        for length in (1, 2, 3, 4, 5, 8, total - 1, total, total + 6):
            for inputs, targets in samples(sentences, length):
                shown = ["-" if t is None else str(t) for t in targets]
                lines.append(f"{name} {length}: {' '.join(map(str, inputs))}: {' '.join(shown)}\n")
    (HERE / "blocks" / "expected.txt").write_text("".join(lines))

    for dtype, vocab in (("uint16", 300), ("int32", 70_000)):
        counts = [0] * vocab
        splits = {"train": [0, 1, 5, 300, 2, 17], "valid": [3, 0, 40]}
        n = 0
        for split, lengths in splits.items():
            documents = []
            for length in lengths:
                ids = [i * 7919 % vocab for i in range(n, n + length)]
                n += length
                if split == "train":
                    for i in ids:
                        counts[i] += 1
                documents.append([i + 4 for i in ids] + [EOS])
            write(HERE / "written" / dtype / split, documents, dtype)
        if vocab < 1000:
            text = "".join(f"{i} {c}\n" for i, c in enumerate(counts))
            (HERE / "written" / dtype / "dict.txt").write_text(text)


main()
