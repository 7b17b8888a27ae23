/** `cascata backups ...` */
import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Backup } from '@cascata/shared/contract/backups'
import { Operation } from '@cascata/shared/contract/operations'
import type { Command } from 'commander'
import { z } from 'zod'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { list, type Output, table } from '../output.ts'
import { listAll } from '../pages.ts'
import { readSecretFile } from '../secrets.ts'
import { keyHeaders, upload } from '../upload.ts'

const AcceptedBackup = Backup.extend({ operation: Operation })

export function backupCommands(program: Command, context: Context): void {
  const backups = program.command('backups').description('encrypted archives of projects')
  createCommand(backups, context)
  listCommand(backups, context)
  downloadCommand(backups, context)
  verifyCommand(backups, context)
  restoreCommand(backups, context)
  deleteCommand(backups, context)
}

type CreateOptions = { recipient: string[]; passphraseFile?: string; wait?: true }

function createCommand(backups: Command, context: Context): void {
  backups
    .command('create <ref>')
    .description('back a project up')
    .option(
      '--recipient <recipient>',
      'a further age recipient, age1... (may be repeated)',
      (value, all: string[]) => [...all, value],
      [],
    )
    .option('--passphrase-file <file>', 'seal it with the passphrase in this file alone')
    .option('--wait', 'return when it is written')
    .action(async (ref: string, options: CreateOptions, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const passphrase = options.passphraseFile
        ? { passphrase: await readSecretFile(options.passphraseFile) }
        : {}
      const body = { recipients: options.recipient, ...passphrase }
      const accepted = await client.send('POST', path`/v1/projects/${ref}/backups`, AcceptedBackup, { body })
      if (!options.wait) {
        output.result(accepted, `${accepted.id}: accepted, operation ${accepted.operation.id}`)
        return
      }
      await follow(client, output, accepted.operation.id)
      const backup = await client.get(path`/v1/backups/${accepted.id}`, Backup)
      output.result(backup, list(backup))
    })
}

function listCommand(backups: Command, context: Context): void {
  backups
    .command('list <ref>')
    .description("a project's archives, newest first")
    .action(async (ref: string, _options: unknown, command: Command) => {
      const items = await listAll(await context.client(), path`/v1/projects/${ref}/backups`, Backup)
      const rows = items.map((backup) => [backup.id, backup.status, backup.bytes, backup.created_at])
      context.output(command).result(items, table(['ID', 'STATUS', 'BYTES', 'CREATED'], rows))
    })
}

function downloadCommand(backups: Command, context: Context): void {
  backups
    .command('download <id>')
    .description('fetch an archive')
    .requiredOption('--output <file>', 'where to write it')
    .option('--force', 'replace a file that is there')
    .action(async (id: string, options: { output: string; force?: true }, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const there = await stat(options.output).catch(() => undefined)
      if (there && !options.force)
        throw usage(`${options.output} is already there`, 'Name another file, or add --force.')
      const response = await client.open(path`/v1/backups/${id}/file`, { headers: { accept: '*/*' } })
      const bytes = await save(response, options.output, output)
      output.result({ id, output: options.output, bytes }, `${options.output}  ${bytes} bytes`)
    })
}

/** Writes beside the target first: an interrupted download leaves no half file under its name. */
async function save(response: Response, target: string, output: Output): Promise<number> {
  const total = Number(response.headers.get('content-length')) || undefined
  const partial = `${target}.partial`
  let bytes = 0
  async function* counted() {
    if (!response.body) return
    for await (const chunk of response.body) {
      bytes += chunk.length
      output.bytes(`download ${target}`, bytes, total)
      yield chunk
    }
  }
  try {
    await pipeline(Readable.from(counted()), createWriteStream(partial, { mode: 0o600 }))
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  return bytes
}

type KeyOptions = { passphraseFile?: string; identityFile?: string }

function verifyCommand(backups: Command, context: Context): void {
  backups
    .command('verify <file>')
    .description('read all of an archive, check every byte, restore nothing')
    .option('--passphrase-file <file>', 'file that holds its passphrase')
    .option('--identity-file <file>', 'age identity that can open it')
    .action(async (file: string, options: KeyOptions, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const summary = await client.send('POST', '/v1/backups/verify', z.record(z.string(), z.unknown()), {
        ...(await upload(file, output)),
        headers: await keyHeaders(options),
      })
      output.result({ ok: true, ...summary }, `${file} is whole\n${list(summary)}`)
    })
}

function restoreCommand(backups: Command, context: Context): void {
  backups
    .command('restore <id>')
    .description("put a backup's data back in place of its project's")
    .option('--yes', 'do it without asking')
    .option('--passphrase-file <file>', 'file that holds its passphrase')
    .option('--identity-file <file>', "age identity that can open it, where the instance's own does not")
    .option('--wait', 'return when it is done')
    .action(async (id: string, options: KeyOptions & { yes?: true; wait?: true }, command: Command) => {
      if (!options.yes) throw usage(`"backups restore ${id}" needs --yes: what was written since is replaced`)
      const [client, output] = [await context.client(), context.output(command)]
      const { passphraseFile, identityFile } = options
      const body = {
        ...(passphraseFile && { passphrase: await readSecretFile(passphraseFile) }),
        ...(identityFile && { identity: await readSecretFile(identityFile) }),
      }
      const started = z.object({ operation: Operation })
      const { operation } = await client.send('POST', path`/v1/backups/${id}/restore`, started, { body })
      if (options.wait) await follow(client, output, operation.id)
      output.result(
        { id, operation: operation.id },
        options.wait ? `${id}: restored` : `${id}: accepted, operation ${operation.id}`,
      )
    })
}

function deleteCommand(backups: Command, context: Context): void {
  backups
    .command('delete <id>')
    .description('delete a backup and its file for good')
    .option('--yes', 'do it without asking')
    .action(async (id: string, options: { yes?: true }, command: Command) => {
      if (!options.yes) throw usage(`"backups delete ${id}" needs --yes: nothing brings it back`)
      await (await context.client()).send('DELETE', path`/v1/backups/${id}`, z.unknown())
      context.output(command).result({ id, deleted: true }, `${id}: deleted`)
    })
}
