/** Which sequences and which tokenizer does a config's data give? @module */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { sourceTexts } from "../assets/source_text.ts";
import {
  type Config,
  sequenceLength,
  sequenceLengthKey,
} from "../config/mod.ts";
import { loadFairseqData } from "../data/fairseq/mod.ts";
import {
  loadTokenizer,
  prepare,
  type Prepared,
  type PrepareOptions,
  type SplitLocation,
  type Tokenizer,
} from "../data/mod.ts";
import { CONTENTS, holdsNames } from "../data/scan/fingerprint.ts";
import type { SourceFile } from "../data/sources/mod.ts";
import { UserError } from "../errors.ts";
import { markCache, resolveCacheDir } from "../fs/cache_dir.ts";
import { shortPath, splitPaths } from "../fs/user_path.ts";
import { documentLimit, noteTokenMult } from "./data/document_limit.ts";
import { PhaseProgress } from "./data/phase_progress.ts";
import { sourcesOf } from "./data/sources_of.ts";

/**
 * Seed of the documents' shuffle. It is not the run's, as in the paper's code:
 * runs that differ in `seed` have the same split.
 */
const DATA_SEED = 0;

/** One source of sequences. */
export interface DataPart {
  location: SplitLocation;
  /** Sequences in it. */
  sequences: number;
  /**
   * How often it is drawn from, relative to the other parts; null if parts have
   * no weights.
   */
  weight: number | null;
}

/** Prepared data. */
export interface TrainingData {
  tokenizer: Tokenizer;
  /** SHA-256 over everything that determines the sequences. */
  fingerprint: string;
  train: DataPart[];
  /** Empty where nothing is held out. */
  valid: DataPart[];
  /** The label that does not count, where targets are shifted tokens. */
  ignoreId: number | null;
  /** The token stores; none for a fairseq folder. */
  stores: Prepared[];
}

/** Options of {@linkcode openData}. */
export interface OpenDataOptions {
  /** Shows the user a line. */
  say?: ((line: string) => void) | undefined;
  /** Used instead of the config's: a resumed run has saved its own. */
  tokenizer?: Tokenizer | undefined;
  /**
   * The fingerprint that a run has recorded: the same data gets the same one,
   * also where an earlier version made it.
   */
  recorded?: string | undefined;
  /**
   * Whether a run was made on this data: then what cannot be used did not stop
   * it, and is counted now too.
   * @default false
   */
  existingRun?: boolean;
}

/** The tokenizer that the config names. */
export function tokenizerOf(config: Config): Promise<Tokenizer> {
  return loadTokenizer(config.data.tokenizer, {
    cacheDir: resolveCacheDir(config),
  });
}

/**
 * Tokenizes the config's data, or finds it prepared in the cache.
 *
 * @throws {UserError} where there is no text, none long enough, or no space
 */
export async function openData(
  config: Config,
  options: OpenDataOptions = {},
): Promise<TrainingData> {
  const { data, model } = config;
  if (data.name === "fairseq") return await openFairseq(config, options);
  const tokenizer = options.tokenizer ?? await tokenizerOf(config);
  const { say, existingRun = false, recorded } = options;
  const withNames = recorded !== undefined && holdsNames(recorded);
  if (say && !existingRun) noteTokenMult(config, say);
  const valid = await sourcesOf(config, "valid_files", {
    say,
    existingRun,
    byName: withNames,
  });
  const stores: Prepared[] = [];
  const weighted = data.weights.length > 0;
  const seen = new Map<string, string>();
  const prepareEntries = async (entries: readonly number[]) => {
    const { files, unopened } = await sourcesOf(config, "files", {
      say,
      existingRun,
      entries,
      byName: withNames,
    });
    // Each part holds out its own documents: no other may train on them.
    if (weighted && valid.files.length === 0 && data.valid_fraction > 0) {
      refuseRepeated(files, shortPath(data.files[entries[0]]), seen);
    }
    return await prepareWith(config, {
      documents: data.name === "source" ? { texts: sourceTexts() } : { files },
      validDocuments: valid.files,
      unopened: [...valid.unopened, ...unopened],
      tokenizer,
      sequenceLength: sequenceLength(model),
      withNames,
      skipNamed: data.skip_bad || existingRun,
      say,
    });
  };
  if (weighted) {
    for (const [i, entry] of data.files.entries()) {
      const prepareOne = () => prepareEntries([i]);
      stores.push(await withEntryName(prepareOne, shortPath(entry)));
    }
  } else {
    // Without weights all files are one text.
    stores.push(await prepareEntries([...data.files.keys()]));
  }
  return trainingDataOf(config, tokenizer, stores, {
    withNames,
    sharedValid: valid.files.length > 0,
  });
}

/**
 * The data in one store, or in one store for each entry with a weight.
 *
 * @param options.sharedValid whether the stores have the same held-out files
 */
function trainingDataOf(
  { data }: Config,
  tokenizer: Tokenizer,
  stores: Prepared[],
  { withNames, sharedValid }: { withNames: boolean; sharedValid: boolean },
): TrainingData {
  const weighted = data.weights.length > 0;
  const part = (split: "train" | "valid") =>
    stores.map(({ dir, summary }, i) => ({
      location: { store: dir, split },
      sequences: summary.splits[split].chunks,
      weight: weighted ? data.weights[i] : null,
    }));
  const validParts = part("valid").filter(({ sequences }) => sequences > 0)
    .map((part) => ({ ...part, weight: null }));
  const fingerprint = weighted
    ? mixtureFingerprint(
      stores.map(({ summary }) => summary.fingerprint),
      data.weights,
      withNames,
    )
    : stores[0].summary.fingerprint;
  return {
    tokenizer,
    fingerprint,
    train: part("train"),
    valid: sharedValid ? validParts.slice(0, 1) : validParts,
    ignoreId: tokenizer.eosId,
    stores,
  };
}

/** Refuses a file that belongs to two weighted entries. */
function refuseRepeated(
  files: readonly SourceFile[],
  entry: string,
  seen: Map<string, string>,
): void {
  for (const { name, path } of files) {
    const other = seen.get(path);
    if (other !== undefined) {
      throw new UserError(
        `Cannot give '${name}' a weight as only one entry of 'data.files' may contain it: got '${other}' and '${entry}', and one would train on what the other holds out; name held-out files in 'data.valid_files', or give it in one entry only`,
      );
    }
    seen.set(path, entry);
  }
}

/** Adds the entry to the error of an entry that cannot be prepared. */
async function withEntryName<T>(
  work: () => Promise<T>,
  entry: string,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UserError) || error.message.includes(entry)) {
      throw error;
    }
    throw new UserError(`${error.message} (entry '${entry}' of 'data.files')`, {
      cause: error,
      isMissing: error.isMissing,
    });
  }
}

/**
 * Calls `prepare()` with the options that the config determines, wherever the
 * documents come from.
 */
export async function prepareWith(
  config: Config,
  options:
    & Pick<
      PrepareOptions,
      "documents" | "tokenizer" | "sequenceLength" | "say"
    >
    & Partial<PrepareOptions>,
): Promise<Prepared> {
  const { data, model } = config;
  const meter = new PhaseProgress();
  try {
    const cacheDir = resolveCacheDir(config);
    const prepared = await prepare({
      validFraction: data.valid_fraction,
      seed: DATA_SEED,
      ...documentLimit(config),
      validMaxDocuments: data.valid_max_documents,
      dedup: data.dedup,
      skipBad: data.skip_bad,
      workers: data.workers,
      cacheDir,
      onProgress: (p) => meter.at(p),
      ...options,
    });
    if (!options.out) markCache(cacheDir);
    return prepared;
  } catch (error) {
    // src/data knows no model families: it names the key of the first.
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      error.message.replaceAll(
        "model.context_length",
        sequenceLengthKey(model),
      ),
      { cause: error },
    );
  } finally {
    await meter.stop();
  }
}

async function openFairseq(
  { data, model }: Config,
  { say }: OpenDataOptions,
): Promise<TrainingData> {
  if (data.path === null) {
    throw new UserError(
      "Cannot read the data as 'data.path' must be a folder that fairseq-preprocess wrote: got null",
    );
  }
  const [first = ""] = splitPaths(data.path);
  if (
    !data.combine_val && existsSync(join(first, `${data.valid_subset}1.idx`))
  ) {
    say?.(
      `note: '${data.valid_subset}1' is not validated on; data.combine_val=true adds it`,
    );
  }
  const { tokenizer, fingerprint, train, valid, sequences } =
    await loadFairseqData({
      path: data.path,
      trainSubset: data.train_subset,
      validSubset: data.valid_subset,
      combineVal: data.combine_val,
      sequenceLength: sequenceLength(model),
      bpe: data.bpe,
    });
  return {
    tokenizer,
    fingerprint,
    train: [{
      location: { fairseq: train },
      sequences: sequences.train,
      weight: null,
    }],
    valid: valid
      ? [{
        location: { fairseq: valid },
        sequences: sequences.valid,
        weight: null,
      }]
      : [],
    ignoreId: null,
    stores: [],
  };
}

function mixtureFingerprint(
  fingerprints: string[],
  weights: number[],
  withNames: boolean,
): string {
  const hash = createHash("sha256")
    .update(JSON.stringify({ fingerprints, weights }));
  return (withNames ? "" : CONTENTS) + hash.digest("hex");
}
