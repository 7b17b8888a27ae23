/** An operation as one line of curl, quoted so plainly that importers split it as a shell does. Keys are placeholders. */
import { AN_ID, type Operation } from './operation.ts'

const KEY = 'YOUR_API_KEY'
const TOKEN = 'YOUR_ACCESS_TOKEN'

type Place = { method: string; path: string; server: string }

export function curlOf(
  { access, named = {}, query = [], body }: Operation,
  { method, path, server }: Place,
): string {
  const asked = query.filter(({ required }) => required === true)
  const pairs = asked.map(({ name, example }) => `${name}=${encodeURIComponent(String(example))}`)
  const bearer = access === 'user' ? TOKEN : KEY
  const headers = [
    ...(access === 'open' ? [] : [`apikey: ${KEY}`, `Authorization: Bearer ${bearer}`]),
    ...(body
      ? [`Content-Type: ${body.form ? 'application/x-www-form-urlencoded' : 'application/json'}`]
      : []),
  ]
  const where = path.replaceAll(/:(\w+)/g, (_, name: string) => String(named[name]?.example ?? AN_ID))
  return [
    `curl -X ${method} '${server}${where}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}'`,
    ...headers.map((header) => `-H '${header}'`),
    ...(body ? [`-d '${body.form ? formOf(body.example) : jsonOf(body.example)}'`] : []),
  ].join(' ')
}

const jsonOf = (value: object): string => JSON.stringify(value).replaceAll("'", '\\u0027')
const formOf = (value: Readonly<Record<string, unknown>>): string =>
  new URLSearchParams(
    Object.entries(value).map(([name, each]): [string, string] => [name, String(each)]),
  ).toString()
