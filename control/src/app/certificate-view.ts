/** Rows of certificates and orders as the API shows them: one for each name. Pure. */
import type { Certificate, CertificateState } from '@cascata/shared/contract/certificates'
import { CertificateDamaged } from '@cascata/shared/problems/certificates'
import { dueOf, inCharge } from '../acme/held.ts'
import { PAIR_FAULTS } from '../acme/pair.ts'
import type { CertificateRow, OrderRow } from '../store/tables/certificates.ts'
import type { CertificateDamage } from './ports.ts'

type Rows = {
  held: readonly CertificateRow[]
  damaged: readonly CertificateDamage[]
  orders: readonly OrderRow[]
  /** Names that are served, whether or not there is anything for them yet. */
  attached: readonly { name: string; ref: string }[]
}
type Now = { now: number; isAcmeOn: boolean }

const DAY_MS = 86_400_000

export function viewCertificates({ held, damaged, orders, attached }: Rows, at: Now): Certificate[] {
  const byName = Map.groupBy(held, ({ name }) => name)
  const damageOf = Map.groupBy(damaged.filter(isToTell), ({ row }) => row.name)
  const orderOf = new Map(orders.map((order) => [order.name, order]))
  const refOf = new Map(attached.map(({ name, ref }) => [name, ref]))
  const names = [...new Set([...byName.keys(), ...orderOf.keys(), ...refOf.keys()])].toSorted()
  return names.map((name) => {
    const of = { rows: byName.get(name) ?? [], damaged: damageOf.get(name) ?? [] }
    return viewOne({ name, ...of, order: orderOf.get(name), ref: refOf.get(name) }, at)
  })
}

/** Files that are only missing are about to be written, as those of a new one are, the key first. */
const isToTell = ({ fault, isKept }: CertificateDamage) =>
  !(isKept && (fault === 'missing' || fault === 'certificate-missing'))

type One = {
  name: string
  rows: readonly CertificateRow[]
  damaged: readonly CertificateDamage[]
  order: OrderRow | undefined
  ref: string | undefined
}

function viewOne({ name, rows, damaged, order, ref }: One, at: Now): Certificate {
  const lost = damaged.filter(({ isKept }) => !isKept)
  const serving = inCharge(
    rows.filter((row) => !lost.some((each) => each.row === row)),
    at.now,
  )
  // Of the one that should serve, before one that need not.
  const damage = damaged.find(({ row }) => row === serving) ?? lost[0]
  const nextTryAt = nextTryOf(order, at.now)
  return {
    name,
    names: serving?.names ?? order?.names ?? rows[0]?.names ?? [name],
    project_ref: (serving ?? order ?? rows[0])?.ref ?? ref ?? null,
    state: stateOf({ serving, order, damage }, at),
    source: serving?.source ?? null,
    issuer: serving?.issuer ?? null,
    serial: serving?.serial ?? null,
    not_before: serving?.notBefore.toISOString() ?? null,
    not_after: serving?.notAfter.toISOString() ?? null,
    days_left: serving ? Math.floor((serving.notAfter.getTime() - at.now) / DAY_MS) : null,
    renew_at: renewAt(serving, at),
    last_error: damage
      ? damageAsTold({ damage, serving, order }, at)
      : (order?.problem ?? order?.cleanup?.problem ?? null),
    next_try_at: nextTryAt?.toISOString() ?? null,
  }
}

/** Of the order; else of taking down what is left of it. */
function nextTryOf(order: OrderRow | undefined, now: number): Date | null {
  if (!order) return null
  const cleanupAt = order.cleanup ? new Date(order.cleanup.nextTryAt) : null
  const next = order.problem ? order.nextTryAt : (order.nextTryAt ?? cleanupAt)
  return next && next.getTime() > now ? next : null
}

/** An authority takes the place of an uploaded one, too, when that is near its end. */
const renewAt = (serving: CertificateRow | undefined, { isAcmeOn }: Now): string | null =>
  serving && isAcmeOn ? new Date(dueOf(serving)).toISOString() : null

type Seen = {
  serving: CertificateRow | undefined
  order: OrderRow | undefined
  damage: CertificateDamage | undefined
}

function stateOf({ serving, order, damage }: Seen, { now, isAcmeOn }: Now): CertificateState {
  if (damage && (serving === undefined || damage.row === serving)) return 'damaged'
  // Without a next try something is only noted of one that is under way.
  if (order?.problem && order.nextTryAt !== null) return 'failing'
  if (!serving) return isAcmeOn ? 'pending' : 'placeholder'
  if (serving.notAfter.getTime() <= now) return 'expired'
  return order?.csr ? 'renewing' : 'valid'
}

/** With why there is no other one yet. */
function damageAsTold(
  { damage, serving, order }: Seen & { damage: CertificateDamage },
  at: Now,
): NonNullable<Certificate['last_error']> {
  const { code, title, message } = CertificateDamaged(
    PAIR_FAULTS[damage.fault],
    remedyOf(damage, { ...at, serving }),
  )
  return { code, title, detail: order?.problem ? `${message} ${order.problem.detail}` : message }
}

function remedyOf(
  { row, isKept }: CertificateDamage,
  { isAcmeOn, serving }: Now & Pick<Seen, 'serving'>,
): string {
  if (isKept) return 'They are written anew from what the instance keeps.'
  const lost = 'What the instance keeps of it does not serve either.'
  const again = row.source === 'upload' ? ' Upload it again.' : ''
  if (serving) return `${lost} Another one of the name serves.${again}`
  if (isAcmeOn)
    return `${lost} Another one is asked for as soon as the limits of the authority allow.${again}`
  return `${lost}${again || ' Upload one, or set a certificate authority.'}`
}
