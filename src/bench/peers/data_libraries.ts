/**
 * Libraries to compare the data code with. Only the bench needs them, so they
 * are fetched on demand; a library that is not available is not compared.
 * @module
 */

/** npm packages, with the versions that tables show. */
export const PEERS = {
  tokenizers: "@huggingface/tokenizers@0.2.0",
  tiktoken: "js-tiktoken@1.0.21/lite",
  hyparquet: "hyparquet@1.31.5",
  writer: "hyparquet-writer@0.17.0",
} as const;

/** The modules of the libraries; null for those that are not available. */
export type Peers = Record<keyof typeof PEERS, Module | null>;

// deno-lint-ignore no-explicit-any -- importing the types would import the package
type Module = any;

/** Loads the available libraries. */
export async function loadPeers(): Promise<Peers> {
  const loaded = Object.entries(PEERS).map(async ([name, spec]) => {
    // Not a literal, which would make the package part of the executable.
    const module = await import(`npm:${spec}`).catch(() => null);
    return [name, module];
  });
  return Object.fromEntries(await Promise.all(loaded));
}

/** No libraries, for quick runs. */
export const NO_PEERS: Peers = {
  tokenizers: null,
  tiktoken: null,
  hyparquet: null,
  writer: null,
};
