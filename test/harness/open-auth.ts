/** One set of suites, two places: with an instance (acceptance) its edge, without one (contract) the runtime from source. */
import { inject } from 'vitest'
import type { OpenAuth } from './auth-place.ts'
import type { Instance } from './instance.ts'

export const openAuth: OpenAuth = async (given = {}) => {
  const instance = inject('instance') as Instance | undefined
  if (instance) {
    const { openAuthEdge } = await import('./auth-edge.ts')
    return openAuthEdge(instance, given)
  }
  const { startPostgres } = await import('./postgres.ts')
  const { startAuthRuntime } = await import('./auth-runtime.ts')
  const pg = await startPostgres()
  const runtime = await startAuthRuntime(pg, given)
  return {
    ...runtime,
    async stop() {
      await runtime.stop()
      await pg.stop()
    },
  }
}
