// kubectl ringfence: verbs and options. They speak to the API server with the user's kubeconfig, and only read.

import { Command, CommanderError, Option } from 'commander';
import { Fault, formatFault } from '../errors.js';
import { EXIT } from './exit.js';
import { addOperationOptions } from './operation-flags.js';
import { openTerminal } from './terminal.js';
import type { KubectlExplainOptions } from './kubectl-explain.js';

/** What every verb takes. */
export interface KubectlOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: 'text' | 'wide' | 'json';
}

export interface KubectlEventsOptions extends KubectlOptions {
  readonly follow: boolean;
  readonly last: string;
}

export async function runKubectl(argv: readonly string[]): Promise<number> {
  let status: number = EXIT.ok;
  try {
    await buildKubectl((code) => (status = code)).parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof Fault)) throw error;
    openTerminal().error(formatFault(error));
    return error.code === 'AGENT_OPTION_INVALID' ? EXIT.usage : EXIT.fault;
  }
}

export function buildKubectl(set: (code: number) => void): Command {
  const program = new Command('kubectl ringfence')
    .description('What Ringfence enforces in the cluster, and what it stopped')
    .exitOverride()
    .showHelpAfterError()
    .addHelpText('after', '\nExit codes: 0 done, 1 no, 2 usage, 3 system fault');
  shared(program.command('status'), ['text', 'wide', 'json'])
    .description('policies and nodes; with names, these policies in detail')
    .argument('[policy...]', 'names of policies')
    .action(async (names: string[], options: KubectlOptions) => {
      const { kubectlStatus } = await import('./kubectl-status.js');
      set(await kubectlStatus(openTerminal(), names, options));
    });
  shared(program.command('events'))
    .description('violations that the nodes tell of, newest last')
    .argument('[policy...]', 'names of policies')
    .option('-f, --follow', 'go on as they happen', false)
    .option('--last <n>', 'how many of the newest first', '100')
    .action(async (names: string[], options: KubectlEventsOptions) => {
      const { kubectlEvents } = await import('./kubectl-events.js');
      set(await kubectlEvents(openTerminal(), names, options));
    });
  addOperationOptions(shared(program.command('explain')))
    .description('say how the policies of the cluster decide about an operation in a pod')
    .argument('<pod>', 'the pod')
    .option('-c, --container <name>', 'its container (default: the first)')
    .action(async (pod: string, options: KubectlExplainOptions) => {
      const { kubectlExplain } = await import('./kubectl-explain.js');
      set(await kubectlExplain(openTerminal(), pod, options));
    });
  return program;
}

function shared(command: Command, forms = ['text', 'json']): Command {
  return command
    .option('-n, --namespace <name>', "namespace (default: the context's)")
    .option('-A, --all-namespaces', 'all of them', false)
    .option('--kubeconfig <file>', 'how to reach the cluster (default: as kubectl)')
    .option('--context <name>', 'a context of it')
    .addOption(new Option('-o, --output <form>', forms.join(', ')).choices(forms).default('text'));
}
