/** The `cascata` command: a client of the control API, with Supabase CLI's words. */
import { VERSION } from '@cascata/shared/version'
import { Command, CommanderError } from 'commander'
import { apiCommands } from './commands/api.ts'
import { authCommands } from './commands/auth.ts'
import { backupCommands } from './commands/backups.ts'
import { certCommands } from './commands/certs.ts'
import { completionCommand } from './commands/completion.ts'
import { dbCommands } from './commands/db.ts'
import { domainCommands } from './commands/domains.ts'
import { genCommands } from './commands/gen.ts'
import { instanceCommands } from './commands/instance.ts'
import { logsCommand } from './commands/logs.ts'
import { operationCommands } from './commands/operations.ts'
import { projectCommands } from './commands/projects.ts'
import { tokenCommands } from './commands/tokens.ts'
import { readConfig } from './config.ts'
import { createContext } from './context.ts'
import { EXIT, Failure } from './failure.ts'
import { createOutput } from './output.ts'

export function buildProgram(context = createContext(readConfig())): Command {
  const program = new Command('cascata')
    .description('Projects, backups and keys of a Cascata instance.')
    .version(VERSION)
    .option('--json', 'print one JSON document on stdout and nothing else there')
    .showHelpAfterError('(run with --help for the options)')
    .exitOverride()
  instanceCommands(program, context)
  projectCommands(program, context)
  authCommands(program, context)
  domainCommands(program, context)
  dbCommands(program, context)
  genCommands(program, context)
  apiCommands(program, context)
  backupCommands(program, context)
  certCommands(program, context)
  operationCommands(program, context)
  logsCommand(program, context)
  tokenCommands(program, context)
  completionCommand(program)
  return program
}

async function main(argv: string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(argv, { from: 'user' })
    return EXIT.ok
  } catch (error) {
    // Commander has printed its own message; help and version are no failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const failure =
      error instanceof Failure
        ? error
        : new Failure(EXIT.failed, 'unexpected', error instanceof Error ? error.message : String(error))
    createOutput(argv.includes('--json')).failure(failure)
    return failure.exit
  }
}

process.exitCode = await main(process.argv.slice(2))
