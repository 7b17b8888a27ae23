/** One contract for every DNS provider: those with an HTTP API against a server that speaks it, RFC 2136 against BIND. */
import { openDnsProvider } from '@cascata/control/adapters/dns/open'
import type { DnsProvider } from '@cascata/control/adapters/dns/provider'
import { DnsProviderSettings } from '@cascata/shared/contract/dns-provider'
import { Problem } from '@cascata/shared/problem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  cloudflareApi,
  digitaloceanApi,
  hetznerApi,
  route53Api,
  startFake,
  WEBHOOK_SECRET,
  webhookApi,
  ZONE,
} from '../harness/fake-dns.ts'
import { startNameServer } from '../harness/name-server.ts'

type Behind = {
  values(name: string): Promise<string[]>
  put(name: string, value: string): void | Promise<void>
  stop(): Promise<void>
}
type Case = {
  start(): Promise<{ behind: Behind; settings: object; wrong: object }>
  /** A webhook knows no zones: whoever is behind it does. */
  knowsZones: boolean
}

const overHttp = (
  api: Parameters<typeof startFake>[0],
  given: { kind: string; right: object; wrong: object },
): Case => ({
  knowsZones: given.kind !== 'webhook',
  async start() {
    const behind = await startFake(api)
    const base = { kind: given.kind, url: behind.url, propagation_seconds: 3 }
    return { behind, settings: { ...base, ...given.right }, wrong: { ...base, ...given.wrong } }
  },
})
const byToken = { right: { token: 'right' }, wrong: { token: 'wrong-secret' } }

const cases: Record<string, Case> = {
  cloudflare: overHttp(cloudflareApi, { kind: 'cloudflare', ...byToken }),
  digitalocean: overHttp(digitaloceanApi, { kind: 'digitalocean', ...byToken }),
  hetzner: overHttp(hetznerApi, { kind: 'hetzner', ...byToken }),
  route53: overHttp(route53Api, {
    kind: 'route53',
    right: { access_key_id: 'AKIDRIGHT', secret_access_key: 'right' },
    wrong: { access_key_id: 'AKIDRIGHT', secret_access_key: 'wrong-secret' },
  }),
  webhook: overHttp(webhookApi, {
    kind: 'webhook',
    right: { secret: WEBHOOK_SECRET },
    wrong: { secret: 'wrong-secret, wrong-secret' },
  }),
  rfc2136: {
    knowsZones: true,
    async start() {
      const behind = await startNameServer(ZONE)
      const { name: key_name, algorithm, secret } = behind.key
      const at = { kind: 'rfc2136', host: '127.0.0.1', port: behind.port, zone: ZONE }
      const settings = { ...at, key_name, algorithm, secret, propagation_seconds: 3 }
      const wrong = { ...settings, secret: Buffer.from('wrong-secret').toString('base64') }
      return { behind, settings, wrong }
    },
  },
}

describe.each(Object.entries(cases))('%s', (_kind, { start, knowsZones }) => {
  const name = `_acme-challenge.${ZONE}`
  let behind: Behind
  let provider: DnsProvider
  let mistaken: DnsProvider

  beforeAll(async () => {
    const started = await start()
    behind = started.behind
    const open = (settings: object) => openDnsProvider(DnsProviderSettings.parse(settings), Date.now)
    provider = open(started.settings)
    mistaken = open(started.wrong)
  })
  afterAll(() => behind?.stop())

  test('puts a value up, once however often it is asked to', async () => {
    await provider.present({ name, value: 'first' })
    await provider.present({ name, value: 'first' })
    expect(await behind.values(name)).toEqual(['first'])
  })

  test('leaves alone what else stands there: the other half of a wildcard, and what is others’', async () => {
    await behind.put(name, 'of-others')
    await provider.present({ name, value: 'second' })
    expect(await behind.values(name)).toEqual(['first', 'of-others', 'second'])
  })

  test('takes down its own value and no other, however often it is asked to', async () => {
    await provider.cleanup({ name, value: 'first' })
    await provider.cleanup({ name, value: 'first' })
    expect(await behind.values(name)).toEqual(['of-others', 'second'])
    await provider.cleanup({ name, value: 'second' })
    await provider.cleanup({ name, value: 'of-others' })
    expect(await behind.values(name)).toEqual([])
  })

  test('finds the zone of a name deep below it', async () => {
    const deep = `_acme-challenge.a.b.${ZONE}`
    await provider.present({ name: deep, value: 'deep' })
    expect(await behind.values(deep)).toEqual(['deep'])
  })

  test('says that it is refused, and never with what', async () => {
    const error = await mistaken.present({ name, value: 'never' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Problem)
    expect(error).toMatchObject({ code: 'dns-provider-failed' })
    expect(String((error as Problem).message)).not.toContain('wrong-secret')
    expect(await behind.values(name)).toEqual([])
  })

  test('refuses a name in a zone that is not there', async () => {
    const elsewhere = { name: '_acme-challenge.elsewhere.test', value: 'x' }
    if (knowsZones)
      await expect(provider.present(elsewhere)).rejects.toMatchObject({ code: 'dns-provider-failed' })
    else await expect(provider.present(elsewhere)).resolves.toBeUndefined()
  })

  test('says how long the world needs to see it', () => {
    expect(provider.propagationMs).toBe(3_000)
  })
})
