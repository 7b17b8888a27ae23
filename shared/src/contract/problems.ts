/** A failure as the control API answers it (RFC 9457). */
import { z } from 'zod'

export const ProblemBody = z
  .object({
    /** `/problems/<code>`: a page about it, served by the instance itself. */
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    hint: z.string().optional(),
    request_id: z.string(),
  })
  .meta({ id: 'Problem' })
export type ProblemBody = z.infer<typeof ProblemBody>
