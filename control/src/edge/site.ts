/**
 * What nginx serves, as a model. Names reach the configuration's text only through the brands made here: what has
 * passed them holds no character that means anything to nginx.
 */
import { Domain } from '@cascata/shared/domain'
import { ProjectRef } from '@cascata/shared/ids'
import { z } from 'zod'

export const Slot = z.int().min(1).max(99).brand<'Slot'>()
export type Slot = z.infer<typeof Slot>

/** Where control answers, as people reach it; no slash at the end. */
export const ControlUrl = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.-]+(?::[0-9]{1,5})?$/)
  .brand<'ControlUrl'>()
export type ControlUrl = z.infer<typeof ControlUrl>

export const ProjectSite = z.object({
  ref: ProjectRef,
  bodyBytesMax: z.int().positive(),
  /** Where its requests go; or why they go nowhere. */
  answer: z.union([z.object({ slots: z.array(Slot).min(1) }), z.enum(['paused', 'importing'])]),
})
export type ProjectSite = z.infer<typeof ProjectSite>

export const EdgeSite = z.object({
  domain: Domain,
  controlUrl: ControlUrl,
  workers: z.int().min(1).max(64),
  projects: z.array(ProjectSite),
})
export type EdgeSite = z.infer<typeof EdgeSite>

/** Slots by ref, as this site serves them. */
export const routesOf = (site: EdgeSite): Record<string, number> =>
  Object.fromEntries(
    site.projects.flatMap(({ ref, answer }) =>
      typeof answer === 'string' ? [] : [[ref, answer.slots[0] ?? 0]],
    ),
  )
