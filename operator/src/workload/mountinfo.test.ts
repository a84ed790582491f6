import { expect, it } from 'vitest';
import { rootMount } from './mountinfo.js';

const PROC = '22 27 0:21 / /proc rw,relatime - proc proc rw';
const DISK = '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw';
const BOUND = '31 27 254:0 /var/root / rw,relatime - ext4 /dev/vda rw';

it.each([
  ['the mount and the folder of it', [PROC, DISK], '27 /'],
  ['of several at one point the last', [PROC, DISK, BOUND], '31 /var/root'],
  ['nothing where there is none', [PROC], undefined],
])('the root of a process is %s', (_, lines, expected) => {
  expect(rootMount(`${lines.join('\n')}\n`)).toBe(expected);
});
