import { ProjectLimits } from '@cascata/shared/contract/projects'
import { describe, expect, test } from 'vitest'
import { COUNTERS_GID, pathsOf } from '../paths.ts'
import { createOptions } from './docker/create-options.ts'
import { parseEvent } from './docker/events.ts'
import type { ContainerSpec } from './engine.ts'
import {
  COUNTERS_SOCKET,
  dbSpec,
  edgeSpec,
  metaSpec,
  poolerSpec,
  postgresCommand,
  redisSpec,
  runtimeSpec,
  type Site,
  slotOf,
  specHash,
} from './spec.ts'

const site: Site = {
  instance: 'cascata',
  imageTag: '0.1.0',
  paths: pathsOf('/home'),
  bind: ['127.0.0.1'],
  httpPort: 8080,
  httpsPort: 8443,
  dbSessionPort: 15_432,
  dbTransactionPort: 16_543,
}
const shop = {
  ...{ ref: 'shop', uid: 200_000, limits: ProjectLimits.parse({}) },
  ...{ restarts: 0, dbRestarts: 0, imageTag: null },
}
const all = [
  ...[dbSpec(site, shop), runtimeSpec(site, shop, 1), metaSpec(site), redisSpec(site), edgeSpec(site)],
  poolerSpec(site),
]

describe('every container', () => {
  test.each(all.map((spec) => [spec.role, spec] as const))('%s is hardened', (_role, spec) => {
    const { User, HostConfig } = createOptions('cascata', spec)
    expect(User).not.toMatch(/^0?:|:0?$|^0:/)
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      Init: true,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
    })
    expect(HostConfig?.Memory).toBeGreaterThan(0)
    expect(HostConfig?.MemorySwap).toBe(HostConfig?.Memory)
    expect(HostConfig?.NanoCpus).toBeGreaterThan(0)
    expect(HostConfig?.PidsLimit).toBeGreaterThan(0)
    expect(HostConfig?.Tmpfs?.['/tmp']).toContain('noexec,nosuid,nodev')
  })

  test('is published once at each address, but the pooler at none where a stranger looks like this machine', () => {
    const open = { ...site, bind: ['0.0.0.0', '::', '127.0.0.1', '::1', '2001:db8::7'], http3: true }
    const at = (spec: ContainerSpec, port: string) =>
      createOptions('cascata', spec).HostConfig?.PortBindings?.[port]?.map(
        (each: { HostIp: string; HostPort: string }) => `${each.HostIp} ${each.HostPort}`,
      )
    const edge = ['0.0.0.0', '::', '127.0.0.1', '::1', '2001:db8::7']
    expect(at(edgeSpec(open), '8080/tcp')).toEqual(edge.map((address) => `${address} 8080`))
    expect(at(edgeSpec(open), '8443/tcp')).toEqual(edge.map((address) => `${address} 8443`))
    expect(at(edgeSpec(open), '8443/udp')).toEqual(edge.map((address) => `${address} 8443`))
    const pooler = ['0.0.0.0 15432', '127.0.0.1 15432', '::1 15432']
    expect(at(poolerSpec(open), '5432/tcp')).toEqual(pooler)
  })

  test('only a runtime, the edge and the pooler have a network, and no two the same', () => {
    const networks = Object.fromEntries(all.map(({ role, network }) => [role, network]))
    expect(networks).toEqual({
      db: 'none',
      meta: 'none',
      redis: 'none',
      runtime: { bridge: 'cascata-egress' },
      edge: { bridge: 'cascata-edge' },
      pooler: { bridge: 'cascata-pooler' },
    })
  })

  test('none mounts the Docker socket, and a project mounts only what is its own', () => {
    const sources = (spec: (typeof all)[number]) =>
      spec.mounts.flatMap((mount) => (mount.kind === 'bind' ? [mount.source] : []))
    expect(all.flatMap(sources).filter((source) => source.includes('docker'))).toEqual([])
    const own = [dbSpec(site, shop), runtimeSpec(site, shop, 1)].flatMap(sources)
    const others = own.filter((source) => !/^\/home\/(run|projects)\/shop(\/|$)/.test(source))
    // Where Redis listens: reached by runtimes, changed by none.
    expect(others).toEqual(['/home/run/_redis'])
  })

  test("Redis' socket is reached by runtimes and by nobody else; whom it lets in stands where only control writes", () => {
    const reaching = all.filter(({ groups }) => groups?.includes(COUNTERS_GID)).map(({ role }) => role)
    expect(reaching).toEqual(['runtime'])
    const mountsOf = (spec: ContainerSpec, source: string) =>
      spec.mounts.filter((mount) => mount.kind === 'bind' && mount.source === source)
    expect(mountsOf(runtimeSpec(site, shop, 1), '/home/run/_redis')).toMatchObject([
      { target: '/run/counters', readOnly: true },
    ])
    expect(COUNTERS_SOCKET).toBe('/run/counters/redis.sock')
    const redis = redisSpec(site)
    expect(redis.command?.slice(-2)).toEqual(['--aclfile', '/etc/redis-users/users.acl'])
    expect(mountsOf(redis, '/home/system/redis-users')).toMatchObject([
      { target: '/etc/redis-users', readOnly: true },
    ])
  })
})

describe('specHash', () => {
  test('is the same for the same, whatever the order of keys', () => {
    const spec = dbSpec(site, shop)
    const turned = Object.fromEntries(Object.entries(spec).toReversed()) as typeof spec
    expect(specHash(turned)).toBe(specHash(spec))
  })

  test.each([
    ['a limit', { ...shop, limits: ProjectLimits.parse({ db: { memory_mb: 300, cpus: 1, pids: 99 } }) }],
    ['a restart of the database', { ...shop, dbRestarts: 1 }],
    ['another release', { ...shop, imageTag: '0.2.0' }],
    ['the uid', { ...shop, uid: 200_001 }],
  ])('differs by %s', (_what, other) => {
    expect(specHash(dbSpec(site, other))).not.toBe(specHash(dbSpec(site, shop)))
  })

  test('differs of runtimes alone by a restart, and of the database alone by a restart of it', () => {
    const [again, dbAgain] = [
      { ...shop, restarts: 1 },
      { ...shop, dbRestarts: 1 },
    ]
    const hashes = (as: typeof shop) => [specHash(runtimeSpec(site, as, 1)), specHash(dbSpec(site, as))]
    const [runtime, db] = hashes(shop)
    expect(hashes(again)).toEqual([expect.not.stringMatching(`^${runtime}$`), db])
    expect(hashes(dbAgain)).toEqual([runtime, expect.not.stringMatching(`^${db}$`)])
  })
})

test.each([
  ['cascata-shop-runtime-1', 1],
  ['cascata-shop-runtime-12', 12],
  ['cascata-shop-runtime-0', undefined],
  ['cascata-shop-runtime-1x', undefined],
  ['cascata-shop-db', undefined],
])('the slot of %s is %s', (name, slot) => {
  expect(slotOf(name)).toBe(slot)
})

test('Postgres is given memory that fits its container', () => {
  const settings = postgresCommand(512 * 1024 * 1024).filter((each) => each !== '-c')
  expect(settings).toEqual([
    'postgres',
    'shared_buffers=64MB',
    'effective_cache_size=384MB',
    'maintenance_work_mem=32MB',
    'work_mem=4MB',
  ])
})

const event = (Action: string, more: Record<string, string> = {}) =>
  JSON.stringify({
    Action,
    Actor: { Attributes: { 'dev.cascata.role': 'db', 'dev.cascata.project': 'shop', name: 'n', ...more } },
  })

test.each([
  ['a death', event('die'), { project: 'shop', role: 'db', name: 'n', action: 'die' }],
  ['a health', event('health_status: healthy'), { project: 'shop', role: 'db', name: 'n', action: 'health' }],
  ['nothing in another action', event('exec_start'), undefined],
  ['nothing in a role of nobody', event('die', { 'dev.cascata.role': 'x' }), undefined],
  ['nothing in what is no JSON', '{', undefined],
])('an event line tells %s', (_what, line, expected) => {
  expect(parseEvent(line)).toEqual(expected)
})
