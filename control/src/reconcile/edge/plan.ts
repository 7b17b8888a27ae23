/**
 * The steps from the edge as it is to the edge as it should be, in order. Pure.
 *
 * A running nginx gets a new configuration only after it has tested it. One that does not run starts with the
 * configuration that was last in use, unless a certificate that it names is damaged, and gets the new one in the pass
 * after.
 */
import type { Directory } from '../../adapters/files.ts'
import { isPlaceholderFile, type Placeholder } from '../../edge/placeholder.ts'
import type { Rendered } from '../../edge/render.ts'
import type { Routes } from '../../edge/site.ts'
import type { Container, ContainerSpec } from '../../engine/engine.ts'
import { movesTo } from '../containers.ts'

export type EdgeWanted = {
  rendered: Rendered
  routes: Routes
  /** Certificates that are to be there for it, unless they come from elsewhere. */
  placeholders: readonly Placeholder[]
  spec: ContainerSpec
}

export type Candidate = { name: string; digest: string | null }

export type CandidatesSeen = {
  /** By number, rising. */
  candidates: readonly Candidate[]
  /** Name of the one `current` points at. */
  current: string | null
  /** Digest of what is served, as the server says itself; null when it does not answer. */
  serving: string | null
}

export type EdgeObserved = CandidatesSeen & {
  container: Container | undefined
  unsound: readonly Directory[]
  /** Names of files where certificates are. */
  certificates: readonly string[]
  /** Pairs of them that may be named in a configuration. */
  whole: ReadonlySet<string>
  /** Pairs that the one in use names. */
  named: readonly string[]
  /** Pairs were written over since nginx last read them. */
  isRewritten: boolean
}

export type EdgeStep =
  | { do: 'directories.ensure'; directories: readonly Directory[] }
  | { do: 'edge.certificate'; placeholder: Placeholder }
  | { do: 'edge.write'; name: string; rendered: Rendered; routes: Routes }
  | { do: 'edge.test'; name: string }
  | { do: 'edge.switch'; name: string }
  | { do: 'edge.create'; spec: ContainerSpec }
  | { do: 'edge.start' | 'edge.stop' | 'edge.remove'; name: string }
  | { do: 'edge.reload'; container: string }
  /** `back` is the candidate to return to when this one is not served. */
  | { do: 'edge.probe'; digest: string; back: string | null; container: string }
  | { do: 'edge.prune'; names: readonly string[]; certificates: readonly string[] }

export function planEdge(wanted: EdgeWanted, seen: EdgeObserved): EdgeStep[] {
  const old = stale(seen)
  const steps = makeSo(wanted, seen)
  const certificates = steps.length === 0 ? unshown(wanted, seen) : []
  // First: where a configuration is refused nothing after it is reached, and each try writes another one.
  if (old.length > 0 || certificates.length > 0)
    return [{ do: 'edge.prune', names: old, certificates }, ...steps]
  return steps
}

function makeSo(wanted: EdgeWanted, seen: EdgeObserved): EdgeStep[] {
  const steps: EdgeStep[] = []
  if (seen.unsound.length > 0) steps.push({ do: 'directories.ensure', directories: seen.unsound })
  const made = wanted.placeholders.filter(({ certificate }) => !seen.whole.has(certificate))
  for (const placeholder of made) steps.push({ do: 'edge.certificate', placeholder })

  const current = seen.candidates.find(({ name }) => name === seen.current)
  const moves = movesTo(wanted.spec, seen.container)
  const write = writeStep(wanted, seen)
  if (moves.length > 0) {
    const startsWith = canStart(current, seen, made) ? current : undefined
    if (!startsWith) steps.push(write, { do: 'edge.switch', name: write.name })
    for (const move of moves) {
      if (move === 'create') steps.push({ do: 'edge.create', spec: wanted.spec })
      else steps.push({ do: `edge.${move}`, name: wanted.spec.name })
    }
    const digest = startsWith?.digest ?? wanted.rendered.digest
    steps.push({ do: 'edge.probe', digest, back: null, container: wanted.spec.name })
  } else if (current?.digest !== wanted.rendered.digest) {
    steps.push(
      write,
      { do: 'edge.test', name: write.name },
      { do: 'edge.switch', name: write.name },
      ...reload(wanted, current?.name ?? null),
    )
  } else if (seen.serving !== wanted.rendered.digest || seen.isRewritten || made.length > 0) {
    // Switched, and then something came between: the reload was lost, or nginx has not got that far, or the files that
    // the text names are other ones now.
    steps.push(...reload(wanted, null))
  }
  return steps
}

/** Half a candidate is none; and nginx ends at once where one pair that is named is damaged. */
const canStart = (
  current: Candidate | undefined,
  { named, whole }: EdgeObserved,
  made: readonly Placeholder[],
): boolean =>
  current !== undefined &&
  current.digest !== null &&
  named.every((file) => whole.has(file) || made.some(({ certificate }) => certificate === file))

const reload = ({ spec, rendered }: EdgeWanted, back: string | null): EdgeStep[] => [
  { do: 'edge.reload', container: spec.name },
  { do: 'edge.probe', digest: rendered.digest, back, container: spec.name },
]

const CANDIDATE = /^candidate-(\d{1,9})$/

export const candidateNumber = (name: string): number => Number(CANDIDATE.exec(name)?.[1] ?? Number.NaN)

function writeStep({ rendered, routes }: EdgeWanted, { candidates }: EdgeObserved) {
  const last = candidates.reduce((most, { name }) => Math.max(most, candidateNumber(name)), 0)
  return { do: 'edge.write' as const, name: `candidate-${last + 1}`, rendered, routes }
}

/** Placeholders of names that are no longer served. */
function unshown({ placeholders }: EdgeWanted, { certificates }: EdgeObserved): string[] {
  const shown = new Set(
    placeholders.flatMap(({ certificate }) => [`${certificate}.crt`, `${certificate}.key`]),
  )
  return certificates.filter((file) => isPlaceholderFile(file) && !shown.has(file))
}

/**
 * All but the one in use and one more: what is served where that is another one, else the one before. Also those that
 * were refused and never came into use: with the one that is written next there are never more than three.
 */
export function stale({ candidates, current, serving }: CandidatesSeen): string[] {
  const before = candidates.filter(
    ({ name }) => current === null || candidateNumber(name) < candidateNumber(current),
  )
  const served = candidates.findLast(({ name, digest }) => name === current && digest === serving)
    ? undefined
    : candidates.findLast(({ digest }) => digest !== null && digest === serving)
  const kept = [current, (served ?? before.at(-1))?.name]
  return candidates.map(({ name }) => name).filter((name) => !kept.includes(name))
}
