/** Settings of sign-in by a wallet: a message signed with the key of an address (`EXTERNAL_WEB3_<CHAIN>_*`). */
import { z } from 'zod'

const chain = () =>
  z
    .object({
      enabled: z.boolean().default(false),
      /** How long after its `Issued At` a message is taken (`MAXIMUM_VALIDITY_DURATION`). */
      maxValidityS: z.int().min(30).max(86_400).default(600),
    })
    .prefault({})

export const Web3Settings = z.object({ ethereum: chain(), solana: chain() })
