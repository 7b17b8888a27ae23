/** Values of the instance as a whole, by name. */
import { eq, sql } from 'drizzle-orm'
import { type Db, only } from './db.ts'
import { instance } from './tables/instance.ts'

export function instanceQueries(db: Db) {
  const get = async (name: string): Promise<string | undefined> =>
    (await db.select().from(instance).where(eq(instance.name, name)))[0]?.value

  return {
    get,
    async set(name: string, value: string): Promise<void> {
      await db
        .insert(instance)
        .values({ name, value })
        .onConflictDoUpdate({ target: instance.name, set: { value, updatedAt: sql`now()` } })
    },
    async remove(name: string): Promise<void> {
      await db.delete(instance).where(eq(instance.name, name))
    },
    /** Keeps the first value ever given, and returns the one that is kept. */
    async insertOnce(name: string, value: string): Promise<string> {
      await db.insert(instance).values({ name, value }).onConflictDoNothing()
      return only(await db.select().from(instance).where(eq(instance.name, name))).value
    },
  }
}
