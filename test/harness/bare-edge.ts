/**
 * nginx as the edge runs it, with configurations made from a model and put into use by the reconciler's own steps. There
 * is no control: behind a project's socket is whatever the test listens with.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Pair } from '@cascata/control/acme/pair'
import { edgeProbe } from '@cascata/control/adapters/edge-probe'
import { nodeFiles } from '@cascata/control/adapters/files'
import { selfSigned } from '@cascata/control/edge/certificate'
import { placeholdersOf } from '@cascata/control/edge/placeholder'
import { renderEdge } from '@cascata/control/edge/render'
import { type EdgeSite, routesOf } from '@cascata/control/edge/site'
import { dockerEngine } from '@cascata/control/engine/docker/engine'
import { edgeNetwork, edgeSpec } from '@cascata/control/engine/spec'
import { EDGE_UID, pathsOf } from '@cascata/control/paths'
import { pairPaths, writePair } from '@cascata/control/reconcile/certificates/pair-files'
import { applyEdgeStep } from '@cascata/control/reconcile/edge/apply'
import { testConfig } from './config.ts'
import { output, run } from './run.ts'

export type Ports = { httpPort: number; httpsPort: number }
export type BareEdge = Ports & {
  /** Returns when nginx serves it. @throws when nginx refuses it. */
  serve(site: EdgeSite): Promise<void>
  /** A runtime's place, taken by a server of the test's. */
  behind(ref: string, server: Server): Promise<void>
  /** What nginx has said so far. */
  log(): Promise<string>
  /** The process that all workers are children of: another one after it died. */
  masterPid(): Promise<string>
  stop(): Promise<void>
}

export async function startBareEdge(siteOf: (ports: Ports) => EdgeSite): Promise<BareEdge> {
  const home = await mkdtemp(join(tmpdir(), 'cascata-edge-'))
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  const paths = pathsOf(home)
  const instance = `bare-${process.pid}-${httpPort}`
  const engine = dockerEngine({ socket: testConfig.dockerSocket, instance })
  const first = siteOf({ httpPort, httpsPort })
  const own = {
    ...{ instance, paths, bind: ['127.0.0.1'], httpPort, httpsPort, http3: first.http3 },
    ...{ imageTag: testConfig.imageTag, dbSessionPort: 0, dbTransactionPort: 0 },
  }
  const spec = edgeSpec(own)
  const world = {
    ...{ engine, files: nodeFiles, probe: edgeProbe(paths.edgeProbe), site: own, domain: first.domain },
    ...{ controlUrl: first.controlUrl, trustedProxies: first.trustedProxies, makeCertificate: selfSigned },
    pairs: {
      place: (file: string, pair: Pair) => writePair(nodeFiles, pairPaths(paths, file), pair, async () => {}),
    },
  }
  const readable = { uid: 0, gid: EDGE_UID, mode: 0o755 }
  for (const path of [home, paths.run, paths.edge, paths.edgeCertificates])
    await nodeFiles.ensureDirectory({ path, ...readable })
  await nodeFiles.ensureDirectory({ path: paths.edgeRun, uid: EDGE_UID, gid: EDGE_UID, mode: 0o750 })

  let count = 0
  const servers: Server[] = []
  const edge: BareEdge = {
    ...{ httpPort, httpsPort },
    async serve(site) {
      count += 1
      const [rendered, name] = [renderEdge(site), `candidate-${count}`]
      for (const placeholder of placeholdersOf(site))
        await applyEdgeStep(world, { do: 'edge.certificate', placeholder })
      await applyEdgeStep(world, { do: 'edge.write', name, rendered, routes: routesOf(site) })
      if (count > 1) await applyEdgeStep(world, { do: 'edge.test', name })
      await applyEdgeStep(world, { do: 'edge.switch', name })
      if (count > 1) await applyEdgeStep(world, { do: 'edge.reload', container: spec.name })
      else {
        await applyEdgeStep(world, { do: 'edge.create', spec })
        await applyEdgeStep(world, { do: 'edge.start', name: spec.name })
      }
      const { digest } = rendered
      await applyEdgeStep(world, { do: 'edge.probe', digest, back: null, container: spec.name })
    },
    async behind(ref, server) {
      const socket = join(paths.run, ref, 'http/1.sock')
      await nodeFiles.ensureDirectory({ path: dirname(dirname(socket)), ...readable })
      await nodeFiles.ensureDirectory({ path: dirname(socket), ...readable })
      await new Promise<void>((resolve) => server.listen(socket, resolve))
      await chmod(socket, 0o777)
      servers.push(server)
    },
    async log() {
      const { stdout, stderr } = await run('docker', ['logs', spec.name])
      return `${stdout.toString()}${stderr}`
    },
    masterPid: async () => (await output('docker', ['inspect', '--format={{.State.Pid}}', spec.name])).trim(),
    async stop() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      await run('docker', ['rm', '--force', '--volumes', spec.name])
      await run('docker', ['network', 'rm', edgeNetwork(own)])
      await rm(home, { recursive: true, force: true })
    },
  }
  try {
    await edge.serve(first)
    return edge
  } catch (error) {
    await edge.stop()
    throw error
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
