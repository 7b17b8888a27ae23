/**
 * How an instance gets its owner: the terminal shows a one-time link, and whoever opens it first within a quarter of
 * an hour gets an owner token. Until then the API answers nothing else.
 */
import type { ClaimLink } from '@cascata/shared/contract/claims'
import type { CreatedToken } from '@cascata/shared/contract/tokens'
import { ClaimInvalid } from '@cascata/shared/problems/access'
import type { Queries } from '../store/queries.ts'
import type { Caller } from './caller.ts'
import { audit } from './change.ts'
import { CLAIM_MINUTES } from './limits.ts'
import type { AppDeps } from './ports.ts'
import { CLAIM_PREFIX, hashToken, newSecretToken, TOKEN_PREFIX } from './secret-token.ts'
import { viewToken } from './view.ts'

const CLAIMED = 'claimed_at'

export function claimCases({ store, clock, instance }: AppDeps) {
  let claimed = false

  async function issue(tx: Queries): Promise<ClaimLink> {
    const token = newSecretToken(CLAIM_PREFIX)
    const expiresAt = new Date(clock.now() + CLAIM_MINUTES * 60_000).toISOString()
    await tx.claims.insert({ hash: hashToken(token), expiresAt })
    return { link: `${instance.controlUrl}/claim#${token}`, expires_at: expiresAt }
  }

  async function issueAsSystem(tx: Queries, requestId: string): Promise<ClaimLink> {
    const link = await issue(tx)
    const detail = { expires_at: link.expires_at }
    const entry = { actor: 'system', action: 'claim.create', target: 'instance', detail }
    await tx.audit.append({ ...entry, requestId })
    return link
  }

  return {
    /** Once true it stays true, and costs no query. */
    async isClaimed(): Promise<boolean> {
      claimed ||= (await store.instance.get(CLAIMED)) !== undefined
      return claimed
    },

    /** For the terminal alone: a new first link in the place of earlier ones; undefined once there is an owner. */
    first: (): Promise<ClaimLink | undefined> =>
      store.transaction(async (tx) => {
        if ((await tx.instance.get(CLAIMED)) !== undefined) return undefined
        await tx.claims.withdrawOpen()
        return issueAsSystem(tx, 'start')
      }),

    /**
     * For whoever is root on the machine: it holds the master key, and with it everything an owner may do. So a lost
     * token is no lost instance, and the audit has it.
     */
    forRoot: (): Promise<ClaimLink> =>
      store.transaction(async (tx) => {
        const isOwned = (await tx.instance.get(CLAIMED)) !== undefined
        if (isOwned) await tx.claims.forgetExpired()
        else await tx.claims.withdrawOpen()
        return issueAsSystem(tx, 'admin-link')
      }),

    /** A link for a further owner. */
    create: (caller: Caller): Promise<ClaimLink> =>
      store.transaction(async (tx) => {
        await tx.claims.forgetExpired()
        const link = await issue(tx)
        const detail = { expires_at: link.expires_at }
        await audit(tx, caller, { action: 'claim.create', target: 'instance', detail })
        return link
      }),

    async redeem(claim: string, requestId: string): Promise<CreatedToken> {
      const token = newSecretToken(TOKEN_PREFIX)
      const row = await store.transaction(async (tx) => {
        if (!(await tx.claims.claim(hashToken(claim)))) throw ClaimInvalid()
        const row = await tx.tokens.insert({ name: 'claimed', scope: 'owner', hash: hashToken(token) })
        await tx.instance.insertOnce(CLAIMED, new Date(clock.now()).toISOString())
        const detail = { scope: 'owner' }
        await tx.audit.append({ actor: 'claim', action: 'claim.redeem', target: row.id, detail, requestId })
        return row
      })
      claimed = true
      return { ...viewToken(row), token }
    },
  }
}
