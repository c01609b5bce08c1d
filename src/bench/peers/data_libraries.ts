/**
 * Libraries that do the same work: only the bench needs them, so they are fetched when it asks, and not compared where
 * they cannot be had.
 * @module
 */

/** npm packages, each at the version that tables name. */
export const PEERS = {
  tokenizers: "@huggingface/tokenizers@0.2.0",
  tiktoken: "js-tiktoken@1.0.21/lite",
  hyparquet: "hyparquet@1.31.5",
  writer: "hyparquet-writer@0.17.0",
} as const;

/** The modules of the libraries; null for those that cannot be had. */
export type Peers = Record<keyof typeof PEERS, Module | null>;

// deno-lint-ignore no-explicit-any -- its types would come into the program with it
type Module = any;

/** Loads what can be had. */
export async function loadPeers(): Promise<Peers> {
  const loaded = Object.entries(PEERS).map(async ([name, spec]) => {
    // Not a literal: what is imported by one becomes part of the executable.
    const module = await import(`npm:${spec}`).catch(() => null);
    return [name, module];
  });
  return Object.fromEntries(await Promise.all(loaded));
}

/** No libraries. */
export const NO_PEERS: Peers = {
  tokenizers: null,
  tiktoken: null,
  hyparquet: null,
  writer: null,
};
