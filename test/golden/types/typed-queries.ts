/**
 * Queries as a program writes them, against the recorded types. It is compiled, never run: a wrong row type, and a
 * wrong name that is let through (an `@ts-expect-error` without an error), fail the compiler.
 */
import { createClient } from '@supabase/supabase-js'
import type {
  CompositeTypes,
  Constants,
  Database,
  Enums,
  Json,
  Tables,
  TablesInsert,
  TablesUpdate,
} from './database.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const hold = <_Claim extends true>() => undefined

const client = createClient<Database>('http://shop.localhost:8080', 'key')
const shop = client.schema('shop')

/** What a query resolves to when it does not fail. */
type RowsOf<Query extends PromiseLike<{ data: unknown }>> = NonNullable<Awaited<Query>['data']>

export const columns = client.from('customers').select('id, full_name, feeling, "weird name"')
hold<
  Same<
    RowsOf<typeof columns>,
    {
      id: number
      full_name: string
      feeling: 'calm' | 'tense' | "don't ask" | null
      'weird name': string | null
    }[]
  >
>()

export const embedded = client.from('invoices').select('number, customer:customers!inner(full_name)')
hold<Same<RowsOf<typeof embedded>, { number: number; customer: { full_name: string } }[]>>()

export const reversed = client.from('customers').select('id, invoices(total), passports(number)')
hold<
  Same<
    RowsOf<typeof reversed>,
    { id: number; invoices: { total: number }[]; passports: { number: string } | null }[]
  >
>()

export const joined = client.from('products').select('name, invoices(number)')
hold<Same<RowsOf<typeof joined>, { name: string; invoices: { number: number }[] }[]>>()

export const viewed = client.from('happy_customers').select('full_name, invoices(total)')
hold<Same<RowsOf<typeof viewed>, { full_name: string | null; invoices: { total: number }[] }[]>>()

export const computed = client.from('customers').select('initials, invoices_of(total)')
hold<Same<RowsOf<typeof computed>, { initials: string | null; invoices_of: { total: number }[] }[]>>()

export const one = client.from('products').select('id, price').single()
hold<Same<RowsOf<typeof one>, { id: string; price: number | null }>>()

export const called = client.rpc('add', { a: 1 })
hold<Same<RowsOf<typeof called>, number>>()

export const rows = client.rpc('top_products', { n: 3 })
hold<Same<RowsOf<typeof rows>, { product: string; sold: number }[]>>()

export const picked = client.rpc('find_customers', { term: 'a' }).select('id')
hold<Same<RowsOf<typeof picked>, { id: number }[]>>()

export const elsewhere = shop.from('shelves').select('id, branches(state)')
hold<Same<RowsOf<typeof elsewhere>, { id: number; branches: { state: 'open' | 'shut' } }[]>>()

hold<Same<Tables<'happy_customers'>['id'], number | null>>()
hold<Same<Tables<{ schema: 'shop' }, 'shelves'>, { id: number; branch_id: number }>>()
hold<Same<TablesInsert<'products'>, { id?: string; name: string; price?: number | null }>>()
hold<Same<TablesInsert<{ schema: 'shop' }, 'shelves'>, { id: number; branch_id: number }>>()
hold<Same<TablesUpdate<'products'>, { id?: string; name?: string; price?: number | null }>>()
hold<Same<Enums<'mood'>, 'calm' | 'tense' | "don't ask">>()
hold<Same<Enums<{ schema: 'shop' }, 'state'>, 'open' | 'shut'>>()
hold<Same<CompositeTypes<'point_of_sale'>['number'], number | null>>()
hold<Same<(typeof Constants.public.Enums.mood)[number], Enums<'mood'>>>()
hold<Same<Tables<'customers'>['profile'], NonNullable<Json>>>()

export const inserted = client.from('customers').insert({ email: 'a@b', full_name: 'Ada', tags: ['first'] })

// @ts-expect-error no such table
client.from('customer')
// @ts-expect-error a wrong type
client.from('products').insert({ name: 7 })
// @ts-expect-error a column that must be given
client.from('customers').insert({ full_name: 'Ada' })
// @ts-expect-error an identity that Postgres alone writes
client.from('customers').insert({ id: 1, email: 'a@b', full_name: 'Ada' })
// @ts-expect-error a generated column
client.from('customers').update({ shout: 'ADA' })
// @ts-expect-error no such label
client.from('customers').update({ feeling: 'angry' })
// @ts-expect-error a view that takes no writes
client.from('spending').insert({ spent: 1 })
// @ts-expect-error no such argument
client.rpc('add', { c: 1 })
// @ts-expect-error a table of another schema
shop.from('customers')
// @ts-expect-error no such enum
export type NoEnum = Enums<'moods'>

export const wrongColumn = client.from('customers').select('id, fullname')
// @ts-expect-error what was selected is an error, no row
export const nothing: { fullname: string }[] = {} as RowsOf<typeof wrongColumn>
export const wrongEmbed = client.from('customers').select('id, products(name)')
// @ts-expect-error there is no way from a customer to a product
export const unrelated: { products: { name: string }[] }[] = {} as RowsOf<typeof wrongEmbed>
