/** Something asked for that takes longer than a request. */
import { z } from 'zod'

export const OperationKind = z.enum([
  'project.create',
  'project.pause',
  'project.resume',
  'project.restart',
  'project.sleep',
  'project.wake',
  'project.update',
  'project.rotate-keys',
  'project.rotate-db-password',
  'project.delete',
  'project.undelete',
  'project.import',
  'project.upgrade',
  'projects.upgrade',
  'backup.create',
  'backup.restore',
])
export type OperationKind = z.infer<typeof OperationKind>

export const OperationStatus = z.enum(['pending', 'running', 'succeeded', 'failed'])
export type OperationStatus = z.infer<typeof OperationStatus>

export const OperationStep = z.object({
  name: z.string(),
  status: z.enum(['running', 'done', 'failed']),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  /** What it waits for, where it waits. */
  detail: z.string().optional(),
})
export type OperationStep = z.infer<typeof OperationStep>

export const Operation = z
  .object({
    id: z.uuid(),
    kind: OperationKind,
    ref: z.string(),
    status: OperationStatus,
    /** 0 to 1. */
    progress: z.number(),
    steps: z.array(OperationStep),
    result: z.record(z.string(), z.unknown()).nullable(),
    problem: z.object({ code: z.string(), title: z.string(), detail: z.string() }).nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'Operation' })
export type Operation = z.infer<typeof Operation>
