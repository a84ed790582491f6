import type { Terminal } from './terminal.js';

export interface DemoOptions {
  readonly once: boolean;
  readonly guest: boolean;
  readonly insideGuest: boolean;
}

export function demoVerb(terminal: Terminal, options: DemoOptions): Promise<number> {
  terminal.json(options);
  return Promise.resolve(3);
}
