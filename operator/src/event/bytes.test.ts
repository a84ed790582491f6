import { describe, expect, it } from 'vitest';
import { decodeBytes, splitNul } from './bytes.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('decodeBytes', () => {
  it('gives valid UTF-8 as it is, newline, percent and byte order mark included', () => {
    expect(decodeBytes(utf8('/tmp/\u{feff}a\n%ü€😀'))).toEqual({ text: '/tmp/\u{feff}a\n%ü€😀' });
  });

  it.each([
    ['a lone continuation byte', bytes(0x61, 0x80, 0x62), 'a\\x80b'],
    ['an overlong form', bytes(0xc0, 0xaf), '\\xc0\\xaf'],
    ['a surrogate', bytes(0xed, 0xa0, 0x80), '\\xed\\xa0\\x80'],
    ['a sequence cut at the end', bytes(0x2f, 0xe2, 0x82), '/\\xe2\\x82'],
    ['latin-1 beside UTF-8', bytes(0xc3, 0xa9, 0xe9), 'é\\xe9'],
  ])('shows %s as escapes and keeps the bytes', (_, raw, text) => {
    const decoded = decodeBytes(raw);
    expect(decoded.text).toBe(text);
    expect(Uint8Array.from(atob(decoded.bytes ?? ''), (c) => c.charCodeAt(0))).toEqual(raw);
  });
});

describe('splitNul', () => {
  it('keeps empty arguments and takes a last one without terminator', () => {
    expect(splitNul(utf8('a\0\0b')).map((part) => decodeBytes(part).text)).toEqual(['a', '', 'b']);
  });

  it('does not invent an argument after the last terminator', () => {
    expect(splitNul(utf8('a\0'))).toHaveLength(1);
  });
});
