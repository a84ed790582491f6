// Defaults and outlets that the command line offers and the agent uses.

import { PROTECTED_UNITS } from '../encode/protected.js';
import { DescriptorTarget, RotatedFile } from '../report/sinks/target.js';
import type { Target } from '../report/sinks/target.js';
import { DEFAULT_STATE_DIR } from '../source/state.js';

/** Of the product; that of package.json. */
export const VERSION = '0.1.0';

/** Only the pod's own; the chart says which. */
export const DEFAULT_LISTEN = '127.0.0.1:9465';
/** `auto`: the first of the two kinds that the cluster has. */
export const REPORT_CHOICES = ['auto', 'wgpolicy', 'openreports', 'off'] as const;
export type ReportChoice = (typeof REPORT_CHOICES)[number];

export const DEFAULT_RUN_DIR = '/run/ringfence';
export const DEFAULT_POLICIES = '/etc/ringfence/policies';
export { DEFAULT_STATE_DIR };
export const DEFAULT_INSTALL_NAMESPACE = 'ringfence-system';
export const DEFAULT_SYSTEM_NAMESPACES: readonly string[] = ['kube-system'];
export const DEFAULT_PROTECTED_UNITS = PROTECTED_UNITS;

/** Detailed events a second for each rule and workload, and for the whole node. Counters are exact whatever these are. */
export const DEFAULT_EVENT_RATE = 100;
export const DEFAULT_EVENT_BURST = 10_000;

const STDOUT = 1;

/** `-` is standard output. */
export function openEventTarget(path: string, bytesMax: number, keep: number): { target: Target; name: string } {
  if (path === '-') return { target: new DescriptorTarget(STDOUT), name: 'standard output' };
  return { target: new RotatedFile({ path, bytesMax, keep }), name: path };
}
