/** Rows of certificates and orders as the API shows them: one for each name. Pure. */
import type { Certificate, CertificateState } from '@cascata/shared/contract/certificates'
import { dueOf, inCharge } from '../acme/held.ts'
import type { CertificateRow, OrderRow } from '../store/tables/certificates.ts'

type Rows = {
  held: readonly CertificateRow[]
  orders: readonly OrderRow[]
  /** Names that are served, whether or not there is anything for them yet. */
  attached: readonly { name: string; ref: string }[]
}
type Now = { now: number; isAcmeOn: boolean }

const DAY_MS = 86_400_000

export function viewCertificates({ held, orders, attached }: Rows, at: Now): Certificate[] {
  const byName = Map.groupBy(held, ({ name }) => name)
  const orderOf = new Map(orders.map((order) => [order.name, order]))
  const refOf = new Map(attached.map(({ name, ref }) => [name, ref]))
  const names = [...new Set([...byName.keys(), ...orderOf.keys(), ...refOf.keys()])].toSorted()
  return names.map((name) =>
    viewOne({ name, rows: byName.get(name) ?? [], order: orderOf.get(name), ref: refOf.get(name) }, at),
  )
}

type One = {
  name: string
  rows: readonly CertificateRow[]
  order: OrderRow | undefined
  ref: string | undefined
}

function viewOne({ name, rows, order, ref }: One, at: Now): Certificate {
  const serving = inCharge(rows, at.now)
  const nextTryAt = order?.nextTryAt && order.nextTryAt.getTime() > at.now ? order.nextTryAt : null
  return {
    name,
    names: serving?.names ?? order?.names ?? [name],
    project_ref: (serving ?? order)?.ref ?? ref ?? null,
    state: stateOf({ serving, order }, at),
    source: serving?.source ?? null,
    issuer: serving?.issuer ?? null,
    serial: serving?.serial ?? null,
    not_before: serving?.notBefore.toISOString() ?? null,
    not_after: serving?.notAfter.toISOString() ?? null,
    days_left: serving ? Math.floor((serving.notAfter.getTime() - at.now) / DAY_MS) : null,
    renew_at: renewAt(serving, at),
    last_error: order?.problem ?? null,
    next_try_at: nextTryAt?.toISOString() ?? null,
  }
}

/** An authority takes the place of an uploaded one, too, when that is near its end. */
const renewAt = (serving: CertificateRow | undefined, { isAcmeOn }: Now): string | null =>
  serving && isAcmeOn ? new Date(dueOf(serving)).toISOString() : null

function stateOf(
  { serving, order }: { serving: CertificateRow | undefined; order: OrderRow | undefined },
  { now, isAcmeOn }: Now,
): CertificateState {
  if (order?.problem) return 'failing'
  if (!serving) return isAcmeOn ? 'pending' : 'placeholder'
  if (serving.notAfter.getTime() <= now) return 'expired'
  return order?.csr ? 'renewing' : 'valid'
}
