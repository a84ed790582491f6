// Short fingerprints of texts and sets: names of results that stay the same over restarts, and what a node has seen.

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Begins the second half, so that the two halves are not one number twice. */
const SECOND_OFFSET = 0x9e3779b9;

function halves(text: string): readonly [number, number] {
  let first = FNV_OFFSET;
  let second = SECOND_OFFSET;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    first = Math.imul(first ^ unit, FNV_PRIME);
    second = Math.imul(second ^ unit, 0x85ebca6b) ^ (second >>> 13);
  }
  return [mix(first), mix(second)];
}

/** FNV alone leaves short texts that differ in their last character close to each other. */
function mix(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}

function hex(first: number, second: number): string {
  return first.toString(16).padStart(8, '0') + second.toString(16).padStart(8, '0');
}

/** 16 hexadecimal digits. Not against people who want collisions. */
export function hashText(text: string): string {
  return hex(...halves(text));
}

/** 8 hexadecimal digits, for names. */
export function shortHash(text: string): string {
  return hashText(text).slice(0, 8);
}

/**
 * A set of policies with their generations, whatever the order. Agent and controller compute the same of the same
 * objects; a node whose digest is that of a set has worked in every policy of it.
 */
export function policyDigest(entries: Iterable<{ readonly uid: string; readonly generation: number }>): string {
  let [first, second, count] = [0, 0, 0];
  for (const { uid, generation } of entries) {
    const [one, two] = halves(`${uid}/${generation}`);
    first = (first + one) >>> 0;
    second = (second ^ two) >>> 0;
    count += 1;
  }
  return `${count}-${hex(first, second)}`;
}
