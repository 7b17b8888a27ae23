/**
 * The steps from the pooler as it is to the pooler as it should be, in order. Pure.
 *
 * One that runs gets a new configuration only after that has been tried. One that does not run starts with the new one
 * at once: the old one may still let in whom nobody wants any more.
 */
import type { Directory } from '../../adapters/files.ts'
import type { Container, ContainerSpec } from '../../engine/engine.ts'
import { hasUser, type RenderedPooler, refsWithNewPassword, USERS_FILE } from '../../pooler/render.ts'
import { movesAway, movesTo } from '../containers.ts'
import { type Candidate, type CandidatesSeen, candidateNumber, stale } from '../edge/plan.ts'

export type PoolerWanted = { rendered: RenderedPooler; spec: ContainerSpec }

/** `serving` is what both processes run on; null also where they differ. */
export type PoolerObserved = CandidatesSeen & {
  container: Container | undefined
  unsound: readonly Directory[]
  /** Sockets of open projects that are not the pooler's group's: of servers that ran before they were opened. */
  shut: readonly string[]
  /** Of the one in use: its list of users, and the refs whose clients it has still to put out. */
  users: string
  expel: readonly string[]
}

export type PoolerStep =
  | { do: 'directories.ensure'; directories: readonly Directory[] }
  | { do: 'pooler.admit'; sockets: readonly string[] }
  /** `expel`: refs whose clients came in by a password that is no longer theirs. */
  | { do: 'pooler.write'; name: string; rendered: RenderedPooler; expel: readonly string[] }
  | { do: 'pooler.expel'; name: string; rendered: RenderedPooler; expel: readonly string[] }
  | { do: 'pooler.test' | 'pooler.switch'; name: string }
  | { do: 'pooler.create'; spec: ContainerSpec }
  | { do: 'pooler.start' | 'pooler.stop' | 'pooler.remove'; name: string }
  | { do: 'pooler.reload'; container: string }
  /** `back` is the candidate to return to when this one is not served. */
  | { do: 'pooler.probe'; digest: string; back: string | null; container: string }
  | { do: 'pooler.prune'; names: readonly string[] }

/**
 * `wanted` is null while no project is open: then there is no pooler. What is of no use any more goes first, passwords
 * and all: where a configuration is refused nothing after it is reached.
 */
export function planPooler(wanted: PoolerWanted | null, seen: PoolerObserved): PoolerStep[] {
  return wanted ? [...prune(stale(seen)), ...makeSo(wanted, seen)] : away(seen)
}

function makeSo(wanted: PoolerWanted, seen: PoolerObserved): PoolerStep[] {
  const { rendered, spec } = wanted
  const steps: PoolerStep[] = []
  if (seen.unsound.length > 0) steps.push({ do: 'directories.ensure', directories: seen.unsound })
  if (seen.shut.length > 0) steps.push({ do: 'pooler.admit', sockets: seen.shut })

  const current = seen.candidates.find(({ name }) => name === seen.current)
  const isCurrent = current?.digest === rendered.digest
  const name = nextName(seen.candidates)
  const probe = (back: string | null): PoolerStep => ({
    ...{ do: 'pooler.probe', digest: rendered.digest, back, container: spec.name },
  })
  const reload = (back: string | null): PoolerStep[] => [
    { do: 'pooler.reload', container: spec.name },
    probe(back),
  ]
  const out = (of: string, expel: readonly string[]): PoolerStep[] =>
    expel.length > 0 ? [{ do: 'pooler.expel', name: of, rendered, expel }] : []
  const moves = movesTo(spec, seen.container)
  if (moves.length > 0) {
    // Who was connected to the one before is so no more.
    const write: PoolerStep = { do: 'pooler.write', name, rendered, expel: [] }
    if (!isCurrent) steps.push(write, { do: 'pooler.switch', name })
    for (const move of moves) {
      if (move === 'create') steps.push({ do: 'pooler.create', spec })
      else steps.push({ do: `pooler.${move}`, name: spec.name })
    }
    steps.push(probe(null))
  } else if (!isCurrent) {
    const expel = toExpel(seen, rendered)
    steps.push(
      { do: 'pooler.write', name, rendered, expel },
      { do: 'pooler.test', name },
      { do: 'pooler.switch', name },
      ...reload(current?.name ?? null),
      ...out(name, expel),
    )
  } else {
    // Switched, and then something came between: the reload was lost, or one of the two has not got that far.
    if (seen.serving !== rendered.digest) steps.push(...reload(null))
    steps.push(...out(current.name, seen.expel))
  }
  return steps
}

/** Also those that the one in use has not got to; who is let in no more is put out by that. */
function toExpel({ users, expel }: PoolerObserved, { files }: RenderedPooler): string[] {
  const after = files[USERS_FILE] ?? ''
  const left = expel.filter((ref) => hasUser(after, ref))
  return [...new Set([...left, ...refsWithNewPassword(users, after)])].toSorted()
}

/** With its configurations, for there are passwords in them. */
function away({ container, candidates, current }: PoolerObserved): PoolerStep[] {
  const moves = container ? movesAway(container) : []
  const names = [...(current === null ? [] : ['current']), ...candidates.map(({ name }) => name)]
  return [
    ...moves.flatMap((move): PoolerStep[] =>
      move === 'stop' || move === 'remove' ? [{ do: `pooler.${move}`, name: container?.name ?? '' }] : [],
    ),
    ...prune(names),
  ]
}

const prune = (names: readonly string[]): PoolerStep[] =>
  names.length > 0 ? [{ do: 'pooler.prune', names }] : []

function nextName(candidates: readonly Candidate[]): string {
  return `candidate-${candidates.reduce((most, { name }) => Math.max(most, candidateNumber(name)), 0) + 1}`
}
