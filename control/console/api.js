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
  }).catch(() => {
    throw Object.assign(new Error('The instance does not answer.'), { status: 0 })
  })
  const content = await answer.json().catch(() => ({}))
  if (answer.ok) return content
  const text = [content.detail ?? `The instance answered ${answer.status}.`, content.hint]
    .filter(Boolean)
    .join(' ')
  throw Object.assign(new Error(text), { status: answer.status })
}

export const part = (id) => document.getElementById(id)

export function show(element, text) {
  element.textContent = text
  element.hidden = text === ''
}

export const notice = (text) => show(part('notice'), text)

/** Selects what could not be copied, so that a key press copies it. */
export async function copy(text, button, field) {
  const before = button.dataset.label ?? button.textContent
  button.dataset.label = before
  try {
    await navigator.clipboard.writeText(text)
    button.textContent = 'Copied'
    setTimeout(() => {
      button.textContent = before
    }, 1500)
  } catch {
    getSelection().selectAllChildren(field)
    field.select?.()
  }
}
