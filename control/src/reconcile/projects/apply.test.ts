/** How long a container is waited for: as long as there is something to wait for. */
import { expect, test } from 'vitest'
import type { Container, Engine } from '../../engine/engine.ts'
import { whileUp } from './apply.ts'

const container = (role: 'db' | 'runtime', state: 'running' | 'exited' = 'running') =>
  ({ name: `shop-${role}`, project: 'shop', role, state, exitCode: null }) as Container

const waiting = (containers: readonly Container[], name = 'shop-runtime') => {
  const engine = { list: async () => containers } as unknown as Engine
  return whileUp({ engine }, name, () => new Promise((resolve) => setTimeout(resolve, 2_500)))
}

test.each<[sentence: string, containers: Container[]]>([
  ['itself has ended', [container('db'), container('runtime', 'exited')]],
  ['itself was removed', [container('db')]],
  ['database has ended', [container('db', 'exited'), container('runtime')]],
  ['database was removed', [container('runtime')]],
])('a runtime is not waited for whose %s', async (_sentence, containers) => {
  await expect(waiting(containers)).rejects.toMatchObject({ code: 'container-ended' })
})

test.each([
  ['shop-runtime', [container('db'), container('runtime')]],
  ['shop-db', [container('db')]],
])('%s is waited for while it is up', async (name, containers) => {
  await expect(waiting(containers, name)).resolves.toBeUndefined()
})
