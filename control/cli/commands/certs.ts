/** `cascata certs ...` and `cascata dns-provider ...`: certificates, and how domains are shown to be ours. */
import { readFile } from 'node:fs/promises'
import { Certificate, Certificates } from '@cascata/shared/contract/certificates'
import { DnsProviderView } from '@cascata/shared/contract/dns-provider'
import type { Command } from 'commander'
import { z } from 'zod'
import { type Context, path } from '../context.ts'
import { EXIT, Failure, usage } from '../failure.ts'
import { list, table } from '../output.ts'

export function certCommands(program: Command, context: Context): void {
  const certs = program.command('certs').description('certificates of the instance and of projects’ domains')
  listCommand(certs, context)
  certs
    .command('show <name>')
    .description('everything about the certificate of a name')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { items } = await (await context.client()).get('/v1/certificates', Certificates)
      const found = items.find((each) => each.name === name || each.names.includes(name))
      if (!found)
        throw new Failure(EXIT.failed, 'certificate-not-found', `there is no certificate of ${name}`)
      context.output(command).result(found, list(found))
    })
  certs
    .command('renew <name>')
    .description('ask for a new one now, as far as the authority’s limits allow')
    .option('--project <ref>', 'as its project’s owner')
    .action(async (name: string, { project }: { project?: string }, command: Command) => {
      const place =
        project === undefined
          ? path`/v1/certificates/${name}/renew`
          : path`/v1/projects/${project}/certificates/${name}/renew`
      const found = await (await context.client()).send('POST', place, Certificate)
      context.output(command).result(found, list(found))
    })
  uploadCommands(certs, context)
  dnsProviderCommands(program, context)
}

function listCommand(certs: Command, context: Context): void {
  certs
    .command('list')
    .description('all of them, or those of one project')
    .option('--project <ref>', 'only the names of this project')
    .action(async ({ project }: { project?: string }, command: Command) => {
      const place = project === undefined ? '/v1/certificates' : path`/v1/projects/${project}/certificates`
      const { items } = await (await context.client()).get(place, Certificates)
      const rows = items.map((each) => [
        each.name,
        each.project_ref,
        each.state,
        each.source,
        each.days_left,
        each.issuer,
        each.last_error?.code,
        each.next_try_at,
      ])
      const head = ['NAME', 'PROJECT', 'STATE', 'SOURCE', 'DAYS LEFT', 'ISSUER', 'LAST ERROR', 'NEXT TRY']
      context.output(command).result({ items }, table(head, rows))
    })
}

type Upload = { cert: string; key: string; trusted?: true }

function uploadCommands(certs: Command, context: Context): void {
  const place = (ref: string, name: string) => path`/v1/projects/${ref}/domains/${name}/certificate`
  certs
    .command('upload <ref> <name>')
    .description('serve a name with a certificate of your own')
    .requiredOption('--cert <file>', 'PEM: the certificate and its chain')
    .requiredOption('--key <file>', 'PEM: its private key')
    .option('--trusted', 'send clients to HTTPS for it, although nobody else has signed it')
    .action(async (ref: string, name: string, options: Upload, command: Command) => {
      const [certificate, key] = await Promise.all([textOf(options.cert), textOf(options.key)])
      const client = await context.client()
      const body = { certificate, key, ...(options.trusted && { trusted: true }) }
      const found = await client.send('PUT', place(ref, name), Certificate, { body })
      context.output(command).result(found, list(found))
    })
  certs
    .command('remove-upload <ref> <name>')
    .description('go back to the certificate that the authority gives')
    .action(async (ref: string, name: string, _options: unknown, command: Command) => {
      await (await context.client()).send('DELETE', place(ref, name), z.unknown())
      context.output(command).result({ name, removed: true }, `${name}: removed`)
    })
}

function dnsProviderCommands(program: Command, context: Context): void {
  const provider = program
    .command('dns-provider')
    .description('who puts up DNS records for the wildcard certificate')
  provider
    .command('show')
    .description('what is set, without its secrets')
    .action(async (_options: unknown, command: Command) => {
      const found = await (await context.client()).get('/v1/dns-provider', DnsProviderView)
      context.output(command).result(found, list(found))
    })
  provider
    .command('set <file>')
    .description('set it from a JSON file (its shape is at /reference); "-" reads stdin')
    .action(async (file: string, _options: unknown, command: Command) => {
      const body = parsed(await textOf(file === '-' ? '/dev/stdin' : file))
      const found = await (await context.client()).send('PUT', '/v1/dns-provider', DnsProviderView, { body })
      context.output(command).result(found, list(found))
    })
  provider
    .command('remove')
    .description('take it away')
    .action(async (_options: unknown, command: Command) => {
      await (await context.client()).send('DELETE', '/v1/dns-provider', z.unknown())
      context.output(command).result({ removed: true }, 'removed')
    })
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw usage(`${file} cannot be read`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw usage('the file is not JSON')
  }
}
