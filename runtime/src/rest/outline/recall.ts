/**
 * Requests already seen, by outline: the request as it was parsed, its plan and statement, and where the values go.
 *
 * Bounded; emptied when the schema or the settings are new.
 */
import type { RestSettings } from '@cascata/shared/project-document'
import type { Parameter } from '../../session/database.ts'
import type { Prepared } from '../prepared.ts'
import { decodeValue, encodeValue } from '../request/query-string.ts'
import type { RestRequest, Slot } from '../request/types.ts'
import type { SchemaCache } from '../schema/types.ts'
import type { Hole, Outline, Piece } from './outline.ts'

export type Recalled = { request: RestRequest; prepared: Prepared }

type Entry = Recalled & {
  /** Where each hole's value goes. */
  slots: number[]
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
    const slots = holes.map((hole) => slotOf(recalled.request, hole)?.slot ?? -1)
    if (slots.includes(-1)) return
    const bodySlot = payload?.kind === 'json' ? payload.body.slot : null
    const canonical = bodySlot === null ? canonicalPieces(pieces) : [canonicalQuery]
    this.entries.set(key, { ...recalled, slots, bodySlot, canonical })
    const oldest = this.entries.size > this.entriesMax ? this.entries.keys().next().value : undefined
    if (oldest !== undefined) this.entries.delete(oldest)
  }
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

function slotOf({ query }: RestRequest, hole: Hole): Slot | null {
  if (hole.kind === 'filter') {
    const operation = query.filters[hole.at]?.what.operation
    return operation?.kind === 'compare' ? operation.value : null
  }
  return query.pages.find(({ path }) => path.length === 0)?.[hole.kind] ?? null
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
    const slot = slots[at] ?? 0
    if (hole.kind === 'filter') {
      const pattern = hole.operator === 'like' || hole.operator === 'ilike'
      values[slot] = pattern ? hole.value.replaceAll('*', '%') : hole.value
    } else {
      range[hole.kind] = hole.value
      const capped = hole.kind === 'limit' && maxRows !== null ? Math.min(hole.value, maxRows) : hole.value
      values[slot] = String(capped)
    }
  })
  let canonicalQuery = ''
  for (const piece of canonical)
    canonicalQuery += typeof piece === 'string' ? piece : encodeValue(String(holes[piece]?.value ?? ''))
  return { request: { ...request, values, range, canonicalQuery }, prepared }
}
