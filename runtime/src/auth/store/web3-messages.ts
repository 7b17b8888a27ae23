/** Messages of wallets, by digest: each signs in once. */
import type { Db } from './rows.ts'

/** @returns whether it was not there: it is now. Those that ran out go. */
export async function spendMessage(
  db: Db,
  { digest, expiresAt, at }: { digest: Buffer; expiresAt: Date; at: Date },
): Promise<boolean> {
  await db`delete from auth.web3_messages where expires_at < ${at}`
  const spent = await db`
    insert into auth.web3_messages (digest, expires_at) values (${digest}, ${expiresAt})
    on conflict (digest) do nothing`
  return spent.count > 0
}
