/** What jobs need from outside: rows, secrets, places, and somebody to wake. All of it comes from main. */
import type { Clock } from '@cascata/shared/clock'
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import type { PgTools } from '../archive/cluster.ts'
import type { InstanceKeys } from '../archive/keys.ts'
import type { Effects } from '../reconcile/effects.ts'
import type { StepTo } from '../store/operations.ts'
import type { ListedProject } from '../store/projects.ts'
import type { Queries } from '../store/queries.ts'
import type { BackupRow } from '../store/tables/backups.ts'
import type { OperationRow } from '../store/tables/operations.ts'
import type { ProjectRow, projects } from '../store/tables/projects.ts'
import type { UpgradeWorld } from './upgrade/world.ts'

export type JobStore = {
  operations: {
    find(id: string): Promise<OperationRow | undefined>
    listOpen(): Promise<OperationRow[]>
    start(id: string): Promise<void>
    step(id: string, name: string, to: StepTo): Promise<void>
    /** 0 to 1. */
    progress(id: string, progress: number): Promise<void>
    succeed(id: string, result?: Record<string, unknown>): Promise<void>
    /** It will fail for this, once what it did is undone. */
    verdict(id: string, problem: NonNullable<OperationRow['problem']>): Promise<void>
    fail(id: string, problem: NonNullable<OperationRow['problem']>): Promise<void>
  }
  backups: {
    find(id: string): Promise<BackupRow | undefined>
    ready(
      id: string,
      outcome: { bytes: number; sha256: string; summary: Record<string, unknown> },
    ): Promise<void>
    fail(id: string): Promise<void>
  }
  projects: {
    find(ref: string): Promise<ProjectRow | undefined>
    list(): Promise<ListedProject[]>
    /** Undefined when the ref is taken. */
    insert(row: typeof projects.$inferInsert): Promise<ProjectRow | undefined>
    change(
      ref: string,
      patch: Partial<
        Pick<ProjectRow, 'desired' | 'importing' | 'imageTag' | 'asleepSince' | 'deletedAt' | 'purgeAfter'>
      >,
    ): Promise<ProjectRow | undefined>
    /** Counts the generation up, so that the reconciler starts the rest. */
    clearImporting(ref: string): Promise<ProjectRow | undefined>
  }
  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result>
}

export type JobDeps = {
  store: JobStore
  /** What the operation's input keeps sealed. */
  openInput(operation: OperationRow): { passphrase?: string | undefined; identity?: string | undefined }
  secrets: {
    fresh(ref: string): Promise<ProjectSecrets>
    seal(ref: string, secrets: ProjectSecrets): string
    open(project: ProjectRow): ProjectSecrets
  }
  /** `CASCATA_HOME` as paths. */
  paths: { home: string; backups: string; imports: string; project(ref: string): { dbSocketDir: string } }
  effects: Effects
  keys: InstanceKeys
  tools: PgTools
  /** Release and instance name, written into each archive. */
  origin: { cascata: string; instance: string }
  clock: Clock
  /** Keeps a project from falling asleep; returns how to let go. */
  hold(ref: string): () => void
  /** Settles when a project that slept answers. */
  wake(ref: string): Promise<unknown>
  /** What an upgrade has its hands on. */
  upgrade: UpgradeWorld
  /** Wakes the projects reconciler. */
  kick(ref: string): void
}

/** One run of an operation; `signal` is the shutdown of control. */
export type JobRun = {
  operation: OperationRow
  deps: JobDeps
  steps: Steps
  signal: AbortSignal
}

export type Steps = {
  /** Marks it running, does it, marks it done. */
  run<Result>(name: string, work: () => Promise<Result>): Promise<Result>
  /** Was it done by this run or by one before a kill? */
  isDone(name: string): boolean
  /** Takes part of the bar: `progress(0.5)` of a share from 0.2 to 0.6 shows 0.4. */
  share(from: number, to: number): (done: number) => void
}

/** What the operation answers when it is done; null: it waits for others, and is to be run again when one of them ends. */
export type Job = (run: JobRun) => Promise<Record<string, unknown> | null>
