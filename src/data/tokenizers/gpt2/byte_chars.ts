/**
 * GPT-2's alphabet of visible characters that stand for bytes.
 * @module
 */

/** The UTF-16 unit that stands for each byte: itself where it is visible, else the next unit from 256 on. */
export const BYTE_UNITS: Uint16Array = new Uint16Array(256);
/** The byte that a unit below 324 stands for, or -1. */
const UNIT_BYTES = new Int16Array(324).fill(-1);

for (let byte = 0, hidden = 256; byte < 256; byte++) {
  const visible = byte > 0x20 && byte < 0x7f || byte > 0xa0 && byte !== 0xad;
  BYTE_UNITS[byte] = visible ? byte : hidden++;
  UNIT_BYTES[BYTE_UNITS[byte]] = byte;
}

const utf8 = new TextEncoder();

/** The UTF-8 bytes of `text`, each as its visible character. */
export function toByteChars(text: string): string {
  const bytes = utf8.encode(text);
  const units = new Uint16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) units[i] = BYTE_UNITS[bytes[i]];
  let chars = "";
  // A call takes only so many arguments.
  for (let at = 0; at < units.length; at += 8192) {
    chars += String.fromCharCode(...units.subarray(at, at + 8192));
  }
  return chars;
}

/** The bytes that `chars` stand for; the UTF-8 of `chars` itself where one of them stands for none. */
export function fromByteChars(chars: string): Uint8Array {
  const bytes = new Uint8Array(chars.length);
  for (let i = 0; i < chars.length; i++) {
    const byte = UNIT_BYTES[chars.charCodeAt(i)] ?? -1;
    if (byte < 0) return utf8.encode(chars);
    bytes[i] = byte;
  }
  return bytes;
}
