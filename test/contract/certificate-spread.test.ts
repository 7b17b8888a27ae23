/**
 * A zone with two servers, one of which lags: when each shows a record, and when Debian's pebble is told to look for
 * it. Real BIND, and the RFC 2136 provider against the first of the two.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { judgePair } from '@cascata/control/acme/pair'
import { nodeFiles } from '@cascata/control/adapters/files'
import { openSeal, type Seal } from '@cascata/control/adapters/seal'
import { zoneServers } from '@cascata/control/adapters/zone-servers'
import { pathsOf } from '@cascata/control/paths'
import { certificatePairs } from '@cascata/control/reconcile/certificates/pairs'
import type { Task } from '@cascata/control/reconcile/task'
import { instanceCertificates } from '@cascata/control/wiring/certificates'
import type { Parts } from '@cascata/control/wiring/parts'
import { systemClock } from '@cascata/shared/clock'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAuthority, type TestAuthority } from '../harness/authority.ts'
import { testConfig } from '../harness/config.ts'
import { type NameServer, startNameServer } from '../harness/name-server.ts'
import { openTestStore, type TestStore } from './store.ts'

const ZONE = 'cascata.test'
const RECORD = `_acme-challenge.${ZONE}`
const PORT = 18_950 + testConfig.slot * 1_000
const never = new AbortController().signal

let folder: string
let [first, second]: NameServer[] = []
let on: TestStore
let authority: TestAuthority
let seal: Seal
let task: Task
/** What was warned of. */
const said: string[] = []
/** What the order's state says when the authority is told to look. */
const shownAs = new Set<string>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-spread-'))
  const servers = ['ns1', 'ns2']
  ;[first, second, on] = await Promise.all([
    startNameServer(ZONE, { servers }),
    startNameServer(ZONE, { servers }),
    openTestStore(),
  ])
  for (const each of [first, second]) {
    await each.set(`ns1.${ZONE}`, 'A', first.address)
    await each.set(`ns2.${ZONE}`, 'A', second.address)
  }
  const resolver = `${first.address}:53`
  authority = await startAuthority({
    ...{ name: `cascata-test-spread-${process.pid}`, port: PORT, httpPort: PORT + 9, folder },
    ...{ nonceRejectPercent: 0, resolver },
  })
  seal = await openSeal(join(folder, 'master.key'))
  // An edge that serves none of the files: what nobody wants may go at once.
  await mkdir(join(folder, 'edge/current'), { recursive: true })
  await writeFile(join(folder, 'edge/current/manifest.json'), JSON.stringify({ digest: 'served' }))
  await writeFile(join(folder, 'edge/current/nginx.conf'), '')
  const acme = { directory: authority.directory, email: null, caFile: authority.caFile }
  const log = { warn: (fields: object, message: string) => said.push(`${message} ${JSON.stringify(fields)}`) }
  const pairs = certificatePairs({
    ...{ files: nodeFiles, paths: pathsOf(folder), seal, judge: judgePair, log, clock: systemClock },
  })
  const parts = {
    config: { acme, domain: ZONE, version: '0.1.0', dnsServers: [resolver] },
    ...{ paths: pathsOf(folder), seal, clock: systemClock },
    effects: {
      async run(name: string, effect: () => Promise<unknown>) {
        if (name.endsWith('acme.answer')) shownAs.add((await order())?.problem?.detail ?? '')
        return effect()
      },
    },
    ...{ pairs, log },
  } as unknown as Parts
  task = instanceCertificates(parts, on.store, { probe: { digest: async () => 'served' }, changed: () => {} })
})

afterAll(async () => {
  await authority?.stop()
  await Promise.all([first?.stop(), second?.stop(), on?.stop()])
  if (folder) await rm(folder, { recursive: true, force: true })
})

describe('a record', () => {
  const name = `_acme-challenge.shop.${ZONE}`
  const look = (at: string, ...values: string[]) =>
    zoneServers([`${first?.address}:53`]).spreadOf({ name: at, values })
  const lags = () => `ns2.${ZONE} (${second?.address})`

  test('is everywhere once each server of its zone shows every value', async () => {
    await first?.put(name, 'one')
    await first?.put(name, 'two')
    await second?.put(name, 'one')
    expect(await look(name, 'one')).toEqual({ servers: 2, lacking: [] })
    expect(await look(name, 'one', 'two')).toEqual({ servers: 2, lacking: [lags()] })
    await second?.put(name, 'two')
    expect(await look(name, 'one', 'two')).toEqual({ servers: 2, lacking: [] })
  })

  test('is looked for where its name is an alias of', async () => {
    await first?.set(`_acme-challenge.alias.${ZONE}`, 'CNAME', `${name}.`)
    expect(await look(`_acme-challenge.alias.${ZONE}`, 'one')).toEqual({ servers: 2, lacking: [] })
  })

  test('is lacking at a server that does not answer', async () => {
    await first?.set(`ns2.${ZONE}`, 'A', '127.0.0.99')
    expect(await look(name, 'one')).toEqual({ servers: 2, lacking: [`ns2.${ZONE} (127.0.0.99)`] })
    await first?.set(`ns2.${ZONE}`, 'A', second?.address ?? '')
  })
})

const wildcard = async () => (await on.store.certificates.list()).find(({ name }) => name === `*.${ZONE}`)
const order = async () => (await on.store.certificates.orders.list())[0]

async function pass(): Promise<number> {
  const { failed, againInMs } = await task.run(never)
  if (failed[0]) throw failed[0].error
  return againInMs ?? 1_000
}

async function passUntil(isEnough: () => Promise<boolean>): Promise<void> {
  for (let passes = 0; passes < 60; passes++) {
    const againInMs = await pass()
    if (await isEnough()) return
    await pause(Math.min(againInMs, 1_000))
  }
  throw new Error('it does not come to an end')
}

describe('the authority', () => {
  beforeEach(async () => {
    await on.sql`delete from public.certificates`
    said.length = 0
    shownAs.clear()
  })

  const waitAtMost = async (propagation_seconds: number) => {
    const { name: key_name, algorithm, secret } = first?.key ?? {}
    const at = { kind: 'rfc2136', host: '127.0.0.1', port: first?.port, zone: ZONE }
    const provider = { ...at, key_name, algorithm, secret, propagation_seconds }
    await on.store.instance.set('dns-provider', seal.seal('dns-provider', JSON.stringify(provider)))
  }

  test('is told to look once both servers show both values of a wildcard, long before the time is up', async () => {
    await waitAtMost(3_600)
    await passUntil(async () => (await first?.values(RECORD))?.length === 2)
    const [one = '', two = ''] = (await first?.values(RECORD)) ?? []
    for (const value of [one, two]) {
      // Looked at before, the first server alone would have been enough for it.
      for (let passes = 0; passes < 3; passes++) {
        expect(await pass()).toBeLessThanOrEqual(2_000)
        await pause(1_000)
      }
      expect([await wildcard(), (await order())?.url]).toEqual([undefined, expect.any(String)])
      await second?.put(RECORD, value)
    }
    await passUntil(async () => (await wildcard()) !== undefined && (await order()) === undefined)
    expect(await authority.orders()).toBe(1)
    expect(await authority.refusedNonces()).toBe(0)
    expect([said, [...shownAs]]).toEqual([[], ['']])
  })

  test('is told all the same when the time is up, and who lacks the record is said', async () => {
    await waitAtMost(3)
    await passUntil(async () => (await wildcard()) !== undefined && (await order()) === undefined)
    const lacking = `did not show the TXT record in time: ns2.${ZONE} (${second?.address})`
    expect([...shownAs]).toEqual([expect.stringContaining(lacking)])
    expect(said).toEqual([expect.stringContaining(lacking)])
  })
})
