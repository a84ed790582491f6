// Which kind of reports the cluster takes: the public wgpolicyk8s.io, or its successor openreports.io.

import { CLUSTER_POLICY_REPORTS, CLUSTER_REPORTS, POLICY_REPORTS, REPORTS } from '../k8s/index.js';
import type { Cluster, KubeObject, ResourceRef } from '../k8s/index.js';
import type { ReportChoice } from './defaults.js';
import { MANAGED_BY, openReport, policyReport } from '../report/report-object.js';
import type { ReportContent, ReportObject } from '../report/report-object.js';
import { SOURCE } from '../report/result.js';

/** Reports that this controller manages. */
export const OURS = `${MANAGED_BY}=${SOURCE}`;

export interface ReportApi {
  readonly name: 'wgpolicy' | 'openreports';
  readonly namespaced: ResourceRef;
  readonly cluster: ResourceRef;
  readonly render: (content: ReportContent) => ReportObject;
}

const WGPOLICY: ReportApi = {
  name: 'wgpolicy',
  namespaced: POLICY_REPORTS,
  cluster: CLUSTER_POLICY_REPORTS,
  render: policyReport,
};
const OPENREPORTS: ReportApi = {
  name: 'openreports',
  namespaced: REPORTS,
  cluster: CLUSTER_REPORTS,
  render: openReport,
};

export type LiveReport = KubeObject & ReportObject;

/** The reports of ours that are there, and their kind. Undefined: the cluster has no such kind. */
export async function readReports(
  cluster: Cluster,
  choice: ReportChoice,
): Promise<{ api: ReportApi; reports: LiveReport[] } | undefined> {
  const candidates = [WGPOLICY, OPENREPORTS].filter(({ name }) => choice === 'auto' || choice === name);
  for (const api of candidates) {
    const lists = await Promise.all([listOf(cluster, api.namespaced), listOf(cluster, api.cluster)]);
    const [namespaced, ofCluster] = lists;
    if (namespaced !== undefined && ofCluster !== undefined) return { api, reports: [...namespaced, ...ofCluster] };
  }
  return undefined;
}

async function listOf(cluster: Cluster, ref: ResourceRef): Promise<LiveReport[] | undefined> {
  try {
    return await cluster.list<LiveReport>(ref, { labelSelector: OURS });
  } catch (error) {
    if (isFault(error, 'CLUSTER_NOT_FOUND')) return undefined;
    throw error;
  }
}

export function isFault(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
