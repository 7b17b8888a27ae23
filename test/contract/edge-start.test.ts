/** nginx that has to start with a pair which passed every check of ours, and which it alone refuses. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileNameOf, keyPurpose } from '@cascata/control/acme/file'
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
import type { CertificateRow } from '@cascata/control/store/tables/certificates'
import { Domain } from '@cascata/shared/domain'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { freePort } from '../harness/free-port.ts'
import { ownCertificateOn } from '../harness/own-certificate.ts'
import { run } from '../harness/run.ts'

const NAME = 'localhost'
const seal = sealWith(Buffer.alloc(32, 7))
const clock = { now: () => Date.now() }
const unused = () => Promise.reject(new Error('nobody asks for this here'))

let home = ''
let site: Parameters<typeof edgeSpec>[0]

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cascata-start-'))
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  site = {
    ...{ instance: `start-${process.pid}-${httpPort}`, paths: pathsOf(home), bind: ['127.0.0.1'] },
    ...{ httpPort, httpsPort, imageTag: testConfig.imageTag, dbSessionPort: 0, dbTransactionPort: 0 },
  }
  for (const path of [home, site.paths.run, site.paths.edge, site.paths.edgeCertificates])
    await nodeFiles.ensureDirectory({ path, uid: 0, gid: EDGE_UID, mode: 0o755 })
})
afterAll(async () => {
  await run('docker', ['rm', '--force', '--volumes', edgeSpec(site).name])
  await run('docker', ['network', 'rm', edgeNetwork(site)])
  await rm(home, { recursive: true, force: true })
})

test('it is set aside by what the log says of that start, and the next one serves', async () => {
  const { certificate: chain, key } = ownCertificateOn(['rsa:1024'], NAME)
  const file = fileNameOf({ name: NAME, source: 'upload', chain })
  const row: CertificateRow = {
    ...{
      name: NAME,
      names: [NAME],
      ref: null,
      source: 'upload',
      file,
      trusted: true,
      issuer: '',
      serial: '',
    },
    ...{ chain, key: seal.seal(keyPurpose(NAME), key), ariId: null, renewAt: null, windowStart: null },
    ...{ windowEnd: null, windowCheckAt: null, notBefore: new Date(0), createdAt: new Date(clock.now()) },
    notAfter: new Date(clock.now() + 86_400_000),
  }
  const probe = edgeProbe(site.paths.edgeProbe)
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const edge = edgeTask({
    ...{ site, probe, clock, files: nodeFiles, domain: Domain.parse(NAME), trustedProxies: [] },
    ...{ controlUrl: 'http://localhost', makeCertificate: selfSigned, changed: () => {}, random: () => 0 },
    engine: dockerEngine({ socket: testConfig.dockerSocket, instance: site.instance }),
    // OpenSSL of ours finds fault with so short a key, too: it is nginx alone that is to be asked.
    pairs: certificatePairs({
      ...{ files: nodeFiles, paths: site.paths, seal, log, clock },
      judge: () => ({ fault: null, names: [NAME] }),
    }),
    store: {
      projects: { list: async () => [], find: unused, recordObserved: unused, remove: unused },
      domains: { list: async () => [] },
      certificates: { list: async () => [row] },
    },
    readiness: { isReady: unused, waitUntilReady: unused },
    ...{ effects: directEffects(() => {}), targets: createTargets() },
  })
  const pass = () => edge.run(new AbortController().signal)
  const served = () => readFile(join(site.paths.edge, 'current/nginx.conf'), 'utf8')

  expect((await pass()).failed).toMatchObject([{ what: 'edge.probe', error: { code: 'edge-not-serving' } }])
  expect(await served()).toContain(`/certs/${file}.crt;`)

  const { applied, failed } = await pass()
  expect([applied.at(-1), failed]).toEqual(['edge.probe', []])
  expect(await served()).not.toContain(file)
  expect(await served()).toContain(await probe.digest())
  expect((await pass()).applied).toEqual([])
})
