// Cgroups that the agent has frozen because it does not know yet whose they are. Each is written down before it is frozen: an
// agent that dies in between must not leave a container standing still for ever.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** It need not survive the machine, as nothing frozen does. */
export function frozenFolder(runDir: string): string {
  return join(runDir, 'frozen');
}

export class FrozenCgroups {
  readonly #mount: string;
  readonly #folder: string;

  /** @param folder where they are written down */
  constructor(mount: string, folder: string) {
    this.#mount = mount;
    this.#folder = folder;
  }

  /** False where it cannot be frozen: it is gone, or the kernel cannot. */
  freeze(path: string): boolean {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(this.#note(path), '');
      writeFileSync(join(this.#mount, path, 'cgroup.freeze'), '1');
      return true;
    } catch {
      this.thaw(path);
      return false;
    }
  }

  thaw(path: string): void {
    try {
      writeFileSync(join(this.#mount, path, 'cgroup.freeze'), '0');
    } catch {
      // gone, and with it what was frozen
    }
    rmSync(this.#note(path), { force: true });
  }

  /** What an agent before left frozen. */
  thawAll(): void {
    for (const note of notesIn(this.#folder)) this.thaw(Buffer.from(note, 'base64url').toString('utf8'));
  }

  #note(path: string): string {
    return join(this.#folder, Buffer.from(path, 'utf8').toString('base64url'));
  }
}

function notesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
