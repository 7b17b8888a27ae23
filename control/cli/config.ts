/** The CLI's view of its environment: nothing else here reads it. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export type CliConfig = {
  profilePath: string
  /** From the environment; they win over the profile. */
  controlUrl: string | undefined
  token: string | undefined
  colour: boolean
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  const base = env.XDG_CONFIG_HOME ?? join(homedir(), '.config')
  return {
    profilePath: env.CASCATA_PROFILE ?? join(base, 'cascata', 'profile.json'),
    controlUrl: env.CASCATA_URL,
    token: env.CASCATA_TOKEN,
    colour: !env.NO_COLOR && process.stderr.isTTY === true,
  }
}
