/**
 * Debian's pebble, a certificate authority that makes life hard on purpose, with its DNS that knows every name as this
 * machine. Both are on the machine's own network: pebble looks for proofs at the edge's published port, and control
 * reaches pebble at the address of Docker's bridge.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { AUTHORITY_IMAGE, ensureAuthorityImage } from './authority-image.ts'
import { eventually } from './eventually.ts'
import { output, run } from './run.ts'

export type TestAuthority = {
  directory: string
  /** Its DNS, as containers reach it: `address:port`. */
  dns: string
  /** PEM of who signed pebble's own certificate. */
  caFile: string
  /** Says in DNS what a provider is asked to. */
  setTxt(host: string, value: string): Promise<void>
  clearTxt(host: string, value: string): Promise<void>
  /** How many orders it has been asked for, and made. */
  orders(): Promise<number>
  /** How many good nonces it has refused: a client of ours asks for one before each call, and repeats a call with that of the refusal. */
  refusedNonces(): Promise<number>
  /** How many accounts were made. */
  accounts(): Promise<number>
  /** PEM of the root that its certificates lead to. */
  root(): Promise<string>
  stop(): Promise<void>
}

export type AuthorityOptions = {
  name: string
  /** The first of four that are free. */
  port: number
  /** Where it looks for files. */
  httpPort: number
  /** For its files; seen by control at the same path. */
  folder: string
  nonceRejectPercent: number
  /** What it asks DNS of, `address:port`; its own when absent. */
  resolver?: string
  validityS?: number
}

export async function startAuthority(options: AuthorityOptions): Promise<TestAuthority> {
  const { name, port, folder, httpPort } = options
  const [acme, management, dns, dnsManagement] = [port, port + 1, port + 2, port + 3]
  await ensureAuthorityImage()
  await mkdir(folder, { recursive: true })
  const gateway = await bridgeAddress()
  makeCertificate(folder, gateway)
  const config = {
    pebble: {
      ...{ listenAddress: `0.0.0.0:${acme}`, managementListenAddress: `127.0.0.1:${management}` },
      ...{ certificate: join(folder, 'pebble.crt'), privateKey: join(folder, 'pebble.key') },
      ...{ httpPort, tlsPort: 1, ocspResponderURL: '', externalAccountBindingRequired: false },
      ...{ domainBlocklist: [], retryAfter: { authz: 1, order: 1 } },
      ...(options.validityS && { certificateValidityPeriod: options.validityS }),
    },
  }
  await writeFile(join(folder, 'pebble.json'), JSON.stringify(config))
  const containers = [`${name}-dns`, `${name}-ca`]
  const start = (container: string, env: readonly string[], argv: readonly string[]) =>
    output('docker', [
      ...['run', '--detach', '--name', container, '--network=host', '--label=dev.cascata.test=authority'],
      ...['--volume', `${folder}:${folder}:ro`, ...env.flatMap((line) => ['--env', line])],
      ...[AUTHORITY_IMAGE, ...argv],
    ])
  const stop = async () => {
    await run('docker', ['rm', '--force', '--volumes', ...containers])
  }
  await stop()
  await start(
    containers[0] ?? '',
    [],
    [
      ...['pebble-challtestsrv', '-management', `127.0.0.1:${dnsManagement}`, '-dns01', `:${dns}`],
      ...['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
    ],
  )
  const rejects = `PEBBLE_WFE_NONCEREJECT=${options.nonceRejectPercent}`
  await start(
    containers[1] ?? '',
    ['PEBBLE_VA_NOSLEEP=1', 'PEBBLE_AUTHZREUSE=0', rejects],
    ['pebble', '-config', join(folder, 'pebble.json'), '-dnsserver', options.resolver ?? `127.0.0.1:${dns}`],
  )
  const tell = async (path: string, body: object) => {
    const answer = await fetch(`http://127.0.0.1:${dnsManagement}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`pebble's DNS: ${path} ${answer.status}`)
  }
  const log = async () => {
    const { stdout, stderr } = await run('docker', ['logs', containers[1] ?? ''])
    return `${stdout.toString()}${stderr}`
  }
  const count = async (pattern: RegExp) => [...(await log()).matchAll(pattern)].length
  await eventually(20_000, async () => {
    if (!(await log()).includes('Listening on')) throw new Error(`pebble does not listen: ${await log()}`)
  })
  return {
    dns: `${gateway}:${dns}`,
    ...{ directory: `https://${gateway}:${acme}/dir`, caFile: join(folder, 'ca.crt'), stop },
    setTxt: (host, value) => tell('set-txt', { host: `${host}.`, value }),
    clearTxt: (host) => tell('clear-txt', { host: `${host}.` }),
    orders: () => count(/Added order /g),
    refusedNonces: async () => (await count(/ POST \//g)) - (await count(/ HEAD \/nonce-plz /g)),
    accounts: () => count(/There are now \d+ accounts in memory/g),
    root: () => getTrusting(join(folder, 'ca.crt'), `https://127.0.0.1:${management}/roots/0`),
  }
}

/** `fetch` takes no authority of ours. */
async function getTrusting(caFile: string, url: string): Promise<string> {
  const ca = await readFile(caFile)
  return new Promise((resolve, reject) => {
    get(url, { ca }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('end', () => resolve(text)).on('error', reject)
    }).on('error', reject)
  })
}

/** At which containers reach this machine. The engine does not always say: its bridge is an interface of this machine. */
export async function bridgeAddress(): Promise<string> {
  const format = '{{index .Options "com.docker.network.bridge.name"}}'
  const bridge = (await output('docker', ['network', 'inspect', 'bridge', '--format', format])).trim()
  // Not Node's list of interfaces: a bridge that nothing is joined to is not in it.
  const [line = ''] = (await output('ip', ['-o', '-4', 'address', 'show', 'dev', bridge])).split('\n')
  const [, address] = /\binet ([0-9.]+)\//.exec(line) ?? []
  if (address === undefined) throw new Error(`Docker's bridge ${bridge} has no address on this machine`)
  return address
}

/** An authority for the authority's own address. */
function makeCertificate(folder: string, gateway: string): void {
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const names = `subjectAltName=IP:${gateway},IP:127.0.0.1,DNS:localhost`
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=Test', '-keyout', 'ca.key', '-out', 'ca.crt')
  openssl(
    'req',
    ...key,
    '-subj',
    '/CN=pebble',
    '-addext',
    names,
    '-keyout',
    'pebble.key',
    '-out',
    'pebble.csr',
  )
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', '2', '-copy_extensions', 'copy']
  openssl('x509', '-req', '-in', 'pebble.csr', ...by, '-days', '2', '-out', 'pebble.crt')
}
