/** What a runtime says of its load since it was asked before. */
import { z } from 'zod'

export const RuntimeLoad = z.object({
  /** How late its timers were. */
  event_loop_delay_ms_p99: z.number(),
  /** Share of the time in which the event loop had something to do. */
  utilization: z.number(),
  /** Processors used. */
  cpus: z.number(),
  /** Requests. */
  under_way: z.int(),
})
export type RuntimeLoad = z.infer<typeof RuntimeLoad>
