import { describe, expect, it } from 'vitest';
import { cgroup2Root, memoryCgroup1Root, parseMountInfo } from './mounts.js';

const HYBRID = [
  '31 24 0:27 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory',
  '32 24 0:28 / /sys/fs/cgroup/unified rw,relatime shared:10 - cgroup2 cgroup2 rw',
  '40 24 0:30 / /run/with\\040blank rw,nosuid master:1 propagate_from:2 - bpf ringfence rw,mode=700',
  '',
].join('\n');

describe('mount table', () => {
  it('finds cgroup v2 and the version 1 memory controller of a hybrid host', () => {
    const mounts = parseMountInfo(HYBRID);
    expect(cgroup2Root(mounts)).toBe('/sys/fs/cgroup/unified');
    expect(memoryCgroup1Root(mounts)).toBe('/sys/fs/cgroup/memory');
  });

  it('reads names with blanks and lines with any number of optional fields', () => {
    expect(parseMountInfo(HYBRID)[2]).toEqual({
      point: '/run/with blank',
      type: 'bpf',
      source: 'ringfence',
      superOptions: ['rw', 'mode=700'],
    });
  });

  it('says when there is none', () => {
    expect(cgroup2Root(parseMountInfo('1 0 0:1 / / rw - tmpfs tmpfs rw\n'))).toBeUndefined();
  });
});
