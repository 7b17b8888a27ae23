/** Moving projects to another release. */
import { z } from 'zod'
import { Operation } from './operations.ts'

/** As Docker has it. */
export const ImageTag = z.string().regex(/^[\w][\w.-]{0,127}$/, 'a tag of an image')

export const UpgradeProject = z
  .strictObject({
    /** The instance's own when absent. */
    image_tag: ImageTag.optional(),
  })
  .meta({ id: 'UpgradeProject', examples: [{}, { image_tag: '0.2.0' }] })
export type UpgradeProject = z.infer<typeof UpgradeProject>

export const UpgradeProjects = z
  .strictObject({
    image_tag: ImageTag.optional(),
    /** So many at most before it is seen whether all is well. */
    wave: z.int().min(1).max(100).default(1),
  })
  .meta({ id: 'UpgradeProjects', examples: [{ wave: 5 }] })
export type UpgradeProjects = z.infer<typeof UpgradeProjects>

export const UpgradeStarted = z.object({ operation: Operation }).meta({ id: 'UpgradeStarted' })
export type UpgradeStarted = z.infer<typeof UpgradeStarted>
