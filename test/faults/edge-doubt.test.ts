/** What the edge's reconciler cannot trust any longer, or cannot know: files that were cut, and reloads that were lost. */
import { keyPurpose } from '@cascata/control/acme/file'
import { edgeSpec } from '@cascata/control/engine/spec'
import type { CertificateRow } from '@cascata/control/store/tables/certificates'
import { beforeEach, describe, expect, test } from 'vitest'
import { settle, wrongs } from '../harness/simulated-run.ts'
import { type SimulatedControl, SimulatedWorld, seal, site } from '../harness/simulated-world.ts'

const edge = edgeSpec(site).name

let world: SimulatedWorld
let control: SimulatedControl
/** How often nginx was told to read its files again. */
let reloads = 0

beforeEach(async () => {
  world = new SimulatedWorld(1)
  const { onSignal } = world.docker
  world.docker.onSignal = (...given) => {
    reloads += 1
    onSignal(...given)
  }
  control = world.start()
  await settle(world, control)
  // Another configuration: the one before it stays, as the way back.
  world.store.create('shop', 'empty', null)
  await settle(world, control)
  reloads = 0
})

const inUse = () => `/home/edge/${world.files.nodes.get('/home/edge/current')?.text}`

function cut(path: string): void {
  const node = world.files.nodes.get(path)
  if (!node) throw new Error(`nothing is at ${path}`)
  world.files.nodes.set(path, { ...node, text: node.text.slice(0, -20) })
}

async function expectServed(...refs: string[]): Promise<void> {
  await settle(world, control)
  expect(Object.keys(world.routes()).toSorted()).toEqual(refs)
  expect(wrongs(world)).toEqual([])
}

describe('a configuration on disk', () => {
  test('whose manifest is cut stops no change, be it in use or the one before', async () => {
    for (const path of [...world.files.nodes.keys()]) if (path.endsWith('/manifest.json')) cut(path)
    const before = inUse()
    await expectServed('shop')
    expect(inUse()).not.toBe(before)
    world.store.create('blog', 'empty', null)
    await expectServed('blog', 'shop')
  })

  test.each<[string, (path: string) => void]>([
    ['is cut', cut],
    ['is gone', (path) => world.files.nodes.delete(path)],
    [
      'nginx may not read',
      (path) => {
        const node = world.files.nodes.get(path)
        if (node?.ownership) node.ownership = { ...node.ownership, mode: 0o600 }
      },
    ],
  ])('whose text %s is written anew, also when nginx has to start with it', async (_how, damage) => {
    const before = inUse()
    damage(`${before}/nginx.conf`)
    await expectServed('shop')
    const after = inUse()
    expect(after).not.toBe(before)

    world.docker.killByHand(edge)
    damage(`${after}/nginx.conf`)
    await expectServed('shop')
    expect(inUse()).not.toBe(after)
  })
})

describe('nginx reads its files again', () => {
  test('not because another control starts', async () => {
    control.life.alive = false
    control = world.start()
    await settle(world, control)
    expect(reloads).toBe(0)
  })

  test('once for what a control wrote that was killed before it could say so', async () => {
    const { onSignal } = world.docker
    world.docker.onSignal = () => {
      world.docker.onSignal = onSignal
      control.life.alive = false
      throw new Error('killed')
    }
    world.files.nodes.delete('/home/edge/certs/localhost.key')
    await settle(world, control).catch(() => {})
    expect([control.life.alive, reloads]).toEqual([false, 0])
    control = world.start()
    await settle(world, control)
    expect(reloads).toBe(1)
    await settle(world, control)
    expect(reloads).toBe(1)
  })

  test('when a placeholder was made anew, also after the first try has failed', async () => {
    const { onSignal } = world.docker
    let failures = 0
    world.docker.onSignal = () => {
      world.docker.onSignal = onSignal
      failures += 1
      throw new Error('the engine does not answer')
    }
    world.files.nodes.delete('/home/edge/certs/localhost.key')
    await settle(world, control)
    expect([failures, reloads]).toEqual([1, 1])
  })
})

test('two certificates of a name that were given one file do not take turns at it', async () => {
  const row = (source: 'acme' | 'upload'): CertificateRow => ({
    ...{ name: 'localhost', names: ['localhost'], ref: null, source, file: 'localhost.aaaaaaaa' },
    ...{ chain: `by ${source}`, key: seal.seal(keyPurpose('localhost'), 'a key'), issuer: '', serial: '' },
    ...{ ariId: null, renewAt: null, windowStart: null, windowEnd: null, windowCheckAt: null, trusted: true },
    ...{ notBefore: new Date(0), notAfter: new Date(world.nowMs + 90 * 86_400_000), createdAt: new Date(0) },
  })
  world.certificates.push(row('acme'), row('upload'))
  await settle(world, control)
  expect(world.files.text(`${inUse()}/nginx.conf`)).toContain('/certs/localhost.aaaaaaaa.crt;')
  world.certificates.reverse()
  const before = world.trouble.mutations.length
  await settle(world, control)
  expect(world.trouble.mutations).toHaveLength(before)
})
