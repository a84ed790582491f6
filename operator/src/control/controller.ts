// The controller: one of several leads, all answer on their own port.

import { connectCluster } from '../k8s/index.js';
import type { Cluster, LeaderElection } from '../k8s/index.js';
import type { Log } from '../log.js';
import { VERSION } from './defaults.js';
import { ControllerHttp } from './controller-http.js';
import { renderControllerMetrics } from './controller-metrics.js';
import type { ReportChoice } from './defaults.js';
import { Reign } from './controller-reign.js';

export interface ControllerOptions {
  readonly kubeconfig?: string;
  /** Where the product is installed: leases of agents, the election, the emergency switch. */
  readonly namespace: string;
  readonly systemNamespaces: readonly string[];
  readonly reports: ReportChoice;
  readonly reportPass: boolean;
  /** `host:port`. */
  readonly listen: string;
  /** Name of the pod. */
  readonly identity: string;
  readonly log: Log;
}

export interface RunningController {
  /** Address that is listened on. */
  readonly address: string;
  stop(): Promise<void>;
}

const ELECTION = 'ringfence-controller';

/** @throws Fault */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { kubeconfig, identity, log } = options;
  const cluster = await connectCluster({
    ...(kubeconfig !== undefined && { kubeconfig }),
    log,
    userAgent: `ringfence-controller/${VERSION}`,
    fieldManager: 'ringfence-controller',
    instance: identity,
  });
  const controller = new Controller(cluster, options);
  try {
    const address = await controller.start();
    return { address, stop: () => controller.stop() };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class Controller {
  readonly #cluster: Cluster;
  readonly #options: ControllerOptions;
  readonly #http: ControllerHttp;
  #election: LeaderElection | undefined;
  #reign: Reign | undefined;

  constructor(cluster: Cluster, options: ControllerOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#http = new ControllerHttp({
      // One that waits for its turn is as ready as one can be.
      isReady: () => this.#election !== undefined,
      metrics: () => renderControllerMetrics(cluster.metrics(), this.#reign?.metrics()),
    });
  }

  async start(): Promise<string> {
    const { namespace, identity, listen } = this.#options;
    const address = await this.#http.listen(listen);
    this.#election = this.#cluster.elect({
      name: ELECTION,
      namespace,
      identity,
      onStarted: (signal) => this.#begin(signal),
      onStopped: () => this.#end(),
    });
    return address;
  }

  async stop(): Promise<void> {
    await this.#election?.stop();
    await this.#cluster.stop();
    await this.#http.stop();
  }

  async #begin(signal: AbortSignal): Promise<void> {
    const isLeading = (): boolean => this.#election?.leading === true;
    const reign = new Reign({ ...this.#options, cluster: this.#cluster, signal, isLeading });
    this.#reign = reign;
    await reign.begin();
  }

  async #end(): Promise<void> {
    const reign = this.#reign;
    this.#reign = undefined;
    await reign?.stop();
  }
}
