/**
 * Environment and arguments -> one frozen `Config`. Nobody else reads either.
 *
 * In a project's container the environment says where the document and the socket are; `--config FILE` starts a
 * runtime by itself.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { LogLevel } from './gate/logger.ts'
import type { Endpoint } from './http/door.ts'
import { ConfigInvalid } from './standalone/values.ts'
import { parseStandalone, type Standalone } from './standalone.ts'

export type Config = {
  readonly listen: Endpoint
  readonly logLevel: LogLevel
  /** Where the project is described: a file that is watched, or what was read once. */
  readonly source: { readonly file: string } | Pick<Standalone, 'document' | 'jwtSecret'>
  /** Worth a warning in the log. */
  readonly ignored: readonly string[]
}

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'silent']

/** @throws ConfigInvalid */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Config {
  const file = configFile(args)
  return Object.freeze(file === undefined ? fromEnvironment(env) : fromFile(file))
}

function configFile(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { config: { type: 'string' } } }).values.config
  } catch (error) {
    throw new ConfigInvalid(error instanceof Error ? error.message : 'arguments: only --config FILE is known')
  }
}

function fromEnvironment(env: NodeJS.ProcessEnv): Config {
  const { CASCATA_PROJECT_FILE: file, CASCATA_SOCKET: socket, CASCATA_LOG_LEVEL: level = 'info' } = env
  if (!file) throw new ConfigInvalid('CASCATA_PROJECT_FILE is not set (or start with --config FILE)')
  if (!socket) throw new ConfigInvalid('CASCATA_SOCKET is not set')
  const logLevel = LEVELS.find((known) => known === level)
  if (!logLevel) throw new ConfigInvalid(`CASCATA_LOG_LEVEL: one of ${LEVELS.join(', ')}`)
  return { listen: { socket }, logLevel, source: { file }, ignored: [] }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigInvalid(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function fromFile(file: string): Config {
  const { document, jwtSecret, listen, logLevel, ignored } = parseStandalone(readText(file), readText)
  return { listen, logLevel, source: { document, jwtSecret }, ignored }
}
