/**
 * The process: reads its configuration, starts control, and ends it on SIGTERM or SIGINT. `admin-link` beside a
 * running control prints a new one-time link instead, whether or not the instance has an owner.
 *
 * A failure nobody caught ends it at once: whoever runs it starts it again, and what was half done converges.
 */
import { Problem } from '@cascata/shared/problem'
import { ControlAlreadyRunning } from '@cascata/shared/problems/control'
import type { Logger } from 'pino'
import { openLog } from './adapters/log.ts'
import { type Config, readConfig } from './config.ts'
import { newAdminLink, startDaemon } from './daemon.ts'

/** A configuration nobody can start with; the same for ever, so no reason to start again. */
const EXIT_CONFIG = 2
/** Somebody else does the work. */
const EXIT_NOT_ALONE = 3
const STOP_WITHIN_MS = 25_000

export async function main(args: readonly string[]): Promise<void> {
  const config = configOrExit()
  if (args[0] === 'admin-link') return printAdminLink(config)
  if (args.length > 0) exitWith(EXIT_CONFIG, `unknown argument ${args[0]}: there is only "admin-link"`)

  const log = openLog(config.logLevel)
  const die = (reason: string) => (err: unknown) => {
    log.fatal({ err }, reason)
    process.exit(1)
  }
  process.on('uncaughtException', die('uncaught exception'))
  process.on('unhandledRejection', die('unhandled rejection'))
  await run(config, log).catch((error: unknown) => {
    if (error instanceof Problem && error.code === ControlAlreadyRunning.code) return giveWay(log, error)
    return die('could not start')(error)
  })
}

function giveWay(log: Logger, { code, message, hint }: Problem): never {
  log.fatal({ code, hint, page: `/problems/${code}` }, message)
  process.exit(EXIT_NOT_ALONE)
}

async function run(config: Config, log: Logger): Promise<void> {
  const { version, instance, home, domain } = config
  log.info({ version, instance, home, domain }, 'starting')
  const startedAt = performance.now()
  const daemon = await startDaemon(config, log)
  void daemon.displaced.then((problem) => giveWay(log, problem))
  let isStopping = false
  const stop = (signal: NodeJS.Signals) => {
    // The second signal is meant: somebody does not want to wait.
    if (isStopping) process.exit(1)
    isStopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    daemon.stop().then(
      () => process.exit(0),
      (err: unknown) => {
        log.error({ err }, 'stopped badly')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  log.info({ ms: Math.round(performance.now() - startedAt) }, 'ready')
  const link = await daemon.adminLink()
  if (link !== undefined) process.stdout.write(`${linkLine(link)}\n`)
}

async function printAdminLink(config: Config): Promise<void> {
  process.stdout.write(`${linkLine(await newAdminLink(config, openLog('silent')))}\n`)
}

const linkLine = (link: string) => `Admin link (15 minutes, once): ${link}`

function configOrExit(): Config {
  try {
    return readConfig()
  } catch (error) {
    return exitWith(EXIT_CONFIG, error instanceof Error ? error.message : String(error))
  }
}

function exitWith(code: number, text: string): never {
  process.stderr.write(`cascata-control: ${text}\n`)
  process.exit(code)
}

// Bundled, this file is the program.
if (import.meta.main) await main(process.argv.slice(2))
