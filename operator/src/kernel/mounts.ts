// What is mounted where in this mount namespace, from /proc/self/mountinfo.

import { readFileSync } from 'node:fs';

export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

export function readMounts(): Mount[] {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [left, right] = line.split(' - ');
    const point = left?.split(' ')[4];
    const [type, source, options] = right?.split(' ') ?? [];
    if (point === undefined || type === undefined || source === undefined) return [];
    return [{ point: unescape(point), type, source: unescape(source), superOptions: (options ?? '').split(',') }];
  });
}

export function cgroup2Root(mounts: readonly Mount[]): string | undefined {
  return mounts.find((mount) => mount.type === 'cgroup2')?.point;
}

/** Where memory is accounted on hosts that still have the first version of cgroups. */
export function memoryCgroup1Root(mounts: readonly Mount[]): string | undefined {
  return mounts.find((mount) => mount.type === 'cgroup' && mount.superOptions.includes('memory'))?.point;
}

/** The kernel writes blanks and backslashes of names as octal numbers. */
function unescape(name: string): string {
  return name.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
