// The first page: asks for a token, then lists the projects; keys are fetched only when asked for.

import { call, copy, notice, part, show, token } from './api.js'

const LOOK_AGAIN_MS = 5_000
const rows = new Map()
let cursor = null

if (location.pathname === '/') start()

function start() {
  part('enter-form').addEventListener('submit', (event) => {
    event.preventDefault()
    token.keep(part('token').value.trim())
    part('token').value = ''
    void enter()
  })
  part('leave').addEventListener('click', () => {
    token.forget()
    location.reload()
  })
  part('more').addEventListener('click', () => void attempt(more))
  setInterval(() => {
    if (!part('projects').hidden && document.visibilityState === 'visible') void attempt(refresh)
  }, LOOK_AGAIN_MS)
  if (token.read()) void attempt(more)
  else part('enter').hidden = false
}

async function enter() {
  // What the form had of the focus goes on to what takes its place.
  if (await attempt(more)) part('projects-title').focus()
  else part('token').focus()
}

async function attempt(work) {
  try {
    await work()
    notice('')
    return true
  } catch (error) {
    notice(error.message)
    if (error.status === 401) leave()
    else if (rows.size === 0 && part('projects').hidden) part('enter').hidden = false
    return false
  }
}

/** The token is no longer good: nothing it showed stays. */
function leave() {
  token.forget()
  rows.clear()
  cursor = null
  part('list').replaceChildren()
  part('projects').hidden = true
  part('leave').hidden = true
  part('enter').hidden = false
}

async function more() {
  const page = await call(`/v1/projects?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
  for (const project of page.items) fill(rows.get(project.ref) ?? row(project), project)
  cursor = page.next_cursor
  part('more').hidden = cursor === null
  part('none').hidden = rows.size > 0
  part('enter').hidden = true
  part('projects').hidden = false
  part('leave').hidden = false
}

/** The newest come first: the first page has what is new, and what people wait for. */
async function refresh() {
  const { items } = await call('/v1/projects?limit=50')
  const fresh = items.filter(({ ref }) => !rows.has(ref)).map((project) => row(project))
  part('list').prepend(...fresh)
  for (const project of items) fill(rows.get(project.ref), project)
  if (cursor === null) {
    const there = new Set(items.map(({ ref }) => ref))
    for (const [ref, item] of rows) {
      if (there.has(ref)) continue
      item.remove()
      rows.delete(ref)
    }
  }
  part('none').hidden = rows.size > 0
}

function row({ ref, url }) {
  const item = part('project').content.cloneNode(true).firstElementChild
  const within = (selector) => item.querySelector(selector)
  within('.ref').textContent = ref
  within('.url').textContent = url
  within('.copy-url').setAttribute('aria-label', `Copy the URL of ${ref}`)
  within('.copy-url').addEventListener('click', (event) => copy(url, event.currentTarget, within('.url')))
  within('.show-keys').addEventListener('click', () => toggleKeys(ref, item))
  rows.set(ref, item)
  part('list').append(item)
  return item
}

function fill(item, { name, status, last_problem: problem, purge_after: purgeAfter }) {
  const within = (selector) => item.querySelector(selector)
  within('h3').textContent = name
  within('.status').textContent = status
  within('.status').dataset.status = status
  const until =
    purgeAfter && `Kept until ${new Date(purgeAfter).toLocaleString()}: “projects restore” brings it back.`
  show(within('.until'), until ?? '')
  show(within('.problem'), problem ? `${problem.title}: ${problem.detail}` : '')
}

async function toggleKeys(ref, item) {
  const [button, target, refused] = ['.show-keys', '.keys', '.refused'].map((each) =>
    item.querySelector(each),
  )
  show(refused, '')
  if (!target.hidden) {
    target.replaceChildren()
    target.hidden = true
  } else {
    try {
      const keys = await call(`/v1/projects/${encodeURIComponent(ref)}/keys`)
      target.replaceChildren(...key('anon', keys.anon_key), ...key('service_role', keys.service_role_key))
      target.hidden = false
    } catch (error) {
      show(refused, error.message)
    }
  }
  button.setAttribute('aria-expanded', String(!target.hidden))
  button.textContent = target.hidden ? 'Show keys' : 'Hide keys'
}

function key(name, value) {
  const term = document.createElement('dt')
  term.textContent = name
  const field = Object.assign(document.createElement('input'), { readOnly: true, value })
  field.setAttribute('aria-label', `${name} key`)
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Copy' })
  button.setAttribute('aria-label', `Copy the ${name} key`)
  button.addEventListener('click', () => copy(value, button, field))
  const line = Object.assign(document.createElement('dd'), { className: 'row' })
  line.append(field, button)
  return [term, line]
}
