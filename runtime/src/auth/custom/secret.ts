/** The secret we have at a custom provider, sealed where it is stored as second factors' are. */
import type { Project } from '../context.ts'
import { seal, type Unsealed, unseal } from '../factors/sealed.ts'

type Place = { project: Pick<Project, 'jwtSecret' | 'formerJwtSecrets'>; id: string }

/** Apart from the rows of other tables. */
const placed = ({ project, id }: Place): Place => ({ project, id: `custom_oauth_providers ${id}` })

export const sealSecret = (secret: string, place: Place): string => seal(secret, placed(place))

/** @returns undefined when it was sealed elsewhere. */
export const openSecret = (stored: string, place: Place): Unsealed | undefined =>
  unseal(stored, placed(place))
