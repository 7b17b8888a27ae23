/** All pages of a list: what a person asks for is the list, not its first page. */
import { pageOf } from '@cascata/shared/contract/page'
import type { z } from 'zod'
import type { Client } from './client.ts'

const PAGE = 200

/** @param base path, with a query of its own or none. */
export async function listAll<Item extends z.ZodType>(
  client: Client,
  base: string,
  item: Item,
): Promise<z.infer<Item>[]> {
  const page = pageOf(item)
  const items: z.infer<Item>[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor === null ? {} : { cursor }) })
    const found: z.infer<typeof page> = await client.get(
      `${base}${base.includes('?') ? '&' : '?'}${query}`,
      page,
    )
    items.push(...found.items)
    cursor = found.next_cursor
  } while (cursor !== null)
  return items
}
