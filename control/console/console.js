// The first page: asks for a token, then lists the projects; keys are fetched only when asked for.

import { call, copy, notice, part, token } from './api.js'

let cursor = null

if (location.pathname === '/') start()

function start() {
  part('enter-form').addEventListener('submit', (event) => {
    event.preventDefault()
    token.keep(part('token').value.trim())
    part('token').value = ''
    list()
  })
  part('leave').addEventListener('click', () => {
    token.forget()
    location.reload()
  })
  part('more').addEventListener('click', list)
  if (token.read()) list()
  else part('enter').hidden = false
}

async function list() {
  try {
    const page = await call(`/v1/projects?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
    notice('')
    for (const project of page.items) part('list').append(row(project))
    cursor = page.next_cursor
    part('more').hidden = cursor === null
    part('none').hidden = part('list').childElementCount > 0
    part('enter').hidden = true
    part('projects').hidden = false
    part('leave').hidden = false
  } catch (error) {
    if (error.status === 401) token.forget()
    notice(error.message)
    part('enter').hidden = part('list').childElementCount > 0
  }
}

function row(project) {
  const item = part('project').content.cloneNode(true).firstElementChild
  const within = (selector) => item.querySelector(selector)
  within('h3').textContent = `${project.name} (${project.ref})`
  within('.status').textContent = project.status
  within('.status').dataset.status = project.status
  within('.url').append(
    Object.assign(document.createElement('a'), {
      href: project.url,
      textContent: project.url,
      rel: 'noreferrer',
    }),
  )
  if (project.last_problem) {
    within('.problem').textContent = `${project.last_problem.title}: ${project.last_problem.detail}`
    within('.problem').hidden = false
  }
  const button = within('.show-keys')
  button.setAttribute('aria-label', `Show keys of ${project.ref}`)
  button.addEventListener('click', () => toggleKeys(project.ref, button, within('.keys')))
  return item
}

async function toggleKeys(ref, button, target) {
  if (!target.hidden) {
    target.replaceChildren()
    target.hidden = true
  } else {
    try {
      const keys = await call(`/v1/projects/${encodeURIComponent(ref)}/keys`)
      target.replaceChildren(...key('anon', keys.anon_key), ...key('service_role', keys.service_role_key))
      target.hidden = false
    } catch (error) {
      notice(error.message)
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
  button.addEventListener('click', () => copy(value, button).catch(() => field.select()))
  const line = Object.assign(document.createElement('dd'), { className: 'row' })
  line.append(field, button)
  return [term, line]
}
