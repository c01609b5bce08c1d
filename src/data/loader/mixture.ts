/**
 * Which sequence of which part comes next, for data that has parts with
 * weights.
 *
 * Parts are chosen by the quota method, not at random (Balinski and Young, The
 * American Mathematical Monthly 82, 1975): the next draw goes to the part with
 * the largest weight / (drawn + 1) among those that it would not take beyond
 * their share rounded up. After any number k of draws, a part of share s has
 * been drawn ⌊k·s⌋ or ⌈k·s⌉ times, so every stretch of training sees the
 * requested mixture. Integer arithmetic only: the same on every machine.
 *
 * Within a part, sequences come in seeded epochs without replacement. Parts end
 * their epochs at different times; an epoch of the mixture is as many draws as
 * there are sequences in all parts.
 * @module
 */
import { UserError } from "../../errors.ts";
import { Sampler, type SamplerState } from "./sampler.ts";

/** A part of the data. */
export interface MixturePart {
  /** Number of sequences, at least 1. */
  sequences: number;
  /**
   * How often the part is drawn relative to the others, above 0; null for a
   * single part.
   */
  weight: number | null;
}

/** What is sampled. */
export interface MixtureOptions {
  /** At least one part; the order of several affects the draws. */
  parts: readonly MixturePart[];
  /** A non-negative integer. */
  seed: number;
}

/** A sequence that was drawn. */
export interface Draw {
  /** Index of its part. */
  part: number;
  /** Its number within the part. */
  sequence: number;
}

/**
 * State of a mixture: that of its sampler, or a list with one per part. It is
 * written to `state.json`, so its form stays as it is.
 */
export type MixtureState = SamplerState | SamplerState[];

/**
 * Draws sequences from parts by weight; from a single part, as its `Sampler`.
 */
export class Mixture {
  readonly #samplers: Sampler[];
  /** The weights as integers. */
  readonly #weights: bigint[];
  readonly #total: bigint;
  /**
   * Sequences drawn from each part since the first step, and from all parts.
   */
  #drawn: bigint[];
  #count = 0n;

  /**
   * @throws {UserError} if a part has no sequences or no weight, or the seed is
   *   not a non-negative integer.
   */
  constructor({ parts, seed }: MixtureOptions) {
    const alone = parts.length === 1;
    this.#samplers = parts.map(({ sequences }, part) => {
      if (sequences === 0 && !alone) throw emptyPartError(part);
      return new Sampler({
        sequences,
        seed,
        part: alone ? undefined : part,
      });
    });
    this.#weights = alone ? [1n] : exactWeights(parts);
    this.#total = this.#weights.reduce((sum, weight) => sum + weight, 0n);
    this.#drawn = parts.map(() => 0n);
  }

  /** Draws per epoch: the number of sequences in all parts. */
  get sequences(): number {
    return this.#samplers.reduce(
      (sum, { sequences }) => sum + sequences,
      0,
    );
  }

  /** Draws that are left of this epoch, at least 1. */
  get left(): number {
    const { sequences } = this;
    const drawn = this.#samplers.length === 1
      ? this.#samplers[0].state.position
      : Number(this.#count % BigInt(sequences));
    return sequences - drawn;
  }

  /** The next `count` sequences. */
  next(count: number): Draw[] {
    if (this.#samplers.length === 1) {
      return this.#samplers[0].next(count).map((sequence) => ({
        part: 0,
        sequence,
      }));
    }
    return Array.from({ length: count }, () => {
      const part = this.#nextPart();
      this.#drawn[part]++;
      this.#count++;
      const [sequence] = this.#samplers[part].next(1);
      return { part, sequence };
    });
  }

  /** The current state, as plain data. */
  get state(): MixtureState {
    return stateOf(this.#samplers.map(({ state }) => state));
  }

  /**
   * Continues from a state saved by a mixture of the same parts, weights and
   * seed.
   * @throws {UserError} if the state does not fit these parts.
   */
  restore(state: MixtureState): void {
    const states = statesOf(state);
    if (states.length !== this.#samplers.length) {
      throw new UserError(
        `Cannot resume the sampler as its saved state must have one entry per part of the data (${this.#samplers.length}): ` +
          `got ${states.length}; was the run started with other data?`,
      );
    }
    this.#samplers.forEach((sampler, part) => sampler.restore(states[part]));
    this.#drawn = states.map(({ epoch, position }, part) =>
      BigInt(epoch) * BigInt(this.#samplers[part].sequences) + BigInt(position)
    );
    this.#count = this.#drawn.reduce((sum, drawn) => sum + drawn, 0n);
  }

  #nextPart(): number {
    let best = -1;
    this.#weights.forEach((weight, part) => {
      const drawn = this.#drawn[part];
      // The part has reached its share rounded up. This never holds for all
      // parts.
      if (drawn * this.#total >= weight * (this.#count + 1n)) return;
      const first = best < 0 ||
        weight * (this.#drawn[best] + 1n) > this.#weights[best] * (drawn + 1n);
      if (first) best = part;
    });
    return best;
  }
}

/** A mixture's state as a list with one state per part. */
export function statesOf(state: MixtureState): SamplerState[] {
  return Array.isArray(state) ? state : [state];
}

/** The state of a mixture from its parts' states; a single one stands alone. */
export function stateOf(states: SamplerState[]): MixtureState {
  return states.length === 1 ? states[0] : states;
}

/**
 * Integers in the ratio of the weights as written: 0.7 and 0.3 become 7 and 3,
 * instead of their binary approximations.
 */
function exactWeights(parts: readonly MixturePart[]): bigint[] {
  const decimals = parts.map(({ weight }, part) => {
    if (weight === null || !(weight > 0 && weight < Infinity)) {
      throw new UserError(
        `Cannot mix as 'data.weights' must have a number above 0 for each part: got ${weight} for part ${
          part + 1
        } of ${parts.length}`,
      );
    }
    const [digits, exponent] = weight.toExponential().split("e");
    const [whole, fraction = ""] = digits.split(".");
    return {
      digits: BigInt(whole + fraction),
      exponent: Number(exponent) - fraction.length,
    };
  });
  const least = Math.min(...decimals.map(({ exponent }) => exponent));
  return decimals.map(({ digits, exponent }) =>
    digits * 10n ** BigInt(exponent - least)
  );
}

function emptyPartError(part: number): UserError {
  return new UserError(
    `Cannot mix as every part must have at least one sequence: got none in part ${
      part + 1
    }; take it out of 'data.files' and 'data.weights'`,
  );
}
