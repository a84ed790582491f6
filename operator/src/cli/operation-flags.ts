// How the command line describes an operation before the fact, for `ringfence explain` and `kubectl ringfence explain`. What
// the words mean is in operation-options.ts, which is loaded when somebody asks.

import type { Command } from 'commander';

export interface OperationOptions {
  readonly op?: string;
  readonly path?: string;
  readonly to?: string;
  readonly replaces?: boolean;
  readonly directory?: boolean;
  readonly origin?: string;
  readonly given?: string;
  readonly program?: string;
  readonly programOrigin?: string;
  readonly session?: string;
  readonly mainProcess?: boolean;
  readonly protected?: boolean;
}

export function addOperationOptions(command: Command): Command {
  return command
    .option('--op <verb>', 'exec map read write create delete attributes rename link mount bind')
    .option('--path <path>', 'name of the object')
    .option('--to <path>', 'new name, of rename and link')
    .option('--replaces', 'the new name of a rename exists')
    .option('--directory', 'the object is a directory')
    .option('--origin <origin>', 'where the object came from')
    .option('--given <path>', 'absolute name given to execve')
    .option('--program <path>', 'the acting program')
    .option('--program-origin <origin>', 'where the acting program came from')
    .option('--session <session>', 'Main, Exec, Probe, Lifecycle or Host')
    .option('--main-process', "the container's main process acts")
    .option('--protected', 'a protected process acts');
}
