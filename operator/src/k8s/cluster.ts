// The adapter over the operator library: everything in it that would exit the process, lose events or swallow a failure
// is replaced (ADR 0006). This file, config.ts and operator-types.ts are where the Kubernetes packages enter; loading them costs a second
// and 85 MB, so that only index.ts imports this file, and only when a cluster is used.
import { readFileSync } from 'node:fs';
import operatorModule, { type ResourceEvent, type ResourceMeta } from '@dot-i/k8s-operator';
import { V1CustomResourceDefinitionVersion, type KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { AccessSource } from './access.js';
import { systemClock, type Clock } from './clock.js';
import { loadConfig, pointedAt } from './config.js';
import { asDefinition, registerDefinition } from './definitions.js';
import { EventRecorder, type EventMetrics } from './event-recorder.js';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.js';
import { LeaderElection, type ElectionOptions } from './leader-election.js';
import { Objects } from './objects.js';
import { bodyOf, eventOf, metaOf, operatorLogger, refOfMeta } from './operator-types.js';
import { Reflector, REFLECTOR_TIMES, type ReflectorTimes } from './reflector.js';
import { ResourceEvents, type ChangeKind } from './resource-events.js';
import { collectionPath } from './resources.js';
import { HttpTransport } from './transport.js';
import type { ConnectOptions } from './connect-options.js';
import type { EventRecord } from './event-note.js';
import type { Feed, KubeObject, ResourceRef, WatchOptions } from './types.js';
import type { WatchMetrics } from './watch-metrics.js';
import type { Log } from '../log.js';

const Operator = operatorModule.default;

export interface ClusterMetrics {
  readonly watches: readonly WatchMetrics[];
  /** `GET 200` -> answers; status 0: none came. */
  readonly answers: Readonly<Record<string, number>>;
  readonly events: EventMetrics;
}

interface Stoppable {
  stop(): Promise<void>;
}

export class Cluster extends Operator {
  readonly #transport: HttpTransport;
  readonly #objects: Objects;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #times: ReflectorTimes;
  readonly #recorder: EventRecorder;
  readonly #feeds = new Set<Reflector<KubeObject>>();
  readonly #stoppable = new Set<Stoppable>();
  readonly get: Objects['get'];
  readonly list: Objects['list'];
  readonly create: Objects['create'];
  readonly remove: Objects['remove'];
  readonly apply: Objects['apply'];
  readonly applyStatus: Objects['applyStatus'];
  readonly replace: Objects['replace'];
  readonly replaceStatus: Objects['replaceStatus'];
  readonly mergePatch: Objects['mergePatch'];

  private constructor(options: ConnectOptions, config: KubeConfig) {
    const { log, clock = systemClock, userAgent, fieldManager, instance, times, eventLimits = {} } = options;
    super(operatorLogger(log));
    this.kubeConfig = config;
    this.#log = log;
    this.#clock = clock;
    this.#times = { ...REFLECTOR_TIMES, ...times };
    this.#transport = new HttpTransport(new AccessSource(config), userAgent);
    const objects = new Objects(this.#transport, fieldManager);
    this.#objects = objects;
    const reporter = { controller: `ringfence.io/${fieldManager}`, instance };
    this.#recorder = new EventRecorder({ objects, reporter, log, clock, limits: eventLimits });
    this.get = objects.get.bind(objects);
    this.list = objects.list.bind(objects);
    this.create = objects.create.bind(objects);
    this.remove = objects.remove.bind(objects);
    this.apply = objects.apply.bind(objects);
    this.applyStatus = objects.applyStatus.bind(objects);
    this.replace = objects.replace.bind(objects);
    this.replaceStatus = objects.replaceStatus.bind(objects);
    this.mergePatch = objects.mergePatch.bind(objects);
  }

  /** Reads the configuration and sends nothing: whether the server is there is for the watches to find out. */
  static async connect(options: ConnectOptions): Promise<Cluster> {
    const config = loadConfig(options);
    const cluster = pointedAt(options.kubeconfig, () => new Cluster(options, config));
    await cluster.start();
    return cluster;
  }

  /** Namespace of the service account or of the context. */
  get namespace(): string {
    const context = this.kubeConfig.getContextObject(this.kubeConfig.getCurrentContext());
    return context?.namespace?.trim() ?? 'default';
  }

  /** The objects of a selection, kept up to date until stopped. */
  watch<T extends KubeObject>(ref: ResourceRef, options: WatchOptions<T>): Feed<T> {
    const parts = {
      ...{ objects: this.#objects, transport: this.#transport },
      ...{ clock: this.#clock, log: this.#log, times: this.#times },
    };
    const feed = new Reflector<T>(parts, ref, options);
    const kept = feed as unknown as Reflector<KubeObject>;
    this.#feeds.add(kept);
    feed.finished.then(
      () => this.#feeds.delete(kept),
      (error: unknown) => this.#log.error('watch ended', { resource: ref.plural, error: String(error) }),
    );
    return feed;
  }

  recordEvent(record: EventRecord): void {
    this.#recorder.record(record);
  }

  elect(options: ElectionOptions): LeaderElection {
    return this.#kept(new LeaderElection({ objects: this.#objects, clock: this.#clock, log: this.#log }, options));
  }

  heartbeat(options: HeartbeatOptions): Heartbeat {
    return this.#kept(new Heartbeat({ objects: this.#objects, clock: this.#clock, log: this.#log }, options));
  }

  metrics(): ClusterMetrics {
    return {
      watches: [...this.#feeds].map((feed) => feed.metrics()),
      answers: Object.fromEntries(this.#transport.answers),
      events: this.#recorder.metrics(),
    };
  }

  /** Ends watches, leadership and heartbeats, lets running handlers finish, closes the connections. */
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the library's own stop() does not wait for anything
  override async stop(): Promise<void> {
    for (const feed of this.#feeds) feed.stop();
    await Promise.all([...this.#stoppable].map((part) => part.stop()));
    await Promise.all([...this.#feeds].map((feed) => feed.finished));
    await this.#recorder.stop();
    this.#transport.close();
  }

  /**
   * Calls a handler for each object that was added, changed or deleted; one call at a time for each object, again when it
   * throws.
   */
  // eslint-disable-next-line max-params -- the library's signature
  override watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const ref: ResourceRef = { group, version, plural, kind: '', namespaced: namespace !== undefined };
    const deliver = (kind: ChangeKind, object: KubeObject): Promise<void> => onEvent(eventOf(ref, kind, object));
    const watch = (options: Pick<WatchOptions<KubeObject>, 'onChange'>): Feed<KubeObject> =>
      this.watch(ref, { ...options, namespace });
    this.#kept(new ResourceEvents({ watch, deliver, log: this.#log }));
    return Promise.resolve();
  }

  /** Replaces the status. Throws CLUSTER_CONFLICT when the object has changed since. */
  override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    const body = { ...bodyOf(meta), status };
    return metaOf(meta, await this.#objects.replaceStatus(refOfMeta(meta), body));
  }

  override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    const patch = { metadata: { resourceVersion: meta.resourceVersion }, status };
    return metaOf(meta, await this.#objects.mergePatchStatus(refOfMeta(meta), meta, patch));
  }

  /** The list replaces the object's, so it is taken only if nobody changed the object since. */
  override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const patch = { metadata: { resourceVersion: meta.resourceVersion, finalizers } };
    await this.#objects.mergePatch(refOfMeta(meta), meta, patch);
  }

  override async registerCustomResourceDefinition(crdFile: string): Promise<RegisteredDefinition> {
    const text: unknown = parse(readFileSync(crdFile, 'utf8'));
    const definition = asDefinition(text, crdFile);
    const registration = await registerDefinition(this.#objects, definition);
    this.#log.info('custom resource definition', { name: definition.metadata.name, registration });
    const { group, versions, names } = definition.spec;
    const typed = versions.map((version) => Object.assign(new V1CustomResourceDefinitionVersion(), version));
    return { group, versions: typed, plural: names.plural };
  }

  protected override getCustomResourceApiUri(
    group: string,
    version: string,
    plural: string,
    namespace?: string,
  ): string {
    const server = this.kubeConfig.getCurrentCluster()?.server ?? '';
    const ref: ResourceRef = { group, version, plural, kind: '', namespaced: namespace !== undefined };
    return server.replace(/\/$/, '') + collectionPath(ref, namespace);
  }

  /** Watches are added by whoever wants them. */
  protected override init(): Promise<void> {
    this.#log.debug('cluster', { server: this.kubeConfig.getCurrentCluster()?.server });
    return Promise.resolve();
  }

  #kept<S extends Stoppable>(part: S): S {
    this.#stoppable.add(part);
    return part;
  }
}

/** What the library's method returns, which has no name there. */
interface RegisteredDefinition {
  group: string;
  versions: V1CustomResourceDefinitionVersion[];
  plural: string;
}
