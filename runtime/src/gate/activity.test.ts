import { expect, test } from 'vitest'
import { createActivity, TOUCH_EVERY_MS } from './activity.ts'

function world() {
  const touched: number[] = []
  let now = 0
  let due: { at: number; run: () => void } | undefined
  const activity = createActivity(() => touched.push(now), {
    set: (run, ms) => {
      due = { at: now + ms, run }
      return due
    },
    clear: () => {
      due = undefined
    },
  })
  const pass = (ms: number) => {
    const until = now + ms
    while (due && due.at <= until) {
      const { at, run } = due
      due = undefined
      now = at
      run()
    }
    now = until
  }
  return { activity, touched, pass, isIdle: () => due === undefined }
}

test('the first request after a silence is written down at once', () => {
  const { activity, touched, pass } = world()
  pass(60_000)
  activity.enter()
  activity.leave()
  expect(touched).toEqual([60_000])
})

test('a busy project is written down every few seconds, not with each request', () => {
  const { activity, touched, pass } = world()
  for (let request = 0; request < 1_000; request++) {
    activity.enter()
    activity.leave()
    pass(10)
  }
  expect(touched).toEqual([0, TOUCH_EVERY_MS, 2 * TOUCH_EVERY_MS])
})

test('the last request is never more than a few seconds after what is written down', () => {
  const { activity, touched, pass } = world()
  activity.enter()
  activity.leave()
  pass(1_000)
  activity.enter()
  activity.leave()
  pass(60_000)
  expect(touched).toEqual([0, TOUCH_EVERY_MS])
})

test('an open socket keeps the project in use without a request', () => {
  const { activity, touched, pass } = world()
  activity.enter()
  pass(TOUCH_EVERY_MS * 3)
  expect(touched).toEqual([0, 1, 2, 3].map((times) => times * TOUCH_EVERY_MS))
  expect(activity.holds()).toBe(1)
})

test('an idle project has no timer', () => {
  const { activity, pass, isIdle } = world()
  activity.enter()
  activity.leave()
  pass(TOUCH_EVERY_MS * 2)
  expect(isIdle()).toBe(true)
})

test('nothing is written down after the end', () => {
  const { activity, touched, pass } = world()
  activity.enter()
  activity.close()
  pass(60_000)
  expect(touched).toEqual([0])
})
