// The claim page: redeems the one-time link, on a click, and shows the token once.

import { call, copy, notice, part, token } from './api.js'

if (location.pathname === '/claim') {
  const claim = location.hash.slice(1)
  // Out of the address bar and the history: the page behind is not to be opened again.
  history.replaceState(null, '', '/claim')
  // A second link opened in this tab changes nothing but the hash.
  addEventListener('hashchange', () => location.reload())
  if (claim) open(claim)
  else giveUp('This is not a whole claim link. Open the one that was printed, all of it.')
}

function giveUp(text) {
  notice(text)
  part('claim').hidden = true
  part('no-link').hidden = false
}

function open(claim) {
  part('claim').hidden = false
  part('redeem').addEventListener('click', async () => {
    part('redeem').disabled = true
    try {
      const made = await call('/v1/claim', { method: 'POST', body: { token: claim } })
      notice('')
      show(made.token)
    } catch (error) {
      // Gone for good; anything else may be tried again.
      if (error.status === 410 || error.status === 422) giveUp(error.message)
      else notice(error.message)
      part('redeem').disabled = false
    }
  })
}

function show(made) {
  token.keep(made)
  part('unclaimed').hidden = true
  part('claimed').hidden = false
  part('new-token').value = made
  part('new-token').focus()
  part('new-token').select()
  part('copy-token').addEventListener('click', () => copy(made, part('copy-token'), part('new-token')))
  // The link is the page's last look at it.
  part('onward').addEventListener('click', () => {
    part('new-token').value = ''
  })
}
