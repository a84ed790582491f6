// The command line: verbs, options, and what each exit code means.

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { join } from 'node:path';
import {
  DEFAULT_EVENT_BURST,
  DEFAULT_EVENT_RATE,
  DEFAULT_INSTALL_NAMESPACE,
  DEFAULT_LISTEN,
  DEFAULT_POLICIES,
  DEFAULT_RUN_DIR,
  DEFAULT_STATE_DIR,
  DEFAULT_SYSTEM_NAMESPACES,
  REPORT_CHOICES,
} from '../control/defaults.js';
import { PAUSE_SECONDS_MAX, SOCKET_NAME } from '../control/server.js';
import { Fault, formatFault } from '../errors.js';
import { LOG_LEVELS } from '../log.js';
import { EXIT } from './exit.js';
import type { ControllerVerbOptions } from './controller.js';
import type { DemoOptions } from './demo.js';
import type { EventsOptions } from './events.js';
import type { ExplainOptions } from './explain.js';
import type { PauseOptions } from './pause.js';
import type { ProbeOptions } from './probe.js';
import type { RunOptions } from './run.js';
import type { UninstallOptions } from './uninstall.js';
import { addOperationOptions } from './operation-flags.js';
import { openTerminal } from './terminal.js';

interface Shared {
  readonly output: 'text' | 'json';
  readonly runDir: string;
}

type PauseWords = Shared & { readonly state: string };

const BACKENDS = ['lsm', 'tracepoint'] as const;

/** Runs one command line. Verbs load what they need when they are called: most need neither addon nor parser. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const terminal = openTerminal();
  let status: number = EXIT.ok;
  const set = (code: number): void => {
    status = code;
  };
  try {
    await buildProgram(set).parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof Fault)) throw error;
    terminal.error(formatFault(error));
    return exitOf(error);
  }
}

function exitOf(fault: Fault): number {
  if (fault.code === 'AGENT_NOT_RUNNING') return EXIT.noAgent;
  return fault.code === 'AGENT_OPTION_INVALID' ? EXIT.usage : EXIT.fault;
}

export function buildProgram(set: (code: number) => void): Command {
  const program = new Command('ringfence')
    .description('Kernel-level runtime enforcement, declared as policies')
    .exitOverride()
    .showHelpAfterError()
    .addHelpText('after', '\nExit codes: 0 done, 1 no, 2 usage, 3 system fault, 4 no agent is running');
  addRun(program, set);
  addOffline(program, set);
  addExplain(program, set);
  addAgentVerbs(program, set);
  addPause(program, set);
  addController(program, set);
  addDemo(program, set);
  return program;
}

function output(command: Command): Command {
  return command.addOption(new Option('-o, --output <form>', 'text or json').choices(['text', 'json']).default('text'));
}

function runDir(command: Command): Command {
  return command.option('--run-dir <dir>', 'folder of socket, lock and pins', DEFAULT_RUN_DIR);
}

function inCluster(command: Command): Command {
  return command
    .option('--cluster', 'enforce the policies of a Kubernetes cluster on the pods of this node', false)
    .option('--kubeconfig <file>', 'how to reach the API server (default: as kubectl does, or the pod it runs in)')
    .option('--install-namespace <name>', 'where Ringfence is installed', DEFAULT_INSTALL_NAMESPACE)
    .option('--system-namespaces <list>', 'selected only with an acknowledgement', DEFAULT_SYSTEM_NAMESPACES.join())
    .addOption(
      new Option('--unknown-pods <what>', 'what happens to containers that nobody knows yet')
        .choices(['Hold', 'Allow'])
        .default('Hold'),
    )
    .option('--runtime-root <dir>', "where the container runtime's folders are found", '/');
}

function addRun(program: Command, set: (code: number) => void): void {
  inCluster(runDir(program.command('run')))
    .description('run the agent in the foreground; enforcement goes on when it ends')
    .option('--policies <dir>', `folder of policy files, watched (default: "${DEFAULT_POLICIES}"; none with --cluster)`)
    .option('--state <dir>', 'folder for what must outlive the agent', DEFAULT_STATE_DIR)
    .option('--node <name>', 'name of the node, in events and of its object in the cluster (default: host name)')
    .addOption(new Option('--backend <name>', 'use less than the kernel offers').choices(BACKENDS))
    .option('--confine <cgroup>', 'only tasks below this cgroup can become subjects; path from the cgroup v2 root')
    .option('--events <file>', 'where events go as JSON lines; - is standard output', '-')
    .option('--events-max-mb <n>', 'size at which the file is rotated', wholeNumber, 64)
    .option('--events-keep <n>', 'rotated files kept', wholeNumber, 5)
    .option(
      '--event-rate <n>',
      'detailed events a second for each rule and workload; 0: no limit',
      wholeNumber,
      DEFAULT_EVENT_RATE,
    )
    .option('--event-burst <n>', 'detailed events a second for the node; 0: no limit', wholeNumber, DEFAULT_EVENT_BURST)
    .option('--protected-units <list>', 'systemd units that no policy can stop, with commas')
    .option('--redact <regex>', 'hide what matches in arguments; may be given again', collect, [])
    .addOption(new Option('--log-level <level>', 'of the operational log').choices(LOG_LEVELS).default('info'))
    .action(async (options: RunOptions) => {
      const { runVerb } = await import('./run.js');
      set(await runVerb(options));
    });
}

function addController(program: Command, set: (code: number) => void): void {
  program
    .command('controller')
    .description('run the controller: status of policies, reports, Events; one of several leads')
    .option('--kubeconfig <file>', "how to reach the cluster (default: KUBECONFIG, or the pod's service account)")
    .requiredOption('--namespace <name>', 'where Ringfence is installed')
    .option('--system-namespaces <list>', 'selected only with an acknowledgement, with commas', 'kube-system')
    .addOption(new Option('--reports <kind>', 'reports to write').choices(REPORT_CHOICES).default('auto'))
    .option('--no-report-pass', 'leave out results of policies that nothing violated')
    .option('--listen <address>', 'health, readiness and metrics', DEFAULT_LISTEN)
    .option('--identity <name>', 'name in leases and Events (default: host name)')
    .addOption(new Option('--log-level <level>', 'of the operational log').choices(LOG_LEVELS).default('info'))
    .action(async (options: ControllerVerbOptions) => {
      const { controllerVerb } = await import('./controller.js');
      set(await controllerVerb(options));
    });
}

function addOffline(program: Command, set: (code: number) => void): void {
  output(program.command('validate'))
    .description('print every finding of policy files')
    .argument('<path...>', 'files or folders')
    .action(async (paths: string[], options: Shared) => {
      const { validateVerb } = await import('./validate.js');
      set(await validateVerb(openTerminal(), paths, { json: options.output === 'json' }));
    });
  output(program.command('probe'))
    .description('show what this kernel can hold, found by trying')
    .addOption(new Option('--backend <name>', 'as if the kernel offered no more').choices(BACKENDS))
    .action(async (options: Shared & ProbeOptions) => {
      const { probeVerb } = await import('./probe.js');
      set(probeVerb(openTerminal(), { ...options, json: options.output === 'json' }));
    });
  runDir(output(program.command('uninstall')))
    .description('take everything of Ringfence out of the kernel')
    .option('--state <dir>', 'remove what agents keep in this folder, too')
    .action(async (options: UninstallOptions) => {
      const { uninstallVerb } = await import('./uninstall.js');
      set(uninstallVerb(openTerminal(), options));
    });
}

function addExplain(program: Command, set: (code: number) => void): void {
  addOperationOptions(output(program.command('explain')))
    .description('say why an operation is decided as it is, from an event or a description')
    .option('--policies <path>', 'file or folder of policies', DEFAULT_POLICIES)
    .option('--event <file>', 'one event as JSON; - is standard input')
    .option('--workload <name>', 'a Workloads item')
    .option('--cgroup <path>', 'a cgroup, from the cgroup v2 root')
    .action(async (options: Shared & ExplainOptions) => {
      const { explainVerb } = await import('./explain.js');
      set(await explainVerb(openTerminal(), { ...options, json: options.output === 'json' }));
    });
}

function addAgentVerbs(program: Command, set: (code: number) => void): void {
  const agent = ({ output: form, runDir: dir }: Shared) => ({ json: form === 'json', socket: join(dir, SOCKET_NAME) });
  runDir(output(program.command('status')))
    .description('show what is enforced, with which guarantee')
    .option('-w, --wide', 'show rules too', false)
    .action(async (options: Shared & { wide: boolean }) => {
      const { statusVerb } = await import('./status.js');
      set(await statusVerb(openTerminal(), { ...agent(options), wide: options.wide }));
    });
  runDir(output(program.command('events')))
    .description('show violations')
    .option('-f, --follow', 'go on as they happen', false)
    .option('-n, --last <n>', 'how many of the newest first', wholeNumber, 100)
    .action(async (options: Shared & Pick<EventsOptions, 'follow' | 'last'>) => {
      const { eventsVerb } = await import('./events.js');
      set(await eventsVerb(openTerminal(), { ...agent(options), follow: options.follow, last: options.last }));
    });
}

function addPause(program: Command, set: (code: number) => void): void {
  const both = (command: Command): Command =>
    runDir(output(command)).option('--state <dir>', "the agent's, for when no agent runs", DEFAULT_STATE_DIR);
  const place = (options: PauseWords): PauseOptions => ({
    json: options.output === 'json',
    runDir: options.runDir,
    stateDir: options.state,
  });
  both(program.command('pause'))
    .description(
      'stop interfering for a while, with an agent or without: everything is reported, nothing is denied or killed',
    )
    .argument('[seconds]', `up to ${PAUSE_SECONDS_MAX}`, wholeNumber, 3600)
    .action(async (seconds: number, options: PauseWords) => {
      const { pauseVerb } = await import('./pause.js');
      set(await pauseVerb(openTerminal(), seconds, place(options)));
    });
  both(program.command('resume'))
    .description('end a pause')
    .action(async (options: PauseWords) => {
      const { resumeVerb } = await import('./pause.js');
      set(await resumeVerb(openTerminal(), place(options)));
    });
}

function addDemo(program: Command, set: (code: number) => void): void {
  program
    .command('demo')
    .description('show forbidden operations stopped in a cgroup made for it')
    .option('--once', 'end when everything was shown', false)
    .option('--guest', 'show it in a 6.12 guest too, whatever this kernel offers', false)
    .option('--inside-guest', 'this is the guest', false)
    .action(async (options: DemoOptions) => {
      const { demoVerb } = await import('./demo.js');
      set(await demoVerb(openTerminal(), options));
    });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Expected a whole number.');
  return value;
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
