/** Debian's BIND with one zone that takes updates signed with one key. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AUTHORITY_IMAGE, ensureAuthorityImage } from './authority-image.ts'
import { eventually } from './eventually.ts'
import { output } from './run.ts'

export type NameServer = {
  /** Of updates, on this machine's loopback. */
  port: number
  /** Where it answers on port 53, to this machine and whoever it is reached by. */
  address: string
  key: { name: string; algorithm: 'hmac-sha256' | 'hmac-sha512'; secret: string }
  values(name: string): Promise<string[]>
  put(name: string, value: string): Promise<void>
  /** Any other record, in place of those of its kind. */
  set(name: string, kind: 'A' | 'CNAME', to: string): Promise<void>
  stop(): Promise<void>
}

export type NameServerOptions = {
  /** Names of the zone's servers, below it. */
  servers?: readonly string[]
  /** An address of this machine, instead of a network of its own. */
  at?: string
}

const zoneText = (zone: string, servers: readonly string[], address: string) => `$TTL 60
@ IN SOA ${servers[0]}.${zone}. admin.${zone}. 1 3600 600 86400 60
${servers.map((name) => `@ IN NS ${name}.${zone}.\n${name} IN A ${address}\n`).join('')}`

export async function startNameServer(zone: string, options: NameServerOptions = {}): Promise<NameServer> {
  const { servers = ['ns'], at } = options
  const own = at ?? '127.0.0.1'
  await ensureAuthorityImage()
  const folder = await mkdtemp(join(tmpdir(), 'cascata-bind-'))
  const key = {
    name: 'cascata-test',
    algorithm: 'hmac-sha256' as const,
    secret: randomBytes(32).toString('base64'),
  }
  const conf = `options { directory "/zone"; listen-on { ${at ?? 'any'}; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; pid-file none; };
controls { };
key "${key.name}" { algorithm ${key.algorithm}; secret "${key.secret}"; };
zone "${zone}" { type primary; file "/zone/zone.db"; update-policy { grant ${key.name} zonesub ANY; }; };
`
  await writeFile(join(folder, 'named.conf'), conf)
  await writeFile(join(folder, 'zone.db'), zoneText(zone, servers, own))
  await chmod(folder, 0o777)
  const name = `cascata-test-bind-${process.pid}-${randomBytes(3).toString('hex')}`
  await output('docker', [
    ...['run', '--detach', '--name', name, '--label=dev.cascata.test=bind'],
    ...(at === undefined ? ['--publish', '127.0.0.1::53/tcp'] : ['--network=host']),
    ...['--volume', `${folder}:/zone`, AUTHORITY_IMAGE, 'named', '-g', '-c', '/zone/named.conf'],
  ])
  const dig = async (...argv: string[]) =>
    output('docker', ['exec', name, 'dig', '+short', '+tries=1', '+time=1', `@${own}`, ...argv])
  const update = async (lines: string) => {
    const stdin = Buffer.from(`server ${own}\nzone ${zone}\n${lines}send\n`)
    const secret = `${key.algorithm}:${key.name}:${key.secret}`
    await output('docker', ['exec', '-i', name, 'nsupdate', '-y', secret], { stdin })
  }
  const stop = async () => {
    await output('docker', ['rm', '--force', '--volumes', name])
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await eventually(20_000, async () => {
      if (!(await dig('SOA', zone)).includes(zone)) throw new Error('the name server does not answer')
    })
    return {
      ...{ key, stop, ...(at === undefined ? await reachedAt(name) : { port: 53, address: at }) },
      async values(asked) {
        const lines = (await dig('TXT', asked)).split('\n').filter(Boolean)
        return lines.map((line) => line.replaceAll('"', '')).toSorted()
      },
      put: (at, value) => update(`update add ${at} 60 TXT "${value}"\n`),
      set: (at, kind, to) => update(`update delete ${at} ${kind}\nupdate add ${at} 60 ${kind} ${to}\n`),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function reachedAt(container: string): Promise<{ port: number; address: string }> {
  const mapped = await output('docker', ['port', container, '53/tcp'])
  const address = await output('docker', ['inspect', '--format', '{{.NetworkSettings.IPAddress}}', container])
  return { port: Number(/:(\d+)\s*$/m.exec(mapped)?.[1]), address: address.trim() }
}
