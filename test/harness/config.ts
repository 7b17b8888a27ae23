/** What the tests take from their environment: nothing else here reads it. */

export type TestConfig = {
  /** An SQL file to use as the sample database; a generated one when absent. */
  sampleSql: string | undefined
  /** `full` makes the long runs as long as their recorded figures; `quick` fits them into CI. */
  size: 'quick' | 'full'
  /** Tag of the images under test. */
  imageTag: string
  dockerSocket: string
  /** Replays one history of the simulator, or one run of what is made by chance. */
  seed: number | undefined
  environment: Readonly<Record<string, string | undefined>>
}

export const testConfig: TestConfig = Object.freeze({
  sampleSql: process.env.CASCATA_SAMPLE_SQL,
  size: process.env.CASCATA_TEST_SIZE === 'full' ? 'full' : 'quick',
  imageTag: process.env.CASCATA_IMAGE_TAG ?? '0.1.0',
  dockerSocket: process.env.CASCATA_DOCKER_SOCKET ?? '/var/run/docker.sock',
  seed: process.env.CASCATA_SEED === undefined ? undefined : Number(process.env.CASCATA_SEED),
  environment: process.env,
})
