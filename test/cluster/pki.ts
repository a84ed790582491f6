// The cluster's certificates: one authority, a certificate for each component, a key for service accounts. Made by openssl, valid for ten days.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../guest/command.js';

const DAYS = '10';

interface Subject {
  readonly name: string;
  /** Subject in openssl's notation; O is the group for the API server, CN the user. */
  readonly subject: string;
  readonly alternativeNames?: readonly string[];
}

/** Files of one certificate. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export class Pki {
  readonly authority: string;
  readonly serviceAccountKey: string;

  private constructor(private readonly folder: string) {
    this.authority = join(folder, 'ca.crt');
    this.serviceAccountKey = join(folder, 'service-account.key');
  }

  static async create(folder: string): Promise<Pki> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const pki = new Pki(folder);
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const key = join(folder, 'ca.key');
    await pki.openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      key,
      '-out',
      pki.authority,
      '-days',
      DAYS,
      '-subj',
      '/CN=test-ca',
    );
    await pki.openssl('genrsa', '-out', pki.serviceAccountKey, '2048');
    return pki;
  }

  async issue({ name, subject, alternativeNames = [] }: Subject): Promise<Certificate> {
    const path = (suffix: string): string => join(this.folder, `${name}.${suffix}`);
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await this.openssl('req', ...newKey, '-keyout', path('key'), '-out', path('csr'), '-subj', subject);
    const names = alternativeNames.length === 0 ? '' : `subjectAltName=${alternativeNames.join(',')}\n`;
    writeFileSync(path('ext'), `extendedKeyUsage=serverAuth,clientAuth\n${names}`);
    const authority = ['-CA', this.authority, '-CAkey', join(this.folder, 'ca.key')];
    const serial = ['-set_serial', `0x${Buffer.from(name).toString('hex').slice(0, 30)}`];
    const request = ['-req', '-in', path('csr'), '-out', path('crt'), '-days', DAYS, '-extfile', path('ext')];
    await this.openssl('x509', ...request, ...authority, ...serial);
    return { certificate: path('crt'), key: path('key') };
  }

  private async openssl(...args: string[]): Promise<void> {
    await runCommand(['openssl', ...args], { timeoutS: 30 });
  }

  /** A kubeconfig with everything in it, for a certificate or a token. JSON is YAML. */
  kubeconfig(server: string, who: Certificate | { readonly token: string }): string {
    const data = (path: string): string => readFileSync(path).toString('base64');
    const user =
      'token' in who ? who : { 'client-certificate-data': data(who.certificate), 'client-key-data': data(who.key) };
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': data(this.authority) } }],
      users: [{ name: 'test', user }],
    });
  }
}
