/**
 * What is left to do of an upgrade, told from what is on the disk and in the row. Pure: a run after a kill asks the
 * same question and goes on.
 *
 * From `shut` to `keep` nobody outside reaches the project, so that all it accepted is either in the snapshot or in
 * what is kept: never in what an undo drops.
 */
import type { SnapshotState } from '../../adapters/snapshots.ts'

export type UpgradeSeen = {
  /** The row says that this operation has the project in hand. */
  held: boolean
  /** The row says that the project is of the new release. */
  kept: boolean
  snapshot: SnapshotState
}

export type UpgradeStep =
  /** Images, versions and room: what is wrong here costs nothing. */
  | 'check'
  /** The reconciler keeps off. */
  | 'hold'
  /** Nobody but control and the project's own containers reaches its sockets. */
  | 'shut'
  | 'stop'
  | 'snapshot'
  /** Both containers from the new images. */
  | 'replace'
  | 'migrate'
  | 'probe'
  /** In one change of the row: the new release for good, and served again. There is no way back from here. */
  | 'keep'
  | 'start'
  | 'discard'

export function planUpgrade({ held, kept, snapshot }: UpgradeSeen): UpgradeStep[] {
  if (kept && !held) return ['start', 'discard']
  // A snapshot that is whole was taken before the new release touched anything: it is never taken again.
  const copy: UpgradeStep[] = snapshot === 'whole' ? [] : ['shut', 'stop', 'snapshot']
  return [
    ...(held ? [] : (['check'] as const)),
    ...(['hold', ...copy] as const),
    ...(['replace', 'migrate', 'probe', 'keep', 'start', 'discard'] as const),
  ]
}

export type UndoStep =
  /** No container is left that could write. */
  | 'clear'
  | 'aside'
  | 'back'
  /** Served again, from the images the row names: the old ones. */
  | 'release'
  | 'discard'
  | 'start'

export function planUndo({ held, snapshot }: UpgradeSeen): UndoStep[] {
  // Not in hand (any more): whatever is there now has been served, and is not ours to take back.
  if (!held) return ['discard']
  const swap: UndoStep[] = snapshot === 'whole' ? ['clear', 'aside', 'back'] : []
  return [...swap, 'release', 'discard', 'start']
}
