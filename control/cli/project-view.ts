/** A project as the commands print it. */
import { Operation } from '@cascata/shared/contract/operations'
import { Project, ProjectKeys } from '@cascata/shared/contract/projects'
import type { Client } from './client.ts'
import { path } from './context.ts'
import { follow } from './follow.ts'
import { list, type Output } from './output.ts'

/** What control answers when it has taken an order for a project. */
export const Accepted = Project.extend({ operation: Operation })

/** The project and its keys: what a script needs to call it. */
export async function showWithKeys(
  client: Client,
  output: Output,
  ref: string,
  operation?: string,
): Promise<void> {
  const [project, keys] = await Promise.all([
    client.get(path`/v1/projects/${ref}`, Project),
    client.get(path`/v1/projects/${ref}/keys`, ProjectKeys),
  ])
  const { name, status, url } = project
  const document = {
    ref: project.ref,
    name,
    status,
    url,
    ...keys,
    ...(operation === undefined ? {} : { operation }),
  }
  output.result(document, list(document))
}

/** The end of a command that changes a project: what was accepted, or with `wait` what came of it. */
export async function finish(
  client: Client,
  output: Output,
  { accepted, wait }: { accepted: typeof Accepted._output; wait: boolean },
): Promise<void> {
  if (!wait) {
    output.result(accepted, `${accepted.ref}: accepted, operation ${accepted.operation.id}`)
    return
  }
  await follow(client, output, accepted.operation.id)
  const project = await client.get(path`/v1/projects/${accepted.ref}`, Project)
  output.result(project, list(project))
}
