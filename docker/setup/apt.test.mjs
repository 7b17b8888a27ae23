import { expect, test } from 'vitest'
import { aptSetting } from './apt.mjs'

test.each([
  ['a set item', 'Acquire::http::Proxy', 'http://proxy.example:3128'],
  ['an item that is not set', 'Acquire::https::Proxy', undefined],
])('aptSetting finds %s', (_sentence, name, expected) => {
  expect(aptSetting('APT "";\nAcquire::http::Proxy "http://proxy.example:3128";\n', name)).toBe(expected)
})
