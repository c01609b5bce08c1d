/** Turns the results of the data section into tables. @module */
import { formatBytes } from "../../terminal/format_numbers.ts";
import { percent, type Table, threeDigits } from "../format_table.ts";
import type { Rate } from "./clock.ts";
import type { DataResult } from "./data.ts";
import { LOADER_STEP, type LoaderRow, type SequencesRow } from "./loader.ts";
import { type PrepareRow, SEQUENCE_LENGTH } from "./prepare.ts";
import type { ReaderRow } from "./readers.ts";
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

/** The two cells of a rate; dashes for null. */
const cells = (rate: Rate | null): string[] => [
  threeDigits(rate?.mb ?? NaN),
  threeDigits(rate?.cpu ?? NaN),
];

/** Formats a ratio as `1.23 x`; `-` for null. */
const times = (ratio: number | null): string =>
  ratio === null ? "-" : `${threeDigits(ratio)} x`;

function floorTable({ text, floors }: DataResult): Table {
  return {
    title: "Data: the floor",
    headings: ["alone, one thread", "MB/s", "by CPU"],
    rows: floors.map(({ name, rate }) => [name, ...cells(rate)]),
    notes: [
      `MB is 1e6 bytes of text. By CPU: per second of CPU time; compare this if other programs run. Text: ${
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
      "New text: medians of rounds of a few hundred kB each, alternating with the library on the same text; ratio is our rate divided by the library's, by CPU time. Long text: the next 8 MB in five rounds, with mostly words seen before. Same ids: documents with equal ids from both. All except byte have GPT-2's tokens in the notation of their kind.",
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
      "First reading: SHA-256 of the file, and the number of its documents. To strings: every document, as in the second reading. The libraries hold the whole file in memory, compressed and decompressed; ours hold a few blocks.",
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
      `One run each in a new process, from cold caches to the finished store of sequences of ${SEQUENCE_LENGTH} tokens, including the start of threads. own CPU: milliseconds over all threads. scaling: rate relative to one thread; by CPU: its upper bound on idle cores. tokenizing: the fraction of own CPU that the tokenizer alone needs for the text. memory: peak of the process${
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
      `${SEQUENCE_LENGTH} tokens each, two bytes per token on disk, from the page cache; fairseq's reads include the targets.`,
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
      `Steps of ${
        LOADER_STEP.rows * LOADER_STEP.accumulation
      } sequences; the device is busy for ${LOADER_STEP.stepMs} ms between them. ms is the median of next(); mean wait is the figure that a run logs.`,
    ],
  };
}
