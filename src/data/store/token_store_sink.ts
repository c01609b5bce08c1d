/**
 * The store's own format: one file of sequences per split.
 * @module
 */
import { join } from "node:path";
import { SequenceWriter } from "./sequence_writer.ts";
import type {
  DocumentEnd,
  SinkState,
  SplitName,
  TokenSink,
} from "./token_sink.ts";

const SPLITS = ["train", "valid"] as const;

/**
 * Writes `train.bin` and `valid.bin`: each document is cut into sequences of
 * `sequenceLength` tokens, and its rest is dropped.
 */
export class TokenStoreSink implements TokenSink {
  /** `save()` may be called within a document, too. */
  readonly savesWithin = true;
  #writers: Record<SplitName, SequenceWriter>;

  /** @param bytesPerToken 2 or 4 */
  constructor(
    dir: string,
    { sequenceLength, bytesPerToken }: {
      sequenceLength: number;
      bytesPerToken: number;
    },
  ) {
    const [train, valid] = SPLITS.map((split) =>
      new SequenceWriter(
        join(dir, `${split}.bin`),
        sequenceLength,
        bytesPerToken,
      )
    );
    this.#writers = { train, valid };
  }

  push(split: SplitName, ids: Uint32Array): void {
    this.#writers[split].push(ids);
  }

  endDocument(split: SplitName): DocumentEnd {
    return this.#writers[split].endDocument();
  }

  save(): SinkState {
    const state: SinkState = {};
    for (const split of SPLITS) {
      const { sequences, bytes, tokens, rest } = this.#writers[split]
        .save();
      state[split] = [sequences, bytes, tokens, ...rest];
    }
    return state;
  }

  restore(state: SinkState): void {
    for (const split of SPLITS) {
      const [sequences, bytes, tokens, ...rest] = state[split] as number[];
      this.#writers[split].restore({
        sequences: sequences,
        bytes,
        tokens,
        rest,
      });
    }
  }

  finish(): void {
    for (const split of SPLITS) this.#writers[split].finish();
  }

  close(): void {
    for (const split of SPLITS) this.#writers[split].close();
  }
}
