/** When a project that nobody uses is put to sleep. */
import { z } from 'zod'

/** A week. */
export const SLEEP_MINUTES_MAX = 10_080

/** Minutes without a request, or never. */
export const SleepAfter = z.union([z.int().min(1).max(SLEEP_MINUTES_MAX), z.literal('never')])
export type SleepAfter = z.infer<typeof SleepAfter>

export const SleepSettings = z.object({
  /** Open sockets and running jobs keep it awake; null is what the instance does with projects that say nothing. */
  afterMinutes: SleepAfter.nullable().default(null),
})
export type SleepSettings = z.infer<typeof SleepSettings>
