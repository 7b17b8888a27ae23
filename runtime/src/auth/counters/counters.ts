/**
 * What is counted by key: in Redis, so that replicas count as one, and in this process for as long as Redis is away.
 *
 * What was last seen or counted here is kept beside it. So nothing that was locked opens because Redis went away, or
 * came back without what it knew; and what was counted meanwhile counts when it is back.
 */
import type { Clock } from '@cascata/shared/clock'
import { createRecentMap } from '../recent-map.ts'
import type { SharedTexts } from './shared-texts.ts'

export type Counters<State> = {
  /** Reads, changes and writes as one step. `change` is pure, and may be run again when another was quicker. */
  update(key: string, change: Change<State>): Promise<Changed<State>>
}
/** @returns what it was given to leave it as it is; undefined: nothing is held. */
export type Change<State> = (before: State | undefined) => State | undefined
export type Changed<State> = { before: State | undefined; after: State | undefined }

export type Kind<State> = {
  /** Begins its keys. */
  name: string
  /** What was written by a release before this one, too: undefined for what is none. */
  parse(value: unknown): State | undefined
  /** Until when it must be kept. */
  endsAtMs(state: State): number
  /** Of two memories the one to go by. `isNews`: ours was counted while Redis was away. */
  merge(memories: { shared: State | undefined; ours: State | undefined; isNews: boolean }): State | undefined
}

type Own<State> = { state: State; isNews: boolean }

type Deps<State> = {
  kind: Kind<State>
  clock: Clock
  /** Without it this process counts by itself. */
  shared?: SharedTexts | undefined
  /** Keys remembered here; the one untouched for longest is forgotten. */
  entriesMax: number
}

export function createCounters<State>({ kind, clock, shared, entriesMax }: Deps<State>): Counters<State> {
  const own = createRecentMap<Own<State>>(entriesMax)
  const untold = new Set<string>()

  const keep = (key: string, state: State | undefined, isNews: boolean): void => {
    if (state === undefined) own.delete(key)
    else own.set(key, { state, isNews })
    if (!isNews || state === undefined) untold.delete(key)
    else if (untold.size < entriesMax) untold.add(key)
  }

  const alone = (key: string, change: Change<State>): Changed<State> => {
    const before = own.get(key)?.state
    const after = change(before)
    keep(key, after, shared !== undefined)
    return { before, after }
  }

  const together = async (
    texts: SharedTexts,
    key: string,
    change: Change<State>,
  ): Promise<Changed<State>> => {
    let changed: Changed<State> = { before: undefined, after: undefined }
    await texts.change(`${kind.name}:${key}`, (text) => {
      const found = text === null ? undefined : parsed(kind, text)
      const { state: ours, isNews = false } = own.get(key) ?? {}
      const before = kind.merge({ shared: found, ours, isNews })
      const after = change(before)
      changed = { before, after }
      if (after === found) return 'as it is'
      return after === undefined
        ? null
        : { text: JSON.stringify(after), lastsMs: kind.endsAtMs(after) - clock.now() }
    })
    keep(key, changed.after, false)
    return changed
  }

  const tell = (): void => {
    const keys = [...untold]
    untold.clear()
    for (const key of keys) if (own.get(key)?.isNews) void update(key, (before) => before)
  }

  const update = async (key: string, change: Change<State>): Promise<Changed<State>> => {
    if (shared === undefined) return alone(key, change)
    try {
      const changed = await together(shared, key, change)
      if (untold.size > 0) tell()
      return changed
    } catch {
      // Whoever shares them says why; here it only means to count alone.
      return alone(key, change)
    }
  }
  return { update }
}

function parsed<State>(kind: Kind<State>, text: string): State | undefined {
  try {
    return kind.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
