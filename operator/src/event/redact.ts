// Secrets that people put on command lines must not end up in event files. This is a net, not a promise: it catches the
// usual spellings, and more patterns can be configured.

const HIDDEN = '[redacted]';
const SECRET_WORD =
  '(?:password|passwd|passphrase|pwd|token|secret|api[-_]?key|access[-_]?key|private[-_]?key|auth|credentials?)';
const SECRET_OPTION = new RegExp(`^--?(?:[a-z0-9]+[-_])*${SECRET_WORD}$`, 'i');
const SECRET_ASSIGNMENT = new RegExp(`^(-{0,2}(?:[a-z0-9]+[-_.])*${SECRET_WORD}(?:[-_.][a-z0-9]+)*[=:])(.+)$`, 'is');
const URL_USERINFO = /([a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi;
const AUTHORIZATION = /((?:proxy-)?authorization\s*:\s*(?:(?:basic|bearer|digest|token)\s+)?)\S.*/gis;

export interface Redaction {
  /** Further patterns; each match is replaced as a whole. */
  readonly patterns: readonly RegExp[];
}

/** The arguments with what looks like a secret replaced. Their number and order stay. */
export function redactArguments(args: readonly string[], redaction: Redaction): string[] {
  const shown: string[] = [];
  let hideNext = false;
  for (const arg of args) {
    if (hideNext && !arg.startsWith('-')) shown.push(HIDDEN);
    else shown.push(redactOne(arg, redaction));
    hideNext = SECRET_OPTION.test(arg);
  }
  return shown;
}

function redactOne(arg: string, redaction: Redaction): string {
  let text = arg
    .replace(URL_USERINFO, `$1${HIDDEN}@`)
    .replace(AUTHORIZATION, `$1${HIDDEN}`)
    .replace(SECRET_ASSIGNMENT, `$1${HIDDEN}`);
  for (const pattern of redaction.patterns) text = text.replace(pattern, HIDDEN);
  return text;
}
