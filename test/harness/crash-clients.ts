/** Clients of a project's Postgres in the crash matrix, from outside, as a driver is one. */
import postgres from 'postgres'
import { expect } from 'vitest'
import { z } from 'zod'
import type { CrashWorld } from './crash-world.ts'

const Urls = z.object({ db_url: z.string(), pooler_url: z.string() })

const urlsOf = ({ api }: CrashWorld, ref: string) => api.get(Urls, `/v1/projects/${ref}/database`)

/** By the URL that the API gives now. */
export async function isReached(world: CrashWorld, ref: string): Promise<void> {
  const { db_url } = await urlsOf(world, ref)
  const sql = postgres(db_url, { max: 1, connect_timeout: 10 })
  try {
    expect(await sql`select current_user::text as is`).toEqual([{ is: 'postgres' }])
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** One that stays for as long as it is let. */
export type DirectClient = { isOut(): boolean; end(): Promise<void> }

/** One on each port. */
export async function clientsOf(world: CrashWorld, ref: string): Promise<DirectClient[]> {
  const { db_url, pooler_url } = await urlsOf(world, ref)
  return Promise.all([db_url, pooler_url].map(enter))
}

async function enter(url: string): Promise<DirectClient> {
  let isOut = false
  const onclose = () => {
    isOut = true
  }
  const sql = postgres(url, { max: 1, onclose })
  await sql`select 1`
  return { isOut: () => isOut, end: () => sql.end({ timeout: 1 }) }
}
