/** How many runtimes a project has. What it may have is a setting (settings.ts). */
import type { ProjectReplicas } from '@cascata/shared/contract/replicas'
import { type Caller, getProject } from './caller.ts'
import type { AppDeps } from './ports.ts'

export const replicaCases = ({ store, replicas }: AppDeps) => ({
  list: async (caller: Caller, ref: string): Promise<ProjectReplicas> =>
    replicas(await getProject(store, caller, ref)),
})
