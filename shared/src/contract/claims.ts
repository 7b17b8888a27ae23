/** One-time links: whoever opens one first gets an owner token. */
import { z } from 'zod'

export const ClaimLink = z
  .object({
    /** Opens the claim page; the secret is in the fragment, which browsers send to no server. */
    link: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: 'ClaimLink' })
export type ClaimLink = z.infer<typeof ClaimLink>

export const RedeemClaim = z.object({ token: z.string().min(1).max(200) }).meta({ id: 'RedeemClaim' })
