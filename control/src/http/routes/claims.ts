/** Claim links over HTTP. */
import { ClaimLink, RedeemClaim } from '@cascata/shared/contract/claims'
import { CreatedToken } from '@cascata/shared/contract/tokens'
import { Problem } from '@cascata/shared/problem'
import { AttemptsExceeded, ClaimInvalid } from '@cascata/shared/problems/access'
import type { App } from '../../app/app.ts'
import type { Attempts } from '../attempts.ts'
import { endpoint, json } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Claims'

export function claimRoutes({ claims }: App, attempts: Attempts) {
  const redeem = endpoint('POST /v1/claim', {
    tag,
    summary: 'Redeem a claim link for an owner token',
    description: 'Works once, within 15 minutes. The answer is the only time the token is shown.',
    request: { body: json(RedeemClaim) },
    answer: { status: 201, description: 'The owner token.', schema: CreatedToken },
    problems: [ClaimInvalid, AttemptsExceeded],
  })
  const create = endpoint('POST /v1/claims', {
    tag,
    summary: 'Make a claim link for a further owner',
    request: {},
    answer: { status: 201, description: 'The link.', schema: ClaimLink },
  })

  return router()
    .openapi(redeem, async (c) => {
      c.header('cache-control', 'no-store')
      const { requestId, address } = c.var
      const made = await claims.redeem(c.req.valid('json').token, requestId).catch((error: unknown) => {
        const isWrong = error instanceof Problem && error.code === ClaimInvalid.code
        if (isWrong && attempts.exceeded(address)) throw AttemptsExceeded()
        if (isWrong) attempts.fail(address)
        throw error
      })
      return c.json(made, 201)
    })
    .openapi(create, async (c) => {
      c.header('cache-control', 'no-store')
      return c.json(await claims.create(c.var.caller), 201)
    })
}
