/** Debian's BIND with one zone that takes updates signed with one key. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AUTHORITY_IMAGE, ensureAuthorityImage } from './authority-image.ts'
import { eventually } from './eventually.ts'
import { output } from './run.ts'

export type NameServer = {
  port: number
  key: { name: string; algorithm: 'hmac-sha256' | 'hmac-sha512'; secret: string }
  values(name: string): Promise<string[]>
  put(name: string, value: string): Promise<void>
  stop(): Promise<void>
}

const zoneText = (zone: string) => `$TTL 60
@ IN SOA ns.${zone}. admin.${zone}. 1 3600 600 86400 60
@ IN NS ns.${zone}.
ns IN A 127.0.0.1
`

export async function startNameServer(zone: string): Promise<NameServer> {
  await ensureAuthorityImage()
  const folder = await mkdtemp(join(tmpdir(), 'cascata-bind-'))
  const key = {
    name: 'cascata-test',
    algorithm: 'hmac-sha256' as const,
    secret: randomBytes(32).toString('base64'),
  }
  const conf = `options { directory "/zone"; listen-on { any; }; recursion no; dnssec-validation no; pid-file none; };
controls { };
key "${key.name}" { algorithm ${key.algorithm}; secret "${key.secret}"; };
zone "${zone}" { type primary; file "/zone/zone.db"; update-policy { grant ${key.name} zonesub TXT; }; };
`
  await writeFile(join(folder, 'named.conf'), conf)
  await writeFile(join(folder, 'zone.db'), zoneText(zone))
  await chmod(folder, 0o777)
  const name = `cascata-test-bind-${process.pid}`
  await output('docker', [
    ...['run', '--detach', '--name', name, '--label=dev.cascata.test=bind', '--publish', '127.0.0.1::53/tcp'],
    ...['--volume', `${folder}:/zone`, AUTHORITY_IMAGE, 'named', '-g', '-c', '/zone/named.conf'],
  ])
  const dig = async (...argv: string[]) =>
    output('docker', ['exec', name, 'dig', '+short', '+tries=1', '+time=1', '@127.0.0.1', ...argv])
  const stop = async () => {
    await output('docker', ['rm', '--force', '--volumes', name])
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await eventually(20_000, async () => {
      if (!(await dig('SOA', zone)).includes(zone)) throw new Error('the name server does not answer')
    })
    const mapped = await output('docker', ['port', name, '53/tcp'])
    return {
      ...{ key, stop, port: Number(/:(\d+)\s*$/m.exec(mapped)?.[1]) },
      async values(asked) {
        const lines = (await dig('TXT', asked)).split('\n').filter(Boolean)
        return lines.map((line) => line.replaceAll('"', '')).toSorted()
      },
      async put(at, value) {
        const update = `server 127.0.0.1\nzone ${zone}\nupdate add ${at} 60 TXT "${value}"\nsend\n`
        const secret = `${key.algorithm}:${key.name}:${key.secret}`
        await output('docker', ['exec', '-i', name, 'nsupdate', '-y', secret], { stdin: Buffer.from(update) })
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}
