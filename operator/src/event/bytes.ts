// Raw bytes of the kernel as text for JSON. File names are bytes; most are UTF-8, and those that are not must neither be
// lost nor break a reader.

export interface ByteText {
  readonly text: string;
  /** Base64 of the bytes; only where they are not valid UTF-8. */
  readonly bytes?: string;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of the bytes; where they are not valid UTF-8 each odd byte is shown as \xHH and the bytes are kept in base64. */
export function decodeBytes(bytes: Uint8Array): ByteText {
  if (bytes.length === 0) return { text: '' };
  try {
    return { text: strict.decode(bytes) };
  } catch {
    return { text: escapeInvalid(bytes), bytes: base64(bytes) };
  }
}

function escapeInvalid(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += `\\x${hex(bytes[at] ?? 0)}`;
      at += 1;
      continue;
    }
    text += strict.decode(bytes.subarray(at, at + length));
    at += length;
  }
  return text;
}

/** Bytes of the valid UTF-8 sequence at `at`, 0 where there is none. The decoder refuses overlong and surrogate forms. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const wanted = announcedLength(bytes[at] ?? 0);
  if (wanted === 0 || at + wanted > bytes.length) return 0;
  if (wanted === 1) return 1;
  try {
    strict.decode(bytes.subarray(at, at + wanted));
    return wanted;
  } catch {
    return 0;
  }
}

function announcedLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Parts of `bytes` between NUL bytes; a NUL at the end ends the last part. */
export function splitNul(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== 0) continue;
    parts.push(bytes.subarray(start, at));
    start = at + 1;
  }
  if (start < bytes.length) parts.push(bytes.subarray(start));
  return parts;
}
