/** Names of projects' own: who claims them, and who has shown that they are theirs. */
import { DomainAttached, DomainTaken } from '@cascata/shared/problems/domains'
import { and, asc, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { type Db, only } from './db.ts'
import { isUniqueViolation } from './errors.ts'
import { type DomainRow, domains } from './tables/domains.ts'

export type NewDomain = Pick<DomainRow, 'ref' | 'name' | 'redirectTo' | 'httpsOnly' | 'proof'>

export function domainQueries(db: Db) {
  const inOrder = [asc(domains.createdAt), asc(domains.name)] as const
  return {
    list: (): Promise<DomainRow[]> =>
      db
        .select()
        .from(domains)
        .orderBy(...inOrder),
    listOf: (ref: string): Promise<DomainRow[]> =>
      db
        .select()
        .from(domains)
        .where(eq(domains.ref, ref))
        .orderBy(...inOrder),
    find: async (ref: string, name: string): Promise<DomainRow | undefined> =>
      (
        await db
          .select()
          .from(domains)
          .where(and(eq(domains.ref, ref), eq(domains.name, name)))
      )[0],
    /** Who has shown that it is theirs. */
    owner: async (name: string): Promise<DomainRow | undefined> =>
      (
        await db
          .select()
          .from(domains)
          .where(and(eq(domains.name, name), isNotNull(domains.verifiedAt)))
      )[0],
    listUnproven: (): Promise<DomainRow[]> =>
      db
        .select()
        .from(domains)
        .where(isNull(domains.verifiedAt))
        .orderBy(...inOrder),
    /** @throws DomainAttached when the project claims it already. */
    async insert(row: NewDomain): Promise<DomainRow> {
      try {
        return only(await db.insert(domains).values(row).returning())
      } catch (error) {
        throw isUniqueViolation(error) ? DomainAttached(row.name) : error
      }
    },
    change: async (id: string, patch: Partial<Pick<DomainRow, 'redirectTo' | 'httpsOnly'>>) =>
      only(await db.update(domains).set(patch).where(eq(domains.id, id)).returning()),
    /** Looked at again as soon as somebody looks. */
    askAgain: async (id: string) =>
      only(await db.update(domains).set({ checkedAt: null }).where(eq(domains.id, id)).returning()),
    async recordUnproven(id: string, problem: NonNullable<DomainRow['lastProblem']>): Promise<void> {
      await db
        .update(domains)
        .set({ checkedAt: sql`now()`, lastProblem: problem })
        .where(and(eq(domains.id, id), isNull(domains.verifiedAt)))
    },
    /** @throws DomainTaken when somebody else was first. */
    async recordProven({ id, name }: Pick<DomainRow, 'id' | 'name'>): Promise<void> {
      try {
        await db
          .update(domains)
          .set({ checkedAt: sql`now()`, verifiedAt: sql`now()`, lastProblem: null })
          .where(eq(domains.id, id))
      } catch (error) {
        throw isUniqueViolation(error) ? DomainTaken(name) : error
      }
    },
    async remove(id: string): Promise<void> {
      await db.delete(domains).where(eq(domains.id, id))
    },
  }
}
