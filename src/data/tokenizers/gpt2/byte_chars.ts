/**
 * GPT-2's mapping between bytes and visible characters.
 * @module
 */

/**
 * The UTF-16 unit of each byte: the byte itself if it is visible, else the next
 * unused unit from 256.
 */
export const BYTE_UNITS: Uint16Array = new Uint16Array(256);
/** The byte of each unit below 324, or -1. */
const UNIT_BYTES = new Int16Array(324).fill(-1);

for (let byte = 0, hidden = 256; byte < 256; byte++) {
  const visible = byte > 0x20 && byte < 0x7f || byte > 0xa0 && byte !== 0xad;
  BYTE_UNITS[byte] = visible ? byte : hidden++;
  UNIT_BYTES[BYTE_UNITS[byte]] = byte;
}

const utf8 = new TextEncoder();

/** Encodes `text` as UTF-8 and maps each byte to its visible character. */
export function toByteChars(text: string): string {
  const bytes = utf8.encode(text);
  const units = new Uint16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) units[i] = BYTE_UNITS[bytes[i]];
  let chars = "";
  // The number of arguments of one call is limited.
  for (let at = 0; at < units.length; at += 8192) {
    chars += String.fromCharCode(...units.subarray(at, at + 8192));
  }
  return chars;
}

/**
 * Maps visible characters back to bytes; returns the UTF-8 of `chars` if one of
 * them maps to no byte.
 */
export function fromByteChars(chars: string): Uint8Array {
  const bytes = new Uint8Array(chars.length);
  for (let i = 0; i < chars.length; i++) {
    const byte = UNIT_BYTES[chars.charCodeAt(i)] ?? -1;
    if (byte < 0) return utf8.encode(chars);
    bytes[i] = byte;
  }
  return bytes;
}
