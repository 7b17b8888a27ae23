/** The log: JSON lines on stdout. No secret is ever handed to it; should one be by mistake, it is struck out by its name. */
import { type DestinationStream, type Logger, pino } from 'pino'

const SECRET_NAMES = [
  'authorization',
  'token',
  'password',
  'passwords',
  'passphrase',
  'identity',
  'secret',
  'secrets',
  'jwtSecret',
  'formerJwtSecrets',
  'anonKey',
  'serviceRoleKey',
  'anon_key',
  'service_role_key',
  'apikey',
  'cookie',
]

const paths = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

export const openLog = (level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[struck out]' },
    },
    ...(destination ? [destination] : []),
  )
