/** What the edge does for a project's names. */
import { z } from 'zod'

const DAY_S = 86_400

export const EdgeSettings = z.object({
  /** Plain HTTP of `<ref>.<domain>` is sent on to HTTPS, once a certificate is there that clients trust. */
  httpsOnly: z.boolean().default(false),
  /** Browsers keep to HTTPS for so many seconds (`Strict-Transport-Security`); null says nothing of it. */
  hstsMaxAgeS: z
    .int()
    .min(0)
    .max(730 * DAY_S)
    .nullable()
    .default(null),
  /** Every request is answered 503 with this, and none reaches the project; null serves it. */
  maintenance: z
    .object({
      message: z.string().trim().min(1).max(500),
      retryAfterS: z.int().min(1).max(DAY_S).default(60),
    })
    .nullable()
    .default(null),
})
export type EdgeSettings = z.infer<typeof EdgeSettings>
