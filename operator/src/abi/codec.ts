// What the generated codecs are made of. Numbers are little-endian, as on every machine that Ringfence runs on.
// Encoding refuses a value that does not fit its field: a truncated mask or index would be another policy.

export interface Codec<T> {
  /** Bytes of one encoded value. */
  readonly size: number;
  /** Writes the value, padding included, to `into` from byte `at` on; returns `into`. */
  encode(value: T, into?: Uint8Array, at?: number): Uint8Array;
  decode(bytes: Uint8Array, at?: number): T;
}

export type Bits = 8 | 16 | 32;

/** The bytes of one value, zeroed, so that padding and the rest of short arrays are zero. */
export function cleared(into: Uint8Array, at: number, size: number): DataView {
  const view = viewOf(into, at, size);
  into.fill(0, at, at + size);
  return view;
}

export function viewOf(bytes: Uint8Array, at: number, size: number): DataView {
  if (at < 0 || at + size > bytes.length) {
    throw new RangeError(`${size} bytes are needed from byte ${at} on, there are ${Math.max(0, bytes.length - at)}`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset + at, size);
}

export function putNumber(view: DataView, at: number, bits: Bits, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new RangeError(`${value} is not an unsigned integer of ${bits} bits`);
  }
  if (bits === 8) view.setUint8(at, value);
  else if (bits === 16) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
}

export function putBigint(view: DataView, at: number, value: bigint): void {
  if (BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} is not an unsigned integer of 64 bits`);
  view.setBigUint64(at, value, true);
}

export function getNumber(view: DataView, at: number, bits: Bits): number {
  if (bits === 8) return view.getUint8(at);
  return bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
}

export function getBigint(view: DataView, at: number): bigint {
  return view.getBigUint64(at, true);
}

/** Writes each value of an array that may be shorter than its field. */
export function putEach<T>(values: ArrayLike<T>, length: number, put: (value: T, index: number) => void): void {
  if (values.length > length) throw new RangeError(`${values.length} values for an array of ${length}`);
  for (let index = 0; index < values.length; index++) put(values[index] as T, index);
}

export function getEach<T>(length: number, get: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => get(index));
}

/** Text of a fixed field, one UTF-16 unit for each byte, cut at the first NUL. */
export function getText(view: DataView, at: number, length: number): string {
  let text = '';
  for (let index = 0; index < length; index++) {
    const byte = view.getUint8(at + index);
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}

export function putText(view: DataView, at: number, length: number, text: string): void {
  if (text.length > length) throw new RangeError(`text of ${text.length} bytes for a field of ${length}`);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0 || unit > 0xff) throw new RangeError(`unit ${unit} of a text is not a byte from 1 to 255`);
    view.setUint8(at + index, unit);
  }
}
