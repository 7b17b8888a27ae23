/** The runtimes of a project, as they are now. */
import { z } from 'zod'

export const ProjectReplicas = z
  .object({
    min: z.int(),
    max: z.int(),
    /** How many there should be now: what their load asks for, between the two. */
    wanted: z.int(),
    replicas: z.array(
      z.object({
        /** Number of its container and of its socket. */
        slot: z.int(),
        state: z.enum(['created', 'running', 'paused', 'restarting', 'exited', 'dead']),
        /** It answers. */
        ready: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'ProjectReplicas' })
export type ProjectReplicas = z.infer<typeof ProjectReplicas>
