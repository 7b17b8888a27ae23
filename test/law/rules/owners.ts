/** What has one place in the house: a package, the environment, a shell. */
import { type Breach, breachesOf, importsOf, type SourceFile, viewsOf } from '../source.ts'

type Owner = { module: RegExp; at: RegExp; rule: string; where: string }

const OWNERS: readonly Owner[] = [
  { module: /^(?:hono|@hono)(?:\/|$)/, at: /\/(?:http|routes)\//, rule: 'hono', where: 'http/ and routes/' },
  {
    module: /^drizzle-(?:orm|kit)(?:\/|$)/,
    at: /^control\/(?:src\/store\/|drizzle\.config\.ts$)/,
    rule: 'drizzle',
    where: 'control/src/store',
  },
  {
    module: /^dockerode$/,
    at: /^control\/src\/engine\/docker\//,
    rule: 'dockerode',
    where: 'control/src/engine/docker',
  },
]

export function strayPackages(files: readonly SourceFile[]): Breach[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ specifier, line }) =>
      OWNERS.filter(({ module, at }) => module.test(specifier) && !at.test(file.path)).map(
        ({ rule, where }) => ({
          file: file.path,
          line,
          rule,
          detail: `${specifier} is for ${where} only`,
        }),
      ),
    ),
  )
}

/** One file of a package reads the environment, and one of the tests; what is below docker/ runs by itself, in a container or before anything is built. */
const READS_ENVIRONMENT =
  /^(?:docker\/|(?:control\/src|control\/cli|runtime\/src)\/config\.ts$|test\/(?:.+\/)?config\.ts$)/

export function strayEnvironment(files: readonly SourceFile[]): Breach[] {
  const detail = 'the environment is read in config.ts only'
  return files
    .filter(({ path }) => !READS_ENVIRONMENT.test(path))
    .flatMap((file) => {
      const views = viewsOf(file.text)
      const direct = breachesOf(file, views.code, {
        pattern: /\bprocess\s*(?:\?\.|\.)\s*env\b/g,
        rule: 'environment',
        detail,
      })
      const taken = /\{[^}]*\benv\b[^}]*\}\s*(?:=\s*process\b|from\s*['"](?:node:)?process['"])/g
      return [...direct, ...breachesOf(file, views.bare, { pattern: taken, rule: 'environment', detail })]
    })
}

/** Images and tests may hand a line to a shell inside a container; the house itself never. */
const MAY_USE_SHELL = /^(?:docker|test)\//

export function shellStrings(files: readonly SourceFile[]): Breach[] {
  return files.flatMap((file) => {
    const { code, bare } = viewsOf(file.text)
    const rule = 'no-shell'
    const shell = breachesOf(file, code, {
      pattern: /\bshell\s*:\s*(?!false\b)\S/g,
      rule,
      detail: 'no shell option',
    })
    const taken =
      /\b(?:import|const)\s*\{[^}]*\bexec(?:Sync)?\b(?!File)[^}]*\}\s*(?:from\s*|=\s*(?:await\s+import|require)\s*\(\s*)['"](?:node:)?child_process['"]/g
    const exec = breachesOf(file, bare, {
      pattern: taken,
      rule,
      detail: 'exec takes a shell string: use spawn or execFile',
    })
    const called = /\bchild_?[pP]rocess\s*\.\s*exec(?:Sync)?\s*\(/g
    const member = breachesOf(file, code, {
      pattern: called,
      rule,
      detail: 'exec takes a shell string: use spawn or execFile',
    })
    if (MAY_USE_SHELL.test(file.path)) return [...shell, ...exec, ...member]
    const words = /(['"])(?:\/bin\/|\/usr\/bin\/)?(?:ba|da|z|k)?sh\1\s*,\s*(['"])-[a-z]*c[a-z]*\2/g
    return [
      ...shell,
      ...exec,
      ...member,
      ...breachesOf(file, bare, { pattern: words, rule, detail: 'sh -c takes a shell string' }),
    ]
  })
}
