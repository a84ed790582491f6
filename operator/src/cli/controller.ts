// ringfence controller: policy status, reports and Events for a cluster, until SIGTERM or SIGINT.

import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { startController } from '../control/controller.js';
import type { ReportChoice } from '../control/defaults.js';
import { openLog } from '../log.js';
import type { LogLevel } from '../log.js';
import { EXIT } from './exit.js';
import { waitForSignal } from './signals.js';

export interface ControllerVerbOptions {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly systemNamespaces: string;
  readonly reports: ReportChoice;
  readonly reportPass: boolean;
  readonly listen: string;
  readonly identity?: string;
  readonly logLevel: LogLevel;
}

export async function controllerVerb(options: ControllerVerbOptions): Promise<number> {
  // Left to itself the engine lets short-lived objects, of which parsing answers makes many, take up to 128 MB before it
  // looks. Only the growth can be stopped once the process runs; the size stays at the 2 MB that it begins with.
  setFlagsFromString('--semi-space-growth-factor=1');
  const log = openLog(options.logLevel, process.stderr.isTTY);
  const { kubeconfig, namespace, reports, reportPass, listen, identity = hostname() } = options;
  const system = options.systemNamespaces.split(',').filter((name) => name !== '');
  const running = await startController({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...{ namespace, reports, reportPass, listen, identity, log },
    systemNamespaces: [...new Set([...system, namespace])],
  });
  log.info('controller running', { namespace, address: running.address });
  const signal = await waitForSignal();
  log.info('controller stopping', { signal });
  await running.stop();
  return EXIT.ok;
}
