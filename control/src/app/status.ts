/** What the instance says of itself. */
import type { Status } from '@cascata/shared/contract/status'
import type { AppDeps } from './ports.ts'

export const statusCases = ({ store, instance, system }: AppDeps) => ({
  async get(): Promise<Status> {
    const [states, deleted, behind, containers] = await Promise.all([
      store.projects.countByState(),
      store.projects.countDeleted(),
      store.projects.countBehind(instance.imageTag),
      system(),
    ])
    return {
      version: instance.version,
      image_tag: instance.imageTag,
      control_url: instance.controlUrl,
      domain: instance.domain,
      edge_url: instance.edgeUrl,
      projects: {
        running: states.running ?? 0,
        asleep: states.asleep ?? 0,
        paused: states.paused ?? 0,
        failing: states.failing ?? 0,
        deleted,
        behind,
      },
      system: containers,
    }
  },
  /** Whether requests can be served. */
  ready: (): Promise<void> => store.ping(),
})
