/** Pages of long lists, as GoTrue asks for them and tells of them. */
import { ValidationFailed } from './errors.ts'

const PER_PAGE_MAX = 1_000
const PER_PAGE = 50

export type Page = { page: number; perPage: number }

/** @throws ValidationFailed */
export const pageOf = (query: URLSearchParams): Page => ({
  page: Math.max(1, whole(query.get('page'), 1)),
  perPage: Math.min(PER_PAGE_MAX, Math.max(1, whole(query.get('per_page'), PER_PAGE))),
})

function whole(text: string | null, usual: number): number {
  if (text === null || text === '') return usual
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0)
    throw ValidationFailed(`${text} is no page: give a whole number`)
  return number
}

/** @param place of the list, without a query. */
export function pageHeaders(
  place: string,
  { page, perPage }: Page,
  total: number,
): (readonly [string, string])[] {
  const last = Math.max(1, Math.ceil(total / perPage))
  const link = (to: number, rel: string) => `<${place}?page=${to}&per_page=${perPage}>; rel="${rel}"`
  const links = [...(page < last ? [link(page + 1, 'next')] : []), link(last, 'last')]
  return [
    ['x-total-count', String(total)],
    ['link', links.join(', ')],
  ]
}
