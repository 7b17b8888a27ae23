/**
 * The steps from the certificates there are to those there should be. Pure.
 *
 * Those that end soonest are asked for first: where the authority's limits let only some pass, nothing expires for a
 * new name's sake.
 */
import { pairOfFile } from '../../acme/file.ts'
import { dueOf, inCharge } from '../../acme/held.ts'
import { allowanceOf, Ledger, type LedgerEntry, type LimitName } from '../../acme/limits.ts'
import type { Directory } from '../../adapters/files.ts'
import type { CertificateRow, OrderRow } from '../../store/tables/certificates.ts'
import type { WantedCertificate } from './wanted.ts'

export type CertificatesObserved = {
  now: number
  /** The directory that is asked; null asks none. */
  directory: string | null
  wanted: readonly WantedCertificate[]
  held: readonly CertificateRow[]
  orders: readonly OrderRow[]
  ledger: readonly LedgerEntry[]
  unsound: readonly Directory[]
  /** Those whose files are not there or not theirs, and can be written anew. */
  unwritten: ReadonlySet<CertificateRow>
  /** Those that are neither there nor can be written anew: they serve nobody. */
  lost: ReadonlySet<CertificateRow>
  /** What lies in `edge/certs` and in `edge/challenges`. */
  files: readonly string[]
  challenges: readonly string[]
  /** Files that the edge serves with now; null while nobody knows. */
  inUse: ReadonlySet<string> | null
  /** Still to be served although no longer wanted, as long as it lives. */
  mayOutlive(row: CertificateRow): boolean
}

export type CertificateStep =
  | { do: 'directories.ensure'; directories: readonly Directory[] }
  | { do: 'certificate.write'; row: CertificateRow }
  | { do: 'certificate.forget'; row: CertificateRow }
  | { do: 'certificate.prune'; names: readonly string[] }
  | { do: 'challenge.prune'; names: readonly string[] }
  | { do: 'acme.window'; row: CertificateRow }
  /** Takes down the proofs of an order that has ended, and forgets it, unless it is to be tried again. */
  | { do: 'acme.cleanup'; order: OrderRow; forget: boolean }
  | { do: 'acme.postpone'; wanted: WantedCertificate; until: number; limit: LimitName }
  | {
      do: 'acme.advance'
      wanted: WantedCertificate
      order: OrderRow | undefined
      /** ARI id. */
      replaces: string | null
      isRenewal: boolean
      /** When what serves the name now ends, in epoch milliseconds; null when nothing does. */
      endsAt: number | null
    }

/** `wakeAt`: when something falls due by itself, in epoch milliseconds. */
export type CertificatesPlan = { steps: CertificateStep[]; wakeAt: number }

export function planCertificates(seen: CertificatesObserved): CertificatesPlan {
  const steps: CertificateStep[] = []
  const wakes: number[] = []
  if (seen.unsound.length > 0) steps.push({ do: 'directories.ensure', directories: seen.unsound })

  const held = Map.groupBy(seen.held, ({ name }) => name)
  const wanted = new Map(seen.wanted.map((each) => [each.name, each]))
  const kept = new Set(seen.held.filter((row) => keeps(row, { wanted, seen })))
  steps.push(
    ...seen.held.filter((row) => !kept.has(row)).map((row) => ({ do: 'certificate.forget', row }) as const),
    ...fileSteps([...kept], seen),
    ...windowSteps([...kept], seen, wakes),
    ...orderSteps({ wanted, held }, seen, wakes),
  )
  return { steps, wakeAt: Math.min(...wakes, Number.POSITIVE_INFINITY) }
}

type ByName = { wanted: Map<string, WantedCertificate>; held: Map<string, CertificateRow[]> }

function keeps(
  row: CertificateRow,
  { wanted, seen }: Pick<ByName, 'wanted'> & { seen: CertificatesObserved },
): boolean {
  const want = wanted.get(row.name)
  if (!want) return row.notAfter.getTime() > seen.now && seen.mayOutlive(row)
  return want.ref === row.ref
}

/** What the edge still serves with is taken away after its next change, which wakes us. */
function fileSteps(kept: readonly CertificateRow[], seen: CertificatesObserved): CertificateStep[] {
  const known = new Set(kept.flatMap(({ file }) => [`${file}.crt`, `${file}.key`]))
  const missing = kept.filter((row) => seen.unwritten.has(row))
  const free = seen.files.filter((name) => {
    const base = known.has(name) ? undefined : pairOfFile(name)
    return base !== undefined && seen.inUse !== null && !seen.inUse.has(base)
  })
  const tokens = new Set(seen.orders.flatMap(({ proofs }) => proofs.map(({ token }) => token)))
  const stray = seen.challenges.filter((name) => !tokens.has(name))
  return [
    ...missing.map((row) => ({ do: 'certificate.write', row }) as const),
    ...(free.length > 0 ? [{ do: 'certificate.prune', names: free } as const] : []),
    ...(stray.length > 0 ? [{ do: 'challenge.prune', names: stray } as const] : []),
  ]
}

function windowSteps(
  kept: readonly CertificateRow[],
  { directory, now }: CertificatesObserved,
  wakes: number[],
): CertificateStep[] {
  if (directory === null) return []
  const steps: CertificateStep[] = []
  for (const row of kept) {
    if (row.source !== 'acme' || row.ariId === null) continue
    const at = row.windowCheckAt?.getTime() ?? 0
    if (at <= now) steps.push({ do: 'acme.window', row })
    else wakes.push(at)
  }
  return steps
}

function orderSteps(
  { wanted, held }: ByName,
  seen: CertificatesObserved,
  wakes: number[],
): CertificateStep[] {
  const steps: CertificateStep[] = []
  const ledger = new Ledger(seen.ledger)
  for (const order of seen.orders) {
    if (isStrange(order, wanted, seen)) {
      if (isToClean(order, seen.now, wakes)) steps.push({ do: 'acme.cleanup', order, forget: true })
    } else if (isUnderWay(order)) {
      const isRenewal = (held.get(order.name) ?? []).some((row) => isSameSet(row, order.names))
      ledger.add({ kind: 'issued', at: seen.now, names: order.names, isRenewal })
    }
  }
  if (seen.directory === null) return steps

  const orders = new Map(seen.orders.map((order) => [order.name, order]))
  const turns = seen.wanted
    .map((each) => ({ each, rows: held.get(each.name) ?? [], order: orders.get(each.name) }))
    .map((turn) => ({ ...turn, end: endOf(turn.rows, seen) }))
    .toSorted((a, b) => a.end - b.end)
  for (const { each, rows, order: kept } of turns) {
    const isAnother = kept !== undefined && isStrange(kept, wanted, seen)
    if (isAnother && isCleanedNow(kept, steps)) continue
    const order = isAnother ? { ...kept, ...ENDED } : kept
    steps.push(...stepOf({ wanted: each, rows, order }, { seen, ledger, wakes }))
  }
  return steps
}

/** New names, which have no end, come last; what is lost has ended. */
function endOf(rows: readonly CertificateRow[], { lost, now }: CertificatesObserved): number {
  if (rows.length === 0) return Number.POSITIVE_INFINITY
  return Math.max(...rows.map((row) => (lost.has(row) ? now : row.notAfter.getTime())))
}

const isSameSet = ({ source, names }: CertificateRow, others: readonly string[]) =>
  source === 'acme' && names.length === others.length && names.every((name) => others.includes(name))

/** What an order that is taken up again starts without: none of it is of use to another one. */
export const ENDED = {
  ...{ url: null, askedAt: null, key: null, csr: null },
  ...{ failures: 0, problem: null, nextTryAt: null },
} as const

/** Of another authority, of who had the name before, or of nobody any more: nothing of it is of use. */
function isStrange(
  { name, ref, directory }: OrderRow,
  wanted: ReadonlyMap<string, WantedCertificate>,
  seen: CertificatesObserved,
): boolean {
  const want = wanted.get(name)
  return want === undefined || want.ref !== ref || (seen.directory !== null && directory !== seen.directory)
}

/** What could not be taken down is tried again in its own time. */
function isToClean({ cleanup }: OrderRow, now: number, wakes: number[]): boolean {
  if (cleanup === null || cleanup.nextTryAt <= now) return true
  wakes.push(cleanup.nextTryAt)
  return false
}

const isCleanedNow = (order: OrderRow, steps: readonly CertificateStep[]): boolean =>
  steps.some((step) => step.do === 'acme.cleanup' && step.order === order)

const isUnderWay = ({ askedAt, url }: OrderRow) => askedAt !== null || url !== null

type Turn = { wanted: WantedCertificate; rows: readonly CertificateRow[]; order: OrderRow | undefined }
type Given = { seen: CertificatesObserved; ledger: Ledger; wakes: number[] }

function stepOf({ wanted, rows, order }: Turn, { seen, ledger, wakes }: Given): CertificateStep[] {
  const { now } = seen
  const old = rows.find(({ source }) => source === 'acme')
  const isRenewal = old !== undefined && isSameSet(old, wanted.names)
  const sound = rows.filter((row) => !seen.lost.has(row))
  const serving = inCharge(sound, now)
  const endsAt = serving?.notAfter.getTime() ?? null
  const replaces = old?.ariId ?? null
  const advance = { do: 'acme.advance', wanted, order, isRenewal, replaces, endsAt } as const
  const nextTry = order?.nextTryAt?.getTime() ?? 0
  if (nextTry > now) wakes.push(nextTry)
  if (order && isUnderWay(order)) return nextTry > now ? [] : [advance]
  // Once, and then when its next try comes: a provider that takes nothing down keeps nobody from a certificate.
  const isStanding = order !== undefined && order.proofs.length > 0
  if (isStanding && isToClean(order, now, wakes))
    return [{ do: 'acme.cleanup', order, forget: order.failures === 0 }]

  const dueAt = serving === undefined ? now : dueOf(serving)
  if (dueAt > now) {
    wakes.push(dueAt)
    // What failed before has been mended by somebody else: an upload.
    return order && !isStanding ? [{ do: 'acme.cleanup', order, forget: true }] : []
  }
  if (nextTry > now) return []
  const { from, limit } = allowanceOf(ledger, { names: wanted.names, isRenewal }, now)
  if (limit !== null) {
    wakes.push(from)
    return [{ do: 'acme.postpone', wanted, until: from, limit }]
  }
  ledger.add({ kind: 'order', at: now })
  ledger.add({ kind: 'issued', at: now, names: wanted.names, isRenewal })
  return [advance]
}
