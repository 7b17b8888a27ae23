/**
 * The process: reads its configuration, starts the runtime, and ends it on SIGTERM or SIGINT.
 *
 * A failure nobody caught ends it at once: whoever runs it starts it again, and a process in an unknown state
 * answers nobody.
 */
import { type Config, readConfig } from './config.ts'
import { type Log, openLog } from './gate/logger.ts'
import { parts } from './parts.ts'
import { startRuntime } from './runtime.ts'

/** A configuration nobody can start with; the same for ever, so no reason to start again. */
const EXIT_CONFIG = 2

export async function main(args: readonly string[]): Promise<void> {
  const config = configOrExit(args)
  const log = openLog(config.logLevel)
  const die = (reason: string) => (err: unknown) => exitWith(log, { code: 1, reason, err })
  process.on('uncaughtException', die('uncaught exception'))
  process.on('unhandledRejection', die('unhandled rejection'))

  const runtime = await startRuntime({ config, parts, logger: log.logger }).catch(die('could not start'))
  if (!runtime) return
  runtime.started.catch(die('a service could not start'))

  let isStopping = false
  const stop = (signal: NodeJS.Signals) => {
    // The second signal is meant: somebody does not want to wait.
    if (isStopping) exitWith(log, { code: 1, reason: `${signal} again` })
    isStopping = true
    runtime.stop().then(() => exitWith(log, { code: 0, reason: signal }), die('could not stop'))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

function configOrExit(args: readonly string[]): Config {
  try {
    return readConfig(args)
  } catch (error) {
    process.stderr.write(`cascata-runtime: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(EXIT_CONFIG)
  }
}

function exitWith(
  { logger, flush }: Log,
  { code, reason, err }: { code: number; reason: string; err?: unknown },
): void {
  if (err === undefined) logger.info({ reason }, 'exit')
  else logger.fatal({ err, reason }, 'exit')
  flush()
  process.exit(code)
}

// Bundled, this file is the program; otherwise `bin.mjs` calls.
if (import.meta.main) await main(process.argv.slice(2))
