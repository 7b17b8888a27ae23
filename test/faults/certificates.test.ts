/**
 * Control is killed right before and right after each thing it does for a certificate. Started again, it ends with a
 * certificate that the edge can serve, and with one order: asked for over the real edge, at Debian's pebble, which
 * refuses three nonces in ten.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readChain } from '@cascata/control/acme/chain'
import type { Step } from '@cascata/control/reconcile/effects'
import { Certificate, Certificates } from '@cascata/shared/contract/certificates'
import { ProjectDomain } from '@cascata/shared/contract/domains'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startAuthority, type TestAuthority } from '../harness/authority.ts'
import { AUTHORITY_IMAGE } from '../harness/authority-image.ts'
import { cliFor } from '../harness/cli.ts'
import { testConfig } from '../harness/config.ts'
import { type ControlApi, controlApi } from '../harness/control-api.ts'
import { ControlContainer } from '../harness/control-container.ts'
import { creation, done } from '../harness/crash-flows.ts'
import { CrashWorld } from '../harness/crash-world.ts'
import { eventually } from '../harness/eventually.ts'
import { type Instance, startInstance, stopInstance } from '../harness/instance.ts'
import { ownCertificate } from '../harness/own-certificate.ts'
import { output } from '../harness/run.ts'
import { anyCertificateShown, beginAtPostgres, certificateShown, plainAnswer } from '../harness/shown.ts'

const WITHIN_MS = 40_000

/** What is done for one certificate, in order. */
const EFFECTS = [
  ...['acme.prepare', 'acme.account', 'acme.ask', 'acme.order', 'acme.keep'],
  ...['acme.prove', 'acme.present', 'acme.presented', 'acme.answer', 'acme.finalize', 'acme.store'],
  ...['certificate.write', 'acme.cleanup'],
] as const satisfies readonly Step[]
/** Where a second order could come from: cut each time. Of the others a few are enough for every day. */
const ALWAYS: readonly Step[] = ['acme.order', 'acme.finalize']

const all = EFFECTS.flatMap((step) => (['before', 'after'] as const).map((when) => ({ when, step })))
const cuts =
  testConfig.size === 'full' ? all : all.filter(({ step }, at) => ALWAYS.includes(step) || at % 11 === 0)
const title =
  testConfig.size === 'full' ? 'all' : `${cuts.length} of ${all.length}: CASCATA_TEST_SIZE=full has all`

let instance: Instance
let authority: TestAuthority
let control: ControlContainer
let world: CrashWorld
let api: ControlApi
let meta: Sql

beforeAll(async () => {
  instance = await startInstance('cascata-certs', 18_811, async ({ name, home, httpPort }) => {
    authority = await startAuthority({
      ...{ name: `${name}-authority`, port: httpPort + 20, httpPort, folder: join(home, 'authority') },
      nonceRejectPercent: 30,
    })
    return {
      ...{ CASCATA_ACME_DIRECTORY: authority.directory, CASCATA_ACME_CA: authority.caFile },
      ...{ CASCATA_DNS_SERVERS: authority.dns, CASCATA_HTTP3: 'on' },
    }
  })
  world = await CrashWorld.of(instance)
  await done(world, creation('shop', 'empty'))
  api = await controlApi(instance)
  meta = postgres({
    path: join(instance.home, 'run/_meta/db/.s.PGSQL.5432'),
    ...{ user: 'supabase_admin', database: 'cascata', max: 1, onnotice: () => {}, backoff: () => 0.1 },
  })
  control = await ControlContainer.of(instance)
  await control.remove()
})

afterAll(async () => {
  await meta?.end({ timeout: 1 })
  await world?.close()
  await authority?.stop()
  if (instance) await stopInstance(instance)
})

/** A domain that is shown to be its owner's. */
const attach = (name: string) =>
  meta`insert into public.domains (ref, name, proof, verified_at) values ('shop', ${name}, 'shown', now())`

/** Valid, its files there and no others of its name, and nothing left of the way there. */
const arrived = (name: string): Promise<void> =>
  eventually(WITHIN_MS, async () => {
    const { items } = await api.get(Certificates, '/v1/certificates')
    expect(items.find((each) => each.name === name)).toMatchObject({ state: 'valid', source: 'acme' })
    const files = await filesOf(name)
    expect(files.map((file) => file.replace(/^.*\./, ''))).toEqual(['crt', 'key'])
    const [leaf] = readChain(await readFile(join(instance.home, 'edge/certs', files[0] ?? ''), 'utf8'))
    expect(leaf?.checkHost(name)).toBe(name)
    expect(await meta`select name from public.certificate_orders`).toHaveLength(0)
    expect(await readdir(join(instance.home, 'edge/challenges'))).toEqual([])
  })

const filesOf = async (name: string): Promise<string[]> =>
  (await readdir(join(instance.home, 'edge/certs'))).filter((file) => file.startsWith(`${name}.`)).sort()

describe(`killed for a certificate (${title})`, () => {
  test.each(cuts)('$when $step: one order, one certificate', async ({ when, step }) => {
    const name = `${when}-${step.replace('.', '-')}.test`
    const before = await authority.orders()
    await attach(name)
    await control.start(`${when}:${step}`)
    expect(await control.untilDead(WITHIN_MS)).toMatchObject({ outOfMemory: false })
    await control.start()
    await arrived(name)
    expect((await authority.orders()) - before).toBe(1)
  })
})

describe('cascata domains', () => {
  const name = 'shop.test'
  const cli = () => cliFor(instance.profile)
  const shown = () => certificateShown({ name, port: instance.httpsPort, root: authority.root })

  test('add --wait ends with a chain that clients trust, shown for the name', async () => {
    await control.start()
    const [placeholder] = await Promise.allSettled([shown()])
    expect(placeholder.status).toBe('rejected')
    const added = await cli().json(ProjectDomain, 'domains', 'add', 'shop', 'Shop.TEST.', '--wait')
    expect(added).toMatchObject({ name, status: 'serving', ref: 'shop' })
    // Known and written; nginx takes it with its next reload.
    await eventually(10_000, async () => expect((await shown()).checkHost(name)).toBe(name))
    await arrived(name)
    const stranger = certificateShown({
      name: 'stranger.test',
      port: instance.httpsPort,
      root: authority.root,
    })
    await expect(stranger).rejects.toThrow()
  })

  test('plain HTTP is then sent on to HTTPS, but for what the authority asks', async () => {
    const answer = await eventually(10_000, async () => {
      const answer = await plainAnswer({ port: instance.httpPort, host: name, path: '/rest/v1/x?y=1' })
      expect(answer.status).toBe(308)
      return answer
    })
    expect(answer.location).toBe(`https://${name}:${instance.httpsPort}/rest/v1/x?y=1`)
    const proof = '/.well-known/acme-challenge/none'
    expect((await plainAnswer({ port: instance.httpPort, host: name, path: proof })).status).toBe(404)
  })

  test('HTTP/3 answers where it was asked for', async () => {
    const url = `https://${name}:${instance.httpsPort}/rest/v1/`
    const said = await output('docker', [
      ...['run', '--rm', '--network=host', '--label=dev.cascata.test=curl', AUTHORITY_IMAGE],
      ...['curl', '--silent', '--insecure', '--http3-only', '--max-time', '10', '--output', '/dev/null'],
      ...[
        '--resolve',
        `${name}:${instance.httpsPort}:127.0.0.1`,
        '--write-out',
        '%{http_version} %{http_code}',
      ],
      url,
    ])
    expect(said).toBe('3 401')
  })

  test('remove ends its site, its certificate and its key', async () => {
    await cli().json(z.unknown(), 'domains', 'remove', 'shop', name)
    await eventually(WITHIN_MS, async () => {
      expect(await filesOf(name)).toEqual([])
      expect(await meta`select name from public.certificates where name = ${name}`).toHaveLength(0)
      const answer = await plainAnswer({ port: instance.httpPort, host: name, path: '/' })
      expect(answer.status).toBe(404)
    })
    const certs = await readdir(join(instance.home, 'edge/certs'))
    expect(certs.filter((file) => file.includes(name))).toEqual([])
    expect((await cli().run('domains', 'show', 'shop', name)).stderr).toContain('not attached')
  })
})

describe('a certificate of one’s own', () => {
  const [mine, victim] = ['mine.test', 'victim.test']
  /** Signed by nobody but the thief, who claims all of it. */
  const pair = ownCertificate(mine, victim, 'localhost', '*.localhost', 'shop.localhost')
  const cli = () => cliFor(instance.profile)
  const shownFor = async (name: string) =>
    (await anyCertificateShown({ name, port: instance.httpsPort }))?.toString()
  const upload = async (...options: string[]) => {
    const files = { cert: join(instance.home, 'own.crt'), key: join(instance.home, 'own.key') }
    await writeFile(files.cert, pair.certificate)
    await writeFile(files.key, pair.key)
    const argv = ['certs', 'upload', 'thief', mine, '--cert', files.cert, '--key', files.key, ...options]
    return cli().json(Certificate, ...argv)
  }

  test('is shown for its project’s names alone, whatever it names beside them', async () => {
    await control.start()
    await done(world, creation('thief', 'empty'))
    await cli().json(ProjectDomain, 'domains', 'add', 'shop', victim, '--wait')
    await cli().json(ProjectDomain, 'domains', 'add', 'thief', mine, '--wait')
    expect((await cli().run('db', 'expose', 'thief', 'on', '--wait')).code).toBe(0)
    expect(await upload()).toMatchObject({ name: mine, source: 'upload', project_ref: 'thief' })
    await eventually(WITHIN_MS, async () => expect(await shownFor(mine)).toBe(pair.certificate))
    // Another change, which serves everything anew.
    await cli().json(ProjectDomain, 'domains', 'add', 'shop', 'late.test', '--wait')
    expect(await shownFor(mine)).toBe(pair.certificate)
    const trusted = await certificateShown({
      name: victim,
      port: instance.httpsPort,
      root: authority.root,
    })
    expect(trusted.checkHost(victim)).toBe(victim)
    for (const name of ['localhost', 'shop.localhost', 'nobody.localhost', 'late.test', 'nobody.test']) {
      const shown = await shownFor(name)
      expect([name, shown]).toEqual([name, expect.stringContaining('BEGIN')])
      expect([name, shown]).not.toEqual([name, pair.certificate])
    }
    const atPooler = { name: 'localhost', port: instance.dbSessionPort, begin: beginAtPostgres }
    const shown = (await anyCertificateShown(atPooler))?.toString()
    expect(shown).toBe(await shownFor('localhost'))
  })

  test('sends clients to HTTPS when its owner says that they trust it', async () => {
    const plain = async () =>
      (await plainAnswer({ port: instance.httpPort, host: mine, path: '/rest/v1/' })).status
    expect(await plain()).toBe(401)
    await upload('--trusted')
    await eventually(WITHIN_MS, async () => expect(await plain()).toBe(308))
  })

  test('gives way to the authority’s when it is removed', async () => {
    expect((await cli().run('certs', 'remove-upload', 'thief', mine)).code).toBe(0)
    await eventually(WITHIN_MS, async () => {
      const shown = await certificateShown({
        name: mine,
        port: instance.httpsPort,
        root: authority.root,
      })
      expect(shown.checkHost(mine)).toBe(mine)
    })
  })
})

test('nonces were refused on the way', async () => {
  expect(await authority.refusedNonces()).toBeGreaterThan(0)
})
