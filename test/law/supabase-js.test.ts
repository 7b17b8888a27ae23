import { readdirSync } from 'node:fs'
import { createClient } from '@supabase/supabase-js'
import { expect, test } from 'vitest'
import { builderPrototypes } from '../harness/harbour.ts'
import { METHODS, NOT_EXERCISED, type Theme } from '../harness/harbour-methods.ts'

/** Of every class from a client for one schema down to a query: what the package's next version adds is in it. */
function methodsOfThePackage(): string[] {
  const client = createClient('http://nowhere.localhost', 'key', { auth: { persistSession: false } })
  const names = builderPrototypes(client).flatMap((prototype) => Object.getOwnPropertyNames(prototype))
  return [...new Set(names)].filter((name) => !(name in NOT_EXERCISED)).sort()
}

test('each public method of the client’s builders is exercised by a file of the suite', () => {
  const promised = Object.values<readonly string[]>(METHODS).flat()
  expect(promised.toSorted()).toEqual(methodsOfThePackage())
})

test('each theme has its file', () => {
  const files = readdirSync(new URL('../acceptance/', import.meta.url))
  const themes = Object.keys(METHODS) as Theme[]
  expect(files).toEqual(expect.arrayContaining(themes.map((theme) => `supabase-js-${theme}.test.ts`)))
})
