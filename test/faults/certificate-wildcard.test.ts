/**
 * An instance with a domain, over its real edge: one wildcard by DNS for it and all its projects, from Debian's pebble,
 * by updates of Debian's BIND. Control is killed around the steps that put the record up: never a second order.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Step } from '@cascata/control/reconcile/effects'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bridgeAddress, startAuthority, type TestAuthority } from '../harness/authority.ts'
import { cliFor } from '../harness/cli.ts'
import { testConfig } from '../harness/config.ts'
import { ControlContainer } from '../harness/control-container.ts'
import { eventually } from '../harness/eventually.ts'
import { type Instance, startInstance, stopInstance } from '../harness/instance.ts'
import { type NameServer, startNameServer } from '../harness/name-server.ts'
import { certificateShown } from '../harness/shown.ts'

const DOMAIN = 'cascata.test'
const WILDCARD = `*.${DOMAIN}`
const RECORD = `_acme-challenge.${DOMAIN}`
const WITHIN_MS = 60_000

/** Where the record is put up, and what is right before and after it. */
const AROUND = [
  'acme.prove',
  'acme.present',
  'acme.presented',
  'acme.answer',
] as const satisfies readonly Step[]
const ALWAYS: readonly Step[] = ['acme.present', 'acme.presented']
const all = AROUND.flatMap((step) => (['before', 'after'] as const).map((when) => ({ when, step })))
const cuts = testConfig.size === 'full' ? all : all.filter(({ step }) => ALWAYS.includes(step))

let instance: Instance
let names: NameServer
let authority: TestAuthority
let control: ControlContainer
let meta: Sql

beforeAll(async () => {
  instance = await startInstance('cascata-wild', 18_711, async ({ name, home, httpPort }) => {
    names = await startNameServer(DOMAIN, { at: await bridgeAddress() })
    const resolver = `${names.address}:53`
    authority = await startAuthority({
      ...{ name: `${name}-authority`, port: httpPort + 20, httpPort, folder: join(home, 'authority') },
      ...{ nonceRejectPercent: 30, resolver },
    })
    return {
      ...{ CASCATA_DOMAIN: DOMAIN, CASCATA_BIND: '127.0.0.1', CASCATA_DNS_SERVERS: resolver },
      ...{ CASCATA_ACME_DIRECTORY: authority.directory, CASCATA_ACME_CA: authority.caFile },
    }
  })
  meta = postgres({
    path: join(instance.home, 'run/_meta/db/.s.PGSQL.5432'),
    ...{ user: 'supabase_admin', database: 'cascata', max: 1, onnotice: () => {}, backoff: () => 0.1 },
  })
  const cli = cliFor(instance.profile)
  for (const ref of ['shop', 'blog'])
    expect(await cli.run('projects', 'create', ref, '--ref', ref, '--wait')).toMatchObject({ code: 0 })
  control = await ControlContainer.of(instance)
})

afterAll(async () => {
  await meta?.end({ timeout: 1 })
  await Promise.all([authority?.stop(), names?.stop()])
  if (instance) await stopInstance(instance)
})

const shown = (name: string) => certificateShown({ name, port: instance.httpsPort, root: authority.root })

/** One for all names, shown for each by SNI, and nothing left of the way there. */
const arrived = (): Promise<string> =>
  eventually(WITHIN_MS, async () => {
    const rows = await meta<{ name: string; serial: string }[]>`select name, serial from public.certificates`
    expect(rows.map(({ name }) => name)).toEqual([WILDCARD])
    const serials = await Promise.all(
      [DOMAIN, `shop.${DOMAIN}`, `blog.${DOMAIN}`].map(async (name) => (await shown(name)).serialNumber),
    )
    const [row] = rows
    expect(new Set(serials.map((each) => each.toLowerCase()))).toEqual(new Set([row?.serial.toLowerCase()]))
    expect(await meta`select name from public.certificate_orders`).toHaveLength(0)
    expect(await names.values(RECORD)).toEqual([])
    return row?.serial ?? ''
  })

test('a DNS provider is set, and one wildcard is shown for the domain and every project, new ones included', async () => {
  const { name: key_name, algorithm, secret } = names.key
  const provider = {
    kind: 'rfc2136',
    host: names.address,
    port: names.port,
    zone: DOMAIN,
    key_name,
    algorithm,
    secret,
  }
  const file = join(instance.home, 'provider.json')
  await writeFile(file, JSON.stringify(provider), { mode: 0o600 })
  const cli = cliFor(instance.profile)
  expect(await cli.run('dns-provider', 'set', file)).toMatchObject({ code: 0 })
  const serial = await arrived()
  expect((await shown(`not-there-yet.${DOMAIN}`)).serialNumber.toLowerCase()).toBe(serial.toLowerCase())
  await expect(shown('stranger.test')).rejects.toThrow()
})

describe(`killed around the record (${cuts.length} of ${all.length}: CASCATA_TEST_SIZE=full has all)`, () => {
  test.each(cuts)('$when $step: one order, one certificate, no record left', async ({ when, step }) => {
    await control.remove()
    await meta`delete from public.certificates`
    await meta`delete from public.certificate_ledger`
    const before = await authority.orders()
    await control.start(`${when}:${step}`)
    expect(await control.untilDead(WITHIN_MS)).toMatchObject({ outOfMemory: false })
    await control.start()
    await arrived()
    expect((await authority.orders()) - before).toBe(1)
  })
})
