/**
 * Requests already seen, by outline: the request as it was parsed, its plan and statement, and where the values go.
 *
 * Bounded; emptied when the schema or the settings are new.
 */
import type { RestSettings } from '@cascata/shared/project-document'
import type { Parameter } from '../../session/database.ts'
import type { Prepared } from '../prepared.ts'
import { arrayLiteral } from '../request/filter.ts'
import { decodeValue, encodeValue } from '../request/query-string.ts'
import type { Query, RestRequest, Slot } from '../request/types.ts'
import type { SchemaCache } from '../schema/types.ts'
import type { Hole, Outline, Piece } from './outline.ts'

export type Recalled = { request: RestRequest; prepared: Prepared }

type Place = { value: number; list: number | null }

type Entry = Recalled & {
  /** Where each hole's value goes; of an argument also where it goes as the one element of an array. */
  slots: Place[]
  /** Where the body goes. */
  bodySlot: number | null
  /** The canonical query in pieces: text, or the number of a hole. */
  canonical: (string | number)[]
}

export class Recall {
  private readonly entriesMax: number
  private entries = new Map<string, Entry>()
  private cache: SchemaCache | null = null
  private settings: RestSettings | null = null

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax
  }

  find(outline: Outline, cache: SchemaCache, settings: RestSettings): Recalled | null {
    if (this.cache !== cache || this.settings !== settings) {
      this.entries = new Map()
      this.cache = cache
      this.settings = settings
    }
    const entry = this.entries.get(outline.key)
    return entry === undefined ? null : refill(entry, outline, settings)
  }

  /** Keeps what was parsed and planned in full, for the next of this outline. */
  learn({ key, pieces, holes, body }: Outline, recalled: Recalled): void {
    const { payload, canonicalQuery } = recalled.request
    if (body !== null && payload?.kind !== 'json') return
    const slots: Place[] = []
    for (const hole of holes) {
      const place = placeOf(recalled.request, hole)
      if (place === null) return
      slots.push(place)
    }
    const bodySlot = payload?.kind === 'json' ? payload.body.slot : null
    const canonical = bodySlot === null ? canonicalPieces(pieces) : [canonicalQuery]
    this.entries.set(key, { ...withoutBody(recalled, bodySlot), slots, bodySlot, canonical })
    const oldest = this.entries.size > this.entriesMax ? this.entries.keys().next().value : undefined
    if (oldest !== undefined) this.entries.delete(oldest)
  }
}

/** A body may be long, and is another each time. */
function withoutBody({ request, prepared }: Recalled, bodySlot: number | null): Recalled {
  if (bodySlot === null) return { request, prepared }
  return { request: { ...request, values: request.values.with(bodySlot, null) }, prepared }
}

/** As `canonicalQuery` has it: by name, equal names joined. */
function canonicalPieces(pieces: readonly Piece[]): (string | number)[] {
  let holes = 0
  const values = pieces.map(({ name, head, hole }) => ({
    name: decodeValue(name),
    parts: [encodeValue(decodeValue(head)), ...(hole === null ? [] : [holes++])],
  }))
  const groups = [...Map.groupBy(values, ({ name }) => name)].sort(([a], [b]) => (a < b ? -1 : 1))
  return groups.flatMap(([name, group], at) => [
    `${at === 0 ? '' : '&'}${encodeValue(name)}=`,
    ...group.flatMap(({ parts }, place) => (place === 0 ? parts : [',', ...parts])),
  ])
}

function placeOf({ query }: RestRequest, hole: Hole): Place | null {
  if (hole.kind === 'argument') {
    const found = query.args.find(({ name }) => name === hole.name)
    return found === undefined ? null : { value: found.value.slot, list: found.all.slot }
  }
  const slot = hole.kind === 'filter' ? comparedIn(query, hole.at) : pagedIn(query, hole.kind)
  return slot === null ? null : { value: slot.slot, list: null }
}

function comparedIn({ filters }: Query, at: number): Slot | null {
  const operation = filters[at]?.what.operation
  return operation?.kind === 'compare' ? operation.value : null
}

const pagedIn = ({ pages }: Query, kind: 'limit' | 'offset'): Slot | null =>
  pages.find(({ path }) => path.length === 0)?.[kind] ?? null

function boundOf(hole: Hole, maxRows: number | null): string {
  switch (hole.kind) {
    case 'filter':
      return hole.operator === 'like' || hole.operator === 'ilike'
        ? hole.value.replaceAll('*', '%')
        : hole.value
    case 'limit':
      return String(maxRows === null ? hole.value : Math.min(hole.value, maxRows))
    case 'offset':
      return String(hole.value)
    case 'argument':
      return hole.value
  }
}

function refill(
  { request, prepared, slots, bodySlot, canonical }: Entry,
  { holes, body }: Outline,
  { maxRows }: RestSettings,
) {
  const values: Parameter[] = request.values.slice()
  const range = { ...request.range }
  if (bodySlot !== null) values[bodySlot] = body
  holes.forEach((hole, at) => {
    const place = slots[at]
    if (place === undefined) return
    if (hole.kind === 'limit' || hole.kind === 'offset') range[hole.kind] = hole.value
    values[place.value] = boundOf(hole, maxRows)
    if (place.list !== null) values[place.list] = arrayLiteral([String(hole.value)])
  })
  let canonicalQuery = ''
  for (const piece of canonical)
    canonicalQuery += typeof piece === 'string' ? piece : encodeValue(String(holes[piece]?.value ?? ''))
  return { request: { ...request, values, range, canonicalQuery }, prepared }
}
