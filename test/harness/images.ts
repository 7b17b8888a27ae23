/** Further releases for the tests: the images under test once more under another tag, with or without a change. */
import { testConfig } from './config.ts'
import { output } from './run.ts'

type Name = 'postgres' | 'runtime'

const imageOf = (name: Name, tag: string) => `cascata-${name}:${tag}`

/** `lines` go on where the Dockerfile of the image under test ends. */
export async function makeRelease(
  tag: string,
  changes: Partial<Record<Name, readonly string[]>> = {},
): Promise<void> {
  for (const name of ['postgres', 'runtime'] as const) {
    const [from, lines] = [imageOf(name, testConfig.imageTag), changes[name] ?? []]
    if (lines.length === 0) {
      await output('docker', ['tag', from, imageOf(name, tag)])
      continue
    }
    const dockerfile = Buffer.from([`FROM ${from}`, ...lines].join('\n'))
    await output('docker', ['build', '--force-rm', '--tag', imageOf(name, tag), '-'], { stdin: dockerfile })
  }
}

/** A tenant migration that comes with a release. */
export const migrationLine = (name: string, sql: string): string =>
  `RUN printf '%s' '${sql.replaceAll("'", `'"'"'`)}' > /usr/share/cascata/tenant/${name}.sql`

/** Those that containers are still made from stay until these are gone. */
export async function removeReleases(...tags: string[]): Promise<void> {
  const all = tags.flatMap((tag) => [imageOf('postgres', tag), imageOf('runtime', tag)])
  await output('docker', ['rmi', '--force', ...all])
}
