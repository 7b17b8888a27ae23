// Calls the control API with the tab's token, and puts a failure into words.

const KEY = 'cascata-token'

export const token = {
  read: () => sessionStorage.getItem(KEY),
  keep: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
}

export async function call(path, { method = 'GET', body } = {}) {
  const held = token.read()
  const answer = await fetch(path, {
    method,
    headers: {
      ...(held && { authorization: `Bearer ${held}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const content = await answer.json().catch(() => ({}))
  if (answer.ok) return content
  const text = [content.detail ?? `The instance answered ${answer.status}.`, content.hint]
    .filter(Boolean)
    .join(' ')
  throw Object.assign(new Error(text), { status: answer.status })
}

export const part = (id) => document.getElementById(id)

export function notice(text) {
  part('notice').textContent = text
  part('notice').hidden = text === ''
}

export async function copy(text, button) {
  await navigator.clipboard.writeText(text)
  const before = button.textContent
  button.textContent = 'Copied'
  setTimeout(() => {
    button.textContent = before
  }, 1500)
}
