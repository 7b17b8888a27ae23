/** What can go wrong with control itself. */
import { problem } from '../problem.ts'

export const ControlAlreadyRunning = problem('control-already-running', {
  status: 409,
  title: 'Another control is in charge',
  detail: (home: string, who: string) =>
    `Another control is in charge of ${home}: ${who}. Two would undo each other’s work, so this one ends.`,
  hint: 'Stop the other one first, or give this one a CASCATA_HOME, a CASCATA_INSTANCE and ports of its own.',
})
