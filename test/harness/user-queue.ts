/** Puts requests that change one user into an order: each waits for the user's row, behind those before it. */
import { expect } from 'vitest'
import type { TestPostgres } from './postgres.ts'

type Starts<Results extends readonly unknown[]> = {
  [Index in keyof Results]: () => Promise<Results[Index]>
}

/**
 * The row is held until each of them waits for a lock, and let go then: Postgres serves them as they came. One that locks
 * anything of the user's before the user holds it meanwhile, which is what two of them end up waiting for.
 */
export async function inTurn<Results extends readonly unknown[]>(
  pg: TestPostgres,
  userId: string,
  starts: Starts<Results>,
): Promise<Results> {
  // A connection of its own: the other one looks meanwhile.
  const holder = pg.fresh()
  const running = await holder.begin(async (tx) => {
    await tx`select 1 from auth.users where id = ${userId} for update`
    const under: Promise<unknown>[] = []
    for (const start of starts) {
      under.push(start())
      await expect.poll(() => waiting(pg), { timeout: 20_000 }).toBe(under.length)
    }
    return { under }
  })
  await holder.end()
  return (await Promise.all(running.under)) as unknown as Results
}

async function waiting(pg: TestPostgres): Promise<number> {
  const rows = await pg.admin()`
    select 1 from pg_stat_activity where application_name = 'cascata-auth' and wait_event_type = 'Lock'`
  return rows.length
}
