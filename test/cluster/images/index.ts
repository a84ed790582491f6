// The images of the test cluster's pods, as tars for `ctr images import`: pause for sandboxes, busybox for everything else. No registry is asked.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeImage } from '../../../tools/oci/image.js';
import type { TarEntry } from '../../../tools/oci/tar.js';
import { runCommand } from '../../guest/command.js';
import { CHECKOUT } from '../../guest/run.js';
import { cachedFolder } from '../cache.js';

export const PAUSE_IMAGE = 'ringfence.test/pause:1';
export const BUSYBOX_IMAGE = 'ringfence.test/busybox:1';

/** Programs of the busybox image that are files of their own: a link's name is that of its target to the kernel. */
const COPIES = ['cat', 'nc', 'touch'];
const EXECUTABLE = 0o755;

function folders(paths: readonly string[]): TarEntry[] {
  return paths.map((path) => ({ type: 'folder', path, mode: path === 'tmp' ? 0o1777 : 0o755 }));
}

function file(path: string, content: string | Uint8Array, mode = 0o644): TarEntry {
  return { type: 'file', path, mode, content: typeof content === 'string' ? Buffer.from(content) : content };
}

async function pauseEntries(folder: string): Promise<TarEntry[]> {
  const program = join(folder, 'pause');
  const source = join(CHECKOUT, 'test', 'cluster', 'images', 'pause.c');
  await runCommand(['clang', '-static', '-O2', '-s', '-o', program, source]);
  return [file('pause', readFileSync(program), EXECUTABLE)];
}

async function busyboxEntries(folder: string, busybox: string): Promise<TarEntry[]> {
  const program = join(folder, 'busybox');
  copyFileSync(busybox, program);
  const content = readFileSync(program);
  const applets = (await runCommand([program, '--list']))
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox');
  const links = applets.filter((name) => !COPIES.includes(name));
  return [
    ...folders(['bin', 'dev', 'etc', 'home', 'proc', 'root', 'sys', 'tmp', 'var', 'usr', 'usr/bin', 'data']),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n'),
    file('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
    file('etc/shadow', 'root:*:19000:0:99999:7:::\n', 0o640),
    file('bin/busybox', content, EXECUTABLE),
    ...COPIES.map((name) => file(`bin/${name}`, content, EXECUTABLE)),
    ...links.map((name): TarEntry => ({ type: 'link', path: `bin/${name}`, mode: 0o777, target: 'busybox' })),
  ];
}

/** Folder with pause.tar and busybox.tar; `busybox` is a statically linked one. */
export async function testImages(busybox: string): Promise<string> {
  return await cachedFolder('images-1', async (into) => {
    const env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
    const pause = { name: PAUSE_IMAGE, config: { Entrypoint: ['/pause'] }, compressed: false };
    writeImage(join(into, 'pause.tar'), { ...pause, layers: [await pauseEntries(into)] });
    const box = { name: BUSYBOX_IMAGE, config: { Cmd: ['/bin/sh'], Env: env }, compressed: false };
    writeImage(join(into, 'busybox.tar'), { ...box, layers: [await busyboxEntries(into, busybox)] });
  });
}
