/** Chooses what the answer is written as, among what is accepted and what can be produced. */
import { MediaTypeUnavailable } from '../errors.ts'
import { ANY_TYPE, JSON_TYPE, type MediaType, mediaTypeName } from '../request/media.ts'
import { type MediaHandler, type Name, type SchemaCache, sameName } from '../schema/types.ts'
import type { Handler } from './types.ts'

export type Chosen = { handler: Handler; media: MediaType }

export type Wanted = {
  accept: readonly MediaType[]
  /** Table, or function, whose own handlers count. */
  of: Name
  /** Nothing was selected by name: handlers of the row's type fit. */
  wholeRow: boolean
  plan: boolean
  /** JSON that describes the service may be asked for by that name. */
  description?: boolean
}

const BUILT_IN: ReadonlyMap<string, Chosen> = new Map<string, Chosen>([
  [ANY_TYPE, { handler: { kind: 'json' }, media: JSON_TYPE }],
  ['application/json', { handler: { kind: 'json' }, media: JSON_TYPE }],
  ['text/csv', { handler: { kind: 'csv' }, media: { kind: 'plain', name: 'text/csv' } }],
  [
    'application/geo+json',
    { handler: { kind: 'geojson' }, media: { kind: 'plain', name: 'application/geo+json' } },
  ],
])

/** The first accepted type that can be produced wins. */
export function chooseMedia(cache: SchemaCache, wanted: Wanted): Chosen {
  for (const media of wanted.accept) {
    const chosen = choose(cache, wanted, media)
    if (chosen !== null) return chosen
  }
  throw MediaTypeUnavailable(wanted.accept.map(mediaTypeName))
}

function choose(cache: SchemaCache, wanted: Wanted, media: MediaType): Chosen | null {
  switch (media.kind) {
    case 'object':
      return { handler: { kind: 'object', stripped: media.stripped }, media }
    case 'stripped-array':
      return { handler: { kind: 'stripped-array' }, media }
    case 'plan': {
      const inner = wanted.plan ? choose(cache, wanted, media.of) : null
      return inner && { handler: inner.handler, media }
    }
    case 'plain':
      return lookUp(cache, wanted, media.name)
  }
}

const OPENAPI_TYPE = 'application/openapi+json'

function lookUp(cache: SchemaCache, { of, wholeRow, description }: Wanted, asked: string): Chosen | null {
  const find = (type: string, owned: boolean): MediaHandler | undefined =>
    cache.handlers.find(
      (each) => each.asked === type && (owned ? each.of !== null && sameName(each.of, of) : each.of === null),
    )
  const own = wholeRow ? (find(ANY_TYPE, true) ?? find(asked, true)) : undefined
  const custom = own ?? find(asked, false)
  if (custom === undefined && description && asked === OPENAPI_TYPE) {
    return { handler: { kind: 'json' }, media: { kind: 'plain', name: OPENAPI_TYPE } }
  }
  if (custom === undefined) return BUILT_IN.get(asked) ?? null
  return {
    handler: { kind: 'custom', function: custom.function, of: custom.of, written: custom.written },
    media: { kind: 'plain', name: custom.answered },
  }
}
