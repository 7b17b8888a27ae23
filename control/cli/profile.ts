/** Where control is and who we are: one file, readable by its owner alone. */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { CliConfig } from './config.ts'
import { EXIT, Failure } from './failure.ts'

export const Profile = z.object({ control_url: z.url(), token: z.string().min(1) })
export type Profile = z.infer<typeof Profile>

export async function readProfile(config: CliConfig): Promise<Profile> {
  const text = await readFile(config.profilePath, 'utf8').catch(() => undefined)
  const stored = text === undefined ? undefined : parseProfile(text, config.profilePath)
  const control_url = config.controlUrl ?? stored?.control_url
  const token = config.token ?? stored?.token
  if (control_url !== undefined && token !== undefined) return { control_url, token }
  throw new Failure(
    EXIT.notAllowed,
    'not-signed-in',
    `no instance is known: ${config.profilePath} is missing`,
    {
      hint: 'Run "cascata login LINK" with the admin link that control printed, or set CASCATA_URL and CASCATA_TOKEN.',
    },
  )
}

function parseProfile(text: string, path: string): Profile {
  try {
    return Profile.parse(JSON.parse(text))
  } catch (error) {
    throw new Failure(
      EXIT.usage,
      'profile-broken',
      `${path} is not a profile (${error instanceof Error ? error.name : 'unreadable'})`,
      {
        hint: 'Delete the file and run "cascata login LINK" again.',
      },
    )
  }
}

export async function writeProfile(config: CliConfig, profile: Profile): Promise<void> {
  await mkdir(dirname(config.profilePath), { recursive: true, mode: 0o700 })
  const partial = `${config.profilePath}.${process.pid}`
  await writeFile(partial, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600 })
  await rename(partial, config.profilePath)
}

/** The file's permission bits, or undefined when there is none. */
export async function profileMode(config: CliConfig): Promise<number | undefined> {
  return stat(config.profilePath).then(
    (found) => found.mode & 0o777,
    () => undefined,
  )
}
