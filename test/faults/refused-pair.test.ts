/** A certificate that passes every check of ours, and that nginx alone refuses. */
import { fileNameOf, keyPurpose } from '@cascata/control/acme/file'
import { edgeSpec } from '@cascata/control/engine/spec'
import type { CertificateRow } from '@cascata/control/store/tables/certificates'
import { expect, test } from 'vitest'
import { settle, wrongs } from '../harness/simulated-run.ts'
import { SimulatedWorld, seal, site } from '../harness/simulated-world.ts'

const NAME = 'localhost'
const file = fileNameOf({ name: NAME, source: 'upload', chain: 'a chain' })
const edge = edgeSpec(site).name

const held = (now: number): CertificateRow => ({
  ...{ name: NAME, names: [NAME], ref: null, source: 'upload', file, trusted: true },
  ...{ chain: 'a chain', key: seal.seal(keyPurpose(NAME), 'a key'), issuer: '', serial: '', ariId: null },
  ...{ renewAt: null, windowStart: null, windowEnd: null, windowCheckAt: null },
  ...{ notBefore: new Date(now), notAfter: new Date(now + 90 * 86_400_000), createdAt: new Date(now) },
})

const served = (world: SimulatedWorld) => world.files.text('/home/edge/current/nginx.conf') ?? ''

test('one that nginx takes serves its name', async () => {
  const world = new SimulatedWorld(1)
  world.certificates.push(held(world.nowMs))
  await settle(world, world.start())
  expect(served(world)).toContain(`/certs/${file}.crt;`)
})

test('one that it refuses is set aside by its own word, and changes of others go through', async () => {
  const world = new SimulatedWorld(1)
  const control = world.start()
  await settle(world, control)
  world.refusedPair = file
  world.certificates.push(held(world.nowMs))
  world.store.create('shop', 'empty', null)
  await settle(world, control)
  expect(Object.keys(world.routes())).toEqual(['shop'])
  expect(served(world)).not.toContain(file)
  expect(served(world)).toContain(`/certs/${NAME}.crt;`)
  expect(wrongs(world)).toEqual([])

  // Another control knows nothing of it, and finds out again.
  control.life.alive = false
  world.store.create('blog', 'empty', null)
  await settle(world, world.start())
  expect(Object.keys(world.routes()).toSorted()).toEqual(['blog', 'shop'])
  expect(served(world)).not.toContain(file)
})

test.each([
  ['started again with what it served before', (world: SimulatedWorld) => world.docker.killByHand(edge)],
  ['made anew', (world: SimulatedWorld) => world.docker.removeByHand(edge)],
])('one that is refused when nginx is %s does not keep it down', async (_how, end) => {
  const world = new SimulatedWorld(1)
  world.certificates.push(held(world.nowMs))
  world.store.create('shop', 'empty', null)
  const control = world.start()
  await settle(world, control)
  expect(served(world)).toContain(file)
  world.refusedPair = file
  end(world)
  await settle(world, control)
  expect(Object.keys(world.routes())).toEqual(['shop'])
  expect(served(world)).not.toContain(file)
  expect(wrongs(world)).toEqual([])
})

test('one that was refused is tried once more when it is uploaded again, and once only', async () => {
  const world = new SimulatedWorld(1)
  const control = world.start()
  world.refusedPair = file
  world.certificates.push(held(world.nowMs))
  await settle(world, control)
  expect(served(world)).not.toContain(file)

  const trials: string[] = []
  const { onExec } = world.docker
  world.docker.onExec = (spec, argv) => {
    if (world.files.text(`/home/edge/${argv.at(-1)?.split('/').at(-2)}/nginx.conf`)?.includes(file))
      trials.push(file)
    return onExec(spec, argv)
  }
  world.certificates.splice(0, 1, held(world.nowMs))
  await settle(world, control)
  expect(trials).toHaveLength(1)
  expect(served(world)).not.toContain(file)

  world.refusedPair = null
  world.certificates.splice(0, 1, held(world.nowMs))
  await settle(world, control)
  expect(served(world)).toContain(file)
})
