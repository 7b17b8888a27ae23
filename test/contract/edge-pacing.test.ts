/** nginx with old workers that do not go, because somebody keeps a connection open to each of them. */
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { judgePair } from '@cascata/control/acme/pair'
import { edgeProbe } from '@cascata/control/adapters/edge-probe'
import { nodeFiles } from '@cascata/control/adapters/files'
import { sealWith } from '@cascata/control/adapters/seal'
import { selfSigned } from '@cascata/control/edge/certificate'
import { dockerEngine } from '@cascata/control/engine/docker/engine'
import { edgeNetwork, edgeSpec } from '@cascata/control/engine/spec'
import { EDGE_UID, pathsOf } from '@cascata/control/paths'
import { certificatePairs } from '@cascata/control/reconcile/certificates/pairs'
import { edgeTask } from '@cascata/control/reconcile/edge/task'
import { directEffects } from '@cascata/control/reconcile/effects'
import { createTargets } from '@cascata/control/reconcile/scale/targets'
import type { ProjectRow } from '@cascata/control/store/tables/projects'
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { Domain } from '@cascata/shared/domain'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { freePort } from '../harness/free-port.ts'
import { output, run } from '../harness/run.ts'

/** So many that a reload or two a worker's worth of memory each are a handful. */
const PROJECTS = 200
const unused = () => Promise.reject(new Error('nobody asks for this here'))
const rows = Array.from({ length: PROJECTS }, (_, n) => rowOf(n === 0 ? 'shop' : `other-${n}`))
const sockets: Socket[] = []
const runtime = createServer()

let home = ''
let site: Parameters<typeof edgeSpec>[0]
let now = Date.now()

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cascata-pacing-'))
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  site = {
    ...{ instance: `pacing-${process.pid}-${httpPort}`, paths: pathsOf(home), bind: ['127.0.0.1'] },
    ...{ httpPort, httpsPort, imageTag: testConfig.imageTag, dbSessionPort: 0, dbTransactionPort: 0 },
  }
  const socket = join(site.paths.run, 'shop/http/1.sock')
  const own = [dirname(dirname(socket)), dirname(socket)]
  for (const path of [home, site.paths.run, site.paths.edge, site.paths.edgeCertificates, ...own])
    await nodeFiles.ensureDirectory({ path, uid: 0, gid: EDGE_UID, mode: 0o755 })
  runtime.on('upgrade', (_request, upgraded) => {
    upgraded.on('error', () => {})
    upgraded.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  })
  runtime.listen(socket)
  await once(runtime, 'listening')
  await chmod(socket, 0o777)
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  runtime.close()
  await run('docker', ['rm', '--force', '--volumes', edgeSpec(site).name])
  await run('docker', ['network', 'rm', edgeNetwork(site)])
  await rm(home, { recursive: true, force: true })
})

function rowOf(ref: string): ProjectRow {
  return {
    ...{ id: '', ref, name: ref, template: 'default', uid: 200_000, desired: 'running', importing: null },
    ...{ generation: 1, restarts: 0, dbRestarts: 0, secrets: '', observedGeneration: 1, lastProblem: null },
    ...{ limits: ProjectLimits.parse({}), settings: ProjectSettings.parse({}), observedState: 'running' },
    ...{ createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z', deletedAt: null },
    ...{
      purgeAfter: null,
      imageTag: null,
      lastActiveAt: null,
      asleepSince: null,
      wokenAt: null,
      wakeMs: null,
    },
  }
}

/** As somebody does who wants the worker that serves now to stay. */
async function openSocket(): Promise<void> {
  const socket = connect(site.httpPort, '127.0.0.1').on('error', () => {})
  sockets.push(socket)
  socket.write('GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  expect(String((await once(socket, 'data'))[0])).toContain(' 101 ')
}

function startEdge() {
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const clock = { now: () => now }
  const seal = sealWith(Buffer.alloc(32, 7))
  return edgeTask({
    ...{ site, clock, files: nodeFiles, domain: Domain.parse('localhost'), trustedProxies: [] },
    ...{ controlUrl: 'http://localhost', makeCertificate: selfSigned, changed: () => {}, random: () => 0 },
    probe: edgeProbe(site.paths.edgeProbe),
    engine: dockerEngine({ socket: testConfig.dockerSocket, instance: site.instance }),
    pairs: certificatePairs({ files: nodeFiles, paths: site.paths, seal, log, clock, judge: judgePair }),
    store: {
      projects: { list: async () => rows, find: unused, recordObserved: unused, remove: unused },
      domains: { list: async () => [] },
      certificates: { list: async () => [] },
    },
    readiness: { isReady: unused, waitUntilReady: unused },
    ...{ effects: directEffects(() => {}), targets: createTargets() },
  })
}

test('a change waits while they leave no room, and nginx lives; it comes with the first room', async () => {
  const edge = startEdge()
  const pass = () => edge.run(new AbortController().signal)
  const masterPid = () => output('docker', ['inspect', '--format={{.State.Pid}}', edgeSpec(site).name])
  await pass()
  const master = await masterPid()
  const wish = (hstsMaxAgeS: number) => {
    rows[0] = { ...rowOf('shop'), settings: ProjectSettings.parse({ edge: { hstsMaxAgeS } }) }
  }

  let served = 0
  for (let n = 1; served === n - 1; n++) {
    wish(n)
    const { applied, failed, againInMs } = await pass()
    expect(failed).toEqual([])
    if (applied.includes('edge.reload')) {
      served = n
      await openSocket()
      // The many alone are no reason to wait, by this clock.
      now += 9_000
    } else expect(againInMs).toBeGreaterThan(0)
  }
  expect(served).toBeGreaterThan(2)
  expect(edge.trouble()).toBeNull()
  expect((await pass()).applied).toEqual([])

  for (const socket of sockets) socket.destroy()
  await expect.poll(async () => (await pass()).applied, { timeout: 20_000 }).toContain('edge.probe')
  expect(await masterPid()).toBe(master)
  const { stdout, stderr } = await run('docker', ['logs', edgeSpec(site).name])
  expect(`${stdout.toString()}${stderr}`).not.toMatch(/exited on signal/)
})
