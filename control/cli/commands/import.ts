/** `cascata projects import FILE --ref NEW`: uploads an archive and makes a project of it. */
import { Operation } from '@cascata/shared/contract/operations'
import type { Command } from 'commander'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { showWithKeys } from '../project-view.ts'
import { keyHeaders, upload } from '../upload.ts'

type Options = {
  ref: string
  name?: string
  keys: string
  passphraseFile?: string
  identityFile?: string
  wait?: true
}

export function importCommand(projects: Command, context: Context): void {
  projects
    .command('import <file>')
    .description('make a project of a .caf archive')
    .requiredOption('--ref <ref>', 'ref of the new project')
    .option('--name <name>', "its name; the archive's when absent")
    .option('--keys <fresh|same>', "make new API keys or carry the archive's over", 'fresh')
    .option('--passphrase-file <file>', 'file that holds the passphrase the archive was sealed with')
    .option('--identity-file <file>', 'age identity (AGE-SECRET-KEY-1...) that can open it')
    .option('--wait', 'return when it answers')
    .action(async (file: string, options: Options, command: Command) => {
      if (!['fresh', 'same'].includes(options.keys))
        throw usage(`--keys takes "fresh" or "same", not "${options.keys}"`)
      const [client, output] = [await context.client(), context.output(command)]
      const query = new URLSearchParams({
        ref: options.ref,
        keys: options.keys,
        ...(options.name ? { name: options.name } : {}),
      })
      const headers = await keyHeaders(options)
      const { operation } = await client.send(
        'POST',
        `/v1/projects/import?${query}`,
        z.object({ operation: Operation }),
        {
          ...(await upload(file, output)),
          headers,
        },
      )
      if (!options.wait) {
        output.result(
          { ref: options.ref, operation: operation.id },
          `${options.ref}: accepted, operation ${operation.id}`,
        )
        return
      }
      await follow(client, output, operation.id)
      await showWithKeys(client, output, options.ref)
    })
}
