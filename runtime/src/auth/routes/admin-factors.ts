/** `/admin/users/:id/factors`: for users who lost theirs. */
import { z } from 'zod'
import { type Context, nowOf, within } from '../context.ts'
import { credentialChanged } from '../credentials.ts'
import { dropFactor } from '../factors/drop.ts'
import { isVerified } from '../factors/enroll.ts'
import { FactorNameTaken, PhoneFactorExists } from '../factors/errors.ts'
import { factorOf } from '../factors/find.ts'
import { parsePhone } from '../identifiers.ts'
import { type AuthAnswer, type AuthRequest, addressOf, bodyOf, ok, optionalText } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import { updateFactor } from '../store/factors.ts'
import { listFactors } from '../store/identities.ts'
import type { Db, FactorRow } from '../store/rows.ts'
import { factorView } from '../user-view.ts'
import { lockUserOf, userOf } from './admin-users.ts'

export async function getAdminFactors(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const sql = await context.sql()
  const user = await userOf(sql, request)
  return ok((await listFactors(sql, user.id)).map(factorView))
}

const Change = z.object({ friendly_name: optionalText, phone: optionalText })

export async function putAdminFactor(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const { friendly_name: name, phone: typed } = bodyOf(request, Change)
  return within(context, async (tx) => {
    const user = await lockUserOf(tx, request)
    const factor = await factorOf(tx, { id: request.params[1], userId: user.id })
    const phone = typed === undefined || factor.factor_type !== 'phone' ? undefined : parsePhone(typed)
    await assertFree(tx, factor, { name, phone })
    const at = nowOf(context)
    const change = {
      ...(name === undefined ? {} : { friendly_name: name }),
      ...(phone === undefined ? {} : { phone }),
    }
    const changed = (await updateFactor(tx, factor.id, { ...change, updated_at: at })) ?? factor
    if (phone !== undefined && phone !== factor.phone && isVerified(factor))
      await credentialChanged(tx, { userId: user.id, by: null })
    const traits = { factor_id: factor.id, factor_type: factor.factor_type, user_id: user.id }
    const entry = { actor: { ...user, viaAdmin: true }, at, ip: addressOf(request), traits }
    await insertAudit(tx, { action: 'factor_updated', ...entry })
    return ok(factorView(changed))
  })
}

type Wanted = { name: string | undefined; phone: string | undefined }

/** @throws FactorNameTaken, PhoneFactorExists */
async function assertFree(db: Db, factor: FactorRow, { name, phone }: Wanted): Promise<void> {
  const others = (await listFactors(db, factor.user_id)).filter(({ id }) => id !== factor.id)
  if (name !== undefined && others.some((other) => other.friendly_name === name)) throw FactorNameTaken(name)
  if (phone !== undefined && others.some((other) => other.phone === phone)) throw PhoneFactorExists()
}

export async function deleteAdminFactor(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  return within(context, async (tx) => {
    const user = await lockUserOf(tx, request)
    const factor = await factorOf(tx, { id: request.params[1], userId: user.id })
    const at = nowOf(context)
    await dropFactor(tx, factor, { at, by: null })
    const traits = { factor_id: factor.id, user_id: user.id }
    const entry = { actor: { ...user, viaAdmin: true }, at, ip: addressOf(request), traits }
    await insertAudit(tx, { action: 'factor_deleted', ...entry })
    return ok(factorView(factor))
  })
}
