/** What reconcilers may rely on, asked of Docker and of the simulated engine alike. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { controlGroups } from '@cascata/control/engine/docker/control-groups'
import { dockerEngine } from '@cascata/control/engine/docker/engine'
import type { Container, ContainerSpec, Engine, EngineEvent } from '@cascata/control/engine/engine'
import { specHash } from '@cascata/control/engine/spec'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { testConfig } from '../harness/config.ts'
import { askEngine } from '../harness/engine-api.ts'
import { eventually } from '../harness/eventually.ts'
import { chanceOf } from '../harness/seeded.ts'
import { SimulatedDocker } from '../harness/simulated-engine.ts'
import { Trouble } from '../harness/simulated-faults.ts'

const INSTANCE = `contract-${process.pid}`
const IMAGE = `cascata-edge:${testConfig.imageTag}`
const BRIDGE = `${INSTANCE}-bridge`
const CGROUPS = '/sys/fs/cgroup'
const MiB = 1024 * 1024

const Inspected = z.tuple([z.object({ Id: z.string() })])
const filterBy = (name: string) => encodeURIComponent(JSON.stringify({ name: [name] }))

/** In the second version of control groups, and in the first. */
async function idleOf(id: string): Promise<string> {
  const groups = [
    `docker/${id}`,
    `system.slice/docker-${id}.scope`,
    `cpu/docker/${id}`,
    `cpu/system.slice/docker-${id}.scope`,
  ]
  const found = await Promise.allSettled(
    groups.map((group) => readFile(join(CGROUPS, group, 'cpu.idle'), 'utf8')),
  )
  return found.flatMap((each) => (each.status === 'fulfilled' ? [each.value.trim()] : [])).join()
}

const spec = (name: string, more: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name: `${INSTANCE}-${name}`,
  project: 'shop',
  role: 'db',
  image: IMAGE,
  command: ['sleep', '600'],
  env: { GREETING: 'a b; $(c)' },
  uid: 4321,
  gid: 4321,
  groups: [990],
  mounts: [{ kind: 'tmpfs', target: '/tmp', bytes: MiB }],
  network: 'none',
  limits: { memoryBytes: 64 * MiB, cpus: 0.5, pids: 32 },
  stopSignal: 'SIGTERM',
  stopTimeoutS: 2,
  ...more,
})

const docker = dockerEngine({ socket: '/var/run/docker.sock', instance: INSTANCE })
const simulated = new SimulatedDocker(new Trouble(chanceOf(1))).engine({ alive: true })

const find = async (engine: Engine, { name }: ContainerSpec): Promise<Container | undefined> =>
  (await engine.list()).find((container) => container.name === name)

describe.each<[string, Engine]>([
  ['docker', docker],
  ['the simulated engine', simulated],
])('%s', (_kind, engine) => {
  afterAll(async () => {
    for (const { name } of await engine.list()) await engine.remove(name)
    await askEngine('DELETE', `/networks/${BRIDGE}`, { fine: [404] })
  })

  test('creates without starting, and shows what it was made from', async () => {
    const one = spec('created')
    await engine.create(one)
    expect(await find(engine, one)).toMatchObject({
      project: 'shop',
      role: 'db',
      state: 'created',
      spec: specHash(one),
      image: IMAGE,
    })
  })

  test('is content with each act a second time', async () => {
    const one = spec('twice')
    for (const _again of [1, 2]) await engine.create(one)
    for (const _again of [1, 2]) await engine.start(one.name)
    expect(await find(engine, one)).toMatchObject({ state: 'running', exitCode: null })
    for (const _again of [1, 2]) await engine.stop(one.name)
    expect(await find(engine, one)).toMatchObject({ state: 'exited' })
    for (const _again of [1, 2]) await engine.remove(one.name)
    expect(await find(engine, one)).toBeUndefined()
    await engine.stop(one.name)
    await engine.kill(one.name)
  })

  test('kills at once what runs, and starts it again', async () => {
    const one = spec('killed')
    await engine.create(one)
    await engine.start(one.name)
    for (const _again of [1, 2]) await engine.kill(one.name)
    expect(await find(engine, one)).toMatchObject({ state: 'exited' })
    await engine.start(one.name)
    expect(await find(engine, one)).toMatchObject({ state: 'running' })
  })

  test('takes a container off its network and joins it again, running or not', async () => {
    await engine.ensureEgressNetwork(BRIDGE)
    const one = spec('joined', { network: { bridge: BRIDGE } })
    await engine.create(one)
    await engine.start(one.name)
    expect(await find(engine, one)).toMatchObject({ networks: [BRIDGE] })
    await engine.stop(one.name)
    for (const _again of [1, 2]) await engine.disconnect(one.name, BRIDGE)
    await engine.start(one.name)
    expect(await find(engine, one)).toMatchObject({ state: 'running', networks: [] })
    for (const _again of [1, 2]) await engine.connect(one.name, BRIDGE)
    expect(await find(engine, one)).toMatchObject({ state: 'running', networks: [BRIDGE] })
    await engine.remove(one.name)
    await engine.disconnect(one.name, BRIDGE)
  })

  test('refuses a name that another spec has, and starts what was stopped again', async () => {
    const one = spec('taken')
    await engine.create(one)
    await expect(engine.create({ ...one, env: {} })).rejects.toMatchObject({ code: 'container-conflict' })
    await engine.start(one.name)
    await engine.stop(one.name)
    await engine.start(one.name)
    expect(await find(engine, one)).toMatchObject({ state: 'running' })
  })

  test('removes what runs, and the name is free at once', async () => {
    const one = spec('reborn')
    for (const restarts of ['1', '2', '3']) {
      await engine.create({ ...one, env: { restarts } })
      await engine.start(one.name)
      await engine.remove(one.name)
    }
    expect(await find(engine, one)).toBeUndefined()
  })

  test('says engine-unavailable of what is not there', async () => {
    await expect(engine.start(`${INSTANCE}-nobody`)).rejects.toMatchObject({ code: 'engine-unavailable' })
    await expect(engine.exec(`${INSTANCE}-nobody`, ['true'])).rejects.toMatchObject({
      code: 'engine-unavailable',
    })
  })

  test('tells of a death, and ends with its signal', async () => {
    const one = spec('mourned')
    const stop = new AbortController()
    const seen: EngineEvent[] = []
    const listening = (async () => {
      for await (const event of engine.events(stop.signal)) {
        seen.push(event)
        if (event.action === 'die') stop.abort()
      }
    })()
    // The stream is open once it has told of a first start.
    await engine.create(one)
    for (let left = 50; left > 0 && !seen.some(({ action }) => action === 'start'); left--) {
      await engine.stop(one.name)
      await engine.start(one.name)
      await pause(20)
    }
    await engine.stop(one.name)
    await listening
    expect(seen.at(-1)).toEqual({ project: 'shop', role: 'db', name: one.name, action: 'die' })
  })
})

describe('docker alone', () => {
  const one = spec('inside')
  afterAll(() => docker.remove(one.name))

  test('runs an argv as it is, both outputs apart, with its exit code', async () => {
    await docker.create(one)
    await docker.start(one.name)
    const argv = ['bash', '-c', 'printf "%s|%s" "$1" "$GREETING"; echo no >&2; exit 3', 'x', '$(id); "q"']
    expect(await docker.exec(one.name, argv)).toEqual({
      exitCode: 3,
      stdout: '$(id); "q"|a b; $(c)',
      stderr: 'no\n',
    })
  })

  test('gives up an exec that does not end', async () => {
    await expect(docker.exec(one.name, ['sleep', '30'], { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'engine-unavailable',
    })
  })

  test('gives the process no more than its spec says', async () => {
    const { stdout } = await docker.exec(one.name, [
      'bash',
      '-c',
      'id -u; id -g; id -G; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; touch /x 2>&1; touch /tmp/x && echo tmp; ls /sys/class/net',
    ])
    expect(stdout.split('\n').map((line) => line.replace(/\s+/g, ' '))).toEqual([
      '4321',
      '4321',
      '4321 990',
      'CapEff: 0000000000000000',
      'NoNewPrivs: 1',
      "touch: cannot touch '/x': Read-only file system",
      'tmp',
      'lo',
      '',
    ])
  })

  test('reads the log line by line, and measures memory', async () => {
    const loud = spec('loud', { command: ['bash', '-c', 'echo one; echo two >&2; echo three; sleep 600'] })
    await docker.create(loud)
    await docker.start(loud.name)
    const lines: string[] = []
    for await (const line of docker.logs(loud.name, { tail: 10, follow: true })) {
      if (lines.push(line) === 3) break
    }
    expect(lines.toSorted()).toEqual(['one', 'three', 'two'])
    const last: string[] = []
    for await (const line of docker.logs(loud.name, { tail: 1, follow: false })) last.push(line)
    expect(last).toHaveLength(1)
    const since: string[] = []
    const options = { tail: 10, follow: false, sinceMs: Date.now() + 1 }
    for await (const line of docker.logs(loud.name, options)) since.push(line)
    expect(since).toEqual([])
    expect(await docker.memoryBytes(loud.name)).toBeGreaterThan(1000)
    await docker.remove(loud.name)
  })

  test.each([
    ['asked of the engine', docker],
    [
      'read from the control groups',
      dockerEngine({ socket: '/var/run/docker.sock', instance: INSTANCE, cgroups: CGROUPS }),
    ],
  ])(
    'counts processor time, %s, and keeps a container to some processors while it runs',
    async (_how, engine) => {
      const busy = spec('busy', { command: ['timeout', '4', 'bash', '-c', 'while :; do :; done'] })
      await engine.create(busy)
      await engine.start(busy.name)
      await engine.list()
      await eventually(10_000, async () => expect(await engine.cpuNs(busy.name)).toBeGreaterThan(50e6))
      expect(await engine.cpuset(busy.name)).toBe('')
      for (const yields of [true, true, false, true]) await engine.setCpuset(busy.name, '0', { yields })
      expect(await engine.cpuset(busy.name)).toBe('0')
      await engine.remove(busy.name)
      await engine.list()
      expect([await engine.cpuNs(busy.name), await engine.cpuset(busy.name)]).toEqual([0, ''])
      await engine.setCpuset(busy.name, '0', { yields: true })
    },
  )

  test('finds the control groups of a container, whichever driver made them: what is used is what the engine says', async () => {
    const busy = spec('read', { command: ['timeout', '4', 'bash', '-c', 'while :; do :; done'] })
    await docker.create(busy)
    await docker.start(busy.name)
    const groups = controlGroups(CGROUPS)
    const [{ Id: id }] = Inspected.parse(
      JSON.parse((await askEngine('GET', `/containers/json?filters=${filterBy(busy.name)}`)).text),
    )
    const before = await docker.cpuNs(busy.name)
    const read = await groups.cpuNs(id)
    expect(read).toBeGreaterThanOrEqual(before)
    expect(read).toBeLessThanOrEqual(await docker.cpuNs(busy.name))
    await groups.setIdle(id, true)
    expect(await idleOf(id)).toBe('1')
    await groups.setIdle(id, false)
    expect(await idleOf(id)).toBe('0')
    await docker.remove(busy.name)
    expect(await groups.cpuNs(id)).toBeUndefined()
  })

  test('without control groups nothing is known and nothing is said', async () => {
    const none = controlGroups(undefined)
    await none.setIdle('0'.repeat(64), true)
    expect(await none.cpuNs('0'.repeat(64))).toBeUndefined()
  })

  test('knows which images are there', async () => {
    const found = await docker.findImage(IMAGE)
    expect(found?.env.some((line) => line.startsWith('PATH='))).toBe(true)
    expect(await docker.findImage('cascata-nothing:0')).toBeUndefined()
    await expect(docker.create(spec('imageless', { image: 'cascata-nothing:0' }))).rejects.toMatchObject({
      code: 'image-missing',
    })
  })

  test('is unavailable when there is no daemon', async () => {
    const nowhere = dockerEngine({ socket: '/nonexistent/docker.sock', instance: INSTANCE })
    await expect(nowhere.list()).rejects.toMatchObject({ code: 'engine-unavailable', status: 503 })
  })
})
