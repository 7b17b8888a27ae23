/** What the tests take from their environment: nothing else here reads it. */

export type TestConfig = {
  /** An SQL file to use as the sample database; a generated one when absent. */
  sampleSql: string | undefined
  /** `full` makes the long runs as long as their recorded figures; `quick` fits them into CI. */
  size: 'quick' | 'full'
  /** Tag of the images under test. */
  imageTag: string
  dockerSocket: string
  /** The browser: Debian's, as the set-up installs it. */
  chromium: string
  /** Several checkouts tested on one machine take a number each: names and ports of their instances differ by it. */
  slot: number
  /** The bench's own instance: two benches on one machine need two names and ports. */
  bench: { instance: string; httpPort: number }
  /** A file of PostgREST's request and answer pairs, and the database they speak of (`pnpm conformance`). */
  conformanceCases: string | undefined
  conformanceDatabase: string | undefined
  /** Replays one history of the simulator, or one run of what is made by chance. */
  seed: number | undefined
  environment: Readonly<Record<string, string | undefined>>
}

export const testConfig: TestConfig = Object.freeze({
  sampleSql: process.env.CASCATA_SAMPLE_SQL,
  size: process.env.CASCATA_TEST_SIZE === 'full' ? 'full' : 'quick',
  imageTag: process.env.CASCATA_IMAGE_TAG ?? '0.1.0',
  dockerSocket: process.env.CASCATA_DOCKER_SOCKET ?? '/var/run/docker.sock',
  chromium: process.env.CASCATA_CHROMIUM ?? '/usr/bin/chromium',
  slot: Number(process.env.CASCATA_TEST_SLOT ?? 0),
  bench: {
    instance: process.env.CASCATA_BENCH_INSTANCE ?? 'cascata-bench',
    httpPort: Number(process.env.CASCATA_BENCH_PORT ?? 18_180),
  },
  conformanceCases: process.env.CASCATA_CONFORMANCE_CASES,
  conformanceDatabase: process.env.CASCATA_CONFORMANCE_DB,
  seed: process.env.CASCATA_SEED === undefined ? undefined : Number(process.env.CASCATA_SEED),
  environment: process.env,
})
