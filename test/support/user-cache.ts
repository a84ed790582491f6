// The user's cache folder as the XDG base directory specification has it: an empty or relative XDG_CACHE_HOME does not count.
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `<cache>/ringfence/<words>`; it may not be there yet. */
export function userCache(...words: readonly string[]): string {
  const given = process.env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'ringfence', ...words);
}
