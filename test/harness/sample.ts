/**
 * The sample database of the acceptance tests: the file named by CASCATA_SAMPLE_SQL, else a record shop of a dozen
 * related tables and some 20,000 rows, computed by Postgres from nothing but its row numbers.
 */
import { readFile } from 'node:fs/promises'
import { testConfig } from './config.ts'

export async function sampleDatabase(): Promise<string> {
  if (testConfig.sampleSql !== undefined) return readFile(testConfig.sampleSql, 'utf8')
  return readFile(new URL('../fixtures/record-shop.sql', import.meta.url), 'utf8')
}
