/** Certificates, their orders, and the ledger of what was asked of the authority. */
import { and, asc, eq, gte, isNotNull, lt } from 'drizzle-orm'
import type { LedgerEntry } from '../acme/limits.ts'
import type { CertificateSource } from '../acme/port.ts'
import type { Db } from './db.ts'
import {
  type CertificateRow,
  certificateLedger,
  certificateOrders,
  certificates,
  type OrderRow,
} from './tables/certificates.ts'
import { domains } from './tables/domains.ts'

export type NewCertificate = typeof certificates.$inferInsert
export type NewOrder = typeof certificateOrders.$inferInsert
export type OrderPatch = Partial<Omit<NewOrder, 'name'>>
export type Window = Pick<CertificateRow, 'renewAt' | 'windowStart' | 'windowEnd' | 'windowCheckAt'>
type Of = { name: string; source: CertificateSource }

export function certificateQueries(db: Db) {
  const isOf = ({ name, source }: Of) => and(eq(certificates.name, name), eq(certificates.source, source))
  return {
    list: (): Promise<CertificateRow[]> => db.select().from(certificates).orderBy(asc(certificates.name)),
    async put(row: NewCertificate): Promise<void> {
      const { name: _name, source: _source, ...set } = row
      const fresh = { renewAt: null, windowStart: null, windowEnd: null, windowCheckAt: null }
      await db
        .insert(certificates)
        .values(row)
        .onConflictDoUpdate({
          target: [certificates.name, certificates.source],
          set: { ...fresh, createdAt: new Date(), ...set },
        })
    },
    async setWindow(of: Of, window: Partial<Window>): Promise<void> {
      await db.update(certificates).set(window).where(isOf(of))
    },
    async remove(of: Of): Promise<void> {
      await db.delete(certificates).where(isOf(of))
    },
    /** Names whose owner is known, with the project each belongs to. */
    listNames: (): Promise<{ name: string; ref: string }[]> =>
      db
        .select({ name: domains.name, ref: domains.ref })
        .from(domains)
        .where(isNotNull(domains.verifiedAt))
        .orderBy(asc(domains.createdAt), asc(domains.name)),

    orders: {
      list: (): Promise<OrderRow[]> =>
        db.select().from(certificateOrders).orderBy(asc(certificateOrders.name)),
      async insert(row: NewOrder): Promise<void> {
        await db.insert(certificateOrders).values(row).onConflictDoNothing()
      },
      async change(name: string, patch: OrderPatch): Promise<void> {
        await db.update(certificateOrders).set(patch).where(eq(certificateOrders.name, name))
      },
      async remove(name: string): Promise<void> {
        await db.delete(certificateOrders).where(eq(certificateOrders.name, name))
      },
    },

    ledger: {
      async list(directory: string, since: Date): Promise<LedgerEntry[]> {
        const rows = await db
          .select()
          .from(certificateLedger)
          .where(and(eq(certificateLedger.directory, directory), gte(certificateLedger.at, since)))
          .orderBy(asc(certificateLedger.at))
        return rows.map(entryOf)
      },
      async append(directory: string, entry: LedgerEntry): Promise<void> {
        await db.insert(certificateLedger).values({ directory, ...rowOf(entry) })
      },
      async prune(before: Date): Promise<void> {
        await db.delete(certificateLedger).where(lt(certificateLedger.at, before))
      },
    },
  }
}

type LedgerRow = typeof certificateLedger.$inferSelect

function entryOf({ kind, at, names, isRenewal, host }: LedgerRow): LedgerEntry {
  const when = at.getTime()
  if (kind === 'failure') return { kind, at: when, host: host ?? '' }
  if (kind === 'order') return { kind, at: when }
  return { kind, at: when, names: names ?? [], isRenewal: isRenewal === true }
}

function rowOf(entry: LedgerEntry) {
  const at = new Date(entry.at)
  if (entry.kind === 'failure') return { kind: entry.kind, at, host: entry.host }
  if (entry.kind === 'order') return { kind: entry.kind, at }
  return { kind: entry.kind, at, names: [...entry.names], isRenewal: entry.isRenewal }
}
