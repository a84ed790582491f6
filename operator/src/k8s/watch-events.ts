// The body of a watch: one JSON object a line, read as it comes.
import { StringDecoder } from 'node:string_decoder';
import { isObject, faultOfStatus } from './answer.js';
import { ClusterFault } from '../errors.js';
import type { Clock } from './clock.js';
import type { ByteStream } from './transport.js';
import type { KubeObject } from './types.js';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface WatchEvent {
  readonly type: ChangeType;
  readonly object: KubeObject;
}

const TYPES: readonly string[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'];

/** No object is larger: etcd takes 1.5 MiB. A line beyond it is no answer of an API server. */
export const LINE_MAX_CHARS = 16 * 1024 * 1024;

/** Why a watch ended without the server's saying so. */
export class WatchBroken extends ClusterFault {
  readonly how: 'cut' | 'idle' | 'malformed';

  constructor(how: 'cut' | 'idle' | 'malformed', attempt: string, cause?: unknown) {
    super(how === 'malformed' ? 'CLUSTER_FAILED' : 'CLUSTER_UNREACHABLE', attempt, { cause, errno: how });
    this.how = how;
  }
}

/** Cuts bytes into lines; what follows the last line end is kept for the next piece. */
export class LineCutter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(bytes: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter((line) => line.trim() !== '');
  }

  /** Characters of a line that has not ended yet. */
  get pending(): number {
    return this.#rest.length;
  }
}

export function parseWatchLine(attempt: string, line: string): WatchEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new WatchBroken('malformed', `${attempt}: a line is not JSON`, cause);
  }
  if (!isObject(value) || !isObject(value['object'])) {
    throw new WatchBroken('malformed', `${attempt}: a line is no event`);
  }
  const { type, object } = value as { type: unknown; object: Record<string, unknown> };
  if (type === 'ERROR') throw faultOfStatus(attempt, Number(object['code'] ?? 0), object, {});
  if (typeof type !== 'string' || !TYPES.includes(type) || !isObject(object['metadata'])) {
    throw new WatchBroken('malformed', `${attempt}: an event of unknown form`);
  }
  return { type: type as ChangeType, object: object as unknown as KubeObject };
}

/**
 * Events of an open watch until the server ends it. Silence for `idleMs` ends it too: bookmarks come about once a minute,
 * so a connection on which nothing comes is dead, or so quiet that opening it anew costs nothing.
 */
export async function* readEvents(
  stream: ByteStream,
  attempt: string,
  { clock, idleMs }: { readonly clock: Clock; readonly idleMs: number },
): AsyncGenerator<WatchEvent> {
  const silence = { over: false };
  const fall = (): void => {
    silence.over = true;
    stream.destroy();
  };
  let cancel = clock.after(idleMs, fall);
  const lines = new LineCutter();
  try {
    for await (const bytes of stream) {
      cancel();
      for (const line of lines.push(bytes)) yield parseWatchLine(attempt, line);
      if (lines.pending > LINE_MAX_CHARS) throw new WatchBroken('malformed', `${attempt}: a line does not end`);
      cancel = clock.after(idleMs, fall);
    }
  } catch (error) {
    if (silence.over) throw new WatchBroken('idle', attempt);
    throw error instanceof ClusterFault ? error : new WatchBroken('cut', attempt, error);
  } finally {
    cancel();
    stream.destroy();
  }
  if (silence.over) throw new WatchBroken('idle', attempt);
  if (lines.pending > 0) throw new WatchBroken('cut', attempt);
}
