/** The steps by which Redis comes to let in whom it should, and nobody else. Pure. */
import type { Users } from './users.ts'

export type CountersObserved = {
  /** What is in the file that Redis reads when it starts. */
  text: string | null
  /** Names of the users it knows; null when it does not answer. */
  known: readonly string[] | null
}

export type CountersStep = { do: 'counters.write'; text: string } | { do: 'counters.read' }

export function planCounters(wanted: Users, seen: CountersObserved): CountersStep[] {
  const steps: CountersStep[] = []
  if (seen.text !== wanted.text) steps.push({ do: 'counters.write', text: wanted.text })
  // One that does not run reads it when it starts.
  if (seen.known !== null && !seen.known.includes(wanted.mark)) steps.push({ do: 'counters.read' })
  return steps
}
