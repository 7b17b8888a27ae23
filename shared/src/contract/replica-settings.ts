/** How many runtimes answer for a project at once. Between the two, control decides by what they have to do. */
import { z } from 'zod'

export const REPLICAS_MAX = 8

/** A look is taken every three seconds: less would be one look. */
const CALM_SECONDS_MIN = 5

const count = z.int().min(1).max(REPLICAS_MAX).default(1)

export const ReplicaSettings = z
  .object({
    min: count,
    max: count,
    /** One less only when one less would have done for so long. */
    calmSeconds: z.int().min(CALM_SECONDS_MIN).max(3_600).default(120),
  })
  .refine(({ min, max }) => min <= max, { path: ['max'], error: 'must not be below min' })
export type ReplicaSettings = z.infer<typeof ReplicaSettings>
