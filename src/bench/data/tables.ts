/** What was measured on data, as tables. @module */
import { formatBytes } from "../../terminal/format_numbers.ts";
import type { DataResult } from "./data.ts";
import type { Rate } from "./clock.ts";
import { LOADER_STEP, type LoaderRow, type SequencesRow } from "./loader.ts";
import { type PrepareRow, SEQUENCE_LENGTH } from "./prepare.ts";
import type { ReaderRow } from "./readers.ts";
import { percent, type Table, threeDigits } from "../table.ts";
import type { TokenizerRow } from "./tokenizers.ts";

/** All tables of the data section, in order. */
export function dataTables(result: DataResult): Table[] {
  return [
    floorTable(result),
    tokenizerTable(result.tokenizers),
    readerTable(result.readers),
    prepareTable(result),
    sequencesTable(result.blocks),
    loaderTable(result.feed),
  ];
}

/** The two cells of a rate; dashes for none. */
const cells = (rate: Rate | null): string[] => [
  threeDigits(rate?.mb ?? NaN),
  threeDigits(rate?.cpu ?? NaN),
];

/** `1.23 x`. */
const times = (ratio: number | null): string =>
  ratio === null ? "-" : `${threeDigits(ratio)} x`;

function floorTable({ text, floors }: DataResult): Table {
  return {
    title: "Data: the floor",
    headings: ["alone, one thread", "MB/s", "by CPU"],
    rows: floors.map(({ name, rate }) => [name, ...cells(rate)]),
    notes: [
      `MB is 1e6 bytes of text. By CPU: in a second of CPU time; where other programs run, look at this. Text: ${
        threeDigits(text.bytes / 1e6)
      } MB in ${text.documents} documents of this machine, from ${text.from}.`,
    ],
  };
}

function tokenizerTable(rows: readonly TokenizerRow[]): Table {
  return {
    title: "Data: tokenizers, one thread",
    headings: [
      "tokenizer",
      "tokens",
      "bytes each",
      "long text MB/s",
      "by CPU",
      "new text MB/s",
      "by CPU",
      "library",
      "MB/s",
      "by CPU",
      "ratio",
      "same ids",
    ],
    rows: rows.map((row) => [
      row.name,
      `${row.vocabSize}`,
      threeDigits(row.bytesPerToken),
      ...cells(row.long),
      ...cells(row.ours),
      row.peerName ?? "-",
      ...cells(row.peer),
      times(row.ratio),
      percent(row.same),
    ]),
    notes: [
      "New text: medians of rounds of a few hundred kB each, the library on the same text in turn; ratio is ours by the library's, by CPU time. Long text: the next 8 MB in five rounds, most of whose words have come before. Same ids: documents of which both make the same. All but byte have GPT-2's tokens in the form of their kind.",
    ],
  };
}

function readerTable(rows: readonly ReaderRow[]): Table {
  return {
    title: "Data: readers, one thread",
    headings: [
      "source",
      "on disk",
      "first reading MB/s",
      "by CPU",
      "to strings MB/s",
      "by CPU",
      "library",
      "MB/s",
      "by CPU",
      "ratio",
    ],
    rows: rows.map((row) => [
      row.name,
      percent(row.packed),
      ...cells(row.inspect),
      ...cells(row.ours),
      row.peerName ?? "-",
      ...cells(row.peer),
      times(row.ratio),
    ]),
    notes: [
      "First reading: SHA-256 of the file, and the number of its documents. To strings: every document, as the second reading has them. The libraries hold the whole file in memory, packed and unpacked; ours a few blocks.",
    ],
  };
}

function prepareTable({ prepare, before }: DataResult): Table {
  const memory = (bytes: number | null) =>
    bytes === null ? "-" : formatBytes(bytes);
  return {
    title: "Data: prepare",
    headings: [
      "source",
      "tokenizer",
      "threads",
      "ms",
      "own CPU",
      "MB/s",
      "scaling",
      "by CPU",
      "tokenizing",
      "memory",
      "again ms",
    ],
    rows: prepare.map((row: PrepareRow) => [
      row.source,
      row.tokenizer,
      `${row.workers}`,
      threeDigits(row.ms),
      threeDigits(row.cpuMs),
      threeDigits(row.mb),
      times(row.scaling),
      times(row.scalingCpu),
      percent(row.tokenizing),
      memory(row.peak),
      threeDigits(row.againMs),
    ]),
    notes: [
      `One run each in a new process, from cold caches to the finished store of sequences of ${SEQUENCE_LENGTH} tokens, threads' start included. own CPU: milliseconds over all threads. scaling: by the rate of one thread; by CPU: what idle cores would give at most. tokenizing: the part of it that the tokenizer alone takes for the text. memory: the most that the process had${
        before === null ? "" : `, ${memory(before)} of it before any work`
      }. again: the second start, which finds the store.`,
    ],
  };
}

function sequencesTable(rows: readonly SequencesRow[]): Table {
  return {
    title: "Data: sequences at random",
    headings: ["from", "sequences/s", "by CPU", "MB/s"],
    rows: rows.map((row) => [
      row.name,
      threeDigits(row.perSecond),
      threeDigits(row.perCpuSecond),
      threeDigits(row.mb),
    ]),
    notes: [
      `${SEQUENCE_LENGTH} tokens each, of two bytes on disk, from the page cache; with fairseq's come the targets.`,
    ],
  };
}

function loaderTable(rows: readonly LoaderRow[]): Table {
  return {
    title: "Data: waiting for batches",
    headings: ["steps read ahead", "ms", "most", "mean wait ms"],
    rows: rows.map((row) => [
      `${row.readAhead}`,
      threeDigits(row.ms),
      threeDigits(row.most),
      threeDigits(row.waited),
    ]),
    notes: [
      `Of a step of ${
        LOADER_STEP.rows * LOADER_STEP.accumulation
      } sequences, while the device is busy for ${LOADER_STEP.stepMs} ms between. ms is the median of next(); mean wait is what the run's log counts.`,
    ],
  };
}
