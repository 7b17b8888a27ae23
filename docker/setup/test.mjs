/**
 * `npm test`: the same set-up as `npm start` up to the images, then every check and every test there is. The very
 * last line counts the tests.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { aptInstall } from './apt.mjs'
import { command } from './command.mjs'
import { childEnv, config } from './config.mjs'
import { prepare } from './prepare.mjs'
import { has, run } from './process.mjs'
import { Steps } from './steps.mjs'
import { closingLine, failuresOf, sum, tallyOf } from './tally.mjs'

const CHECKS = ['format:check', 'lint', 'types']
/** What needs nothing first, so that a slip shows early; what shares the engine one after the other. */
const RUNS = [['unit', 'law'], ['golden'], ['contract'], ['safety'], ['acceptance'], ['faults']]

await command(async () => {
  const steps = new Steps()
  await prepare(steps)
  await steps.run('test tools', ensureCommands)
  const broken = []
  for (const check of CHECKS) if (!(await passes(steps, check))) broken.push(check)

  const tallies = []
  for (const projects of RUNS) tallies.push(await testRun(steps, projects))
  const total = sum(tallies)
  steps.say()
  // Once more at the end: what was said of them when they ran is long out of sight.
  for (const text of tallies.flatMap(({ failures }) => failures)) steps.say(`FAILED ${text}`)
  for (const [index, projects] of RUNS.entries()) {
    steps.say(`${projects.join(' and ')}: ${closingLine(tallies[index])}`)
  }
  if (broken.length > 0) steps.say(`Checks that failed: ${broken.join(', ')}`)
  if (total.passed === 0) steps.say('No test ran.')
  steps.say(`After ${steps.seconds}:`)
  steps.say(closingLine(total))
  return total.failed > 0 || total.passed === 0 || broken.length > 0 ? 1 : 0
})

/**
 * What must open our archives, what runs the sample commands of a project's API, and the browser that signs in: Debian's packages
 * bear their names.
 */
async function ensureCommands() {
  const missing = []
  for (const name of ['age', 'zstd', 'curl', 'chromium']) if (!(await has(name))) missing.push(name)
  if (missing.length > 0) await aptInstall(missing)
  return missing.length > 0 && `installed ${missing.join(', ')}`
}

async function passes(steps, check) {
  try {
    await steps.run(check, () => run(['pnpm', 'run', check], { cwd: config.root, env: childEnv }))
    return true
  } catch (error) {
    steps.say(error.output ?? error.message)
    return false
  }
}

/** Its exit code says less than its report: one without a report is a failure of its own. */
async function testRun(steps, projects) {
  const name = projects.join('-')
  const file = join(config.state, `tests-${name}.json`)
  await mkdir(config.state, { recursive: true })
  await rm(file, { force: true })
  const named = projects.flatMap((project) => ['--project', project])
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  steps.say(`\n${name}`)
  const failure = await run(['pnpm', 'exec', 'vitest', 'run', ...named, ...reporters], {
    cwd: config.root,
    env: childEnv,
    inherit: true,
  }).then(
    () => undefined,
    (error) => error,
  )
  const report = await readFile(file, 'utf8').catch(() => undefined)
  if (report !== undefined) {
    const parsed = JSON.parse(report)
    const [tally, failures] = [tallyOf(parsed), failuresOf(parsed, { root: config.root, run: name })]
    if (!failure || tally.failed > 0) return { ...tally, failures }
    return { ...tally, failed: 1, failures: [`${name}: ${failure.message}`] }
  }
  const failures = [`${name}: vitest left no report${failure ? ` (${failure.message})` : ''}`]
  return { passed: 0, failed: 1, skipped: 0, failures }
}
