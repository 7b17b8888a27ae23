/** What the instance says of itself. */
import { z } from 'zod'

export const Status = z
  .object({
    version: z.string(),
    /** Release of the images that new projects are made from. */
    image_tag: z.string(),
    control_url: z.string(),
    domain: z.string(),
    /** Where the edge answers on this machine, for callers that cannot resolve the domain. */
    edge_url: z.string(),
    projects: z.object({
      running: z.int(),
      asleep: z.int(),
      paused: z.int(),
      failing: z.int(),
      deleted: z.int(),
      /** At another release than the instance's. */
      behind: z.int(),
    }),
    system: z.array(z.object({ role: z.string(), state: z.string(), health: z.string() })),
  })
  .meta({ id: 'Status' })
export type Status = z.infer<typeof Status>
