// Pods that something is wrong with: containers whose main process is killed again and again, and entrypoints that were held back.
// Both are of the last minutes; an agent that starts knows none.

import type { ContainerEvent, PolicyEvent } from '../event/types.js';
import type { PodProblem } from '../report/objects.gen.js';

const WINDOW_MS = 600_000;
/** Kills of a container's main process in the window that make a loop. */
const LOOP_KILLS = 3;
/** Containers remembered; who was quiet longest is forgotten first. */
const CONTAINERS_MAX = 500;
/** Of one container: times of kills, and of denied entrypoints. */
const TIMES_MAX = 100;
const PROBLEMS_MAX = 50;
const MESSAGE_MAX = 256;

interface Trouble {
  readonly about: Pick<PodProblem, 'namespace' | 'name' | 'uid' | 'container' | 'policy'>;
  readonly reason: 'RestartLoop' | 'Held';
  message: string;
  times: number[];
}

export class PodProblems {
  readonly #troubles = new Map<string, Trouble>();

  /** @returns whether the list is another now */
  violation({ verdict, process, workload, policy, rule, object, time }: PolicyEvent): boolean {
    const { podUid, namespace, pod, container } = workload;
    if (verdict !== 'Kill' || process.mainProcess !== true || podUid === undefined) return false;
    const about = { ...named({ namespace, pod }), uid: podUid, ...(container && { container }), policy: policy.uid };
    const message = `its main process was killed again and again, last ${process.program} for ${object.path} (rule ${rule})`;
    const kills = this.#add({ about, reason: 'RestartLoop', message, times: [] }, Date.parse(time));
    return kills >= LOOP_KILLS;
  }

  /** @returns whether the list is another now */
  held({ workload, time }: ContainerEvent): boolean {
    const { podUid, namespace, pod, cgroup } = workload;
    const about = { ...named({ namespace, pod }), ...(podUid !== undefined && { uid: podUid }) };
    const message = `an entrypoint was held back: nobody knew the container of cgroup ${cgroup}`;
    this.#add({ about, reason: 'Held', message, times: [] }, Date.parse(time));
    return true;
  }

  /** Newest last; what is older than the window is over. */
  list(nowMs: number): PodProblem[] {
    for (const [key, trouble] of this.#troubles) {
      trouble.times = trouble.times.filter((time) => time > nowMs - WINDOW_MS);
      if (trouble.times.length === 0) this.#troubles.delete(key);
    }
    const told = [...this.#troubles.values()].filter(
      ({ reason, times }) => reason === 'Held' || times.length >= LOOP_KILLS,
    );
    return told.slice(-PROBLEMS_MAX).map(({ about, reason, message, times }) => ({
      ...about,
      reason,
      message: message.slice(0, MESSAGE_MAX),
      count: times.length,
      last: new Date(times.at(-1) ?? nowMs).toISOString(),
    }));
  }

  #add(trouble: Trouble, timeMs: number): number {
    const { uid, container, namespace, name } = trouble.about;
    const key = JSON.stringify([trouble.reason, uid ?? trouble.message, namespace, name, container]);
    const known = this.#troubles.get(key);
    const within = (known?.times ?? []).filter((time) => time > timeMs - WINDOW_MS);
    const times = [...within, timeMs].slice(-TIMES_MAX);
    this.#troubles.delete(key);
    this.#troubles.set(key, { ...trouble, times });
    const [oldest] = this.#troubles.keys();
    if (this.#troubles.size > CONTAINERS_MAX && oldest !== undefined) this.#troubles.delete(oldest);
    return times.length;
  }
}

/** Of a pod that nobody knows there is no name. */
function named({
  namespace,
  pod,
}: {
  namespace?: string | undefined;
  pod?: string | undefined;
}): Pick<PodProblem, 'namespace' | 'name'> {
  return { ...(namespace && { namespace }), ...(pod && { name: pod }) };
}
