/** The edge's configuration: its text is the one that was read and agreed to, and nginx takes every one of them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '@cascata/control/adapters/files'
import { selfSigned } from '@cascata/control/edge/certificate'
import { placeholdersOf } from '@cascata/control/edge/placeholder'
import { renderEdge } from '@cascata/control/edge/render'
import { dockerEngine } from '@cascata/control/engine/docker/engine'
import { edgeSpec, type Site } from '@cascata/control/engine/spec'
import { EDGE_UID, pathsOf } from '@cascata/control/paths'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testConfig } from '../../harness/config.ts'
import { sites } from './sites.ts'

describe.each(Object.entries(sites))('the site %s', (name, site) => {
  test('renders as agreed', async () => {
    await expect(renderEdge(site).text).toMatchFileSnapshot(`./${name}.conf`)
  })

  test('says which it is', () => {
    const { text, digest } = renderEdge(site)
    expect(text).toContain(`return 200 '${digest}'`)
    expect(renderEdge({ ...site, workers: 3 }).digest).not.toBe(digest)
  })
})

describe('nginx', () => {
  const instance = `golden-${process.pid}`
  const engine = dockerEngine({ socket: '/var/run/docker.sock', instance })
  let home = ''
  let name = ''

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'cascata-golden-'))
    const paths = pathsOf(home)
    const own: Site = {
      instance,
      imageTag: testConfig.imageTag,
      paths,
      bind: ['127.0.0.1'],
      httpPort: 0,
      httpsPort: 0,
      ...{ dbSessionPort: 0, dbTransactionPort: 0 },
    }
    const readable = { uid: 0, gid: EDGE_UID, mode: 0o750 }
    for (const path of [home, paths.run, paths.edge, paths.edgeCertificates]) {
      await nodeFiles.ensureDirectory({ path, ...readable, mode: 0o755 })
    }
    await nodeFiles.ensureDirectory({ path: paths.edgeRun, uid: EDGE_UID, gid: EDGE_UID, mode: 0o750 })
    for (const [site, model] of Object.entries(sites)) {
      await nodeFiles.ensureDirectory({ path: join(paths.edge, site), ...readable })
      await nodeFiles.write(join(paths.edge, site, 'nginx.conf'), renderEdge(model).text, {
        ...readable,
        mode: 0o640,
      })
      for (const { certificate, name } of placeholdersOf(model)) {
        const pair = await selfSigned([name])
        const at = (kind: string) => join(paths.edgeCertificates, `${certificate}.${kind}`)
        await nodeFiles.write(at('crt'), pair.certificate, { ...readable, mode: 0o640 })
        await nodeFiles.write(at('key'), pair.key, { ...readable, mode: 0o640 })
      }
    }
    const { publish: _none, ...spec } = edgeSpec(own)
    name = spec.name
    await engine.create({ ...spec, network: 'none', command: ['sleep', '600'] })
    await engine.start(name)
  })

  afterAll(async () => {
    await engine.remove(name)
    await rm(home, { recursive: true, force: true })
  })

  test.each(Object.keys(sites))('takes the site %s without a warning', async (site) => {
    const conf = `/etc/cascata/${site}/nginx.conf`
    const result = await engine.exec(name, ['nginx', '-t', '-q', '-e', 'stderr', '-c', conf])
    expect(result).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  test('is asked in a way that would say no', async () => {
    const result = await engine.exec(name, ['nginx', '-t', '-q', '-e', 'stderr', '-c', '/etc/hostname'])
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toContain('[emerg]')
  })
})
